"""Saved views: filters a person keeps. They are named by what they filter, so that nobody's name is typed into one."""

from typing import NamedTuple
from urllib.parse import parse_qsl

from hub.context import Hub
from hub.errors import Conflict
from hub.model import new_id
from hub.storage.database import Step, Unit
from hub.storage.statements import Delete, Insert, Lookup, columns_of
from hub.storage.tables import SavedView

MOST = 20
_ADD = Insert(SavedView, columns_of(SavedView))
_OF = Lookup(SavedView, ("id", "query"), "person_id")
_FORGET = Delete(SavedView, ("id", "person_id"))


class View(NamedTuple):
    id: str
    query: str

    @property
    def filters(self) -> dict[str, str]:
        """By name."""
        return dict(parse_qsl(self.query))


async def list_for(hub: Hub, person: str) -> list[View]:
    """A person's views, oldest first."""
    return [View(*row) for row in sorted(await hub.database.lookup(_OF, person))]


async def save(hub: Hub, person: str, query: str) -> None:
    """Keep a view, once. Raises `Conflict` for one too many."""
    kept = await list_for(hub, person)
    if not query or query in {view.query for view in kept}:
        return
    if len(kept) >= MOST:
        raise Conflict(f"A person keeps {MOST} views at most.", code="too-many-views")
    await hub.database.commit(Unit((), (Step(_ADD, (new_id(), person, query)),)))


async def forget(hub: Hub, person: str, view: str) -> None:
    """Keep it no longer; somebody else's stays."""
    await hub.database.commit(Unit((), (Step(_FORGET, (view, person)),)))
