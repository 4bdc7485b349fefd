"""Legal holds: what litigation, an audit or an investigation asks to be preserved.

A hold and a destruction exclude each other: both move under the version of one row, so whichever commits first, the
other sees it.
"""

import re
from typing import Any, Literal, NamedTuple

from sqlalchemy import select

from hub.context import Hub
from hub.errors import Malformed, NotAvailable, Stale
from hub.model import new_id
from hub.record import entry
from hub.storage.database import Database, Step, Unit
from hub.storage.statements import Change, Check, Insert, InsertNew, Lookup, columns_of
from hub.storage.tables import LegalHold, RetentionState

Scope = Literal["member", "submission", "consent", "organization", "all"]
STATE = 1
_MATTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]{0,39}")
_READ = Lookup(RetentionState, ("version", "ran_on"), "id")
_FIRST = InsertNew(RetentionState, columns_of(RetentionState), ("id",))
_MOVE = Change(RetentionState, ("version",), ("id", "version"), must_hit=True)
_RAN = Change(RetentionState, ("ran_on",), ("id", "ran_on"), must_hit=True)
_UNMOVED = Check(RetentionState, ("id", "version"))
_ADD = Insert(LegalHold, columns_of(LegalHold))
_LIFT = Change(LegalHold, ("lifted_at", "lifted_by"), ("id",))
_NAMES = ("id", "scope", "reference", "matter", "placed_at", "placed_by")


class Holds(NamedTuple):
    """The holds in force, and the version of the row that they were read under."""

    version: int
    covered: frozenset[tuple[str, str]]

    def cover(self, **things: str | None) -> bool:
        """Whether a hold covers everything, or one of these (`member=ID`, `submission=ID`, ...)."""
        return ("all", "") in self.covered or any((scope, thing) in self.covered for scope, thing in things.items())

    @property
    def unmoved(self) -> Step:
        """The guard of a destruction: no hold was placed meanwhile."""
        return Step(_UNMOVED, (STATE, self.version), "hold")


async def in_force(database: Database) -> list[dict[str, Any]]:
    """The holds in force, oldest first."""
    hold: Any = LegalHold
    columns = [getattr(hold, name) for name in _NAMES]
    rows = await database.query(select(*columns).where(hold.lifted_at.is_(None)).order_by(hold.id))
    return [dict(zip(_NAMES, row, strict=True)) for row in rows]


async def read(database: Database) -> Holds:
    """What is held now. The version is read first, so a hold placed in between is not missed."""
    version, _ = await state(database)
    return Holds(version, frozenset((hold["scope"], hold["reference"]) for hold in await in_force(database)))


async def place(hub: Hub, scope: Scope, reference: str, matter: str, *, by: str) -> str:
    """Preserve what the hold covers, from its commit on; answers its id. Raises `Malformed` for a matter that is no
    number.
    """
    if not _MATTER.fullmatch(matter):
        raise Malformed("A matter is a number of the county's files: letters, digits, dots, slashes and hyphens.")
    if (scope == "all") != (not reference):
        raise Malformed("A hold names what it covers, or covers all.")
    hold, now = new_id(), hub.clock.now()
    row = (hold, scope, reference, matter, now, by, None, None)
    body = {"hold": hold, "scope": scope, "matter": matter, "by": by}
    member = reference if scope == "member" else None
    writes = (Step(_ADD, row), entry("hold.placed", now, body, member=member, reference=reference or hold))
    while True:
        version, _ = await state(hub.database)
        try:
            await hub.database.commit(Unit((Step(_MOVE, (version + 1, STATE, version), "hold"),), writes))
        except Stale:
            continue
        return hold


async def lift(hub: Hub, hold: str, *, by: str) -> None:
    """End a hold. Raises `NotAvailable` if there is none of this id in force."""
    if hold not in {each["id"] for each in await in_force(hub.database)}:
        raise NotAvailable
    now = hub.clock.now()
    trace = entry("hold.lifted", now, {"hold": hold, "by": by}, reference=hold)
    await hub.database.commit(Unit((), (Step(_LIFT, (now, by, hold)), trace)))


async def state(database: Database) -> tuple[int, str]:
    """The version, and the local day of the last daily run."""
    while True:
        rows = await database.lookup(_READ, STATE)
        if rows:
            return rows[0][0], rows[0][1]
        try:
            await database.commit(Unit((Step(_FIRST, (STATE, 0, ""), "state"),), ()))
        except Stale:
            continue


async def claim_day(database: Database, today: str) -> bool:
    """Whether this process is the one that runs the daily destruction of this local day."""
    _, ran_on = await state(database)
    if ran_on >= today:
        return False
    try:
        await database.commit(Unit((Step(_RAN, (today, STATE, ran_on), "day"),), ()))
    except Stale:
        return False
    return True
