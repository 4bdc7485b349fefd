"""Two-person control at the desk: one person proposes a release, another one confirms it, and only then it happens.

What rests on a court's order has its own two approvals (`hub.waiting.approvals`); nothing here replaces them.
"""

from typing import NamedTuple

from hub.context import Hub
from hub.errors import Conflict, Stale
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Delete, InsertNew, Lookup, columns_of
from hub.storage.tables import WorkProposal
from hub.waiting import release
from hub.waiting.release import Reason
from hub.waiting.settling import open_item

_ADD = InsertNew(WorkProposal, columns_of(WorkProposal), ("work_id",))
_OF = Lookup(WorkProposal, ("reason", "by", "at"), "work_id")
_DROP = Delete(WorkProposal, ("work_id",))


class Proposal(NamedTuple):
    reason: Reason
    by: str
    at: int


async def of(hub: Hub, work: str) -> Proposal | None:
    """What is proposed for a work item."""
    rows = await hub.database.lookup(_OF, work)
    return Proposal(*rows[0]) if rows else None


async def propose(hub: Hub, work: str, reason: Reason, *, organization: str, by: str) -> None:
    """Propose a release. Raises `NotAvailable`, `Conflict` if it is closed or proposed already."""
    await open_item(hub, work, organization)
    now = hub.clock.now()
    trace = entry("work.proposed", now, {"work": work, "reason": reason, "by": by}, reference=work)
    try:
        await hub.database.commit(Unit((Step(_ADD, (work, reason, by, now), "proposal"),), (trace,)))
    except Stale:
        raise Conflict("A release is proposed already.", code="not-waiting") from None


async def confirm(hub: Hub, work: str, *, organization: str, by: str) -> None:
    """Release what another person proposed. Raises `Conflict` for the same person, or if nothing is proposed."""
    proposed = await of(hub, work)
    if proposed is None:
        raise Conflict("No release is proposed.", code="not-waiting")
    if proposed.by == by:
        raise Conflict("You proposed this; another person confirms it.", code="same-person")
    await release.release(hub, work, proposed.reason, organization=organization, by=by)
    await drop(hub, work, by=by)


async def drop(hub: Hub, work: str, *, by: str) -> None:
    """Nothing is proposed any more."""
    trace = entry("work.proposal_ended", hub.clock.now(), {"work": work, "by": by}, reference=work)
    await hub.database.commit(Unit((), (Step(_DROP, (work,)), trace)))
