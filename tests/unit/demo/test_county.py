"""The invented county is whole, its references hold, and nothing in it could be real."""

import re
from datetime import date, datetime
from pathlib import Path

import pytest
import yaml

from policies import vocabulary as words

COUNTY = yaml.safe_load(Path("deploy/demo/county/county.yaml").read_text())
ORGANIZATIONS, MEMBERS, CONSENTS = COUNTY["organizations"], COUNTY["members"], COUNTY["consents"]

ELEMENTS = {
    "patient",  # (a)(1)
    "discloser",  # (a)(2)
    "information",  # (a)(3)
    "recipients",  # (a)(4)(i)
    "states_redisclosure_rule",  # (a)(4)(iii)
    "purposes",  # (a)(5)
    "patient_initiated",  # (a)(5)(i)
    "states_fundraising_opt_out",  # (a)(5)(iii)
    "states_right_to_revoke",  # (a)(6)
    "states_how_to_revoke",
    "expires",  # (a)(7)
    "signed_by",  # (a)(8)
    "signature",
    "signed_on",  # (a)(9)
    "states_redisclosure_risk",  # (a)(10)(i)
    "states_refusal_consequences",  # (a)(10)(ii)
}
FIELDS = {
    "organizations": {
        *("name", "kind", "roles", "part_of", "controlled_by", "sud_program", "federal_assistance", "sud_only"),
        *("participants", "npi", "identifiers", "phone", "fax", "email"),
    },
    "endpoints": {
        *("organization", "channel", "address", "form", "rank", "station", "verified_at", "verified_by"),
        *("certificate", "tls_ca", "seal_key", "verify_key"),
    },
    "agreements": {"kind", "holder", "with", "service", "until", "copies"},
    "members": {
        *("given", "family", "born", "cin", "sex", "phone", "address", "medi_cal", "died", "adjudicated"),
        *("representative", "agents", "parents", "removed", "plans", "payers", "programs", "treating_providers"),
        *("primary_case_manager", "pcp"),
    },
    "consents": {
        *ELEMENTS,
        *("member", "kind", "intermediary", "participants", "event_status", "signed_at", "written", "verified"),
        *("conditioned", "onward", "revocable_from", "states_period", "form", "language", "revoked"),
    },
    "restrictions": {"member", "against", "information", "agreed", "paid_in_full", "ended", "ended_by"},
}
# Words that tell what care is given; they must not stand in a name or a domain that travels in the clear.
TELLING = re.compile(
    r"recover|sober|addict|detox|rehab|methadon|opioid|substance|suboxone|alcohol|drug|\bsud\b|\botp\b", re.IGNORECASE
)


def luhn(npi: str) -> bool:
    """45 CFR 162.406: the check digit counts the prefix 80840."""
    digits = [int(digit) for digit in reversed("80840" + npi)]
    return sum(sum(divmod(2 * digit, 10)) if odd % 2 else digit for odd, digit in enumerate(digits)) % 10 == 0


def texts(value):
    if isinstance(value, dict):
        return [text for entry in value.values() for text in texts(entry)]
    return [text for entry in value for text in texts(entry)] if isinstance(value, list) else [value]


def test_the_county_has_the_shape_it_is_to_have():
    kinds = {organization["kind"] for organization in ORGANIZATIONS.values()}
    assert kinds >= {
        *("residential", "outpatient", "otp", "mhp", "hospital", "emergency_department", "clinic", "fqhc"),
        *("child_welfare", "probation", "housing"),
    }
    assert [organization["kind"] for organization in ORGANIZATIONS.values()].count("mcp") == 2
    entities = [o for o in ORGANIZATIONS.values() if "part_of" not in o]
    assert len(entities) >= 10
    assert len(MEMBERS) == len(CONSENTS) == 40


@pytest.mark.parametrize("section", FIELDS)
def test_every_field_is_one_the_format_describes(section):
    described = Path("deploy/demo/county/FORMAT.md").read_text()
    used = {field for row in COUNTY[section].values() for field in row}

    assert used <= FIELDS[section]
    assert not [field for field in used if f"`{field}`" not in described]


