"""A basis stated without its evidence is not taken; the refusal names the field and nothing of its value."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from hub.bases.checks import check_known
from hub.contents import check_documents
from hub.errors import Malformed
from hub.intake import read_manifest
from hub.manifest import Handed
from policies.model import Agreement, Party, World
from tests import disclosures as d

PURPOSE = {
    "order": "civil_proceeding",
    "demand": "civil_proceeding",
    "supervision": "supervision",
    "registry": "dual_enrollment",
    "crime": "crime_report",
    "child_abuse": "child_abuse_report",
    "research": "research",
    "audit": "audit",
    "qso": "treatment",
    "emergency": "treatment",
}
COMPLETE: dict[str, dict[str, Any]] = {
    "order": d.ORDER,
    "demand": d.SUBPOENA,
    "supervision": d.SUPERVISION,
    "registry": d.REGISTRY,
    "crime": d.CRIME,
    "child_abuse": d.CHILD_ABUSE,
    "research": d.RESEARCH,
    "audit": d.AUDIT,
    "qso": {"agreement": "lab-qsoa"},
    "emergency": d.EMERGENCY,
}
MAY_BE_LEFT_OUT = {("emergency", "nature"), ("order", "criteria")}
"""FORMAT.md 6.2: a missing nature delays nothing; an order without findings is read as none of subpart E."""
EVERY_FIELD = [(basis, field) for basis, form in COMPLETE.items() for field in form]
NEEDED = [pair for pair in EVERY_FIELD if pair not in MAY_BE_LEFT_OUT]
TEXTS = [(basis, field) for basis, field in NEEDED if field.endswith("_name") or field in {"court", "docket", "scope"}]
NOW = 1_800_000_000_000_000
WORLD = World(
    zone=ZoneInfo("America/Los_Angeles"),
    parties={name: Party(name, name) for name in ("harbor", "superior-court")},
    agreements={
        "audit-2026": Agreement("audit-2026", "audit", "harbor", "superior-court"),
        "lab-qsoa": Agreement("lab-qsoa", "qsoa", "harbor", "superior-court"),
    },
)


def manifest(purpose: str, **bases: Any) -> bytes:
    kind = "emergency_disclosure" if "emergency" in bases else "referral_packet"
    return msgspec.json.encode(
        {
            "kind": kind,
            "member": {"id": "m"},
            "purpose": purpose,
            "recipients": [{"organization": "superior-court"}],
            "items": [{"document": "d", "title": "A page", "information": "attendance"}],
            **bases,
        }
    )


@pytest.mark.parametrize("basis", COMPLETE)
def test_a_basis_with_all_its_evidence_is_taken(basis: str) -> None:
    found = read_manifest(manifest(PURPOSE[basis], **{basis: COMPLETE[basis]}))
    check_known(found, (), WORLD, NOW)


@pytest.mark.parametrize(("basis", "field"), NEEDED)
def test_a_basis_without_a_piece_of_its_evidence_is_not_taken(basis: str, field: str) -> None:
    lacking = {name: value for name, value in COMPLETE[basis].items() if name != field}
    with pytest.raises(Malformed) as caught:
        read_manifest(manifest(PURPOSE[basis], **{basis: lacking}))
    assert caught.value.field is not None
    assert caught.value.field.startswith(f"$.{basis}")


@pytest.mark.parametrize("blank", ["", "   "])
@pytest.mark.parametrize(("basis", "field"), TEXTS)
def test_a_name_of_blanks_is_no_name(basis: str, field: str, blank: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_manifest(manifest(PURPOSE[basis], **{basis: COMPLETE[basis] | {field: blank}}))
    assert caught.value.field == f"$.{basis}.{field}"


@pytest.mark.parametrize(("basis", "field"), sorted(MAY_BE_LEFT_OUT))
def test_what_delays_nothing_may_be_left_out(basis: str, field: str) -> None:
    read_manifest(manifest(PURPOSE[basis], **{basis: {k: v for k, v in COMPLETE[basis].items() if k != field}}))


@pytest.mark.parametrize("basis", ["supervision", "registry", "crime", "child_abuse", "research", "audit"])
def test_a_basis_of_another_purpose_is_not_taken(basis: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_manifest(manifest("treatment", **{basis: COMPLETE[basis]}))
    assert caught.value.field == f"$.{basis}"


@pytest.mark.parametrize("moment", ["2026-01-20", "2026-01-20T10:00:00", "yesterday"])
def test_an_instant_needs_its_offset(moment: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_manifest(manifest("crime_report", crime=d.CRIME | {"at": moment}))
    assert (caught.value.field, moment in caught.value.message) == ("$.crime.at", False)


def test_nobody_finds_in_the_future() -> None:
    late = read_manifest(
        manifest("treatment", findings=[d.FINDINGS[0], d.FINDINGS[1] | {"at": "2199-01-01T00:00:00Z"}])
    )
    with pytest.raises(Malformed) as caught:
        check_known(late, (), WORLD, NOW)
    assert caught.value.field == "$.findings[1].at"


def test_an_order_may_end_in_the_future() -> None:
    check_known(
        read_manifest(manifest("civil_proceeding", order=d.ORDER | {"expires": "2199-01-01T00:00:00Z"})),
        (),
        WORLD,
        NOW,
    )


@pytest.mark.parametrize(("field", "value"), [("holder", "nowhere"), ("recipients", ["superior-court", "nowhere"])])
def test_an_order_names_parties_of_the_directory(field: str, value: Any) -> None:
    found = read_manifest(manifest("civil_proceeding", order=d.ORDER | {field: value}))
    with pytest.raises(Malformed) as caught:
        check_known(found, (), WORLD, NOW)
    assert caught.value.field == f"$.order.{field}"


@pytest.mark.parametrize(
    ("basis", "agreement"), [("audit", "lab-qsoa"), ("audit", "none"), ("qso", "audit-2026"), ("qso", "none")]
)
def test_an_agreement_is_one_of_the_directory_and_of_its_kind(basis: str, agreement: str) -> None:
    found = read_manifest(manifest(PURPOSE[basis], **{basis: COMPLETE[basis] | {"agreement": agreement}}))
    with pytest.raises(Malformed) as caught:
        check_known(found, (), WORLD, NOW)
    assert caught.value.field == f"$.{basis}.agreement"


def test_an_audit_agreement_named_without_authority_and_scope_is_not_relied_on() -> None:
    """§2.53"""
    with pytest.raises(Malformed) as caught:
        check_known(read_manifest(manifest("audit")), ("audit-2026",), WORLD, NOW)
    assert caught.value.field == "$.audit"


def test_assurances_are_named_where_a_subpoena_claims_them() -> None:
    """45 CFR 164.512(e)(1)(ii)"""
    demand = d.SUBPOENA | {"kind": "subpoena_with_assurances"}
    with pytest.raises(Malformed) as caught:
        read_manifest(manifest("civil_proceeding", demand=demand))
    assert caught.value.field == "$.demand.assurances"
    read_manifest(manifest("civil_proceeding", demand=demand | {"assurances": "letter of 3 March"}))


@pytest.mark.parametrize("documents", [{"d": b"a page"}, {"d": b"a page", "paper": b"p", "more": b"m"}])
def test_the_courts_paper_is_handed_in_and_nothing_that_nobody_names(documents: dict[str, bytes]) -> None:
    made = Handed(
        sender="harbor",
        key="k",
        manifest=read_manifest(manifest("civil_proceeding", order=d.ORDER)),
        documents=documents,
        body_digest=b"",
    )
    with pytest.raises(Malformed):
        check_documents(made)
    check_documents(msgspec.structs.replace(made, documents={"d": b"a page", "paper": d.PAPER}))
