"""What a stated basis must say to be considered at all; whether it permits is the policy's to decide.

Errors name the field, never its value.
"""

from collections.abc import Iterator
from datetime import datetime

from hub.bases.manifests import Bases, stated
from hub.errors import Malformed
from hub.model import Frozen
from policies.vocabulary import CLASSES, COMPLETE_RECORD
from policies.world import World

NEEDS = {
    "supervision": "supervision",  # §2.35(a)
    "dual_enrollment": "registry",  # §2.34(a)
    "crime_report": "crime",  # §2.12(c)(5)
    "child_abuse_report": "child_abuse",  # §2.12(c)(6)
}
"""Purposes that cannot be judged without their statement."""
SERVES = {form: purpose for purpose, form in NEEDS.items()} | {"research": "research", "audit": "audit"}
"""Statements that belong to one purpose."""
_AGREEMENTS = {"audit": frozenset({"audit"}), "qso": frozenset({"qsoa", "baa"})}
_CLOCKS_DIFFER_US = 300_000_000


def check_stated(bases: Bases, purpose: str) -> None:
    """The statements fit the purpose and are complete. Raises `Malformed`."""
    given = stated(bases)
    wanted = NEEDS.get(purpose)
    if wanted is not None and wanted not in given:
        raise Malformed("This purpose needs its facts and their evidence.", field=f"$.{wanted}")
    for name in given:
        if SERVES.get(name, purpose) != purpose:
            raise Malformed("This is stated for its own purpose only.", field=f"$.{name}")
    for field, text in _instants(bases):
        instant_of(field, text)
    order, demand = bases.order, bases.demand
    if order is not None and not CLASSES | {COMPLETE_RECORD} >= set(order.information):
        raise Malformed("Unknown class of information.", field="$.order.information")
    if demand is not None and demand.kind == "subpoena_with_assurances" and demand.assurances is None:
        raise Malformed("Assurances are named by where they are kept.", field="$.demand.assurances")


def check_known(bases: Bases, agreements: tuple[str, ...], world: World, now: int) -> None:
    """Parties and agreements are the directory's, and nothing is found in the future (`now`: microseconds UTC).

    Raises `Malformed`.
    """
    _known_parties(bases, world)
    _known_agreements(bases, agreements, world)
    for field, text in _instants(bases):
        if not field.endswith(".expires") and instant_of(field, text).timestamp() * 1_000_000 > now + _CLOCKS_DIFFER_US:
            raise Malformed("This has not happened yet.", field=field)


def _known_parties(bases: Bases, world: World) -> None:
    order = bases.order
    named = {} if order is None else {"holder": {order.holder}, "recipients": set(order.recipients)}
    for field, parties in named.items():
        if not world.parties.keys() >= parties:
            raise Malformed("No such organization in the directory.", field=f"$.order.{field}")


def _known_agreements(bases: Bases, agreements: tuple[str, ...], world: World) -> None:
    for field, kinds in _AGREEMENTS.items():
        form = getattr(bases, field)
        if form is not None and _kind(world, form.agreement) not in kinds:
            raise Malformed("The directory has no such agreement.", field=f"$.{field}.agreement")
    for n, name in enumerate(agreements):
        kind = _kind(world, name)
        if kind is None:
            raise Malformed("The directory has no such agreement.", field=f"$.agreements[{n}]")
        if kind == "audit" and bases.audit is None:
            raise Malformed("An audit is stated with its authority and scope (§2.53).", field="$.audit")


def _kind(world: World, agreement: str) -> str | None:
    known = world.agreements.get(agreement)
    return known.kind if known else None


def _instants(bases: Bases) -> Iterator[tuple[str, str]]:
    for name, given in stated(bases).items():
        forms = given if isinstance(given, tuple) else (given,)
        for n, form in enumerate(forms):
            place = f"$.{name}[{n}]" if isinstance(given, tuple) else f"$.{name}"
            yield from _of_form(place, form)


def _of_form(place: str, form: Frozen) -> Iterator[tuple[str, str]]:
    for field in ("at", "expires"):
        text = getattr(form, field, None)
        if text is not None:
            yield f"{place}.{field}", text


def instant_of(field: str, text: str) -> datetime:
    """The instant of a text. Raises `Malformed` naming the field."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.utcoffset() is None:
        raise Malformed("An instant is RFC 3339 with its offset from UTC.", field=field)
    return found