def test_the_words_for_roles_programs_and_agreements_are_known():
    for organization in ORGANIZATIONS.values():
        assert set(organization.get("roles", [])) <= words.ROLES
        assert organization.get("sud_program") in {None, *words.SUD_STATUSES}
    assert {agreement["kind"] for agreement in COUNTY["agreements"].values()} <= words.AGREEMENT_KINDS


def test_every_reference_leads_somewhere():
    named = []
    for organization in ORGANIZATIONS.values():
        named += [organization.get("part_of"), organization.get("controlled_by"), *organization.get("participants", [])]
    for agreement in COUNTY["agreements"].values():
        named += [agreement["holder"], agreement["with"]]
    named += [endpoint["organization"] for endpoint in COUNTY["endpoints"].values()]
    for member in MEMBERS.values():
        named += [*member["plans"], *member.get("payers", []), *member["programs"], *member["treating_providers"]]
        named += [member.get("primary_case_manager"), member.get("pcp")]
    for restriction in COUNTY["restrictions"].values():
        named += restriction["against"]
        assert restriction["member"] in MEMBERS

    assert {name for name in named if name} <= set(ORGANIZATIONS)


def test_a_case_manager_belongs_to_a_program_of_the_member():
    for member in MEMBERS.values():
        if manager := member.get("primary_case_manager"):
            assert ORGANIZATIONS[manager]["part_of"] in member["programs"]


def test_a_primary_care_provider_is_one_of_those_who_treat():
    assert all(member["pcp"] in member["treating_providers"] for member in MEMBERS.values() if "pcp" in member)


@pytest.mark.parametrize(("key", "consent"), CONSENTS.items())
def test_every_element_of_the_consent_is_its_own_field_in_known_words(key, consent):
    member = MEMBERS[consent["member"]]
    signers = {"the-patient", member.get("representative"), *member.get("parents", []), *member.get("agents", [])}

    assert set(consent) >= ELEMENTS
    assert consent["kind"] in words.CONSENT_KINDS
    assert consent["patient"] == "the-patient"
    assert set(consent["discloser"]) <= {*ORGANIZATIONS, words.TREATING_PROGRAMS}
    assert set(consent["information"]) <= {*words.CLASSES, words.COMPLETE_RECORD, words.ANY_AND_ALL}
    assert set(consent["purposes"]) <= {*words.CONSENT_PURPOSES, words.AT_PATIENT_REQUEST}
    assert set(consent["signed_by"] or []) <= signers
    assert consent["signature"] in {None, *words.SIGNATURES}
    for recipient in consent["recipients"]:
        assert isinstance(recipient, dict) or recipient in {*ORGANIZATIONS, *words.RECIPIENT_CLASSES}
    assert consent.get("form") in {None, *words.FORMS}


def test_the_consents_come_in_the_shapes_a_county_meets():
    having = {
        "every kind": {consent["kind"] for consent in CONSENTS.values()}
        == {
            "tpo",
            "specific",
            "intermediary",
            "counseling_notes",
            "criminal_justice",
            "registry",
            "proceeding",
            "general",
        },
        "a state form": any(consent.get("form") for consent in CONSENTS.values()),
        "an expired one": any(str(consent["expires"]) == "2026-03-31" for consent in CONSENTS.values()),
        "one that ends on an event": any(isinstance(consent["expires"], dict) for consent in CONSENTS.values()),
        "one without an end": any(consent["expires"] is None for consent in CONSENTS.values()),
        "a revoked one": any(consent.get("revoked") for consent in CONSENTS.values()),
        "one revoked in part": any("as_to" in r for c in CONSENTS.values() for r in c.get("revoked", [])),
        "one by voice only": any(consent.get("written") is False for consent in CONSENTS.values()),
        "an unchecked scan": any(consent.get("verified") is False for consent in CONSENTS.values()),
        "a doubtful signature": any(consent["signature"] == "doubtful" for consent in CONSENTS.values()),
        "a name two clinics have": any(
            {"as_written"} == set(r) for c in CONSENTS.values() for r in c["recipients"] if isinstance(r, dict)
        ),
        "members without any": len(MEMBERS) > len({consent["member"] for consent in CONSENTS.values()}),
    }
    assert not [shape for shape, present in having.items() if not present]


