"""An auditor's five questions, one function each: asked by id, answered from the ledger and what it binds.

    looked         who looked at what
    disclosed      who disclosed what
    permitted      what permitted it
    necessary      how it was kept to the necessary
    put_right      what was done when something went wrong

`organization` none: compliance; else only what that organization disclosed. Raises `NotAvailable` for what is not there
or not theirs. Each answer that is about one person is itself an entry.
"""

from typing import Any

from sqlalchemy import or_, select
from sqlmodel import col

from hub.compliance import log, on_registers, trail, viewing
from hub.compliance.log import Wanted
from hub.compliance.looked import members_in, views
from hub.compliance.on_registers import Listed
from hub.context import Hub
from hub.errors import NotAvailable
from hub.explanations import explained
from hub.model import only
from hub.storage import submissions
from hub.storage.tables import WorkItem
from hub.views import decision
from hub.waiting.work import NAMES
from policies.part2.necessary import needed
from policies.vocabulary import WITHOUT_NOTES


async def looked(
    hub: Hub, *, asker: str, member: str | None = None, by: str | None = None, since: int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Who looked at what: at a member, or everything that one person (or organization) looked at."""
    found = await views(hub, member=member, by=by, since=since, limit=limit)
    if member is not None:
        await viewing.note(hub, asker, "views", member, member)
    else:
        await viewing.listed(hub, asker, "views", (each for view in found for each in members_in(view)))
    return found


async def disclosed(hub: Hub, wanted: Wanted, *, asker: str) -> list[dict[str, Any]]:
    """Who disclosed what to whom, newest first."""
    found = await log.page(hub, wanted)
    await viewing.shown(hub, asker, "disclosures", found)
    return found


async def permitted(
    hub: Hub, disclosure: str, organization: str | None, *, asker: str, language: str = "en"
) -> dict[str, Any]:
    """What permitted a disclosure: the decision in words, its paragraphs and consents, and its places on the ledger."""
    row = await _row(hub, disclosure, organization)
    view = await explained(hub, await decision(hub, row["decision_id"], None), language)
    entries = await trail.of_disclosure(hub, row)
    await viewing.note(hub, asker, "decision", row["member_id"], disclosure)
    return {"disclosure": row, "decision": view, "ledger": entries}


async def necessary(hub: Hub, disclosure: str, organization: str | None, *, asker: str) -> dict[str, Any]:
    """How it was kept to the necessary (§2.13(a)): what was asked to go, what went, what stayed and why, which classes
    the purpose reaches, and which duties went along.
    """
    row = await _row(hub, disclosure, organization)
    stored = await submissions.read(hub.database, row["submission_id"])
    assert stored is not None
    decided = await decision(hub, row["decision_id"], None)
    asked = stored.facts.asked.classes
    await viewing.note(hub, asker, "decision", row["member_id"], disclosure)
    items = [
        {"item": i["item"], "information": asked[i["item"]], "went": i["permitted"], "reasons": i["reasons"]}
        for i in decided["items"]
    ]
    return {
        "disclosure": disclosure,
        "purpose": row["purpose"],
        "needed_for_purpose": sorted(c for c in WITHOUT_NOTES if needed(row["purpose"], c, stored.kind.value)),
        "items": items,
        "obligations": decided["obligations"],
        "description": row["description"],
    }


async def put_right(
    hub: Hub,
    organization: str | None,
    *,
    asker: str,
    reference: str | None = None,
    since: int | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """What was done when something went wrong: breaches, incidents, unknown outcomes and dead letters with who settled
    them and how; `reference`: those about one disclosure or work item.
    """
    statement = (
        select(*(col(getattr(WorkItem, name)) for name in NAMES))
        .where(col(WorkItem.kind).in_(("incident", "unknown_outcome", "dead_letter")))
        .order_by(col(WorkItem.id).desc())
    )
    if organization is not None:
        statement = statement.where(col(WorkItem.organization_id) == organization)
    if reference is not None:
        statement = statement.where(or_(col(WorkItem.reference) == reference, col(WorkItem.id) == reference))
    if since is not None:
        statement = statement.where(col(WorkItem.created_at) >= since)
    work = [dict(zip(NAMES, row, strict=True)) for row in await hub.database.query(statement.limit(limit))]
    breaches = await on_registers.listing(hub, Listed(only(organization), "breach", state=None, limit=limit))
    complaints = await on_registers.listing(hub, Listed(only(organization), "complaint", state=None, limit=limit))
    if reference is not None:
        breaches, complaints = ([m for m in each if m["reference"] == reference] for each in (breaches, complaints))
    await viewing.shown(hub, asker, "registers", [*breaches, *complaints])
    return {"work": work, "breaches": breaches, "complaints": complaints}


async def _row(hub: Hub, disclosure: str, organization: str | None) -> dict[str, Any]:
    found = (await log.some(hub, [disclosure], organization)).get(disclosure)
    if found is None:
        raise NotAvailable
    return found
