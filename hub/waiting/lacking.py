"""What waits only for a consent and has waited too long becomes work: held, no consent (neither met nor missed).

A notice that the law does not let go waits for the consent that would carry it. After a time (`HUB_NO_CONSENT_H`) a
person of the sender hears of it, who can ask for the consent, or let it be. Nobody can release it: deny-by-default.
"""

from typing import Any

from sqlalchemy import bindparam, func, literal_column, select

from hub.context import Hub
from hub.errors import Conflict, Stale
from hub.outbox import MOVE
from hub.people import persons
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Check, InsertNew, Row, table_of
from hub.storage.tables import Outbox, Submission, WorkItem
from hub.waiting.settling import commit_settled
from hub.waiting.work import CLOSE, NAMES, NOT_PROPOSED, close_for

KIND = "no_consent"
CODE = "consent"
"""Of a held row that waits for nothing else."""
LET_BE, LET_BE_CODE = "let_be", "let-be"
"""The reason with which a person ends the waiting, and the code of the row that is withheld then."""
PAGE = 512
"""Rows of one round, however many wait: a millisecond in which nothing else is done."""

_ADD = InsertNew(WorkItem, NAMES, ("id",))
_WAITS = Check(Outbox, ("id", "state", "code"))


async def tell(hub: Hub, now: int, after: str) -> str:
    """Open work for the next page of what has waited too long (`now`: microseconds UTC), behind the row `after`.

    Returns where the next round goes on; empty: from the beginning.
    """
    rows = await hub.database.query(_PAGE, after=after, until=now - hub.no_consent_us)
    for row, sender, before, is_open in rows:
        if not is_open:
            await _tell(hub, (row, sender, before), now)
    return rows[-1][0] if len(rows) == PAGE else ""


def no_longer(hub: Hub, row: str, since: int, now: int) -> tuple[Step, ...]:
    """Close what was told of a row that lacks no consent any more; no write where nothing can have been told."""
    if now - since < hub.no_consent_us:
        return ()
    return (close_for(KIND, row, "hub", "decided anew", now),)


async def let_be(hub: Hub, item: dict[str, Any], *, by: str) -> None:
    """The row is withheld, by a person, and its work item closed.

    Raises `Forbidden` for a system, and `Conflict` if it waits for no consent any more.
    """
    await persons.need(hub, by)
    now, work, row = hub.clock.now(), item["id"], item["reference"]
    guards = (
        Step(_WAITS, (row, "held", CODE), "outbox"),
        Step(CLOSE, ("closed", now, by, LET_BE, work, "open"), "work"),
    )
    writes = (
        Step(MOVE, ("withheld", now, LET_BE_CODE, None, None, row, "held")),
        entry("work.closed", now, {"work": work, "reason": LET_BE, "by": by}, reference=row),
    )
    await commit_settled(hub, Unit(guards, writes))


def never_released(item: dict[str, Any]) -> None:
    """Raises `Conflict` for what lacks a consent: no person's word stands in for it (§2.31)."""
    if item["kind"] == KIND:
        raise Conflict("Only a consent carries this; nobody can release it.", code="needs-consent")


async def _tell(hub: Hub, told: Row, now: int) -> None:
    row, sender, before = told
    # The id is the row's with a number, so that of two workers one opens it.
    work = (f"{row}{before:02d}", KIND, "open", sender, row, "no-consent", now, None)
    guards = (
        Step(_WAITS, (row, "held", CODE), "outbox"),
        Step(_ADD, (*work, None, None, None, None, 0, *NOT_PROPOSED), "work"),
    )
    try:
        await hub.database.commit(Unit(guards, ()))
    except Stale:
        return  # another worker was faster, or it has just left


def _waiting() -> Any:
    """What has waited too long, with its sender, how often that was told, and whether it is told now."""
    row, submission, item = table_of(Outbox).c, table_of(Submission).c, table_of(WorkItem).c
    told = (item.reference == row.id, item.kind == KIND)
    before = select(func.count()).where(*told).scalar_subquery()
    is_open = select(func.count()).where(*told, item.state == "open").scalar_subquery()
    # The state in the words of the index: a parameter would not find it.
    held = row.state == literal_column("'held'")
    return (
        select(row.id, submission.sender, before, is_open)
        .join(table_of(Submission), submission.id == row.submission_id)
        .where(held, row.code == CODE, row.id > bindparam("after"), row.created_at <= bindparam("until"))
        .order_by(row.id)
        .limit(PAGE)
    )


_PAGE = _waiting()
