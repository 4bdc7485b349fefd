"""Approving what rests on a court's order: two people, each by name, neither of whom handed it in.

An approval never delivers: the row goes back to the queue, and `dispatch` decides anew and counts the approvals itself.
What waits for another reason is proposed and confirmed (`hub.waiting.proposals`).
"""

from typing import NamedTuple

from hub.bases import reviews
from hub.context import Hub
from hub.errors import Conflict
from hub.exchange import OUTBOX
from hub.people import persons
from hub.record import entry
from hub.storage import submissions
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Lookup
from hub.storage.submissions import LastDecision
from hub.storage.tables import Outbox
from hub.waiting.settling import commit_settled, open_item
from hub.waiting.work import CLOSED

_ROW = Lookup(Outbox, ("submission_id", "recipient", "share", "state", "code", "approved_by"), "id")
_APPROVE = Change(Outbox, ("state", "due_at", "code", "approved_by"), ("id", "state", "code"), must_hit=True)
"""The code tells a first approval from a second, so that of two at once only one counts."""
_TWO = 2


class Approval(NamedTuple):
    """How many people have approved, and how many must."""

    given: int
    needed: int


class _Row(NamedTuple):
    submission: str
    recipient: str
    share: str
    state: str
    code: str
    approved_by: str | None

    @property
    def waits(self) -> bool:
        return self.state == "held" and self.share == "review"


async def needed(hub: Hub, ticket: str) -> int:
    """How many approvals an outbox row waits for; 0 if none."""
    rows = await hub.database.lookup(_ROW, ticket)
    if not rows or not (row := _Row(*rows[0])).waits:
        return 0
    return reviews.persons((await submissions.last_decision(hub.database, row.submission, row.recipient)).record)


async def approve(hub: Hub, work: str, *, organization: str | None, by: str) -> Approval:
    """Approve what waits under a work item; it is queued once enough people have.

    Raises `NotAvailable` if the item is not this organization's (none: anybody's), `Forbidden` for a system, `Conflict`
    if nothing waits for an approval, or if the person may not be the one who gives it.
    """
    item = await open_item(hub, work, organization)
    ticket = item["reference"]
    rows = await hub.database.lookup(_ROW, ticket)
    if not rows or not (row := _Row(*rows[0])).waits:
        raise Conflict("Nothing waits for an approval under this work item.", code="not-waiting")
    decision = await submissions.last_decision(hub.database, row.submission, row.recipient)
    people = (row.approved_by or "").split()
    approval = Approval(len(people) + 1, reviews.persons(decision.record))
    if approval.needed < _TWO:
        raise Conflict("One person proposes this release, and another one confirms it.", code="needs-proposal")
    await _check_person(hub, ticket, people, by)
    await commit_settled(hub, _unit(hub, work, ticket, row, decision, (*people, by), approval))
    if approval.given >= approval.needed:
        await hub.signals.wake(OUTBOX)
    return approval


async def handed_in_by(hub: Hub, ticket: str) -> str:
    """Who handed in what an outbox row carries; empty if nobody is known, or if there is no such row."""
    rows = await hub.database.lookup(_ROW, ticket)
    stored = await submissions.read(hub.database, rows[0][0]) if rows else None
    return stored.facts.by if stored else ""


async def _check_person(hub: Hub, ticket: str, people: list[str], by: str) -> None:
    for first in people:
        await persons.another(hub, by, first, "You have approved this; another person must too.")
    await persons.another(hub, by, await handed_in_by(hub, ticket), "Whoever handed it in does not approve it.")


def _unit(
    hub: Hub, work: str, ticket: str, row: _Row, decision: LastDecision, people: tuple[str, ...], approval: Approval
) -> Unit:
    now, by = hub.clock.now(), people[-1]
    enough = approval.given >= approval.needed
    state, code = ("queued", None) if enough else ("held", "second-person")
    guard = Step(_APPROVE, (state, now, code, " ".join(people), ticket, row.state, row.code), "outbox")
    body = {
        "work": work,
        "outbox": ticket,
        "by": by,
        "given": approval.given,
        "needed": approval.needed,
        "decision": decision.id,
    }
    writes = [entry("work.approved", now, body, reference=ticket)]
    if enough:
        writes.append(Step(CLOSED, ("closed", now, by, "approved", work, "open")))
    return Unit((guard,), tuple(writes))
