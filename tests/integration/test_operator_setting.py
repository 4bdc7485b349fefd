"""HUB_OPERATOR names an organization of the directory: a misspelt one is told where it is used, in one line."""

import asyncio
from pathlib import Path

import pytest

from hub import bootstrap
from hub.__main__ import main
from hub.bootstrap.opening import open_hub
from hub.crypto.keyring import KeyRing
from hub.errors import ConfigurationError
from hub.settings import read_settings
from tests.hubs import a_hub

ASKED = ("check", "--from", "harbor", "--to", "lantern", "--member", "m01")


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A hub whose directory has the county's organizations, and an operator that is none of them."""

    async def fill() -> None:
        async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}", keys=tmp_path / "keys.json"):
            pass

    asyncio.run(fill())
    given = {"HUB_DATA": str(tmp_path), "HUB_OPERATOR": "hbu"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


def test_a_command_that_decides_says_so_and_others_go_on(environment, capsys):
    assert main(list(ASKED)) == 3
    assert capsys.readouterr().err == "part2hub check: HUB_OPERATOR names no organization of the directory.\n"
    assert main(["token", "list"]) == 0


def test_the_hub_does_not_start_with_it(environment):
    async def start() -> None:
        settings = read_settings(environment | {"HUB_LISTEN": "127.0.0.1:0"})
        async with open_hub(settings) as hub, bootstrap.running(hub, settings, "api"):
            pass

    with pytest.raises(ConfigurationError, match="HUB_OPERATOR"):
        asyncio.run(start())


def test_an_empty_directory_stops_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    monkeypatch.setenv("HUB_OPERATOR", "hub")
    KeyRing.create(tmp_path / "keys.json")
    main(list(ASKED))
    assert "HUB_OPERATOR" not in capsys.readouterr().err
