"""The record of a medical emergency as the program must keep it (§2.51(c)): five fields, for who may read them."""

from typing import Any

from hub.bases import evidence
from hub.context import Hub
from hub.errors import NotAvailable
from hub.record import entry
from hub.storage.database import Unit
from hub.storage.statements import Lookup
from hub.storage.tables import Disclosure

_OF = Lookup(Disclosure, ("discloser", "member_id"), "id")
PARAGRAPHS = {
    "recipient_name": "2.51(c)(1)",
    "recipient_facility": "2.51(c)(1)",
    "discloser_name": "2.51(c)(2)",
    "disclosed_at": "2.51(c)(3)",
    "nature": "2.51(c)(4)",
}


async def record(hub: Hub, disclosure: str, *, organization: str | None, by: str) -> dict[str, Any]:
    """The five fields (`disclosed_at`: microseconds UTC, null until it has left), and the paragraphs of those that are
    still to be written. That somebody looked is on the ledger.

    Raises `NotAvailable` if it is no emergency disclosure of this organization (none: anybody's), or its
    record's period is over and it was destroyed.
    """
    rows = await hub.database.lookup(_OF, disclosure)
    if not rows or organization not in (None, rows[0][0]):
        raise NotAvailable
    found = await evidence.read(hub, disclosure)
    if "emergency" not in found or "destroyed" in found["emergency"]:
        raise NotAvailable
    stated = found["emergency"] | {"disclosed_at": found["disclosed_at"]}
    fields = {name: stated[name] for name in PARAGRAPHS}
    missing = [law for name, law in PARAGRAPHS.items() if fields[name] is None or not str(fields[name]).strip()]
    body = {"by": by, "what": "emergency_record"}
    looked = entry("access.viewed", hub.clock.now(), body, member=rows[0][1], reference=disclosure)
    await hub.database.commit(Unit((), (looked,)))
    return {"disclosure": disclosure, **fields, "missing": missing}
