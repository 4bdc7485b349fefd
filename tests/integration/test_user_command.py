"""`part2hub user`: accounts on the command line; the invitation is shown once, a name never unless it is asked for."""

import re

import pytest

from hub.__main__ import main
from hub.crypto.keyring import KeyRing


@pytest.fixture
def run(tmp_path, monkeypatch, capsys, sqlite_template):
    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    KeyRing.create(tmp_path / "keys.json")
    county = tmp_path / "county.yaml"
    county.write_text("organizations: {county: {name: Meridian County, roles: [oversight_agency]}}\n")
    assert main(["load", str(county)]) == 0
    capsys.readouterr()

    def ran(*words):
        code = main(["user", *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return ran


ANA = ("add", "--email", "ana@county.test", "--name", "Ana Ortiz", "--role", "compliance", "--organization", "county")


def test_an_account_is_added_listed_invited_again_and_put_out(run):
    code, out, _ = run(*ANA, "--all", "--base", "https://hub.example/")
    link, person = re.search(r"^(\S+)\n\nThe account is ([0-9a-f]{32})", out).groups()
    assert code == 0
    assert re.fullmatch(r"https://hub\.example/desk/join\?code=[0-9a-f]{64}", link)
    assert re.search(rf"{person}\s+invited\s+compliance\s+county,\*", run("list")[1])
    again = run("reset-factor", person)[1]
    assert "/desk/join?code=" in again
    assert link.rpartition("=")[2] not in again
    assert run("disable", person)[0] == 0
    assert re.search(rf"{person}\s+disabled", run("list")[1])


def test_names_are_listed_only_if_asked_for(run):
    run(*ANA)
    assert "Ana" not in run("list")[1]
    assert "Ana Ortiz <ana@county.test>" in run("list", "--names")[1]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("add", "--email", "nobody", "--name", "A", "--role", "auditor", "--organization", "county"), "email"),
        (("add", "--email", "a@b", "--name", " ", "--role", "auditor", "--organization", "county"), "name"),
        (("add", "--email", "a@b", "--name", "A", "--role", "auditor", "--organization", "x"), "organization"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(run, words, field):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err.endswith(f"({field})\n")


def test_an_address_in_use_and_a_person_that_is_none_are_refused(run):
    run(*ANA)
    assert run(*ANA)[0] == 2
    assert run("disable", "nobody")[0] == 2
