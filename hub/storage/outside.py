"""Disclosures made outside of the hub as stored: codes in the clear, what was told under its seal."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from hub.bases import evidence
from hub.context import Hub
from hub.decide import OUTSIDER
from hub.storage.statements import Change, Insert, columns_of
from hub.storage.tables import Disclosure, OutsideDisclosure

RECORDED, CORRECTED, MISTAKEN = "recorded", "corrected", "mistaken"
STATES = (RECORDED, CORRECTED, MISTAKEN)
"""Of a disclosure that was made outside of the hub."""
COLUMNS = columns_of(OutsideDisclosure)
ADD = Insert(OutsideDisclosure, COLUMNS)
END = Change(Disclosure, ("state", "concluded_at"), ("id", "state"), must_hit=True)
MISTAKE = Change(OutsideDisclosure, ("mistaken",), ("id",))
_AT_ONCE = 500


async def read(hub: Hub, disclosure: str) -> dict[str, Any] | None:
    """The codes of one; none if there is no such."""
    return (await some(hub, [disclosure])).get(disclosure)


async def some(hub: Hub, disclosures: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The codes of those among these disclosures that were made outside of the hub, by id, each with the record that
    stands in its place now (`corrected_by`).
    """
    wanted, found = list(disclosures), dict[str, dict[str, Any]]()
    columns = [col(getattr(OutsideDisclosure, name)) for name in COLUMNS]
    corrects, by = col(OutsideDisclosure.corrects), col(OutsideDisclosure.id)
    places: Any = select(corrects, by)
    for at in range(0, len(wanted), _AT_ONCE):
        some_of_them = wanted[at : at + _AT_ONCE]
        later: dict[str, str] = dict(await hub.database.query(places.where(corrects.in_(some_of_them))))
        for row in await hub.database.query(select(*columns).where(by.in_(some_of_them))):
            found[row[0]] = _view(row) | {"corrected_by": later.get(row[0])}
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
