"""`part2hub work` on a hub with something waiting in it."""

import asyncio
import json
from pathlib import Path

import pytest

from hub.__main__ import main
from hub.crypto.keyring import KeyRing
from hub.model import Refused
from tests.scenes import a_scene


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub where one delivery was refused for good."""

    async def fill() -> None:
        async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}", keys=tmp_path / "keys.json") as scene:
            await scene.consent()
            await scene.submit()
            scene.channel.answers.append(Refused(code="no-such-mailbox"))
            assert await scene.dispatch_all() == ["dead"]

    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    asyncio.run(fill())


def work(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["work", *words]) == code
    told = capsys.readouterr()
    assert code == 0 or told.err.count("\n") == 1
    return told.out


@pytest.mark.usefixtures("waiting")
def test_a_dead_letter_is_listed_by_kind_and_organization_with_its_code(capsys):
    assert "dead_letter" in work(capsys, "list")
    (item,) = json.loads(work(capsys, "list", "--kind", "dead_letter", "--for", "harbor", "--json"))
    assert (item["kind"], item["code"], item["state"]) == ("dead_letter", "no-such-mailbox", "open")
    assert json.loads(work(capsys, "list", "--kind", "unknown_outcome", "--json")) == []
    assert json.loads(work(capsys, "list", "--for", "lantern", "--json")) == []


@pytest.mark.usefixtures("waiting")
def test_a_closed_item_is_out_of_the_way_and_status_is_quiet_again(capsys):
    assert main(["status"]) == 1
    capsys.readouterr()
    (item,) = json.loads(work(capsys, "list", "--json"))
    work(capsys, "close", item["id"], "--reason", "reviewed", "--by", "omar")
    assert json.loads(work(capsys, "list", "--json")) == []
    (closed,) = json.loads(work(capsys, "list", "--state", "closed", "--json"))
    settled = (closed["id"], closed["resolution"], closed["closed_by"])
    assert settled == (item["id"], "reviewed", "command-line/omar")
    assert main(["status"]) == 0
    capsys.readouterr()
    work(capsys, "propose", item["id"], "--reason", "corrected", "--by", "omar", code=2)


@pytest.mark.usefixtures("waiting")
def test_what_is_not_there_is_refused_neutrally(capsys):
    work(capsys, "propose", "0" * 32, "--reason", "reviewed", "--by", "omar", code=2)


@pytest.mark.usefixtures("waiting")
def test_whoever_decided_is_known_here(capsys):
    (item,) = json.loads(work(capsys, "list", "--json"))
    for deed in ("propose", "close"):
        work(capsys, deed, item["id"], "--reason", "corrected", "--by", "nobody.known", code=2)
    assert [each["id"] for each in json.loads(work(capsys, "list", "--json"))] == [item["id"]]


@pytest.mark.usefixtures("waiting")
def test_the_command_line_is_one_hand_whomever_it_names(capsys):
    (item,) = json.loads(work(capsys, "list", "--json"))
    work(capsys, "propose", item["id"], "--reason", "corrected", "--by", "omar")
    work(capsys, "confirm", item["id"], "--by", "ana", code=2)
    work(capsys, "unpropose", item["id"], "--by", "ana")
    work(capsys, "confirm", item["id"], "--by", "ana", code=2)
    assert [each["id"] for each in json.loads(work(capsys, "list", "--json"))] == [item["id"]]


@pytest.mark.parametrize("by", ["two words", "", "x" * 65, "Nora: asked again"])
def test_who_decided_is_a_name_for_the_ledger_and_no_free_text(tmp_path, monkeypatch, capsys, by):
    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    KeyRing.create(tmp_path / "keys.json")
    with pytest.raises(SystemExit) as end:
        main(["work", "close", "0" * 32, "--reason", "reviewed", "--by", by])
    assert end.value.code == 2


@pytest.mark.usefixtures("waiting")
def test_who_has_no_other_address_is_offered_no_other_way(capsys):
    (item,) = json.loads(work(capsys, "list", "--json"))
    work(capsys, "another-way", item["id"], "--by", "m.ortiz", code=2)
    assert json.loads(work(capsys, "list", "--json")) == [item]
