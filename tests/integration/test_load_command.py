"""A county file that is wrong half way: what was taken is said, nothing is in force that should not be, and the mended
file adds the rest.
"""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

from hub.__main__ import main
from hub.cli.local import on_hub
from hub.context import Hub
from hub.storage.questions import Question
from hub.storage.tables import Consent, Restriction

COUNTY = """
organizations:
  harbor: {name: Harbor House, roles: [provider], sud_program: holds_out}
  clinic: {name: Valley Clinic, roles: [provider]}
members:
  m01: {given: Nora, family: Quill, born: 1988-04-11, programs: [harbor], treating_providers: [clinic]}
consents:
  c01: &signed
    member: m01
    kind: tpo
    patient: the-patient
    discloser: [harbor]
    information: [complete_record]
    recipients: [treating_providers]
    purposes: [treatment]
    expires: none
    signed_by: [the-patient]
    signature: handwritten
    signed_on: 2026-01-15
    states_redisclosure_rule: true
    states_right_to_revoke: true
    states_how_to_revoke: true
    states_redisclosure_risk: true
    states_refusal_consequences: true
    revoked: [{at: 2026-02-01T09:00:00-08:00, how: written, as_to: [clinic]}]
restrictions:
  r01: {member: m01, against: [clinic], information: [complete_record]}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    assert main(["keys", "init"]) == 0
    return tmp_path / "county.yaml"


def rows(*columns: object) -> list[tuple[object, ...]]:
    statement: Question = select(*columns)  # type: ignore[call-overload]

    async def asked(hub: Hub) -> list[tuple[object, ...]]:
        return await hub.database.query(statement)

    return on_hub(asked)


def test_a_fault_half_way_is_told_with_what_was_taken_and_leaves_nothing_in_force(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(COUNTY.replace("as_to: [clinic]", "as_to: [nobody-here]"))
    capsys.readouterr()
    assert main(["load", str(file)]) == 2
    taken = "Added or changed before it, and kept: 2 organizations, 1 members, 1 restrictions"
    said = f"Name organizations of the directory, or none for all. {taken}; load the mended file again, and it adds"
    assert capsys.readouterr() == ("", f"part2hub load: {said} the rest. (consents.c01.as_to)\n")
    assert rows(col(Consent.id), col(Consent.verified)) == [("c01", False)]
    assert len(rows(col(Restriction.id))) == 1


def test_the_mended_file_adds_the_rest_and_a_third_time_changes_nothing(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(COUNTY.replace("as_to: [clinic]", "as_to: [nobody-here]"))
    assert main(["load", str(file)]) == 2
    file.write_text(COUNTY)
    added = []
    for _ in range(2):
        capsys.readouterr()
        assert main(["load", str(file)]) == 0
        added.append([int(line.split()[-4]) for line in capsys.readouterr().out.splitlines()])
    assert added == [[0, 0, 0, 0, 1, 0], [0] * 6]
    assert [bool(verified) for (verified,) in rows(col(Consent.verified))] == [True]


def test_nothing_was_taken_is_said_too(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("endpoints:\n  e1: {organization: nobody, channel: fax, address: '+17075550100'}\n")
    capsys.readouterr()
    assert main(["load", str(file)]) == 2
    assert "Nothing was added or changed before it" in capsys.readouterr().err
