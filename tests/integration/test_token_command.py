"""`part2hub token` and `user`: whose a token and an account is."""

import asyncio
from pathlib import Path

import pytest

from hub.__main__ import main
from tests.hubs import a_hub


@pytest.fixture(autouse=True)
def county(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fill() -> None:
        async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}", keys=tmp_path / "keys.json"):
            pass

    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    asyncio.run(fill())


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(list(words)) == code
    told = capsys.readouterr()
    return told.err if code else told.out


def listed(capsys: pytest.CaptureFixture[str], label: str) -> list[str]:
    return next(line for line in said(capsys, "token", "list").splitlines() if line.endswith(label)).split()


def test_a_token_names_its_person_or_is_a_systems(capsys):
    staff = ("token", "issue", "--for", "harbor", "--role", "staff")
    said(capsys, *staff, "--label", "hers", "--person", "M.Ortiz")
    said(capsys, *staff, "--label", "nobodys")
    assert [listed(capsys, label)[-2] for label in ("hers", "nobodys")] == ["m.ortiz", "-"]
    assert "has letters" in said(capsys, *staff, "--person", "Maria Ortiz", code=2)


def test_one_that_names_nobody_is_named_once(capsys):
    said(capsys, "token", "issue", "--for", "harbor", "--role", "staff", "--label", "old")
    key = listed(capsys, "old")[4]
    said(capsys, "token", "name", key, "--person", "m.ortiz")
    assert listed(capsys, "old")[-2] == "m.ortiz"
    assert "somebody" in said(capsys, "token", "name", key, "--person", "a.ruiz", code=2)
    said(capsys, "token", "name", "0" * 32, "--person", "a.ruiz", code=2)


def test_an_account_lends_its_person_to_a_token(capsys):
    added = ("user", "add", "--name", "Ana", "--role", "privacy", "--organization", "harbor")
    invited = said(capsys, *added, "--email", "ana@desk.test").split("The account is ")[1]
    person = invited.split(".")[0]
    said(capsys, "token", "issue", "--for", "harbor", "--role", "staff", "--label", "hers", "--person", person)
    assert listed(capsys, "hers")[-2] == person
