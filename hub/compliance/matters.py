"""The registers: matters opened, changed and closed by somebody, each time with a code, a reason and a ledger entry.

Rules kept here:
- INVARIANT: no-existence-leak. A matter of another organization looks like none.
- What a person wrote is sealed; the ledger and the columns in the clear hold fixed words, ids, counts and instants.
- Two people at once: the second is told, and nothing of the first is lost.
- Looking at a matter is itself an entry.
"""

from typing import Any, Literal, NamedTuple, get_args

import msgspec

from hub.compliance import clocks, viewing
from hub.compliance.clocks import Due
from hub.compliance.on_registers import clock_view
from hub.context import Hub
from hub.errors import Conflict, Malformed, NotAvailable, Stale
from hub.model import Frozen, new_id
from hub.people.assignees import assignee
from hub.record import entry
from hub.storage import matters as stored
from hub.storage.database import Step, Unit

Register = Literal["accounting", "list", "suspension", "breach", "complaint", "restriction", "notice"]
REGISTERS: tuple[Register, ...] = get_args(Register)
MOST_WORDS = 20_000
_encode = msgspec.json.Encoder().encode


class Opening(Frozen, frozen=True, kw_only=True):
    """A new matter. `received_at`: microseconds UTC, when it came or was discovered; the clocks run from there."""

    kind: Register
    organization: str
    received_at: int
    code: str = "received"
    member: str | None = None
    reference: str | None = None
    facts: dict[str, Any] = {}  # noqa: RUF012 - msgspec gives every value its own
    words: dict[str, Any] = {}  # noqa: RUF012 - as above
    """Free text by field; sealed."""
    clocks: tuple[str, ...] = ()


class Act(NamedTuple):
    """What somebody does to a matter: where it stands then (`code`), and why (`reason`, sealed)."""

    code: str
    reason: str
    by: str
    organization: str | None
    """Whose matter it must be; none: anybody's."""


class Effect(NamedTuple):
    """What else changes with it."""

    facts: dict[str, Any] = {}  # noqa: RUF012 - never written to
    words: dict[str, Any] = {}  # noqa: RUF012 - never written to
    meets: tuple[str, ...] = ()
    lifts: tuple[str, ...] = ()
    clocks: tuple[Due, ...] = ()
    postpones: tuple[Due, ...] = ()
    steps: tuple[Step, ...] = ()
    version: int | None = None
    """Of the matter that it was worked out from; none: from whichever stands."""


def deadline(hub: Hub, name: str, start: int) -> Due | None:
    """The deadline of a duty that arose at `start`, by the county's clocks, zone and holidays."""
    return clocks.due(hub.duties.clocks, name, start, hub.zone, hub.calendar)


async def open_matter(hub: Hub, opening: Opening, *, by: str, people: tuple[str, ...] = ()) -> str:
    """Open a matter about these people; its id. Raises `Malformed` for a moment that has not come or for too many
    words.
    """
    matter, writes = opened(hub, opening, by=by, people=people)
    await hub.database.commit(Unit((), writes))
    return matter


def opened(hub: Hub, opening: Opening, *, by: str, people: tuple[str, ...] = ()) -> tuple[str, tuple[Step, ...]]:
    """A new matter's id, and the steps that open it inside another unit. Raises as `open_matter`."""
    now, matter = hub.clock.now(), new_id()
    if opening.received_at > now:
        raise Malformed("This has not happened yet.", field="received_at")
    sealed = stored.seal_words(hub.ring, matter, _checked(opening.words))
    row = (
        matter, opening.kind, opening.organization, opening.member, opening.reference, "open", opening.code,
        _encode(opening.facts).decode(), 0, opening.received_at, now, by, None, None, None,
        sealed.key_id, sealed.wrapped_key, sealed.ciphertext,
    )  # fmt: skip
    found = [deadline(hub, name, opening.received_at) for name in opening.clocks]
    return matter, (
        Step(stored.ADD, row),
        *(_clock(matter, each) for each in found if each is not None),
        stored.event(hub.ring, matter, now, "opened", opening.code, by, ""),
        *(Step(stored.ADD_PERSON, (matter, member, None)) for member in people),
        _entry(matter, opening.kind, "opened", opening.code, by, opening.member, now),
    )


async def change(hub: Hub, matter: str, act: Act, effect: Effect | None = None) -> None:
    """Bring an open matter to another code. Raises `NotAvailable`, and `Conflict` if it is closed or just changed."""
    await _move(hub, matter, act, effect or Effect(), closes=False)


async def close(hub: Hub, matter: str, act: Act, effect: Effect | None = None) -> None:
    """End a matter, with a reason. Raises as `change`, and `Malformed` without a reason."""
    if not act.reason.strip():
        raise Malformed("A matter is closed with a reason.", field="reason")
    await _move(hub, matter, act, effect or Effect(), closes=True)


async def note(hub: Hub, matter: str, act: Act) -> None:
    """Write something down about an open matter; it stands where it stood. Raises `NotAvailable`, `Conflict` if it is
    closed, and `Malformed` for nothing.
    """
    if not act.reason.strip():
        raise Malformed("A note has words.", field="reason")
    await _remark(hub, matter, act, "noted", Step(stored.STILL, (matter, "open"), "matter"))


