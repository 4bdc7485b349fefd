"""Proceedings against the patient, and the court orders of subpart E (§2.12(d)(1), §§2.61 to 2.66)."""

from typing import Final

from policies.facts import Facts, Matter
from policies.findings import NOTHING, Permit, PermitJudge, ProhibitJudge, Reasons
from policies.model import CourtOrder
from policies.vocabulary import COMPLETE_RECORD, PROCEEDINGS, WITHOUT_NOTES

FITS: Final = {
    "2.64": frozenset({"civil_proceeding", "administrative_proceeding", "legislative_proceeding"}),
    "2.65": frozenset({"criminal_proceeding", "law_enforcement"}),
    "2.66": PROCEEDINGS,
}
ORDERS: Final = {section: Permit("court_order", ("2.61", section), waits=True) for section in FITS}
NOTES: Final = {section: Permit("court_order", ("2.61", section, "2.63(a)"), waits=True) for section in FITS}
"""§2.63: what the order rests on that reaches confidential communications."""
AGAINST: Final = {"2.65": "patient", "2.66": "program"}
CONSENT_OF: Final = {"supervision": "criminal_justice"}


def court_order(facts: Facts) -> PermitJudge:
    """§2.61: an order that fits the proceeding and covers the item permits it. It compels nothing."""
    order = facts.request.order
    assert order is not None
    wrong = NOTHING if fits(facts, order) else ("proceeding.wrong_order",)

    def judge(matter: Matter) -> Permit | Reasons:
        found = wrong if in_scope(facts, order, matter) else (*wrong, "proceeding.order_scope")
        return found or (NOTES if matter.note else ORDERS)[order.section]

    return judge


def fits(facts: Facts, order: CourtOrder) -> bool:
    """§§2.64, 2.65, 2.66: each section serves its own proceedings, against its own adversary."""
    against = AGAINST.get(order.section)
    return facts.base in FITS.get(order.section, ()) and against in {None, facts.request.against}


def in_scope(facts: Facts, order: CourtOrder, matter: Matter) -> bool:
    """§2.64(e), §2.65(e): names holder, recipient and class, in force; §2.62: not what auditors or researchers hold."""
    if matter.held_under in {"audit", "research"}:
        return False
    if order.expires is not None and facts.at >= order.expires:
        return False
    if order.holder is not None and order.holder not in {*facts.discloser_line, matter.principal}:
        return False
    if order.recipients is not None and order.recipients.isdisjoint(facts.to):
        return False
    complete = COMPLETE_RECORD in order.information and matter.cls in WITHOUT_NOTES
    return complete or matter.cls in order.information


def order_reaches(facts: Facts, matter: Matter) -> bool:
    order = facts.request.order
    return order is not None and fits(facts, order) and in_scope(facts, order, matter)


def bar(facts: Facts) -> str:
    """§2.12(d)(1): barred against the patient, whom supervision always concerns; otherwise a person says."""
    elsewhere = facts.request.against != "patient" and facts.base in PROCEEDINGS
    return "proceeding.unclear" if elsewhere else "proceeding.barred"


def proceedings(facts: Facts) -> ProhibitJudge | None:
    """§2.12(d)(1): the bar follows the record, whoever holds it; only her own consent or an order lifts it."""
    lifting = CONSENT_OF.get(facts.base, "proceeding")
    supervision = facts.base == "supervision"

    def judge(matter: Matter, permit: Permit | None) -> Reasons:
        if supervision and (facts.from_program or matter.as_qso):
            return NOTHING  # §2.35 decides
        if permit is not None and permit.consent_kind == lifting:
            return NOTHING
        return NOTHING if order_reaches(facts, matter) else (bar(facts),)

    return judge
