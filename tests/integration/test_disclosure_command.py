"""`part2hub disclosure`: what was told outside of the hub, recorded from a file."""

import asyncio
import json
from pathlib import Path

import pytest

from hub.__main__ import main
from tests.outsides import CALL
from tests.scenes import CIN, a_scene

Told = pytest.CaptureFixture[str]
FILE = CALL | {"member": {"cin": CIN}, "made_at": "2026-03-06T09:30:00-08:00", "recipient": "lantern"}


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What was told, in a file beside a hub that knows the person."""

    async def fill() -> None:
        async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}", keys=tmp_path / "keys.json") as scene:
            await scene.consent()

    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    monkeypatch.setenv("HUB_DEMO", "1")
    asyncio.run(fill())
    path = tmp_path / "call.json"
    path.write_text(json.dumps(FILE))
    return path


def told(capsys: Told, *words: str, code: int = 0) -> str:
    assert main(["disclosure", *words]) == code
    found = capsys.readouterr()
    assert code in (0, 1) or found.err.count("\n") == 1
    return found.out


def test_a_file_is_one_record_that_is_shown_and_taken_back(call: Path, capsys: Told) -> None:
    assert "permit\n" in told(capsys, "record", str(call), "--for", "harbor", "--preview")
    first, again = (json.loads(told(capsys, "record", str(call), "--for", "harbor")) for _ in range(2))
    assert first == again
    assert (first["outcome"], first["matter"]) == ("permit", None)
    head, line = told(capsys, "list", "--for", "harbor").splitlines()
    assert line.split()[:4] == ["2026-03-06", "09:30", "PST", "telephone"]
    assert (head.split()[-1], line.split()[-1]) == ("ID", first["id"])
    assert json.loads(told(capsys, "list", "--for", "lantern", "--json"))["items"] == []
    told(capsys, "list", "--for", "nowhere", code=2)
    told(capsys, "list", "--before", "the-second-page", code=2)
    shown = json.loads(told(capsys, "show", first["id"], "--for", "harbor"))
    assert shown["words"]["told"] == CALL["told"]
    told(capsys, "show", first["id"], "--for", "lantern", code=2)
    told(capsys, "retract", first["id"], "boredom", code=2)
    told(capsys, "retract", first["id"], "duplicate")
    assert json.loads(told(capsys, "show", first["id"]))["mistaken"] == "duplicate"


def test_what_cannot_be_recorded_is_refused_in_one_line(call: Path, capsys: Told) -> None:
    told(capsys, "record", str(call), "--for", "nowhere", code=2)
    told(capsys, "record", str(call), "--for", "valley-clinic", code=2)
    for words in (("record", str(call), "--for", "harbor"), ("list",), ("show", "x"), ("retract", "x", "duplicate")):
        told(capsys, *words, "--by", "Perrin Ashdown", code=2)
    told(capsys, "record", str(call.with_name("none.json")), "--for", "harbor", code=2)
    call.write_text(json.dumps(FILE | {"recipient": "valley-clinic", "purpose": "housing"}))
    assert "deny\n" in told(capsys, "record", str(call), "--for", "harbor", "--preview", code=1)
