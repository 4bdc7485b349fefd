"""What can be exported: columns and a stream of rows for each kind; ids, codes and instants, never a name."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import msgspec

from hub.compliance import accounting, attempts, audit_events, log, matters, viewing
from hub.compliance.log import Wanted
from hub.compliance.matters import Listed
from hub.context import Hub
from hub.errors import Malformed, NotAvailable
from hub.storage import members
from hub.storage.facts import instant

Cell = str | int | bool | None
_PAGE = 250
_LOG = (
    "id", "intended_at", "concluded_at", "discloser", "recipient", "recipient_name", "address", "member_id", "purpose",
    "description", "state", "counts", "accounting", "bases", "laws", "consents", "submission_id", "decision_id",
)  # fmt: skip
_ACCOUNTING = (
    "first", "last", "count", "discloser", "recipient", "recipient_name", "address", "description", "purpose", "law",
    "certain",
)  # fmt: skip
_MATTERS = (
    "id", "kind", "organization_id", "member_id", "reference", "state", "code", "received_at", "opened_at", "opened_by",
    "closed_at", "closed_by",
)  # fmt: skip
_HHS = ("id", "organization_id", "happened_at", "received_at", "affected", "conclusion", "state")
_DENIED = ("id", "at", "discloser", "recipient", "member_id", "purpose", "phase", "outcome", "reasons")
_VIEWS = ("id", "at", "by", "what", "member_id", "reference")
_EVENT = (
    "resourceType", "id", "meta", "type", "subtype", "action", "recorded", "outcome", "outcomeDesc", "purposeOfEvent",
    "agent", "source", "entity",
)  # fmt: skip
EVENTS = "auditevents"
"""FHIR AuditEvents, one resource a line: JSON Lines only."""
_INSTANTS = frozenset(
    {"intended_at", "concluded_at", "first", "last", "received_at", "opened_at", "closed_at", "happened_at", "at"}
)
_FEW = 500
"""45 CFR 164.408(c): breaches of fewer people are told to HHS after the year's end."""


class Ask(NamedTuple):
    """What of a kind is wanted; `log` holds the filters that all kinds share as far as they have them."""

    log: Wanted
    state: str | None = None
    register: str | None = None


class Table(NamedTuple):
    columns: tuple[str, ...]
    rows: AsyncIterator[tuple[Cell, ...]]


TITLES = {
    "log": "Disclosure log",
    "accounting": "Accounting of disclosures",
    "matters": "Registers",
    "hhs": "Breaches of fewer than 500 people (45 CFR 164.408(c))",
    "denied": "Denied attempts",
    "views": "Who looked at what",
    EVENTS: "Audit events",
    "shown": "Disclosure log as it was shown",
}


def table(hub: Hub, kind: str, ask: Ask) -> Table:
    """The table of a kind. Raises `Malformed` for one that there is not."""
    if kind not in TABLES:
        raise Malformed("There is no such export: " + ", ".join(TABLES) + ".", field="kind")
    columns, stream = TABLES[kind]
    rows = stream(hub, ask)
    return Table(columns, _whole(columns, rows) if kind == EVENTS else _cells(hub, columns, rows))


async def _cells(hub: Hub, columns: tuple[str, ...], rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[Any]:
    async for row in rows:
        yield tuple(_cell(hub, name, row.get(name)) for name in columns)


async def _whole(columns: tuple[str, ...], rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[Any]:
    async for row in rows:
        yield tuple(row[name] for name in columns)


def _cell(hub: Hub, name: str, value: Any) -> Cell:
    if name in _INSTANTS and value is not None:
        return instant(value).astimezone(hub.zone).isoformat(timespec="seconds")
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    found: Cell = value
    return found


async def _log(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    async for row in log.stream(hub, ask.log):
        yield row


async def _accounting(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    member, organization = ask.log.member, ask.log.organization or ask.log.discloser
    if member is None:
        raise Malformed("An accounting is of one member.", field="member")
    if organization is not None and not await members.may_see(hub, organization, member):
        raise NotAvailable
    at = ask.log.until or hub.clock.now()
    for line in (await accounting.account(hub, member, organization, at=at)).lines:
        yield msgspec.structs.asdict(line)


async def _matters(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    def listed(before: str | None) -> Awaitable[list[dict[str, Any]]]:
        wanted = Listed(
            ask.log.organization, ask.register, ask.state, member=ask.log.member, before=before, limit=_PAGE
        )
        return matters.listing(hub, wanted)

    async for row in _paged(listed):
        if _within(ask.log, row["received_at"]):
            clocks = [f"{clock['name']}:{clock['state']}" for clock in row["clocks"]]
            yield row | {"clocks": clocks}


async def _hhs(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    async for row in _matters(hub, ask._replace(register="breach", state=None)):
        facts = row["facts"]
        if facts.get("conclusion") == "breach" and facts["affected"] < _FEW:
            yield row | {name: facts.get(name) for name in ("affected", "conclusion", "happened_at")}


async def _denied(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    def listed(before: str | None) -> Awaitable[list[dict[str, Any]]]:
        wanted = ask.log
        return attempts.denied(
            hub, wanted.organization, member=wanted.member, since=wanted.since, before=before, limit=_PAGE
        )

    async for row in _paged(listed):
        if _within(ask.log, row["at"]):
            yield row


async def _events(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    async for event in audit_events.stream(hub, ask.log, ask.log.organization):
        yield event


async def _views(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    def listed(before: int | None) -> Awaitable[list[dict[str, Any]]]:
        wanted = ask.log
        return viewing.views(
            hub, member=wanted.member, by=wanted.organization, since=wanted.since, until=wanted.until, before=before,
            limit=_PAGE,
        )  # fmt: skip

    async for row in _paged(listed):
        yield row


async def _paged(listed: Callable[[Any], Awaitable[list[dict[str, Any]]]]) -> AsyncIterator[dict[str, Any]]:
    before = None
    while rows := await listed(before):
        for row in rows:
            yield row
        before = rows[-1]["id"]
        await asyncio.sleep(0)  # a file's rows come without waiting; other callers have their turn here


def _within(wanted: Wanted, at: int) -> bool:
    return (wanted.since is None or wanted.since <= at) and (wanted.until is None or at < wanted.until)


TABLES: dict[str, tuple[tuple[str, ...], Callable[[Hub, Ask], AsyncIterator[dict[str, Any]]]]] = {
    "log": (_LOG, _log),
    "accounting": (_ACCOUNTING, _accounting),
    "matters": ((*_MATTERS, "clocks"), _matters),
    "hhs": (_HHS, _hhs),
    "denied": (_DENIED, _denied),
    "views": (_VIEWS, _views),
    EVENTS: (_EVENT, _events),
}
