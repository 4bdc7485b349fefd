"""A record of a disclosure made outside of the hub, whole and opened, for who may read it; a look is on the ledger."""

from typing import Any

from hub.compliance import viewing
from hub.context import Hub
from hub.errors import NotAvailable
from hub.manifest import ItemManifest
from hub.outside.judging import missing
from hub.storage import outside, submissions
from hub.storage.outside import RECORDED
from hub.storage.statements import Lookup
from hub.storage.tables import Disclosure

_NAMES = ("submission_id", "decision_id", "member_id", "discloser", "recipient", "purpose", "description", "state")
_OF = Lookup(Disclosure, _NAMES, "id")


async def codes(hub: Hub, disclosure: str) -> dict[str, Any] | None:
    """What stands in the clear of a record, and what is still owed; none if it is no record."""
    row = await outside.read(hub, disclosure)
    if row is None:
        return None
    (found,) = await hub.database.lookup(_OF, disclosure)
    view = dict(zip(_NAMES, found, strict=True))
    view["member"] = view.pop("member_id")
    stored = await submissions.read(hub.database, view["submission_id"])
    assert stored is not None
    decision = (await submissions.last_decision(hub.database, stored.id, view["recipient"])).record
    asked = stored.facts.asked.stated
    return row | view | {
        "items": stored.facts.asked.classes,
        **_whence(stored.facts.asked.items[0]),
        "outcome": decision.outcome,
        "laws": decision.laws,
        "reasons": decision.reasons,
        "claimed": asked.kinds if asked else (),
        "missing": missing(row["notice"], row["scope"], asked, decision) if view["state"] == RECORDED else (),
    }  # fmt: skip


async def whole(hub: Hub, disclosure: str, organization: str | None, *, by: str) -> dict[str, Any]:
    """The same with what was told, to whom and by whom; `words` none once its period is over.

    Raises `NotAvailable` if it is no record of this organization's (none: anybody's).
    """
    found = await codes(hub, disclosure)
    if found is None or organization not in (None, found["discloser"]):
        raise NotAvailable
    opened = await outside.told(hub, disclosure)
    await viewing.note(hub, by, "outside_record", found["member"], disclosure)
    return found | {"words": opened}


def _whence(item: ItemManifest) -> dict[str, Any]:
    """Whose it was that was told, and how and when (microseconds UTC) the discloser got it: the same for all of it."""
    at = item.received_at
    received = None if at is None else int(at.timestamp() * 1_000_000)
    return {"source": item.source, "held_under": item.held_under, "received": received}
