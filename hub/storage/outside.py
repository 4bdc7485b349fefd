"""Disclosures made outside of the hub as stored: codes in the clear, what was told under its seal."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from hub.bases import evidence
from hub.context import Hub
from hub.decide import OUTSIDER
from hub.storage.statements import Change, Insert, Lookup, columns_of
from hub.storage.tables import Disclosure, OutsideDisclosure

RECORDED, CORRECTED, MISTAKEN = "recorded", "corrected", "mistaken"
STATES = (RECORDED, CORRECTED, MISTAKEN)
"""Of a disclosure that was made outside of the hub."""
COLUMNS = columns_of(OutsideDisclosure)
ADD = Insert(OutsideDisclosure, COLUMNS)
END = Change(Disclosure, ("state", "concluded_at"), ("id", "state"), must_hit=True)
MISTAKE = Change(OutsideDisclosure, ("mistaken",), ("id",))
_OF = Lookup(OutsideDisclosure, COLUMNS, "id")
_AT_ONCE = 500


async def read(hub: Hub, disclosure: str) -> dict[str, Any] | None:
    """The codes of one, with the record that stands in its place now (`corrected_by`); none if there is no such."""
    rows = await hub.database.lookup(_OF, disclosure)
    if not rows:
        return None
    after = select(col(OutsideDisclosure.id)).where(col(OutsideDisclosure.corrects) == disclosure)
    found = await hub.database.query(after)
    return _view(rows[0]) | {"corrected_by": found[0][0] if found else None}


async def some(hub: Hub, disclosures: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The codes of those among these disclosures that were made outside of the hub, by id."""
    wanted, found = list(disclosures), dict[str, dict[str, Any]]()
    columns = [col(getattr(OutsideDisclosure, name)) for name in COLUMNS]
    for at in range(0, len(wanted), _AT_ONCE):
        statement = select(*columns).where(col(OutsideDisclosure.id).in_(wanted[at : at + _AT_ONCE]))
        found |= {row[0]: _view(row) for row in await hub.database.query(statement)}
    return found


async def told(hub: Hub, disclosure: str) -> dict[str, Any] | None:
    """What was told, to whom and by whom, opened; none once its period is over. Whoever asks records the look."""
    found = (await evidence.read(hub, disclosure)).get(evidence.OUTSIDE)
    return None if found is None or "destroyed" in found else found


async def reached(hub: Hub, disclosure: str, recipient: str) -> tuple[str, str] | None:
    """Name and address of a recipient who is not in the directory; none for any other."""
    if recipient != OUTSIDER:
        return None
    opened = await told(hub, disclosure) or {}
    somebody = opened.get("somebody") or {}
    name = ", ".join(filter(None, (somebody.get("name", ""), somebody.get("organization", ""))))
    return name, somebody.get("address", "")


def _view(row: tuple[Any, ...]) -> dict[str, Any]:
    found = dict(zip(COLUMNS, row, strict=True))
    return found | {"later": found["later"].split()}
