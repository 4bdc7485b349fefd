"""Counsel's choices: what is in force, and a change of it as the act of two different people.

The operator's `HUB_CHOICES` is where it starts; a confirmed change wins over it. Confirming raises the directory's
version in its own unit, so every intent decided under the old rules fails its guard and is decided anew.
Of two acts at once the version lets one through; the other looks again.
INVARIANT: one person alone changes no rule.
"""

from typing import Literal, NamedTuple, get_args

from sqlalchemy import select

from hub.context import Hub
from hub.errors import Conflict, Malformed, NotAvailable
from hub.model import new_id
from hub.people import persons
from hub.record import entry
from hub.storage.database import Step
from hub.storage.statements import Change, Insert, columns_of, table_of
from hub.storage.tables import ChoiceChange
from policies.choices import OPTIONS

Reason = Literal["counsel_opinion", "guidance", "court_decision", "correction"]
REASONS: tuple[str, ...] = get_args(Reason)
_ADD = Insert(ChoiceChange, columns_of(ChoiceChange))
_SETTLE = Change(ChoiceChange, ("state", "settled_by", "settled_at"), ("id",))
_SUPERSEDE = Change(ChoiceChange, ("state",), ("doubt", "state"))
_BY_DOUBT = {option.doubt: option for option in OPTIONS}


class Changed(NamedTuple):
    """One change as it is kept; `settled_*`: who confirmed or refused it, and when (microseconds UTC)."""

    id: str
    doubt: str
    answer: str
    reason: str
    state: str
    proposed_by: str
    proposed_at: int
    settled_by: str | None
    settled_at: int | None


class Standing(NamedTuple):
    """One doubt as it stands. `since`: the change that put the answer in force; none: as it was installed."""

    doubt: str
    safe: str
    other: str
    answer: str
    means: str
    """What the other answer means."""
    since: Changed | None
    waiting: Changed | None
    history: tuple[Changed, ...]
    """Every change, newest first."""


async def listing(hub: Hub) -> tuple[Standing, ...]:
    """Every doubt in its order: the answer in force, what waits for a second person, and all there was."""
    directory = await hub.directory.current()
    changes = await _all(hub)
    return tuple(
        Standing(
            doubt=option.doubt,
            safe=option.safe,
            other=option.other,
            answer=option.other if getattr(directory.choices, option.field) else option.safe,
            means=option.means,
            since=_first(changes, option.doubt, "in_force"),
            waiting=_first(changes, option.doubt, "proposed"),
            history=tuple(each for each in changes if each.doubt == option.doubt),
        )
        for option in OPTIONS
    )


async def propose(hub: Hub, doubt: str, answer: str, reason: str, *, by: str) -> str:
    """Propose an answer for another person to confirm; the id of the change.

    Raises `Malformed` for a doubt, an answer or a reason there is not, `Forbidden` for a system, `Conflict` if the
    answer is in force already, or if a change of this doubt waits.
    """
    option = _BY_DOUBT.get(doubt)
    if option is None:
        raise Malformed("No such doubt.", field="doubt")
    if answer not in (option.safe, option.other):
        raise Malformed(f"The answers are {option.safe} and {option.other}.", field="answer")
    if reason not in REASONS:
        raise Malformed(f"The reasons are {', '.join(REASONS)}.", field="reason")
    await persons.need(hub, by)
    change = new_id()

    async def steps() -> tuple[Step, ...]:
        (stands,) = (each for each in await listing(hub) if each.doubt == doubt)
        if stands.waiting is not None:
            raise Conflict("A change of this doubt waits for a second person.", code="already-proposed")
        if stands.answer == answer:
            raise Conflict("This answer is in force.", code="already-in-force")
        now = hub.clock.now()
        row = (change, doubt, answer, reason, "proposed", by, now, None, None)
        body = {"change": change, "doubt": doubt, "answer": answer, "reason": reason, "by": by}
        return Step(_ADD, row), entry("policy.proposed", now, body, reference=change)

    await hub.directory.change(steps)
    return change


async def confirm(hub: Hub, change: str, *, by: str) -> None:
    """The second person's word: the answer is in force from this moment.

    Raises `NotAvailable` if there is no such change, `Forbidden` for a system, `Conflict` if it is settled, or for the
    one who proposed it.
    """

    async def steps() -> tuple[Step, ...]:
        proposed = await _waiting(hub, change)
        await persons.another(hub, by, proposed.proposed_by, "You proposed this; another person confirms it.")
        now = hub.clock.now()
        body = {"change": change, "doubt": proposed.doubt, "answer": proposed.answer, "by": by}
        return (
            Step(_SUPERSEDE, ("superseded", proposed.doubt, "in_force")),
            Step(_SETTLE, ("in_force", by, now, change)),
            entry("policy.confirmed", now, body, reference=change),
        )

    await hub.directory.change(steps)


async def refuse(hub: Hub, change: str, *, by: str) -> None:
    """It does not come into force; whoever proposed it may take it back so. Raises as `confirm` does."""

    async def steps() -> tuple[Step, ...]:
        proposed = await _waiting(hub, change)
        await persons.need(hub, by)
        now = hub.clock.now()
        body = {"change": change, "doubt": proposed.doubt, "answer": proposed.answer, "by": by}
        return Step(_SETTLE, ("refused", by, now, change)), entry("policy.refused", now, body, reference=change)

    await hub.directory.change(steps)


async def _waiting(hub: Hub, change: str) -> Changed:
    found = next((each for each in await _all(hub) if each.id == change), None)
    if found is None:
        raise NotAvailable
    if found.state != "proposed":
        raise Conflict("This change is settled.", code="not-waiting")
    return found


async def _all(hub: Hub) -> list[Changed]:
    """Newest first."""
    table = table_of(ChoiceChange)
    columns = (table.c[name] for name in Changed._fields)
    rows = await hub.database.query(select(*columns).order_by(table.c.proposed_at.desc(), table.c.id.desc()))
    return [Changed(*row) for row in rows]


def _first(changes: list[Changed], doubt: str, state: str) -> Changed | None:
    return next((each for each in changes if (each.doubt, each.state) == (doubt, state)), None)
