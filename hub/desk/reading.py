"""What the desk showed to whom, on the ledger: a list by the positions of its rows, everything else by its id.

Rules kept here: a search leaves no word of what was typed; the same page looked at twice is two entries.
"""

from collections.abc import Iterable
from typing import Any

from hub.compliance import viewing
from hub.context import Hub
from hub.record import entry
from hub.storage.database import Unit


async def listed(hub: Hub, by: str, what: str, rows: Iterable[int | str], *, member: str | None = None) -> None:
    """`by` was shown these rows of a list; nothing is recorded of an empty one that is about nobody."""
    shown = list(rows)
    if not shown and member is None:
        return
    body: dict[str, Any] = {"by": by, "what": what, "rows": shown}
    step = entry("access.viewed", hub.clock.now(), body, member=member, reference=member)
    await hub.database.commit(Unit((), (step,)))


async def opened(hub: Hub, by: str, what: str, member: str | None, reference: str) -> None:
    """`by` opened one thing."""
    await viewing.note(hub, by, what, member, reference)
