"""The county packs there are, and the rule that reads them: a county's conditions only ever withhold."""

from typing import Final

from policies.county.los_angeles import LOS_ANGELES
from policies.county.pack import Condition, Pack
from policies.county.sonoma import SONOMA
from policies.days import start_of
from policies.facts import OTHER, Facts, Matter
from policies.findings import NOTHING, Permit, ProhibitJudge, Reasons
from policies.part2.consent import item_faults, tested
from policies.part2.emergency import emergency
from policies.part2.form import Form
from policies.part2.proceedings import fits, in_scope

PACKS: Final[dict[str, tuple[Pack, ...]]] = {SONOMA.id: (SONOMA,), LOS_ANGELES.id: (LOS_ANGELES,)}
"""Id of a pack -> its editions, the oldest first; one that the county changes keeps its id and gets another day."""
WITHIN_HEALTH_CARE: Final = frozenset({"provider", "covered_entity", "business_associate"})


def county_consent(facts: Facts) -> ProhibitJudge | None:
    """What the county's conditions withhold. Raises KeyError for a pack that does not exist."""
    pack = edition_at(PACKS[facts.request.county_pack or ""], facts)
    if pack is None or facts.base in pack.spares:
        return None
    speaking = [condition for condition in pack.conditions if speaks(condition, facts)]
    return lambda matter, permit: lacking(pack, speaking, facts, matter, permit)


def edition_at(editions: tuple[Pack, ...], facts: Facts) -> Pack | None:
    """The newest edition that has begun; None before the first."""
    begun = [pack for pack in editions if facts.at >= start_of(pack.effective, facts.world.zone)]
    return begun[-1] if begun else None


def speaks(condition: Condition, facts: Facts) -> bool:
    """Whether a condition is about this recipient and purpose."""
    if condition.outside and not facts.roles.isdisjoint(WITHIN_HEALTH_CARE):
        return False
    if condition.roles is not None and condition.roles.isdisjoint(facts.roles):
        return False
    return condition.purposes is None or facts.base in condition.purposes


def lacking(pack: Pack, speaking: list[Condition], facts: Facts, matter: Matter, permit: Permit | None) -> Reasons:
    """The reasons of the conditions that no consent meets; none if the item stays anyway, or rests on an exception."""
    if permit is None or permit.rule in pack.exceptions or excepted_alike(pack, facts, matter):
        return NOTHING
    about = [condition for condition in speaking if concerns(condition, matter)]
    if not about:
        return NOTHING
    forms = consents(facts, matter, permit)
    unmet = [each.reason for each in about if not any(meets(each, matter, form) for form in forms)]
    return tuple(dict.fromkeys(unmet))


def excepted_alike(pack: Pack, facts: Facts, matter: Matter) -> bool:
    """Whether an exception would open it, had nothing opened it before: what rests on HIPAA goes to medical staff in
    an emergency that a clinician found, and where a court orders it, as a record does that rests on these.
    """
    urgent = facts.request.emergency is not None and isinstance(emergency(facts)(matter), Permit)
    order = facts.request.order
    fitting = order is not None and (matter.kind is OTHER or fits(facts, order)) and in_scope(facts, order, matter)
    return (urgent and "emergency" in pack.exceptions) or (fitting and "court_order" in pack.exceptions)


def concerns(condition: Condition, matter: Matter) -> bool:
    """Whether a condition is about this item."""
    classes = condition.information
    return matter.item.identifies in condition.shows and (classes is None or matter.cls in classes)


def consents(facts: Facts, matter: Matter, permit: Permit) -> list[Form]:
    """The consents that carry the item, whatever it rests on, so that another basis does not hide one."""
    carry = {form.consent.id for form, _ in tested(facts, matter).good if not item_faults(facts, form, matter)}
    return [form for form in facts.forms if form.consent.id == permit.consent or form.consent.id in carry]


def meets(condition: Condition, matter: Matter, form: Form) -> bool:
    """Whether a consent that carries the item is as the condition asks."""
    if condition.kinds is not None and form.kind not in condition.kinds:
        return False
    return not condition.expressly or matter.cls in (form.consent.information or ())
