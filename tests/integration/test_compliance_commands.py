"""`part2hub ask`, `matter` and `export` on a hub with something in it."""

import asyncio
import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.__main__ import main
from hub.crypto.keyring import KeyRing
from hub.ledger.proofs import public_keys
from hub.ledger.sequencer import Sequencer
from tests.scenes import CIN, a_scene

Told = pytest.CaptureFixture[str]


@pytest.fixture
def member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The member of a hub with one disclosure; its id."""

    async def fill() -> str:
        async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}", keys=tmp_path / "keys.json") as scene:
            await scene.consent()
            await scene.submit()
            assert await scene.dispatch_all() == ["delivered"]
            await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
            return scene.member

    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    monkeypatch.setenv("HUB_DEMO", "1")
    return asyncio.run(fill())


def told(capsys: Told, *words: str, code: int = 0) -> str:
    assert main([*words]) == code
    found = capsys.readouterr()
    assert code in (0, 1) or found.err.count("\n") == 1
    return found.out


def key(tmp_path: Path) -> str:
    return public_keys(KeyRing.load(tmp_path / "keys.json"))[0].encode()


@pytest.mark.usefixtures("member")
def test_the_five_questions_are_answered_on_the_command_line(capsys: Told) -> None:
    (row,) = json.loads(told(capsys, "ask", "disclosed", "--member", CIN, "--json"))
    said = told(capsys, "ask", "permitted", row["id"])
    assert "permitted by" in said
    assert "2.31" in said
    assert "position " in said
    assert "needed_for_purpose" in told(capsys, "ask", "necessary", row["id"])
    assert "command-line" in told(capsys, "ask", "looked", "--member", CIN)
    told(capsys, "ask", "wrong", code=1)
    assert "Lantern" in told(capsys, "ask", "disclosed", "--for", "harbor")
    told(capsys, "ask", "disclosed", "--for", "lantern", code=1)
    told(capsys, "ask", "permitted", row["id"], "--for", "lantern", code=2)
    told(capsys, "ask", "permitted", "no-such", code=2)


def test_a_request_is_entered_seen_answered_and_listed(capsys: Told, member: str, tmp_path: Path) -> None:
    fields = json.dumps({"member": member, "received_at": datetime.now(UTC).isoformat()})
    matter = told(capsys, "matter", "open", "accounting", fields, "--for", "harbor").strip()
    assert f"{matter} received; accounting.answer running" in told(capsys, "matter", "list", "--kind", "accounting")
    letter = tmp_path / "letter.pdf"
    told(capsys, "matter", "letter", matter, "--out", str(letter), "--answer", "Mailed today")
    assert letter.read_bytes().startswith(b"%PDF-")
    assert letter.stat().st_mode & 0o077 == 0, "it names a patient: nobody else on the machine reads it"
    shown = json.loads(told(capsys, "matter", "show", matter, "--json"))
    assert (shown["state"], shown["history"][-1]["reason"]) == ("closed", "Mailed today")
    told(capsys, "matter", "do", matter, "extend", '{"reason": "late"}', code=2)
    told(capsys, "matter", "show", matter, "--for", "lantern", code=2)


def test_the_fields_of_a_matter_may_come_from_a_file(capsys: Told, member: str, tmp_path: Path) -> None:
    file = tmp_path / "breach.json"
    now = datetime.now(UTC).isoformat()
    file.write_text(json.dumps({"discovered_at": now, "what": "A fax went astray", "members": [member]}))
    told(capsys, "matter", "open", "breach", str(file), "--for", "harbor")
    told(capsys, "matter", "open", "breach", str(tmp_path / "none.json"), "--for", "harbor", code=2)
    told(capsys, "matter", "open", "breach", '{"what": 5}', "--for", "harbor", code=2)


@pytest.mark.usefixtures("member")
def test_an_export_verifies_until_a_byte_is_changed(capsys: Told, tmp_path: Path) -> None:
    out = tmp_path / "log.csv"
    assert "1 rows" in told(capsys, "export", "log", "--out", str(out), "--for", "harbor")
    assert out.stat().st_mode & 0o077 == 0
    with out.open(encoding="utf-8-sig", newline="") as file:
        assert [row["recipient"] for row in csv.DictReader(file)] == ["lantern"]
    assert sorted(path.name for path in tmp_path.glob("log.csv*")) == ["log.csv", "log.csv.checkpoint", "log.csv.note"]
    assert "Intact: log, 1 rows, scope harbor" in told(capsys, "export", "verify", str(out), "--key", key(tmp_path))
    out.write_bytes(out.read_bytes().replace(b"lantern", b"sunrise"))
    told(capsys, "export", "verify", str(out), "--key", key(tmp_path), code=1)


@pytest.mark.usefixtures("member")
@pytest.mark.parametrize("name", ["log.exe", "no-such-folder/log.csv"])
def test_an_export_that_cannot_be_written_leaves_nothing_behind(capsys: Told, tmp_path: Path, name: str) -> None:
    told(capsys, "export", "log", "--out", str(tmp_path / name), code=2)
    assert list(tmp_path.glob("log*")) == []


@pytest.mark.usefixtures("member")
def test_an_accounting_is_exported_by_the_members_number(capsys: Told, tmp_path: Path) -> None:
    out = tmp_path / "accounting.jsonl"
    told(capsys, "export", "accounting", "--member", CIN, "--for", "harbor", "--out", str(out))
    (line,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert (line["recipient"], line["law"]) == ("lantern", "2.25")


def test_the_clocks_say_which_await_counsel(capsys: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = told(capsys, "matter", "clocks").splitlines()
    (individuals,) = [line for line in said if line.startswith("breach.individuals ")]
    assert "60 calendar" in individuals
    assert "confirm" not in individuals
    (state,) = [line for line in said if line.startswith("breach.california_individuals ")]
    assert "15 business" in state
    assert "confirm" in state
    own = tmp_path / "clocks.yaml"
    own.write_text("complaint.answer: [{since: 2026-01-01, days: 10, law: County}]\n")
    monkeypatch.setenv("HUB_CLOCKS", str(own))
    assert "10 calendar" in told(capsys, "matter", "clocks")


def test_a_missed_clock_shows_in_the_status(capsys: Told, member: str) -> None:
    assert main(["status"]) == 0
    old = json.dumps({"member": member, "received_at": "2020-01-02T09:00:00-08:00"})
    told(capsys, "matter", "open", "accounting", old, "--for", "harbor")
    assert main(["status"]) == 1
    assert "missed by 1 matters" in capsys.readouterr().out
