"""A release is the act of two people: one proposes it, another one confirms it, and only then it happens.

The same at the desk, over HTTP and at the command line. A release never delivers by itself: the row goes back to the
queue and `dispatch` decides anew (deny-by-default). What rests on a court's order is approved instead
(`hub.waiting.approvals`).
INVARIANT: one person alone releases nothing.
"""

from typing import Any, Literal, NamedTuple

from hub.context import Hub
from hub.errors import Conflict
from hub.exchange import OUTBOX
from hub.outbox import APPROVE, MOVE
from hub.people import persons
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Check, Lookup
from hub.storage.tables import Outbox, WorkItem
from hub.waiting import approvals, lacking
from hub.waiting.confirm import answered, check
from hub.waiting.settling import commit_settled, open_item
from hub.waiting.work import NOT_PROPOSED

Reason = Literal[
    "reviewed",
    "incident",
    "corrected",
    "duplicate",
    "confirmed_delivered",
    "confirmed_not_delivered",
    "patient_request",
    "answered",
    "misdirected",
    "not_ours",
    "refused",
    "unreadable",
    "let_be",
]
"""Of a release or of a closing. Fixed words: free text here would be content outside any sealed field."""

_RELEASABLE = ("held", "dead", "unknown")
_ROW = Lookup(Outbox, ("state", "share"), "id")
_PROPOSAL = ("proposed", "proposed_by", "proposed_at")
_CLOSING = ("state", "closed_at", "closed_by", "resolution")
# Everything that settles an item or its proposal writes the item's row, so that of two at once only one counts.
_PROPOSE = Change(WorkItem, _PROPOSAL, ("id", "state", "proposed_at"), must_hit=True)
_WITHDRAW = Change(WorkItem, _PROPOSAL, ("id", "state", "proposed_by", "proposed_at"), must_hit=True)
_CONFIRM = Change(WorkItem, _CLOSING, ("id", "state", "proposed_by", "proposed_at"), must_hit=True)
_WAITS = Check(Outbox, ("id", "state"))


class Proposal(NamedTuple):
    reason: Reason
    by: str
    at: int
    """When, in microseconds UTC."""


class _Row(NamedTuple):
    state: str
    share: str

    @property
    def approved_before(self) -> bool:
        """Two people approved a court's order; a release after that neither adds nor drops an approval."""
        return self.share == "review" and self.state != "held"


def of(item: dict[str, Any]) -> Proposal | None:
    """What is proposed for a work item (`hub.waiting.work.NAMES`)."""
    return Proposal(*(item[name] for name in _PROPOSAL)) if item["proposed_at"] else None


async def propose(hub: Hub, work: str, reason: Reason, *, organization: str | None, by: str) -> None:
    """Propose a release.

    Raises `NotAvailable` if the item is not this organization's (none: anybody's), `Forbidden` for a system, `Conflict`
    if it is closed or proposed already or nothing can be released, and `Malformed` for an unknown outcome unless the
    recipient says that they do not have it.
    """
    item = await open_item(hub, work, organization)
    lacking.never_released(item)
    check(item, reason, release=True)
    await persons.need(hub, by)
    if of(item):
        raise Conflict("A release is proposed already.", code="not-waiting")
    await _waiting(hub, item["reference"])
    await answered(hub, item, reason, by)  # a receipt that came late is told to the first person, not to the second
    now = hub.clock.now()
    guard = Step(_PROPOSE, (reason, by, now, work, "open", 0), "work")
    trace = entry("work.proposed", now, {"work": work, "reason": reason, "by": by}, reference=item["reference"])
    await commit_settled(hub, Unit((guard,), (trace,)))


async def confirm(hub: Hub, work: str, *, organization: str | None, by: str) -> None:
    """Release what another person proposed, and close the work item.

    Raises as `propose`, `Conflict` for the person who proposed it, or if nothing is proposed.
    """
    item = await open_item(hub, work, organization)
    proposed = _standing(item)
    await persons.another(hub, by, proposed.by, "You proposed this; another person confirms it.")
    outbox, reason = item["reference"], proposed.reason
    row, now = await _waiting(hub, outbox), hub.clock.now()
    guards = (
        Step(_WAITS, (outbox, row.state), "outbox"),
        Step(_CONFIRM, ("closed", now, by, reason, work, "open", proposed.by, proposed.at), "work"),
    )
    body = {"work": work, "outbox": outbox, "from": row.state, "reason": reason, "proposed_by": proposed.by, "by": by}
    writes = [
        Step(MOVE, ("queued", now, None, None, None, outbox, row.state)),
        entry("work.released", now, body, reference=outbox),
        *await answered(hub, item, reason, by),
    ]
    if not row.approved_before:
        writes.append(Step(APPROVE, (f"{proposed.by} {by}", outbox)))
    await commit_settled(hub, Unit(guards, tuple(writes)))
    await hub.signals.wake(OUTBOX)


async def withdraw(hub: Hub, work: str, *, organization: str | None, by: str) -> None:
    """Nothing is proposed any more: taken back, or refused by another person. Raises as `confirm`."""
    item = await open_item(hub, work, organization)
    proposed = _standing(item)
    await persons.need(hub, by)
    guard = Step(_WITHDRAW, (*NOT_PROPOSED, work, "open", proposed.by, proposed.at), "work")
    body = {"work": work, "by": by, "proposed_by": proposed.by}
    trace = entry("work.proposal_ended", hub.clock.now(), body, reference=item["reference"])
    await commit_settled(hub, Unit((guard,), (trace,)))


def _standing(item: dict[str, Any]) -> Proposal:
    proposed = of(item)
    if proposed is None:
        raise Conflict("No release is proposed.", code="not-waiting")
    return proposed


async def _waiting(hub: Hub, outbox: str) -> _Row:
    rows = await hub.database.lookup(_ROW, outbox)
    if not rows or rows[0][0] not in _RELEASABLE:
        raise Conflict("Nothing waits under this work item any more.", code="not-waiting")
    if await approvals.needed(hub, outbox) > 1:
        raise Conflict("A court's order is approved by two people, each by name.", code="needs-approval")
    return _Row(*rows[0])