def test_the_members_include_those_whom_records_confuse_and_the_law_treats_apart():
    people = MEMBERS.values()
    births = [(member["family"], member["born"]) for member in people]
    names = [(member["given"], member["family"]) for member in people]
    minors = [member for member in people if date.fromisoformat(member["born"]) > date(2008, 12, 31)]

    assert len(set(births)) == len(births) - 1, "one pair of twins"
    assert len(set(names)) == len(names) - 1, "one pair of the same name"
    assert len(minors) >= 4
    assert sum("died" in member for member in people) == 1
    assert sum(bool(member.get("adjudicated")) for member in people) == 1
    assert any(member.get("removed") for member in people)
    assert any(not member["medi_cal"] for member in people)


def test_numbers_are_well_formed_and_none_could_be_real():
    npis = [organization["npi"] for organization in ORGANIZATIONS.values() if "npi" in organization]
    cins = [member["cin"] for member in MEMBERS.values()]
    phones = [text for text in texts(COUNTY) if isinstance(text, str) and text.startswith("+1")]

    assert all(re.fullmatch(r"1\d{9}", npi) and luhn(npi) for npi in npis)
    assert all(re.fullmatch(r"0\d{7}[ACDEFGHMNTUVWXYZ]", cin) for cin in cins)
    assert all(re.fullmatch(r"\+1\d{3}55501\d\d", phone) for phone in phones)
    assert len(set(npis)) == len(npis)
    assert len(set(cins)) == len(cins)


def test_the_check_digit_rule_of_this_test_knows_the_published_example():
    assert luhn("1234567893")
    assert not luhn("1234567898")


def test_no_name_domain_or_id_tells_what_care_is_given():
    seen = [organization["name"] for organization in ORGANIZATIONS.values() if organization["kind"] != "mhp"]
    seen += [organization.get("email", "") for organization in ORGANIZATIONS.values()]
    seen += [endpoint["address"] for endpoint in COUNTY["endpoints"].values()]

    assert not [text for text in seen if TELLING.search(text)]
    mailboxes = [text for text in seen if "@" in text]
    assert all(mailbox.endswith(".example") for mailbox in mailboxes)


def test_ids_of_members_and_consents_say_nothing_about_a_person():
    assert all(re.fullmatch(r"[mcr]\d\d", key) for key in {**MEMBERS, **CONSENTS, **COUNTY["restrictions"]})


def test_every_program_has_an_agreement_with_the_hub_and_every_other_covered_entity_a_contract():
    """2.12(c)(4): a qualified service organization; 45 CFR 164.502(e): a business associate."""
    served = {
        agreement["holder"]: agreement["kind"]
        for agreement in COUNTY["agreements"].values()
        if agreement["with"] == "hub"
    }
    for key, organization in ORGANIZATIONS.items():
        if organization.get("sud_program") in words.SUD_PROGRAMS:
            assert served.get(key) == "qsoa"
        elif "covered_entity" in organization.get("roles", []):
            assert served.get(key) == "baa"


def test_every_endpoint_was_verified_by_someone_and_fits_its_channel():
    forms = {"email": r"[^@ ]+@[a-z.]+\.example", "fax": r"\+1\d{10}", "api": r"https://localhost:\d+/\S+"}
    for endpoint in COUNTY["endpoints"].values():
        assert re.fullmatch(forms[endpoint["channel"]], endpoint["address"])
        assert datetime.fromisoformat(endpoint["verified_at"]).tzinfo
        assert endpoint["verified_by"]
        assert endpoint["channel"] != "email" or endpoint["certificate"]


def test_dates_are_text_so_that_no_reader_turns_them_into_something_else():
    assert all(isinstance(text, str | bool | int | None) for text in texts(COUNTY))
