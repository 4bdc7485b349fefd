"""Taken back by its sender: what of a submission nobody has, and no worker has taken up, is kept for good.

Each recipient's row is a transaction of its own: one that a worker claimed a moment ago leaves, and the others stay.
Which came first is decided by the row's state, and the ledger says it: `dispatch.withdrawn`, or an intent, never both.
"""

import contextlib
from typing import NamedTuple

from hub.context import Hub
from hub.errors import Conflict, NotAvailable, Stale, Unavailable
from hub.outbox import MOVE
from hub.record import entry
from hub.storage import submissions
from hub.storage.database import Step, Unit
from hub.storage.statements import Lookup, Row
from hub.storage.tables import Outbox
from hub.waiting import lacking
from hub.waiting.work import WAITING, close_for

CODE = "withdrawn"
"""Of a row that its sender took back."""
STANDING = ("queued", "held")
"""States in which nothing has left and nobody is at it."""
LOOKS = 8
"""At what moves meanwhile."""
_ROWS = Lookup(Outbox, ("id", "recipient", "state", "code"), "submission_id")


class Withdrawn(NamedTuple):
    """Organizations by what became of their copy."""

    withdrawn: tuple[str, ...]
    """Taken back, now or before."""
    gone: tuple[str, ...]
    """Not taken back: it has left, is about to, or was kept already."""


async def withdraw(hub: Hub, submission: str, *, organization: str, by: str) -> Withdrawn:
    """Take back what has not left of an organization's own submission; a repeat changes nothing more.

    Raises `NotAvailable` if it is not theirs, `Conflict` (`not-waiting`) if nothing of it could be taken back, and
    `Unavailable` if a copy was somewhere else at each look: what was taken back until then stays so.
    """
    stored = await submissions.read(hub.database, submission)
    # INVARIANT: no-existence-leak. Somebody else's looks like none.
    if stored is None or stored.sender != organization:
        raise NotAvailable
    for _ in range(LOOKS):
        rows = await hub.database.lookup(_ROWS, submission)
        standing = [(outbox, state) for outbox, _, state, _ in rows if state in STANDING]
        if not standing:
            return _became(rows)
        for outbox, state in standing:
            # It moved: a worker took it up, or a consent let it go into the queue. The next look tells which.
            with contextlib.suppress(Stale):
                await hub.database.commit(_unit(outbox, state, stored.member, by, hub.clock.now()))
    raise Unavailable("It moves about; ask again.")


def _became(rows: list[Row]) -> Withdrawn:
    back = tuple(sorted(recipient for _, recipient, _, code in rows if code == CODE))
    if not back:
        raise Conflict("Nothing of it waits any more.", code="not-waiting")
    return Withdrawn(back, tuple(sorted(recipient for _, recipient, _, code in rows if code != CODE)))


def _unit(outbox: str, state: str, member: str | None, by: str, now: int) -> Unit:
    guard = Step(MOVE, ("withheld", now, CODE, None, None, outbox, state), "outbox")
    trace = entry("dispatch.withdrawn", now, {"by": by, "from": state}, member=member, reference=outbox)
    return Unit((guard,), (*(close_for(kind, outbox, by, CODE, now) for kind in (*WAITING, lacking.KIND)), trace))
