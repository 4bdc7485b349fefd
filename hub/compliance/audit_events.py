"""The disclosure log as FHIR AuditEvents: searched a page at a time, or streamed whole."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import msgspec

from hub.compliance import log
from hub.compliance.log import Wanted
from hub.context import Hub
from hub.fhir.audit_event import EXPORT, IMPORT, recipient_event, source_event


class Page(NamedTuple):
    events: list[dict[str, Any]]
    following: str | None
    """Where the next page begins: an id for `before`."""


async def search(hub: Hub, wanted: Wanted, viewer: str | None, types: frozenset[str]) -> Page:
    """The events of a page of disclosures, newest first; the viewer's own as source or recipient (none: all)."""
    rows = await log.page(hub, msgspec.structs.replace(wanted, party=viewer))
    organizations = (await hub.directory.current()).organizations
    events = [event for row in rows for event in _events(row, organizations, viewer, types)]
    return Page(events, rows[-1]["id"] if len(rows) == wanted.limit else None)


async def one(hub: Hub, event: str, viewer: str | None) -> dict[str, Any] | None:
    """One event by its id; none if it is not the viewer's."""
    disclosure, dash, _ = event.rpartition("-")
    rows = await log.some(hub, [disclosure], None) if dash else {}
    organizations = (await hub.directory.current()).organizations
    for row in rows.values():
        for each in _events(row, organizations, viewer, frozenset({EXPORT, IMPORT})):
            if each["id"] == event:
                return each
    return None


async def stream(hub: Hub, wanted: Wanted, viewer: str | None) -> AsyncIterator[dict[str, Any]]:
    """All events, in constant memory."""
    organizations = (await hub.directory.current()).organizations
    async for row in log.stream(hub, msgspec.structs.replace(wanted, organization=None, party=viewer)):
        for event in _events(row, organizations, viewer, frozenset({EXPORT, IMPORT})):
            yield event


def _events(
    row: dict[str, Any], organizations: Any, viewer: str | None, types: frozenset[str]
) -> Iterator[dict[str, Any]]:
    if EXPORT in types and viewer in (None, row["discloser"]):
        yield source_event(row, organizations)
    if IMPORT in types and row["state"] == "disclosed" and viewer in (None, row["recipient"]):
        yield recipient_event(row, organizations)
