"""Does a consent carry an item? §2.31, §2.33(a).

Each consent is tested alone against each item; a bad one never spoils a good one. What the item does not change is
tested once for the request.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from policies.facts import RECORD, Facts, Matter
from policies.findings import NOTHING, Permit, PermitJudge, Reasons
from policies.part2.counseling_notes import combined_with_notes
from policies.part2.form import CAREFUL, Form
from policies.part2.justice import supervision_faults
from policies.part2.proceedings import bar
from policies.part2.recipients import unreached
from policies.part2.registry import registry_faults
from policies.part2.signers import signer_faults, signing_law
from policies.part2.validity import lapses, relied_on
from policies.permit import cited
from policies.vocabulary import PROCEEDINGS, PSYCHOTHERAPY_NOTES

REGISTRY_CLASSES: Final = frozenset({"demographics", "medications"})

NO_CONSENT: Final = frozenset({"consent.unwritten", "consent.general"})

Reach = Callable[[Facts, Form], Reasons]


class Tested:
    """The consents that may carry something, and the rest with their faults."""

    __slots__ = ("bad", "good")

    def __init__(self) -> None:
        self.good: list[tuple[Form, Permit]] = []
        self.bad: list[tuple[Form, Reasons]] = []


def consent(facts: Facts) -> PermitJudge:
    """§2.33(a): the item rests on a consent that carries it, on one that waits for nobody if there is one."""
    return partial(carried, facts, {})


def carried(facts: Facts, by_principal: dict[str, "Tested"], matter: Matter) -> Permit | Reasons:
    """The permit of a consent that carries the item, or every reason why none does."""
    known = by_principal.get(matter.principal)
    if known is None:
        known = by_principal[matter.principal] = tested(facts, matter)
    waiting: Permit | None = None
    cls = matter.cls
    listing_is_all = facts.everyday and cls not in CAREFUL
    for form, permit in known.good:
        if cls in form.carried if listing_is_all else not item_faults(facts, form, matter):
            if not permit.waits:
                return permit
            waiting = waiting or permit
    return waiting or consent_reasons(facts, matter)


def carrying(facts: Facts, matter: Matter) -> Permit | None:
    """The permit of a consent that carries the item, if one does."""
    found = carried(facts, {}, matter)
    return found if isinstance(found, Permit) else None


def tested(facts: Facts, matter: Matter) -> Tested:
    """Every consent, tested for all that the items of one kind and one principal have in common."""
    key = (matter.kind, matter.principal)
    known: Tested | None = facts.tests.get(key)
    if known is None:
        known = Tested()
        record = matter.kind is RECORD
        for form in facts.forms:
            faults = request_faults(facts, form, unreached, matter.principal, record)
            if faults:
                known.bad.append((form, faults))
            else:
                known.good.append((form, by_signer(facts, form) if record else form.authorization))
        facts.tests[key] = known  # not before all are tested: a test that raises is never half kept
    return known


def by_signer(facts: Facts, form: Form) -> Permit:
    """The permit of a form without a fault, with the paragraph by which those who signed it could (§2.14, §2.15)."""
    if facts.of_age_on <= form.signed_on and facts.patient.id in form.signers:
        return form.permit
    law = signing_law(facts, form)
    return cited(form.permit, (*form.permit.laws, law)) if law else form.permit


def request_faults(
    facts: Facts,
    form: Form,
    reach: Reach,
    principal: str | None,
    record: bool,
) -> Reasons:
    """Why the consent carries nothing in this request. `principal` None: as if it listed the discloser.

    What most forms are is seen at once; only what is not so is looked at closely.
    """
    closely = not form.everyday or not facts.everyday
    if closely:
        if not form.consent.written:
            return ("consent.unwritten",)
        if record and form.kind == "general":
            return ("consent.general",)
    found = form.face
    if not (facts.of_age_on <= form.signed_on and facts.patient.id in form.signers):
        found += signer_faults(facts, form)
    if not (form.steady and form.since <= facts.at < form.until):
        found += lapses(facts, form, principal)
    if closely:
        found += kind_faults(facts, form, record)
    found += out_of_scope(facts, form, reach, principal)
    return tuple(dict.fromkeys(found)) if len(found) > 1 else found


def out_of_scope(facts: Facts, form: Form, reach: Reach, principal: str | None) -> Reasons:
    """§2.31(a)(1), (2), (4), (5): whose record, by whom, to whom, for what."""
    found: Reasons = NOTHING
    if form.patient != facts.patient.id and form.patient is not None:
        found = ("scope.patient",)
    if principal is not None and form.disclosers.isdisjoint(facts.world.lines[principal]):
        found += unlisted(facts, form, principal)
    found += reach(facts, form)
    if facts.base not in form.purposes:
        found += ("scope.purpose",)
    return found


def unlisted(facts: Facts, form: Form, principal: str) -> Reasons:
    """§2.31(a)(2): the consent names the party in whose name the disclosure is made, or its class; or why not."""
    line = facts.world.lines[principal]
    by_class = form.discloser_class and not (line & facts.patient.programs).isdisjoint(facts.world.programs)
    return NOTHING if by_class or not form.disclosers.isdisjoint(line) else ("scope.discloser",)


def kind_faults(facts: Facts, form: Form, record: bool) -> Reasons:
    """What the kind of form is good for (§2.31(b)(3), (d), §2.31(a)(4)(ii), §2.34, §2.35, ASCMI)."""
    found: list[str] = []
    if form.kind == "counseling_notes" and form.consent.conditioned:
        found.append("consent.conditioned")
    if form.kind != "intermediary" and "intermediary" in facts.roles:
        found.append("consent.missing.participants")
    if record and facts.base in PROCEEDINGS and form.kind != "proceeding":
        found.append(bar(facts))
    if facts.base == "supervision":
        found.extend(supervision_faults(facts, form))
    elif facts.base == "dual_enrollment":
        found.extend(registry_faults(facts, form))
    if form.consent.form == "ascmi_ab133" and not facts.patient.medi_cal:
        found.append("california.form")
    return tuple(found)


def item_faults(facts: Facts, form: Form, matter: Matter) -> Reasons:
    """Why a consent that is good in itself does not carry this item (§2.31(a)(3), (b), §2.34(a)(2))."""
    cls = matter.cls
    if matter.note:
        return combined_with_notes(form)
    if form.kind == "counseling_notes" or cls not in form.listed:
        found: Reasons = ("scope.information",)
    else:
        found = NOTHING
    if cls == PSYCHOTHERAPY_NOTES and form.kind == "general":
        found += ("consent.general",)  # 164.508(b)(3)(ii)
    if facts.base == "dual_enrollment" and cls not in REGISTRY_CLASSES:
        found += ("registry.information",)
    if cls == "mental_health" and facts.patient.removed:
        signers = form.consent.signed_by or frozenset()
        if not signers.isdisjoint(facts.patient.parents):
            found += ("california.removed_minor",)  # Cal. Civ. 56.106
    return found


def consent_reasons(facts: Facts, matter: Matter) -> Reasons:
    """Every reason of every consent; that the item is held under one says nothing unless it names the discloser."""
    if not facts.forms:
        return ("consent.none",) if matter.own else NOTHING
    found: Reasons = NOTHING
    cls = matter.cls
    listing_is_all = facts.everyday and facts.base != "payment" and cls not in CAREFUL
    known = tested(facts, matter)
    for form, faults in known.bad + [(form, NOTHING) for form, _ in known.good]:
        if matter.own or form.consent.id != matter.held_under or not unlisted(facts, form, matter.principal):
            if not listing_is_all or not form.everyday:
                found += all_faults(facts, form, matter, faults)
            elif cls in form.carried:
                found += faults
            else:
                found += (*faults, "scope.information")
    return found


def all_faults(facts: Facts, form: Form, matter: Matter, faults: Reasons) -> Reasons:
    """The faults with those of the item; a form that is no consent at all is not read further."""
    if faults and faults[0] in NO_CONSENT:
        return faults
    faults += item_faults(facts, form, matter)
    if facts.base == "payment" and "consent.revoked" in faults and relied_on(facts, form.consent, matter):
        faults = tuple("consent.reliance" if code == "consent.revoked" else code for code in faults)
    return faults
