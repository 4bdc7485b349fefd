"""What a holder may do with a record that is not its own: the matrix of §2.33(b), (c), §2.24, §2.34, §2.35, §2.53.

How the record came decides, then who holds it. The first row that fits decides (FORMAT.md section 7).
"""

from dataclasses import replace
from typing import Final

from policies import hipaa
from policies.facts import Facts, Matter
from policies.findings import NOTHING, Permit, PermitJudge, Reasons
from policies.part2.consent import Reach, all_faults, by_signer, request_faults
from policies.part2.form import Form
from policies.part2.justice import may_supervise
from policies.part2.recipients import unreached, unreached_participant
from policies.part2.validity import doubt_on_receipt, given_on_receipt, lapses
from policies.permit import cited
from policies.vocabulary import BASE_PURPOSES

CONTRACT: Final = Permit(
    "contract_2_33c", ("2.33(b)(3)", "2.33(c)"), obligations=frozenset({"contract_2_33c", "notice"})
)
HANDED_ON: Final = Permit("from_patient", ("2.12(d)(2)",))
BACK: Final = {
    "audit": Permit("back_to_source", ("2.53(d)",)),
    "research": Permit("back_to_source", ("2.52(b)",)),
}
CONTRACTS: Final = frozenset({"contract_2_33c"})
INTERMEDIARY_LIST: Final = frozenset({"intermediary_list"})
PAYMENT_OPERATIONS: Final = frozenset({"payment", "operations"})
UNLAWFUL: Final = ("redisclosure.not_lawful_holder",)
NOT_PERMITTED: Final = ("redisclosure.not_permitted",)


def redisclosure(facts: Facts) -> PermitJudge:
    """§2.33(b): may the holder pass on a record it received?"""

    def judge(matter: Matter) -> Permit | Reasons:
        if matter.own:
            return NOTHING
        held = matter.held_under
        form = facts.form(held)
        if form is not None:
            return held_under_consent(facts, form, matter)
        if held in {"audit", "research"}:
            return back_to_source(facts, matter)
        if held == "patient":
            return citing("2.12(d)(2)", hipaa.permission(facts, matter)) if facts.covered else HANDED_ON
        if held == "emergency":
            return after_emergency(facts, matter)
        return NOTHING if held == "qsoa" else _unknown_holding(matter)

    return judge


def held_under_consent(facts: Facts, form: Form, matter: Matter) -> Permit | Reasons:
    """A record that came with a consent: was the consent good when it came, and what may be done with it?

    While nobody knows when the record came, or whether the event that ends the consent had happened by then, its
    row is read as well: whoever finds out wants to know what remains.
    """
    received = matter.item.received
    doubt = doubt_on_receipt(facts, form, received)
    if doubt == UNLAWFUL and received is not None:
        return UNLAWFUL
    found = came_with_consent(facts, form, matter)
    if not isinstance(found, Permit):
        return tuple(dict.fromkeys(found + doubt))
    if not doubt and not given_on_receipt(facts, form, received):
        return UNLAWFUL
    return doubt or found


def came_with_consent(facts: Facts, form: Form, matter: Matter) -> Permit | Reasons:  # noqa: PLR0911 - a table of rows
    """The rows of a record that came with a consent in force."""
    if form.kind == "tpo" and facts.covered:
        return citing("2.33(b)(1)", hipaa.permission(facts, matter))
    if form.kind == "tpo" and facts.from_program:
        return citing("2.33(b)(2)", as_if_listed(facts, form, matter, unreached, ("redisclosure.beyond_consent",)))
    if form.kind == "criminal_justice":
        other = ("justice.other_use",)
        return citing("2.35(d)", as_if_listed(facts, form, matter, _anyone, other)) if may_supervise(facts) else other
    if form.kind == "registry":
        return ("registry.other_use",)  # §2.34(b)
    if form.kind == "intermediary" and form.consent.intermediary in facts.discloser_line:
        return by_intermediary(facts, form, matter)
    if not facts.covered and not facts.from_program and _for_payer(form):
        return to_contractor(facts, form)
    return expressly_permitted(facts, form, matter)


