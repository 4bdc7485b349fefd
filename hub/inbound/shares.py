"""The shares of a submission, one of each recipient: who was told, and what is kept from leaving.

INVARIANT: unknown-is-disclosed. Whoever may have it, or is about to get it, was told.
"""

import contextlib
from typing import Any, Literal, NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.errors import Stale
from hub.outbox import MOVE
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Check
from hub.storage.tables import Disclosure, Outbox, Submission
from hub.waiting import lacking
from hub.waiting.work import close_for, close_waiting

_STANDS = Check(Outbox, ("id", "state"))
_COLUMNS: tuple[Any, ...] = (
    col(Outbox.id),
    col(Outbox.recipient),
    col(Outbox.state),
    col(Submission.member_id),
    col(Disclosure.state),
    col(Outbox.code),
)
Why = Literal["superseded", "restricted"]
NOT_YET = ("queued", "held", "dead")


class Share(NamedTuple):
    """One recipient's share of a submission."""

    outbox: str
    recipient: str
    state: str
    member: str | None
    disclosed: str | None
    code: str | None
    """Why it did not leave."""


class Stops(NamedTuple):
    """Keeps from leaving what nobody has yet, in the transaction of what makes it so."""

    guards: tuple[Step, ...] = ()
    writes: tuple[Step, ...] = ()


NO_STOPS = Stops()


async def stops_of(hub: Hub, submission: str, why: Why, inbound: str) -> Stops:
    """`superseded`: a newer notice goes instead; `restricted`: a person looks at what restricts it."""
    now, found = hub.clock.now(), Stops()
    for share in [each for each in await shares_of(hub, submission) if each.state in NOT_YET]:
        found = Stops(
            (*found.guards, Step(_STANDS, (share.outbox, share.state), "outbox")),
            (*found.writes, *_stopping(share, why, inbound, now)),
        )
    return found


async def stop(hub: Hub, shares: list[Share], why: str, inbound: str) -> None:
    """Before the retraction is made: whoever a worker has just taken it for counts as told, and is in it.

    Each stop is a transaction of its own, and a repeat goes on where the last one ended.
    """
    now = hub.clock.now()
    for share in [each for each in shares if each.state in NOT_YET]:
        stop, *told = _stopping(share, why, inbound, now)
        with contextlib.suppress(Stale):
            await hub.database.commit(Unit((stop,), tuple(told)))


def _stopping(share: Share, why: str, inbound: str, now: int) -> tuple[Step, ...]:
    stop = Step(MOVE, ("withheld", now, why, None, None, share.outbox, share.state), "outbox")
    stopped = entry(f"dispatch.{why}", now, {"inbound": inbound}, member=share.member, reference=share.outbox)
    return (stop, stopped, *close_waiting(share.outbox, now), close_for(lacking.KIND, share.outbox, "hub", why, now))


async def shares_of(hub: Hub, submission: str) -> list[Share]:
    statement = (
        select(*_COLUMNS)
        .join(Submission, col(Submission.id) == col(Outbox.submission_id))
        .outerjoin(Disclosure, col(Disclosure.id) == col(Outbox.id))
        .where(col(Outbox.submission_id) == submission)
        .order_by(col(Outbox.id))
    )
    return [Share(*row) for row in await hub.database.query(statement)]


def told(share: Share) -> bool:
    """INVARIANT: unknown-is-disclosed. Whoever may have it, or is about to get it, was told."""
    if share.disclosed is not None:
        return share.disclosed != "not_disclosed"
    return share.state not in (*NOT_YET, "withheld")
