"""A record of a disclosure that was none: it stays where it is, and counts no more.

What was only written down wrongly is recorded anew (`hub.outside.recording`, `corrects`).
"""

from typing import Literal

from hub.context import Hub
from hub.errors import Conflict, NotAvailable, Stale
from hub.outside import following
from hub.record import entry
from hub.storage import outside
from hub.storage.database import Step, Unit
from hub.storage.outside import MISTAKEN, RECORDED
from hub.storage.statements import Lookup
from hub.storage.tables import Disclosure

Mistake = Literal["duplicate", "not_made", "other_person"]
"""Recorded twice; it was never made; it was about somebody else. Fixed words: free text would be content."""
_OF = Lookup(Disclosure, ("discloser", "member_id", "state"), "id")


async def retract(hub: Hub, disclosure: str, mistake: Mistake, *, organization: str | None, by: str) -> None:
    """Say that what was recorded was no disclosure. A matter that it opened stays open: somebody concludes it; nobody
    reviews it any more, or sends what §2.32 asks for.

    Raises `NotAvailable` if it is no record of this organization's (none: anybody's), `Conflict` if it stands no more.
    """
    rows = await hub.database.lookup(_OF, disclosure)
    if not rows or organization not in (None, rows[0][0]) or await outside.read(hub, disclosure) is None:
        raise NotAvailable
    now, member = hub.clock.now(), rows[0][1]
    guard = Step(outside.END, (MISTAKEN, now, disclosure, RECORDED), "state")
    body = {"by": by, "mistake": mistake}
    writes = (
        Step(outside.MISTAKE, (mistake, disclosure)),
        entry("disclosure.mistaken", now, body, member=member, reference=disclosure),
        *await following.ended(hub, disclosure, by=by, at=now),
    )
    try:
        await hub.database.commit(Unit((guard,), writes))
    except Stale:
        raise Conflict("Another record stands in its place, or it was a mistake.", code="corrected") from None
