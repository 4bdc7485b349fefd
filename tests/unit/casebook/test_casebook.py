"""A case file that is not understood is refused in one line: a typo must never silently become a default."""

import re
from pathlib import Path

import pytest

from hub.casebook import read_file, read_library
from hub.casebook.verdict import differences
from hub.errors import Malformed
from policies.kernel import decide
from policies.model import AsWritten, Event, PersonAt

ROOT = Path(__file__).parents[2] / "cases"
GOOD = """\
- case: what-if
  at: 2026-03-02T10:00:00-08:00
  discloser: harbor
  recipient: valley-clinic
  purpose: treatment
  consents:
    intake: {like: tpo}
"""


@pytest.fixture
def library(tmp_path):
    for name in ("cast.yaml", "templates.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "cases").mkdir()

    def write(text, name="cases/what-if.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def read(library, text):
    return read_file(library(text))


def test_a_file_finds_the_cast_above_it(library):
    (case,) = read(library, GOOD)
    assert case.expect is None
    assert decide(case.request).outcome == "permit"


def test_one_case_need_not_be_a_list(library):
    (case,) = read(library, GOOD.replace("- case", "  case"))
    assert case.name == "what-if"


def test_a_file_may_bring_its_own_cast_and_templates(tmp_path):
    indented = [f"  {line}" for line in (ROOT / "cast.yaml").read_text(encoding="utf-8").splitlines()]
    forms = [f"  {line}" for line in (ROOT / "templates.yaml").read_text(encoding="utf-8").splitlines()]
    path = tmp_path / "alone.yaml"
    path.write_text("\n".join(["cast:", *indented, "templates:", *forms, "cases:", GOOD]), encoding="utf-8")
    (case,) = read_file(path)
    assert decide(case.request).outcome == "permit"


def test_dates_names_and_people_are_read_as_written(library):
    text = GOOD.replace(
        "{like: tpo}",
        (
            "{like: specific, expires: {event: discharge}, discloser: [treating_programs],"
            " recipients: [{as_written: Hope Clinic}, {person: dr-chen, at: valley-clinic}]}"
        ),
    )
    consent = read(library, text)[0].request.consents[0]
    assert consent.expires == Event("discharge")
    assert consent.recipients == (AsWritten("Hope Clinic"), PersonAt("dr-chen", "valley-clinic"))
    assert consent.signed_by == {"ana"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("purpose: treatment", "purpose: treatmnet", 'what-if: purpose: unknown word "treatmnet"'),
        ("purpose: treatment", "purpos: treatment", 'what-if: unknown field "purpos"'),
        ("  purpose: treatment\n", "", 'what-if: field "purpose" is missing'),
        ("valley-clinic", "vally-clinic", 'recipient: unknown word "vally-clinic"'),
        ("discloser: harbor", "discloser: [harbor]", "discloser: should be a word"),
        ("T10:00:00-08:00", "T10:00:00", "at: should be an instant with its offset"),
        ("2026-03-02T10", "2026-02-30T10", "at: no such instant"),
        ("2026-03-02T10:00:00-08:00", "9999-12-31T23:00:00-08:00", "at: no such instant"),
        ("  consents", "  events: {discharge: [gone]}\n  consents", "events: discharge: should be an instant"),
        ("like: tpo", "like: tpoo", 'intake: like: unknown word "tpoo"'),
        ("{like: tpo}", "{kind: tpo}", 'intake: field "like" is missing'),
        ("{like: tpo}", "tpo", "intake: should be a mapping of fields"),
        ("{like: tpo}", "{like: tpo, signed_on: 2026-02-30}", "signed_on: no such day"),
        ("{like: tpo}", "{like: tpo, signed_on: yesterday}", "signed_on: should be a date"),
        ("{like: tpo}", "{like: tpo, verified: maybe}", "verified: should be true or false"),
        ("{like: tpo}", "{like: tpo, information: summary}", "information: should be a list"),
        ("{like: tpo}", "{like: tpo, kind: intermediary}", "kind intermediary and field intermediary go together"),
        ("{like: tpo}", "{like: tpo, purposes: [at_patient_request, treatment]}", "at_patient_request stands alone"),
        ("{like: tpo}", "{like: tpo, revoked: [{how: oral}]}", 'revoked: field "at" is missing'),
        ("{like: tpo}", "{like: tpo, revoked: [{at: 2026-03-01T09:00:00Z, how: oral, as_to: []}]}", "as_to: is empty"),
        ("{like: tpo}", '{like: tpo, revocable_from: "2026-03-01T09:00:00-08:00"}', "should be a date or an event"),
        ("{like: tpo}", "{like: tpo, recipients: [{as_written: ''}]}", "as_written: should be text"),
        ("{like: tpo}", "{like: tpo, participants: everybody}", 'participants: unknown word "everybody"'),
        ("  consents:\n    intake", "  consents:\n    audit", 'a consent may not be called "audit"'),
        ("  consents:\n    intake: {like: tpo}", "  consents: [tpo]", "consents: should be a mapping of names"),
        ("  consents", "  packet: {}\n  consents", "packet: is empty"),
        ("  consents", "  packet: {a: }\n  consents", "what-if: a: should be a mapping of fields"),
        (
            "  consents",
            "  packet: {a: {source: lantern}}\n  consents",
            "a: held_under is missing: another party made it",
        ),
        ("  consents", "  packet: {a: {held_under: intak}}\n  consents", 'held_under: unknown word "intak"'),
        ("  consents", "  packet: {a: {information: notes}}\n  consents", 'information: unknown word "notes"'),
        ("  consents", "  emergency: {kind: fire}\n  consents", 'emergency: kind: unknown word "fire"'),
        ("  consents", "  agreements: [harbor-x]\n  consents", 'agreements: unknown word "harbor-x"'),
        ("  consents", "  order: {}\n  consents", 'order: field "section" is missing'),
        ("  consents", "  registry: {trigger: accepted, miles: far}\n  consents", "miles: should be a number of miles"),
        ("  consents", "  registry: {trigger: accepted, miles: -3}\n  consents", "miles: should be a number of miles"),
        ("  consents", "  expect: {outcome: yes}\n  consents", "outcome: should be a word"),
        ("  consents", "  expect: {outcome: deny, reason: bad}\n  consents", 'reason: unknown word "bad"'),
        ("  consents", "  expect: {outcome: partial, withhold: {a: bad}}\n  consents", "withhold: unknown reason code"),
        ("purpose: treatment", "purpose: supervision", 'field "supervision" is missing'),
        ("- case: what-if", "- case: what-if\n  case: again", "line 1: not valid YAML (a key occurs twice)"),
        ("discloser: harbor", "discloser: {harbor", "not valid YAML"),
        (GOOD, "", "should be a list of cases"),
        (GOOD, "- {why: none}", 'case 1: field "case" is missing'),
        (GOOD, "- 3", "case 1: should be a mapping of fields"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(library, old, new, message):
    with pytest.raises(Malformed) as caught:
        read(library, GOOD.replace(old, new))
    assert message in caught.value.message
    assert caught.value.message.startswith("what-if.yaml")
    assert "\n" not in caught.value.message


def test_a_name_in_the_wrong_place_is_not_repeated_in_the_error(library):
    with pytest.raises(Malformed) as caught:
        read(library, GOOD.replace("recipient: valley-clinic", "recipient: Juana Invented"))
    assert "Juana" not in caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("zone: America/Los_Angeles", "zone: America/Meridian", "zone: no such time zone"),
        ("zone: America/Los_Angeles", "town: Meridian", 'unknown field "town"'),
        ("part_of: harbor}", "part_of: harbour}", 'part_of: unknown word "harbour"'),
        ("sud_program: unknown", "sud_program: perhaps", 'sud_program: unknown word "perhaps"'),
        ("  willow: ", "  health_plans: ", '"health_plans" is a word of the format and no party'),
        ("  willow: ", "  Willow House: ", "a name is small letters, digits and dashes"),
        ("kind: contract_2_33c", "kind: handshake", 'kind: unknown word "handshake"'),
        ('born: "1988-04-11", ', "", 'ana: field "born" is missing'),
    ],
)
def test_a_cast_that_is_not_understood_is_refused(library, old, new, message):
    cast = (ROOT / "cast.yaml").read_text(encoding="utf-8")
    assert old in cast
    library(cast.replace(old, new), "cast.yaml")
    with pytest.raises(Malformed, match=re.escape(message)):
        read(library, GOOD)


def test_where_the_cast_has_no_ana_the_case_names_its_patient(library):
    cast = (ROOT / "cast.yaml").read_text(encoding="utf-8").replace("  ana:    {", "  amy:    {")
    library(cast, "cast.yaml")
    with pytest.raises(Malformed, match='field "patient" is missing'):
        read(library, GOOD)


def test_parties_should_be_a_mapping(library):
    library("county: X\nzone: UTC\nparties: []\npatients: {}\nagreements: {}\n", "cast.yaml")
    with pytest.raises(Malformed, match="parties: should be a mapping of names"):
        read(library, GOOD)


def test_a_template_must_set_every_element_of_the_form(library):
    library("tpo: {kind: tpo}\n", "templates.yaml")
    with pytest.raises(Malformed, match='field "patient" is missing'):
        read(library, GOOD)
    library("tpo: nothing\n", "templates.yaml")
    with pytest.raises(Malformed, match="the template should be a mapping"):
        read(library, GOOD)


def test_a_file_without_a_cast_says_so(tmp_path):
    path = tmp_path / "alone.yaml"
    path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(Malformed, match="has no cast, and none lies beside or above it"):
        read_file(path)
    path.write_text("cases:\n" + GOOD, encoding="utf-8")
    with pytest.raises(Malformed, match="has no cast"):
        read_file(path)


def test_beside_the_cases_only_cast_and_templates_may_stand(library):
    with pytest.raises(Malformed, match="only cast and templates"):
        read(library, "notes: x\ncases:\n" + GOOD)


def test_a_library_needs_a_cast_cases_and_names_that_differ(tmp_path, library):
    with pytest.raises(Malformed, match=r"holds no cases/\*\.yaml"):
        read_library(tmp_path)
    library(GOOD, "cases/a.yaml")
    library(GOOD, "cases/b.yaml")
    with pytest.raises(Malformed, match=r"b\.yaml: what-if: the name is used twice"):
        read_library(tmp_path)
    with pytest.raises(Malformed, match=r"holds no cast\.yaml"):
        read_library(tmp_path / "cases")


def test_a_file_that_is_missing_too_large_or_no_text_is_refused(tmp_path):
    with pytest.raises(Malformed, match="cannot be read"):
        read_file(tmp_path / "none.yaml")
    path = tmp_path / "big.yaml"
    path.write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    with pytest.raises(Malformed, match="larger than 4 MiB"):
        read_file(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Malformed, match="not valid YAML"):
        read_file(path)
    path.write_bytes(b"[" * 100_000 + b"]" * 100_000)
    with pytest.raises(Malformed, match="nested deeper than 32 levels"):
        read_file(path)


@pytest.mark.parametrize(
    ("expect", "found"),
    [
        ("{outcome: permit, obligations: [notice]}", []),
        (
            "{outcome: deny, reason: consent.none}",
            ["outcome is permit, expected deny", "reason consent.none is missing"],
        ),
        ("{outcome: permit, hold: true}", ["hold is false, expected true"]),
        ("{outcome: permit, obligations: [emergency_record]}", ["obligation emergency_record is missing"]),
        ("{outcome: permit, excused: [notice]}", ["obligation notice is not excused"]),
        (
            "{outcome: partial, withhold: {record: consent.none}}",
            [
                "outcome is permit, expected partial",
                "withholds nothing, expected record",
                "record: reason consent.none is missing",
            ],
        ),
    ],
)
def test_every_difference_from_the_expectation_is_named(library, expect, found):
    (case,) = read(library, GOOD.replace("  consents", f"  expect: {expect}\n  consents"))
    assert differences(case, decide(case.request)) == found


def test_a_question_without_an_answer_differs_from_nothing(library):
    (case,) = read(library, GOOD)
    assert differences(case, decide(case.request)) == []


def test_an_unknown_reason_code_is_named(library):
    expect = "  law: design\n  expect: {outcome: deny, reason: consent.nothing}\n  confidence: found\n"
    with pytest.raises(Malformed, match=r'expect: reason: unknown word "consent\.nothing"'):
        read(library, GOOD + expect)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a system without /dev/zero")
def test_a_file_without_end_is_not_read_to_its_end():
    with pytest.raises(Malformed, match="larger than 4 MiB"):
        read_file(Path("/dev/zero"))