def by_intermediary(facts: Facts, form: Form, matter: Matter) -> Permit | Reasons:
    """§2.24: the intermediary delivers to the participants that the consent designates, and lists them."""
    found = citing("2.24", as_if_listed(facts, form, matter, unreached_participant, NOTHING))
    if isinstance(found, Permit):
        return replace(found, obligations=found.obligations | INTERMEDIARY_LIST)
    return found


def to_contractor(facts: Facts, form: Form) -> Permit | Reasons:
    """§2.33(b)(3), (c): to a contractor, for the payment or operations that the consent lists, under a contract.

    What a revocation stops for the program it stops here too: only a covered holder keeps its freedom.
    """
    if facts.base not in PAYMENT_OPERATIONS or facts.base not in form.purposes:
        return ("redisclosure.not_contractor",)
    if not facts.agreed(CONTRACTS, facts.discloser_line, facts.to):
        return ("redisclosure.no_contract",)
    if form.kind == "general":
        return ("consent.general",)  # §2.32(a)(1): no consent to hand anything on under
    return lapses(facts, form) or CONTRACT


def expressly_permitted(facts: Facts, form: Form, matter: Matter) -> Permit | Reasons:
    """§2.32(a)(1)(i): a narrower consent is followed only where it expressly names the next recipient.

    Whether §2.33(b)(1) opens more to a covered entity is unclear; a person decides, unless counsel has.
    """
    if form.consent.onward.isdisjoint(facts.to):
        if not facts.covered:
            return NOT_PERMITTED
        if facts.choices.narrow_opens_hipaa and form.purposes and form.purposes <= BASE_PURPOSES:
            return citing("2.33(b)(1)", hipaa.permission(facts, matter))
        return ("redisclosure.narrow_consent",)
    return citing("2.32(a)(1)(i)", as_if_listed(facts, form, matter, _anyone, NOTHING))


def as_if_listed(
    facts: Facts,
    form: Form,
    matter: Matter,
    reach: Reach,
    otherwise: Reasons,
) -> Permit | Reasons:
    """The consent carries the item as if it listed the holder; or its reasons, and one more."""
    faults = request_faults(facts, form, reach, None, record=True)
    found = all_faults(facts, form, matter, faults)
    return tuple(dict.fromkeys((*found, *otherwise))) if found else by_signer(facts, form)


def citing(law: str, found: Permit | Reasons) -> Permit | Reasons:
    """The permission, with the paragraph of part 2 that opens it to who received the record."""
    return cited(found, (law, *found.laws)) if isinstance(found, Permit) else found


def after_emergency(facts: Facts, matter: Matter) -> Permit | Reasons:
    """§2.51, §2.33(b): a covered holder passes it on to providers, for treatment."""
    if facts.covered and facts.base == "treatment" and "provider" in facts.roles:
        found = citing("2.33(b)", hipaa.permission(facts, matter))
        return found if isinstance(found, Permit) else NOT_PERMITTED
    return NOT_PERMITTED


def back_to_source(facts: Facts, matter: Matter) -> Permit | Reasons:
    """§2.53(d), §2.52(b): back to the program it came from, and nowhere else."""
    held = matter.held_under or ""
    return BACK[held] if matter.source in facts.to else (f"{held}.other_use",)


def _for_payer(form: Form) -> bool:
    return form.kind == "tpo" or not PAYMENT_OPERATIONS.isdisjoint(form.consent.purposes or ())


def _unknown_holding(matter: Matter) -> Reasons:
    """By mistake, or nobody wrote down how: no lawful holder. "ordinary" contradicts itself for such a record."""
    return NOT_PERMITTED if matter.held_under == "ordinary" else UNLAWFUL


def _anyone(_facts: Facts, _form: Form) -> Reasons:
    return NOTHING
