"""What one person does about work that waits: look at it, take it, close it. A release takes two: `proposals`."""

from typing import Any

from hub.bases import evidence
from hub.bases.reviews import BREAK_GLASS, REVIEWS
from hub.compliance import viewing
from hub.context import Hub
from hub.errors import Malformed
from hub.glass import acts, findings
from hub.inbound import people
from hub.inbound.settle import WORK
from hub.people import persons
from hub.people.assignees import assignee
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Change
from hub.storage.tables import WorkItem
from hub.waiting import another_way, approvals, confirm, lacking, proposals
from hub.waiting.proposals import Reason
from hub.waiting.settling import commit_settled, open_item, read_item
from hub.waiting.work import CLOSE, open_work

CLOSING: tuple[people.Closing, ...] = ("duplicate", "misdirected", "not_ours", "refused", "unreadable")
"""With which reasons what came in goes no further; what is filed is filed with a member (`hub.inbound.people`)."""
FOUND: tuple[Reason, ...] = ("reviewed", "incident")
"""What a review ends in."""
_OF_ARRIVALS = frozenset(CLOSING) - {"duplicate"}

_ASSIGN = Change(WorkItem, ("assigned_to",), ("id", "state"), must_hit=True)


async def show(hub: Hub, work: str, *, organization: str | None, by: str) -> dict[str, Any]:
    """One work item with the evidence stated for its disclosure, opened, the release that one person proposed, and by
    which other ways it could go; that it was looked at is on the ledger.

    Raises `NotAvailable` if it is not this organization's (none: anybody's).
    """
    item = await read_item(hub, work, organization)
    found = await evidence.read(hub, item["reference"])
    if found:
        await viewing.note(hub, by, "evidence", await evidence.member_of(hub, item["reference"]), item["reference"])
    ways, proposed = await another_way.ways(hub, item["kind"], item["reference"]), proposals.of(item)
    return item | {
        "evidence": found,
        "glass": await findings.told(hub, item["reference"], by=by) if item["kind"] == BREAK_GLASS else None,
        "ways": [way._asdict() for way in ways],
        "proposal": proposed and proposed._asdict(),
    }


async def assign(hub: Hub, work: str, to: str | None, *, organization: str | None, by: str) -> None:
    """Give a work item to a person (`to`: the id of their token or account; none: whoever asks).

    Raises `NotAvailable`, `Conflict`, and `Malformed` for somebody who does not see it.
    """
    item = await open_item(hub, work, organization)
    person = by if to is None else await assignee(hub, to, item["organization_id"])
    now = hub.clock.now()
    guard = Step(_ASSIGN, (person, work, "open"), "work")
    body = {"work": work, "to": person, "by": by}
    await commit_settled(hub, Unit((guard,), (entry("work.assigned", now, body, reference=item["reference"]),)))


async def close(hub: Hub, work: str, reason: Reason, *, organization: str | None, by: str) -> None:
    """Close a work item; what it is about stays where it is, and what came in is closed with it. Closed as an incident,
    it opens one (§2.16(b)); closed with what the recipient said, an unknown outcome is known.

    Raises `NotAvailable`, `Conflict`, `Forbidden` for a system that reviews, and `Malformed` for an incident that is
    found outside a review, for an answer to what nobody asked, and for a reason that does not fit.
    """
    item = await open_item(hub, work, organization)
    if item["kind"] == WORK or reason in _OF_ARRIVALS:
        # What came in and the work about it end in one unit, whichever of the two is closed.
        await _close_arrival(hub, item, reason, by)
        return
    if (item["kind"] == lacking.KIND) != (reason == lacking.LET_BE):
        raise Malformed("What lacks a consent, and nothing else, is let be.", field="$.reason")
    if reason == lacking.LET_BE:
        await lacking.let_be(hub, item, by=by)
        return
    confirm.check(item, reason)
    if reason == "incident" and item["kind"] not in REVIEWS:
        raise Malformed("An incident is what a review finds.", field="$.reason")
    if item["kind"] == BREAK_GLASS and reason not in FOUND:
        raise Malformed("A review finds it justified, or an incident.", field="$.reason")
    if item["kind"] in REVIEWS:
        await persons.another(hub, by, await _reviewed(hub, item), "Whoever did it does not review it.")
    now = hub.clock.now()
    guard = Step(CLOSE, ("closed", now, by, reason, work, "open"), "work")
    body = {"work": work, "reason": reason, "by": by}
    writes = [
        entry("work.closed", now, body, reference=item["reference"]),
        *confirm.settled(item, reason, now),
        *await confirm.answered(hub, item, reason, by),
    ]
    if reason == "incident":
        due = hub.calendar.end_of_next(now, hub.zone)
        writes.append(open_work("incident", item["organization_id"], item["reference"], ("2.16(b)",), now, due=due))
        if item["kind"] == BREAK_GLASS:
            writes += await findings.incident(hub, item["reference"], item["organization_id"], by=by)
    await commit_settled(hub, Unit((guard,), tuple(writes)))


async def _reviewed(hub: Hub, item: dict[str, Any]) -> str:
    """Who did what a review looks at, as the record names them; empty if nobody is known."""
    if item["kind"] != BREAK_GLASS:
        return await approvals.handed_in_by(hub, item["reference"])
    act = await acts.of(hub, item["reference"])
    return act.by if act else ""


async def _close_arrival(hub: Hub, item: dict[str, Any], reason: Reason, by: str) -> None:
    why = next((each for each in CLOSING if each == reason), None)
    if item["kind"] != WORK or why is None:
        raise Malformed(f"What came in, and nothing else, is closed as one of {', '.join(CLOSING)}.", field="$.reason")
    # Whose the item is, the arrival is.
    await people.close(hub, item["reference"], why, organization=None, by=by)
