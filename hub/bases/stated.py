"""What of the stated bases the policy reads: its own words, codes and party ids, and nothing that names a person.

INVARIANT: metadata-is-content. This is stored in the clear with the submission; evidence is not.
"""

from datetime import datetime

from hub.bases.manifests import Bases, OrderManifest
from hub.model import Frozen
from policies.model import CourtOrder, Emergency, Registry, Supervision

_CIVIL = frozenset({"no_other_means", "public_interest"})
CRITERIA = {
    "2.64": _CIVIL,  # §2.64(d)
    "2.65": _CIVIL | {"extremely_serious_crime", "substantial_value"},  # §2.65(d)
    "2.66": _CIVIL,  # §2.66(c)
}
"""What an order of each section must have found."""
_MAY_FIND = {
    "lacks_capacity": frozenset({"director"}),  # §2.14(c)
    "substantial_threat": frozenset({"director"}),
    "medically_unable": frozenset({"director"}),  # §2.15(a)(2)
    "research_requirements_met": frozenset({"director", "designee"}),  # §2.52(a)
}


class Stated(Frozen, frozen=True, kw_only=True, omit_defaults=True):
    """The facts of a question that a sender states beyond packet and recipient (case format, sections 1 and 5)."""

    kinds: tuple[str, ...] = ()
    """Fields of the manifest that were stated."""
    missing: tuple[str, ...] = ()
    """Paragraphs of the record of §2.51(c) that are still to be written; they delay nothing."""
    emergency: Emergency | None = None
    demand: str | None = None
    order: CourtOrder | None = None
    against: str = "patient"
    supervision: Supervision | None = None
    registry: Registry | None = None
    findings: frozenset[str] = frozenset()
    crime: str | None = None
    unverified: frozenset[str] = frozenset()
    """Recipients whose identity nobody has verified (164.514(h))."""
    without_sud_duty: frozenset[str] = frozenset()
    """Recipients who do not need it for duties arising from SUD services (§2.12(c)(3))."""
    outsider: frozenset[str] | None = None
    """The roles of somebody who is not in the directory and was told outside of the hub; none: there is nobody such."""


NOTHING = Stated()


def facts_of(bases: Bases, kinds: tuple[str, ...]) -> Stated:
    """The policy's facts of what a manifest states."""
    emergency, supervision, registry = bases.emergency, bases.supervision, bases.registry
    return Stated(
        kinds=kinds,
        missing=("2.51(c)(4)",) if emergency and not emergency.nature.strip() else (),
        emergency=Emergency(emergency.kind, emergency.determined_by, emergency.consent) if emergency else None,
        demand=bases.demand.kind if bases.demand else None,
        order=_order(bases.order) if bases.order else None,
        against=bases.against,
        supervision=Supervision(supervision.condition, supervision.monitors) if supervision else None,
        registry=Registry(registry.trigger, registry.miles) if registry else None,
        findings=_findings(bases),
        crime=bases.crime.kind if bases.crime else None,
    )


def _order(order: OrderManifest) -> CourtOrder:
    """An order that lacks a finding its section asks for is no order of subpart E, whatever it calls itself."""
    section = order.section
    if not CRITERIA.get(section, _CIVIL) <= set(order.criteria):
        section = "other"
    return CourtOrder(
        section=section,
        holder=order.holder,
        recipients=frozenset(order.recipients),
        information=frozenset(order.information),
        finding=order.finding,
        expires=None if order.expires is None else datetime.fromisoformat(order.expires),
    )


def _findings(bases: Bases) -> frozenset[str]:
    """What the responsible person found; anybody else's opinion is no finding."""
    made: list[tuple[str, str]] = [(each.finding, each.determined_by) for each in bases.findings]
    if bases.research is not None:
        made.append(("research_requirements_met", bases.research.determined_by))
    return frozenset(finding for finding, judge in made if judge in _MAY_FIND[finding])
