"""What the policy reads of a statement: the responsible person's findings, and orders that found what they must."""

import itertools
from typing import Any

import msgspec
import pytest

from hub.bases.manifests import Bases, FindingManifest, OrderManifest, ResearchManifest, stated
from hub.bases.stated import Stated, facts_of
from tests import disclosures as d

CIVIL = {"no_other_means", "public_interest"}
CRIMINAL = CIVIL | {"extremely_serious_crime", "substantial_value"}


def facts(**given: Any) -> Stated:
    bases = Bases(**given)
    return facts_of(bases, tuple(stated(bases)))


@pytest.mark.parametrize(("section", "needs"), [("2.64", CIVIL), ("2.65", CRIMINAL), ("2.66", CIVIL)])
def test_an_order_is_one_of_its_section_only_if_it_found_all_that_the_section_asks(
    section: str, needs: set[str]
) -> None:
    """§2.64(d), §2.65(d), §2.66(c)"""
    for size in range(len(CRIMINAL) + 1):
        for found in itertools.combinations(sorted(CRIMINAL), size):
            form = msgspec.convert(d.ORDER | {"section": section, "criteria": found}, OrderManifest)
            order = facts(order=form).order
            assert order is not None
            assert order.section == (section if needs <= set(found) else "other")


@pytest.mark.parametrize("finding", ["lacks_capacity", "substantial_threat", "medically_unable"])
@pytest.mark.parametrize(
    ("judge", "counts"), [("director", True), ("designee", False), ("clinician", False), ("software", False)]
)
def test_only_the_director_finds_incapacity_and_threat(finding: str, judge: str, counts: bool) -> None:
    """§2.14(c), §2.15(a)(2)"""
    form = msgspec.convert(d.FINDINGS[0] | {"finding": finding, "determined_by": judge}, FindingManifest)
    assert facts(findings=(form,)).findings == (frozenset({finding}) if counts else frozenset())


@pytest.mark.parametrize(
    ("judge", "counts"), [("director", True), ("designee", True), ("clinician", False), ("software", False)]
)
def test_research_is_determined_by_the_director_or_a_designee(judge: str, counts: bool) -> None:
    """§2.52(a)"""
    form = msgspec.convert(d.RESEARCH | {"determined_by": judge}, ResearchManifest)
    assert ("research_requirements_met" in facts(research=form).findings) is counts


def test_what_is_stored_in_the_clear_holds_no_name_number_or_free_text() -> None:
    forms = {
        "order": d.ORDER, "demand": d.SUBPOENA, "supervision": d.SUPERVISION, "registry": d.REGISTRY, "crime": d.CRIME,
        "child_abuse": d.CHILD_ABUSE, "research": d.RESEARCH, "audit": d.AUDIT, "emergency": d.EMERGENCY,
        "findings": d.FINDINGS,
    }  # fmt: skip
    stored = msgspec.json.encode(facts(**msgspec.structs.asdict(msgspec.convert(forms, Bases)))).decode()
    assert [secret for secret in d.SECRETS if secret in stored] == []


def test_what_is_stored_is_read_back_as_it_was() -> None:
    forms = {"order": d.ORDER | {"expires": "2027-01-01T00:00:00Z"}, "emergency": d.EMERGENCY, "registry": d.REGISTRY}
    given = facts(**msgspec.structs.asdict(msgspec.convert(forms, Bases)))
    assert msgspec.json.decode(msgspec.json.encode(given), type=Stated) == given
