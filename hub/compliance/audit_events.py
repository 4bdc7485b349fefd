"""The disclosure log and the looks at it as FHIR AuditEvents: searched a page at a time, or streamed whole.

A page is merged from two lists, disclosures and looks, each read from where the page before ended in it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from heapq import merge
from typing import Any, NamedTuple

import msgspec

from hub.compliance import log, looked
from hub.compliance.log import Wanted
from hub.context import Hub
from hub.errors import Malformed
from hub.fhir.audit_event import EXPORT, IMPORT, RECIPIENT, SOURCE, recipient_event, source_event
from hub.fhir.glass_event import ALERT, GLASS, glass_event
from hub.fhir.view_event import REST, VIEW, view_events
from hub.glass import acts
from hub.glass.acts import Narrowed
from hub.model import Frozen, is_id
from hub.storage.directory import Organization

DISCLOSURES = frozenset({EXPORT, IMPORT})
"""What is searched unless looks are asked for: each search is a look itself, and would find itself the next time."""
_BATCH = 250
_START = ("~", 1 << 62)
"""Before every disclosure and every look."""
Event = dict[str, Any]


class Page(NamedTuple):
    events: list[Event]
    following: str | None
    """Where the next page begins."""


class _Taken(NamedTuple):
    """What one row of a list becomes, and where that list goes on behind it."""

    at: int
    disclosure: str | None
    look: int | None
    events: list[Event]


class Asked(Frozen, frozen=True, kw_only=True):
    """`wanted`: which disclosures, and of looks those about its member, by its agent, between its instants."""

    wanted: Wanted
    types: frozenset[str] = DISCLOSURES
    cursor: str | None = None

    @property
    def looks(self) -> bool:
        """Whether looks are among them: they have no consent, and always succeed."""
        states = self.wanted.states
        return REST in self.types and self.wanted.consent is None and (not states or "disclosed" in states)


async def search(hub: Hub, asked: Asked, viewer: str | None) -> Page:
    """A page of events, newest first: the viewer's own as source or recipient, and what its own people looked at
    (none: all). Raises `Malformed` for a cursor that is none of ours.

    Security alerts are asked for by themselves: the emergencies in which somebody broke the glass, of those that the
    viewer reviews.
    """
    if asked.types == {ALERT}:
        return await _alerts(hub, asked, viewer)
    organizations = (await hub.directory.current()).organizations
    disclosure, look = _cursor(asked.cursor)
    wanted = msgspec.structs.replace(asked.wanted, party=viewer, before=disclosure)
    rows = await log.page(hub, wanted) if DISCLOSURES & asked.types else []
    seen = await _looks(hub, asked, viewer, look, wanted.limit) if asked.looks else []
    disclosed = [_Taken(r["intended_at"], r["id"], None, _events(r, organizations, viewer, asked.types)) for r in rows]
    looks = [_Taken(view["at"], None, view["id"], view_events(view, organizations)) for view in seen]
    page: list[Event] = []
    for taken, (_, row, view, events) in enumerate(merge(disclosed, looks, key=lambda each: -each.at)):
        if taken == wanted.limit or (page and len(page) + len(events) > wanted.limit):
            return Page(page, f"{disclosure}.{look}")
        page += events
        disclosure, look = row or disclosure, view or look
    return Page(page, f"{disclosure}.{look}" if wanted.limit in (len(rows), len(seen)) else None)


async def one(hub: Hub, event: str, viewer: str | None) -> Event | None:
    """One event by its id; none if it is not the viewer's."""
    organizations = (await hub.directory.current()).organizations
    if event.endswith(VIEW):
        number, _, member = event.removesuffix(VIEW).partition("-")
        known = number.isascii() and number.isdigit() and len(number) < 19
        view = await looked.one(hub, int(number), member) if known else None
        events = view_events(view, organizations) if view and _theirs(view, viewer) else []
    elif event.endswith(GLASS):
        act = await acts.of(hub, event.removesuffix(GLASS))
        theirs = act is not None and viewer in (None, *act.reviewers.split())
        events = [glass_event(act._asdict(), organizations)] if act and theirs else []
    else:
        rows = await log.some(hub, [event.removesuffix(SOURCE).removesuffix(RECIPIENT)], None)
        events = [each for row in rows.values() for each in _events(row, organizations, viewer, DISCLOSURES)]
    return next((each for each in events if each["id"] == event), None)


async def stream(hub: Hub, wanted: Wanted, viewer: str | None) -> AsyncIterator[Event]:
    """All events of disclosures, in constant memory."""
    organizations = (await hub.directory.current()).organizations
    async for row in log.stream(hub, msgspec.structs.replace(wanted, organization=None, party=viewer)):
        for event in _events(row, organizations, viewer, DISCLOSURES):
            yield event


async def stream_looks(hub: Hub, wanted: Wanted, viewer: str | None) -> AsyncIterator[Event]:
    """All events of looks, in constant memory."""
    organizations = (await hub.directory.current()).organizations
    before = _START[1]
    while seen := await _looks(hub, Asked(wanted=wanted), viewer, before, _BATCH):
        for view in seen:
            for event in view_events(view, organizations):
                yield event
        before = seen[-1]["id"]
        await asyncio.sleep(0)  # a file's rows come without waiting; other callers have their turn here


async def _looks(hub: Hub, asked: Asked, viewer: str | None, before: int, limit: int) -> list[looked.View]:
    wanted, agent = asked.wanted, asked.wanted.agent
    if None not in (agent, viewer) and agent != viewer:
        return []
    return await looked.views(
        hub,
        member=wanted.member,
        by=agent or viewer,
        # A look never changes.
        since=max((each for each in (wanted.since, wanted.changed_since) if each is not None), default=None),
        until=min((each for each in (wanted.until, wanted.changed_until) if each is not None), default=None),
        before=before,
        limit=limit,
    )


async def _alerts(hub: Hub, asked: Asked, viewer: str | None) -> Page:
    wanted = asked.wanted
    if asked.cursor is not None and not is_id(asked.cursor):
        raise _no_cursor()
    narrowed = Narrowed(
        viewer, wanted.member, wanted.since, wanted.until, wanted.changed_since, wanted.changed_until, asked.cursor
    )
    found = await acts.listing(hub, narrowed, limit=wanted.limit)
    organizations = (await hub.directory.current()).organizations
    events = [glass_event(act._asdict(), organizations) for act in found]
    return Page(events, found[-1].id if len(found) == wanted.limit else None)


def _theirs(view: looked.View, viewer: str | None) -> bool:
    return viewer in (None, view["by"].partition("/")[0])


def _cursor(text: str | None) -> tuple[str, int]:
    if text is None:
        return _START
    disclosure, dot, look = text.rpartition(".")
    sound = dot and look.isascii() and look.isdigit() and len(look) < 20 and int(look) <= _START[1]
    if not sound or not (disclosure == _START[0] or is_id(disclosure)):
        raise _no_cursor()
    return disclosure, int(look)


def _no_cursor() -> Malformed:
    return Malformed("A page begins where the page before says.", code="invalid-cursor", field="_cursor")


def _events(
    row: Mapping[str, Any], organizations: Mapping[str, Organization], viewer: str | None, types: frozenset[str]
) -> list[Event]:
    found = []
    if EXPORT in types and viewer in (None, row["discloser"]):
        found.append(source_event(row, organizations))
    if IMPORT in types and row["state"] == "disclosed" and viewer in (None, row["recipient"]):
        found.append(recipient_event(row, organizations))
    return found
