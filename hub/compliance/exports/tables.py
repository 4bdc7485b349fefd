"""What can be exported: columns and a stream of rows for each kind; ids, codes and instants, never a name."""

from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

from hub.compliance.exports import streams
from hub.compliance.exports.streams import Ask
from hub.context import Hub
from hub.errors import Malformed
from hub.fhir.view_event import whose
from hub.storage.facts import instant

Cell = str | int | bool | None
_LOG = (
    "id", "intended_at", "concluded_at", "discloser", "recipient", "recipient_name", "address", "member_id", "purpose",
    "description", "state", "counts", "accounting", "bases", "laws", "consents", "submission_id", "decision_id", "way",
    "permitted", "recorded_at", "recorded_by",
)  # fmt: skip
_ACCOUNTING = (
    "first", "last", "count", "discloser", "recipient", "recipient_name", "address", "description", "purpose", "law",
    "certain", "way", "permitted",
)  # fmt: skip
_MATTERS = (
    "id", "kind", "organization_id", "member_id", "reference", "state", "code", "received_at", "opened_at", "opened_by",
    "closed_at", "closed_by",
)  # fmt: skip
_HHS = ("id", "organization_id", "happened_at", "received_at", "affected", "conclusion", "state")
_DENIED = ("id", "at", "discloser", "recipient", "member_id", "purpose", "phase", "outcome", "reasons", "stands")
_EMERGENCIES = (
    "id", "intended_at", "discloser", "recipient", "recipient_name", "member_id", "description", "state",
    "review", "review_due_at", "review_closed_at", "review_closed_by", "resolution", "missing",
)  # fmt: skip
_INQUIRIES = ("id", "at", "requester", "discloser", "member_id", "purpose", "outcome")
_VIEWS = ("id", "at", "by", "what", "member_id", "members", "reference")
_EVENT = (
    "resourceType", "id", "meta", "type", "subtype", "action", "recorded", "outcome", "outcomeDesc", "purposeOfEvent",
    "agent", "source", "entity",
)  # fmt: skip
EVENTS, LOOKS = "auditevents", "viewevents"
"""FHIR AuditEvents, one resource a line: JSON Lines only."""
RESOURCES = (EVENTS, LOOKS)
_INSTANTS = frozenset(
    {
        "review_due_at",
        "review_closed_at",
        "intended_at",
        "concluded_at",
        "first",
        "last",
        "received_at",
        "opened_at",
        "closed_at",
        "happened_at",
        "recorded_at",
        "at",
    }
)


ABSENT: Any = object()
"""A field that a resource does not have: not the same as null, which FHIR's JSON does not know."""


class Table(NamedTuple):
    columns: tuple[str, ...]
    rows: AsyncIterator[tuple[Cell, ...]]


TITLES = {
    "log": "Disclosure log",
    "accounting": "Accounting of disclosures",
    "matters": "Registers",
    "hhs": "Breaches of fewer than 500 people (45 CFR 164.408(c))",
    "denied": "Denied attempts",
    "emergencies": "Medical emergencies (42 CFR 2.51(c))",
    "inquiries": "Questions about a person",
    "views": "Who looked at what",
    EVENTS: "Audit events",
    LOOKS: "Audit events of looks",
    "shown": "Disclosure log as it was shown",
}


def members_in(columns: tuple[str, ...], row: tuple[Any, ...]) -> list[str]:
    """Whom a row names."""
    found: list[str] = []
    for name, cell in zip(columns, row, strict=True):
        if name == "member_id" and cell:
            found.append(cell)
        elif name == "members" and cell:
            found += cell.split(" ")
        elif name == "entity" and cell is not ABSENT:
            found += whose({name: cell})
    return found


def table(hub: Hub, kind: str, ask: Ask) -> Table:
    """The table of a kind. Raises `Malformed` for one that there is not."""
    if kind not in TABLES:
        raise Malformed("There is no such export: " + ", ".join(TABLES) + ".", field="kind")
    columns, stream = TABLES[kind]
    rows = stream(hub, ask)
    return Table(columns, _whole(columns, rows) if kind in RESOURCES else _cells(hub, columns, rows))


async def _cells(hub: Hub, columns: tuple[str, ...], rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[Any]:
    async for row in rows:
        yield tuple(_cell(hub, name, row.get(name)) for name in columns)


async def _whole(columns: tuple[str, ...], rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[Any]:
    async for row in rows:
        yield tuple(row.get(name, ABSENT) for name in columns)


def _cell(hub: Hub, name: str, value: Any) -> Cell:
    if name in _INSTANTS and value is not None:
        return instant(value).astimezone(hub.zone).isoformat(timespec="seconds")
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    found: Cell = value
    return found


TABLES: dict[str, tuple[tuple[str, ...], Callable[[Hub, Ask], AsyncIterator[dict[str, Any]]]]] = {
    "log": (_LOG, streams.log_rows),
    "accounting": (_ACCOUNTING, streams.accounting_rows),
    "matters": ((*_MATTERS, "clocks"), streams.matters_rows),
    "hhs": (_HHS, streams.hhs_rows),
    "denied": (_DENIED, streams.denied_rows),
    "emergencies": (_EMERGENCIES, streams.emergencies_rows),
    "inquiries": (_INQUIRIES, streams.inquiries_rows),
    "views": (_VIEWS, streams.views_rows),
    EVENTS: (_EVENT, streams.events_rows),
    LOOKS: (_EVENT, streams.looks_rows),
}