async def assign(hub: Hub, matter: str, to: str | None, act: Act) -> None:
    """Give an open matter to a person (`to`: the id of their token or account; none: whoever asks).

    Raises `NotAvailable`, `Conflict` if it is closed, and `Malformed` for somebody who does not see it.
    """
    found = await read(hub, matter, act.organization)
    person = act.by if to is None else await assignee(hub, to, found["organization_id"])
    guard = Step(stored.ASSIGN, (person, matter, "open"), "matter")
    await _remark(hub, matter, act._replace(reason=person), "assigned", guard, to=person)


async def _remark(hub: Hub, matter: str, act: Act, what: str, guard: Step, **more: str) -> None:
    found, now = await read(hub, matter, act.organization), hub.clock.now()
    writes = (
        stored.event(hub.ring, matter, now, what, what, act.by, _short(act.reason)),
        _entry(matter, found["kind"], what, what, act.by, found["member_id"], now, **more),
    )
    try:
        await hub.database.commit(Unit((guard,), writes))
    except Stale:
        raise Conflict("This matter is closed.", code="closed") from None


async def read(hub: Hub, matter: str, organization: str | None, kind: Register | None = None) -> dict[str, Any]:
    """A matter without its words, for a program to go on with. Raises `NotAvailable`."""
    found = await stored.read(hub, matter)
    if found is None or organization not in (None, found["organization_id"]):
        raise NotAvailable
    if kind not in (None, found["kind"]):
        raise NotAvailable
    return found | {"clocks": [clock_view(each, hub.clock.now()) for each in found["clocks"]]}


async def words(hub: Hub, matter: str) -> dict[str, Any]:
    """What was written about a matter, for a letter that quotes it."""
    return await stored.words(hub, matter)


async def show(hub: Hub, matter: str, organization: str | None, *, by: str) -> dict[str, Any]:
    """A matter with its words, history and people, for a person; that they looked is on the ledger.

    Raises `NotAvailable`.
    """
    found = await read(hub, matter, organization)
    people = await stored.people(hub, matter)
    body = {"by": by, "what": f"{found['kind']}_matter"}
    looked = viewing.steps_of(hub, body, [found["member_id"], *people], reference=matter)
    await hub.database.commit(Unit((), looked))
    return found | {
        "words": await stored.words(hub, matter),
        "history": await stored.history(hub, matter),
        "people": people,
    }


async def _move(hub: Hub, matter: str, act: Act, effect: Effect, *, closes: bool) -> None:
    found = await read(hub, matter, act.organization)
    if found["state"] != "open":
        raise Conflict("This matter is closed.", code="closed")
    if effect.version not in (None, found["version"]):
        raise Conflict("Somebody else has changed this meanwhile.", code="changed-meanwhile")
    now, what = hub.clock.now(), "closed" if closes else "changed"
    words = _checked(await stored.words(hub, matter) | effect.words)
    sealed = stored.seal_words(hub.ring, matter, words)
    ended = (now, act.by) if closes else (None, None)
    facts = _encode(found["facts"] | effect.facts).decode()
    moved = (
        "closed" if closes else "open", act.code, facts, found["version"] + 1, *ended,
        sealed.key_id, sealed.wrapped_key, sealed.ciphertext, matter, found["version"],
    )  # fmt: skip
    steps = [
        *(Step(stored.MEET, (now, matter, name)) for name in effect.meets),
        *(Step(stored.LIFT, (now, matter, name)) for name in effect.lifts),
        *(_clock(matter, each) for each in effect.clocks),
        *(Step(stored.POSTPONE, (each.at, matter, each.name)) for each in effect.postpones),
        stored.event(hub.ring, matter, now, what, act.code, act.by, _short(act.reason)),
        *effect.steps,
        _entry(matter, found["kind"], what, act.code, act.by, found["member_id"], now),
    ]
    try:
        await hub.database.commit(Unit((Step(stored.MOVE, moved, "matter"),), tuple(steps)))
    except Stale:
        raise Conflict("Somebody else has changed this meanwhile.", code="changed-meanwhile") from None


def _clock(matter: str, due: Due) -> Step:
    return Step(stored.ADD_CLOCK, (matter, due.name, due.law, due.at, None, None))


def _entry(matter: str, kind: str, what: str, code: str, by: str, member: str | None, at: int, **more: str) -> Step:
    body = {"register": kind, "code": code, "by": by, **more}
    return entry(f"matter.{what}", at, body, member=member, reference=matter)


def _checked(words: dict[str, Any]) -> dict[str, Any]:
    if len(_encode(words)) > MOST_WORDS:
        raise Malformed(f"What is written about a matter has at most {MOST_WORDS} bytes.", field="words")
    return words


def _short(reason: str) -> str:
    if len(reason) > MOST_WORDS:
        raise Malformed(f"A reason has at most {MOST_WORDS} characters.", field="reason")
    return reason
