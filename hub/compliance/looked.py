"""Who looked at what, answered from the ledger: at a member, by a person, or all of it; and who reads how much."""

from collections import Counter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, literal_column, or_, select
from sqlmodel import col

from hub.compliance.viewing import EVERYBODY, Reach
from hub.context import Hub
from hub.storage.questions import Question
from hub.storage.tables import LedgerEntry, LogRow, ViewedMember

_VIEWED = col(LedgerEntry.kind) == literal_column("'access.viewed'")
"""Written out, so that the databases see that their indexes of views fit."""
_BATCH = 1000
_NAMES = ("id", "at", "member_id", "reference")
View = dict[str, Any]


async def views(
    hub: Hub,
    *,
    member: str | None = None,
    by: str | None = None,
    since: int | None = None,
    until: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[View]:
    """Looks, newest first: at one member, the lists and exports that showed them included. `by`: a person
    (`organization/token`) or an organization with its people.

    A look at several has `members` (those it named; none for a wide one) and no `member_id`, unless one was asked for.
    `before` is an entry's number. Instants: microseconds UTC, `until` exclusive.
    """
    bounds = [(since, col(LedgerEntry.at) >= (since or 0)), (until, col(LedgerEntry.at) < (until or 0))]
    asked = [condition for given, condition in bounds if given is not None]
    if member is None:
        return await _read(hub, asked, by, before, limit)
    own = await _read(hub, [*asked, col(LedgerEntry.member_id) == member], by, before, limit)
    lists = await _read(hub, [*asked, _showed(member)], by, before, limit, reaching=member)
    wide = await _read(hub, [*asked, _showed(EVERYBODY)], by, before, limit, reaching=member)
    found = sorted([*own, *lists, *wide], key=lambda view: -int(view["id"]))[:limit]
    return [view | {"member_id": member} for view in found]


def members_in(view: View) -> list[str]:
    """Whom a look named."""
    return [view["member_id"]] if view["member_id"] else list(view["members"])


async def one(hub: Hub, number: int, member: str) -> View | None:
    """A look at a member by its entry's number; none if that is no look at them."""
    for view in map(_view, await hub.database.query(_select([col(LedgerEntry.id) == number], None))):
        if member == view["member_id"] or await _reaches(hub, view, member):
            return view | {"member_id": member}
    return None


class Looks(NamedTuple):
    """How much somebody looked; `glass`: in how many emergencies where nothing was open to them (`hub.glass`)."""

    by: str
    views: int
    glass: int


async def readers(hub: Hub, since: int, until: int) -> list[Looks]:
    """How many views each person had between two instants, most first: who reads far more than their peers."""
    columns: tuple[Any, ...] = (col(LedgerEntry.id), col(LedgerEntry.body))
    within = select(*columns).where(_VIEWED, col(LedgerEntry.at) >= since, col(LedgerEntry.at) < until)
    counted: Counter[str] = Counter()
    broken: dict[str, set[str]] = {}
    last = 0
    while True:
        page = within.where(col(LedgerEntry.id) > last).order_by(col(LedgerEntry.id)).limit(_BATCH)
        rows = await hub.database.query(page)
        for _, body in rows:
            said = msgspec.json.decode(body)
            counted[said["by"]] += 1
            if "glass" in said:
                broken.setdefault(said["by"], set()).add(said["glass"])
        if len(rows) < _BATCH:
            return [Looks(by, n, len(broken.get(by, ()))) for by, n in counted.most_common()]
        last = rows[-1][0]


async def _read(
    hub: Hub,
    conditions: list[ColumnElement[bool]],
    by: str | None,
    before: int | None,
    limit: int,
    *,
    reaching: str = "",
) -> list[View]:
    """The newest of them. The body is bytes in both databases, so what stands in it is compared here, in batches."""
    found: list[View] = []
    batch = _BATCH if by or reaching else limit
    while len(found) < limit:
        rows = await hub.database.query(_select(conditions, before).limit(batch))
        theirs = [v for v in map(_view, rows) if by in (None, v["by"], v["by"].partition("/")[0])]
        found += [view for view in theirs if await _reaches(hub, view, reaching)]
        if len(rows) < batch:
            break
        before = rows[-1][0]
    return found[:limit]


async def _reaches(hub: Hub, view: View, member: str) -> bool:
    """Whether a look at several showed a member; a wide one did if the log has something about them that it covers."""
    if not member or view["reach"] is None:
        return not member or member in view["members"]
    reach = Reach(**view["reach"])
    statement = select(col(LogRow.position)).where(col(LogRow.member_id) == member, col(LogRow.at) < view["at"])
    if reach.scope is not None:
        statement = statement.where(or_(col(LogRow.program).in_(reach.scope), col(LogRow.recipient).in_(reach.scope)))
    if reach.since is not None:
        statement = statement.where(col(LogRow.at) >= reach.since)
    if reach.until is not None:
        statement = statement.where(col(LogRow.at) < reach.until)
    return bool(await hub.database.query(statement.limit(1)))


def _showed(member: str) -> ColumnElement[bool]:
    looks = select(col(ViewedMember.look)).where(col(ViewedMember.member_id) == member)
    return col(LedgerEntry.reference).in_(looks)


def _select(conditions: list[ColumnElement[bool]], before: int | None) -> Question:
    columns = [col(getattr(LedgerEntry, name)) for name in (*_NAMES, "body")]
    statement = select(*columns).where(_VIEWED, *conditions).order_by(col(LedgerEntry.id).desc())
    return statement if before is None else statement.where(col(LedgerEntry.id) < before)


def _view(row: Any) -> View:
    *values, body = row
    said = msgspec.json.decode(body)
    view = dict(zip(_NAMES, values, strict=True))
    told = {"members": said.get("members", []), "reach": said.get("reach"), "glass": said.get("glass", "")}
    return view | {"by": said["by"], "what": said["what"]} | told
