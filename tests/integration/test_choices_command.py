"""`part2hub policy choices`: what is in force in the hub, however it came to be."""

import json

from hub import choices
from hub.__main__ import main
from hub.cli.local import on_hub
from hub.crypto.keyring import KeyRing
from tests.people import enlist


async def confirmed(hub):
    await enlist(hub, "ana", "omar")
    change = await choices.propose(hub, "D2", "written", "counsel_opinion", by="county/ana")
    await choices.confirm(hub, change, by="county/omar")
    await choices.propose(hub, "D5", "label", "guidance", by="county/ana")


def test_what_was_installed_and_what_two_people_confirmed_are_told_apart(
    tmp_path, monkeypatch, capsys, sqlite_template
):
    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    monkeypatch.setenv("HUB_CHOICES", "D5=notice")
    KeyRing.create(tmp_path / "keys.json")
    on_hub(confirmed)
    assert main(["policy", "choices"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert list(lines) == ["D1", "D2", "D3", "D4", "D5", "D6", "D7", "D10"]
    assert lines["D1"].split(maxsplit=2)[1:] == ["withhold", "as installed"]
    assert lines["D2"].split()[1] == "written"
    assert lines["D2"].endswith("county/ana and county/omar")
    assert "notice" in lines["D5"]
    assert "label waits for a second person" in lines["D5"]
    assert main(["policy", "choices", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[1]["since"]["settled_by"] == "county/omar"
