"""The rows of each export, streamed in pages: from the log, the registers, the ledger's views."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import msgspec

from hub.compliance import accounting, attempts, audit_events, emergencies, log, looked, on_registers
from hub.compliance.log import Wanted
from hub.compliance.on_registers import Listed
from hub.context import Hub
from hub.errors import Malformed, NotAvailable
from hub.model import only
from hub.storage import members

_PAGE = 250
_FEW = 500
"""45 CFR 164.408(c): breaches of fewer people are told to HHS after the year's end."""


class Ask(NamedTuple):
    """What of a kind is wanted; `log` holds the filters that all kinds share as far as they have them."""

    log: Wanted
    state: str | None = None
    register: str | None = None


async def log_rows(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    async for row in log.stream(hub, ask.log):
        recorded = row["outside"] or {}
        yield row | {name: recorded.get(name) for name in ("way", "recorded_at", "recorded_by")}


async def accounting_rows(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    member, organization = ask.log.member, ask.log.organization or ask.log.discloser
    if member is None:
        raise Malformed("An accounting is of one member.", field="member")
    if organization is not None and not await members.may_see(hub, organization, member):
        raise NotAvailable
    at = ask.log.until or hub.clock.now()
    for line in (await accounting.account(hub, member, organization, at=at)).lines:
        yield msgspec.structs.asdict(line)


async def matters_rows(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    def listed(before: str | None) -> Awaitable[list[dict[str, Any]]]:
        wanted = Listed(
            only(ask.log.organization), ask.register, ask.state, member=ask.log.member, before=before, limit=_PAGE
        )
        return on_registers.listing(hub, wanted)

    async for row in _paged(listed):
        if _within(ask.log, row["received_at"]):
            clocks = [f"{clock['name']}:{clock['state']}" for clock in row["clocks"]]
            yield row | {"clocks": clocks}


async def hhs_rows(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    async for row in matters_rows(hub, ask._replace(register="breach", state=None)):
        facts = row["facts"]
        if facts.get("conclusion") == "breach" and facts["affected"] < _FEW:
            yield row | {name: facts.get(name) for name in ("affected", "conclusion", "happened_at")}


async def denied_rows(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    def listed(before: str | None) -> Awaitable[list[dict[str, Any]]]:
        wanted = ask.log
        return attempts.denied(
            hub, wanted.organization, member=wanted.member, since=wanted.since, before=before, limit=_PAGE
        )

    async for row in _paged(listed):
        if _within(ask.log, row["at"]):
            yield row


async def emergencies_rows(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    def listed(before: str | None) -> Awaitable[list[dict[str, Any]]]:
        return emergencies.register(hub, ask.log.organization, state=ask.state, before=before, limit=_PAGE)

    async for row in _paged(listed):
        review = row["review"] or {}
        found = {
            "review": review.get("state"),
            "review_due_at": review.get("due_at"),
            "review_closed_at": review.get("closed_at"),
            "review_closed_by": review.get("closed_by"),
            "resolution": review.get("resolution"),
            # Behind the paragraph stand those whose fields are still to be written.
            "missing": review.get("code", "").split()[1:],
        }
        if _within(ask.log, row["intended_at"]) and ask.log.member in (None, row["member_id"]):
            yield row | found


async def inquiries_rows(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    def listed(before: str | None) -> Awaitable[list[dict[str, Any]]]:
        return attempts.inquiries(hub, ask.log.organization, before=before, limit=_PAGE)

    async for row in _paged(listed):
        if _within(ask.log, row["at"]) and ask.log.member in (None, row["member_id"]):
            yield row


async def events_rows(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    async for event in audit_events.stream(hub, ask.log, ask.log.organization):
        yield event


async def looks_rows(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    async for event in audit_events.stream_looks(hub, ask.log, ask.log.organization):
        yield event


async def views_rows(hub: Hub, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    def listed(before: int | None) -> Awaitable[list[dict[str, Any]]]:
        wanted = ask.log
        return looked.views(
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
