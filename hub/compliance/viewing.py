"""Reading is recorded too: whoever looks at a member's data as a person leaves an entry (45 CFR 164.312(b)).

What counts as a look: opening one thing about a member, and being shown a list, a page of a search or an export whose
rows name members by their ids, for each of them. Numbers about many (charts, counts) are nobody's. One page is one
entry, whose body names everybody it showed; a table finds it again by each of them.

Rules kept here:
- A search leaves no word of what was typed; the same page looked at twice is two entries.
- An export of more members than an entry may name says what it reached (whose, when), and is a look at everybody whom
  that reaches.
- Systems of an organization (`sender`) read what they handed in themselves, and leave none; that is on the ledger.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from hub.context import Hub
from hub.model import new_id
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Keep, columns_of
from hub.storage.tables import ViewedMember

MOST_NAMED = 1_000
"""Members whom one entry names; a page has fewer."""
EVERYBODY = "*"
"""Stands for whomever a wide look reaches, where one member would stand."""
_FIND = Keep(ViewedMember, columns_of(ViewedMember))


class Reach(NamedTuple):
    """What a wide look reached; what is none does not narrow. Instants are microseconds UTC, `until` exclusive."""

    scope: Sequence[str] | None = None
    """Made by these organizations, or received by them."""
    since: int | None = None
    until: int | None = None


async def note(hub: Hub, by: str, what: str, member: str | None, reference: str, *, glass: str = "") -> None:
    """Record that `by` looked: `what` is a fixed word (`member`, `decision`, `matter`), `reference` the id of it.

    `glass`: the act (`hub.glass`) that opened it, where their role or scope did not.
    """
    body = {"by": by, "what": what} | ({"glass": glass} if glass else {})
    step = entry("access.viewed", hub.clock.now(), body, member=member, reference=reference)
    await hub.database.commit(Unit((), (step,)))


async def shown(hub: Hub, by: str, what: str, rows: Iterable[dict[str, Any]]) -> None:
    """Record a page whose rows name members under `member_id`; one without any leaves no entry."""
    await listed(hub, by, what, (each["member_id"] for each in rows))


async def listed(
    hub: Hub,
    by: str,
    what: str,
    members: Iterable[str | None],
    rows: Sequence[int | str] = (),
    *,
    glass: str = "",
) -> None:
    """Record that `by` was shown a list of `rows` (positions, ids) that names these members; of nothing, nothing.

    `glass` as in `note`.
    """
    more = ({"rows": list(rows)} if rows else {}) | ({"glass": glass} if glass else {})
    steps = steps_of(hub, {"by": by, "what": what} | more, members, always=bool(rows))
    if steps:
        await hub.database.commit(Unit((), steps))


def steps_of(
    hub: Hub, body: dict[str, Any], members: Iterable[str | None], *, reference: str | None = None, always: bool = True
) -> tuple[Step, ...]:
    """The entry of one look at these members and what finds it again, for a unit of the caller's; with nobody in it
    one is made only `always`.
    """
    named = sorted({each for each in members if each})
    if not named and not always:
        return ()
    now = hub.clock.now()
    if len(named) < 2:
        one = named[0] if named else None
        return (entry("access.viewed", now, body, member=one, reference=reference or one),)
    look = reference or new_id()
    found = (Step(_FIND, (each, look)) for each in named)
    return (entry("access.viewed", now, body | {"members": named}, reference=look), *found)


def wide(hub: Hub, body: dict[str, Any], reach: Reach, reference: str) -> tuple[Step, ...]:
    """The entry of a look at more members than it can name."""
    trace = entry("access.viewed", hub.clock.now(), body | {"reach": reach._asdict()}, reference=reference)
    return (trace, Step(_FIND, (EVERYBODY, reference)))
