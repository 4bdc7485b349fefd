"""What a page says of a row that waits only for a consent: for whom, what, since when, and what would carry it."""

from typing import NamedTuple

from hub import explanations, views
from hub.context import Hub
from hub.storage import submissions
from hub.storage.statements import Lookup
from hub.storage.tables import Outbox

_ROW = Lookup(Outbox, ("submission_id", "recipient"), "id")


class Lacked(NamedTuple):
    recipient: str
    kind: str
    """Of message."""
    since: int
    """Microseconds UTC."""
    remedies: list[str]
    """Which consent would carry it, in words."""


async def of(hub: Hub, row: str, language: str) -> Lacked | None:
    """From the stored submission and its last decision; none if there is no such row."""
    rows = await hub.database.lookup(_ROW, row)
    if not rows:
        return None
    ((submission, recipient),) = rows
    decision = await views.decision(
        hub, (await submissions.last_decision(hub.database, submission, recipient)).id, None
    )
    stored = await submissions.read(hub.database, submission)
    assert stored is not None
    told = await explanations.explained(hub, decision, language)
    remedies = [each["text"] for each in told["remedies"]]
    return Lacked(recipient, stored.kind.value, stored.created_at, remedies)
