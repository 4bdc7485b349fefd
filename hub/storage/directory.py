"""The directory: who exchanges, at which verified addresses, under which agreements.

Rules kept here:
- Readers get one frozen snapshot, read again only when its version has changed; it never mixes two versions.
- An endpoint nobody has verified is stored and never used: the snapshot leaves it out.
- A change of anything bumps the version in the unit that makes it, and leaves a ledger entry.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from hub.errors import Malformed, Stale, StorageFailed
from hub.model import Endpoint, Frozen
from hub.record import entry
from hub.storage import tables
from hub.storage.database import Database, Step, Unit
from hub.storage.directory_rows import (
    Organization,
    agreement_of,
    agreement_row,
    endpoint_of,
    endpoint_row,
    organization_of,
    organization_row,
    usable,
)
from hub.storage.statements import Change, Delete, Insert, InsertNew, Lookup, Row, columns_of, table_of
from policies.choices import OPTIONS, SAFE, Choices
from policies.findings import RuleBook
from policies.model import Agreement, World
from policies.rules import in_force

__all__ = ["Directory", "DirectoryStore", "Organization"]

_ATTEMPTS = 20
_STATE = 1

_VERSION = Lookup(tables.DirectoryState, ("version",), "id")
_FIRST = InsertNew(tables.DirectoryState, ("id", "version"), ("id",))
_BUMP = Change(tables.DirectoryState, ("version",), ("id", "version"), must_hit=True)


class Directory(Frozen, frozen=True, kw_only=True):
    """One version of the directory. `endpoints` are verified, active, and sorted by rank."""

    version: int
    organizations: Mapping[str, Organization]
    endpoints: Mapping[str, tuple[Endpoint, ...]]
    agreements: Mapping[str, Agreement]
    world: World
    choices: Choices = SAFE
    """Counsel's answers where the law leaves room."""

    def rules_at(self, at: datetime) -> RuleBook:
        """The edition in force at an instant, under counsel's choices."""
        return in_force(at, self.world.zone, self.choices)


class DirectoryStore:
    """Reads and changes the directory. Every method raises `StorageFailed` if the database is away.

    `installed`: counsel's choices where two people have not confirmed others.
    """

    def __init__(self, database: Database, zone: ZoneInfo, installed: Choices = SAFE) -> None:
        self._database = database
        self._zone = zone
        self._installed = installed
        self._current: Directory | None = None
        self._reading = asyncio.Lock()

    async def current(self) -> Directory:
        """The directory as last committed; costs one look-up by key unless it has changed."""
        version = await self._version()
        if self._current is None or self._current.version < version:
            async with self._reading:  # whoever else asks meanwhile is answered by the same reading
                if self._current is None or self._current.version < version:
                    self._current = await self._read()
        return self._current

    async def put_organization(self, organization: Organization, *, by: str, at: int) -> bool:
        """Add or replace; false if it already is so. Raises `Malformed` for an unknown organization."""
        row = organization_row(organization, at)
        return await self._put("organization", row, by, at)

    async def put_endpoint(
        self, endpoint: Endpoint, *, verified_by: str | None, by: str, at: int, active: bool = True
    ) -> bool:
        """Add or replace; false if it already is so. Used only with an instant and a verifier."""
        return await self._put("endpoint", endpoint_row(endpoint, verified_by, active), by, at)

    async def endpoint_steps(
        self, endpoint: Endpoint, *, verified_by: str | None, by: str, at: int, active: bool = True
    ) -> tuple[Step, ...]:
        """What adds or replaces an endpoint, for a change that does more (`change`); none if it already is so."""
        return await self._steps("endpoint", endpoint_row(endpoint, verified_by, active), by, at)

    async def put_agreement(self, agreement: Agreement, *, by: str, at: int) -> bool:
        """Add or replace; false if it already is so. Raises `Malformed` for an unknown organization."""
        return await self._put("agreement", agreement_row(agreement), by, at)

    async def change(self, steps: Callable[[], Awaitable[tuple[Step, ...]]]) -> bool:
        """Commit what `steps` gives and raise the version; whether there was anything to change.

        `steps` is asked again until nothing changed between its reading and the commit: the guard holds all of it.
        """
        for _ in range(_ATTEMPTS):
            version = await self._version()
            writes = await steps()
            if not writes:
                return False
            if version < 0:
                guard = Step(_FIRST, (_STATE, 1), "directory")
            else:
                guard = Step(_BUMP, (version + 1, _STATE, version), "directory")
            try:
                await self._database.commit(Unit((guard,), writes))
            except Stale:
                continue
            return True
        raise StorageFailed("The directory is changing too fast to be changed.")

    async def _version(self) -> int:
        rows = await self._database.lookup(_VERSION, _STATE)
        return int(rows[0][0]) if rows else -1

    async def _read(self) -> Directory:
        for _ in range(_ATTEMPTS):
            version = await self._version()
            organizations = [organization_of(row) for row in await self._all(tables.Organization)]
            endpoints = await self._all(tables.Endpoint)
            agreements = [agreement_of(row) for row in await self._all(tables.Agreement)]
            answers = await self._answers()
            if version == await self._version():
                return self._snapshot(version, organizations, endpoints, agreements, answers)
        raise StorageFailed("The directory is changing too fast to be read.")

    async def _all(self, model: type[Any]) -> list[Row]:
        return await self._database.query(select(table_of(model)).order_by(table_of(model).c.id))

    async def _answers(self) -> dict[str, str]:
        """Doubts that two people answered anew."""
        table = table_of(tables.ChoiceChange)
        rows = await self._database.query(select(table.c.doubt, table.c.answer).where(table.c.state == "in_force"))
        return {str(doubt): str(answer) for doubt, answer in rows}

    def _snapshot(
        self,
        version: int,
        organizations: list[Organization],
        endpoints: list[Row],
        agreements: list[Agreement],
        answers: Mapping[str, str],
    ) -> Directory:
        by_id = {organization.id: organization for organization in organizations}
        by_agreement = {agreement.id: agreement for agreement in agreements}
        offered: dict[str, tuple[Endpoint, ...]] = {}
        for endpoint in sorted(map(endpoint_of, filter(usable, endpoints)), key=lambda e: (e.rank, e.id)):
            if by_id[endpoint.organization].active:
                offered[endpoint.organization] = (*offered.get(endpoint.organization, ()), endpoint)
        world = World({o.id: o.party for o in organizations}, by_agreement, self._zone)
        return Directory(
            version=version,
            organizations=by_id,
            endpoints=offered,
            agreements=by_agreement,
            world=world,
            choices=_answered(self._installed, answers),
        )

    async def _put(self, what: str, row: dict[str, Any], by: str, at: int) -> bool:
        return await self.change(lambda: self._steps(what, row, by, at))

    async def _steps(self, what: str, row: dict[str, Any], by: str, at: int) -> tuple[Step, ...]:
        _check_references(what, row, (await self.current()).organizations)
        return () if await self._already(what, row) else _replace(what, row, by, at)

    async def _already(self, what: str, row: dict[str, Any]) -> bool:
        table = table_of(_MODELS[what])
        columns = columns_of(_MODELS[what], without=("updated_at",))
        found = await self._database.query(select(*(table.c[c] for c in columns)).where(table.c.id == row["id"]))
        # True == 1, so SQLite's numbers for booleans compare as they should.
        return bool(found) and found[0] == tuple(row[column] for column in columns)


_MODELS: dict[str, type[Any]] = {
    "organization": tables.Organization,
    "endpoint": tables.Endpoint,
    "agreement": tables.Agreement,
}
_REFERENCES = {
    "organization": ("part_of", "controlled_by"),
    "endpoint": ("organization_id",),
    "agreement": ("holder", "with_party"),
}
_REMOVE = {what: Delete(model, ("id",)) for what, model in _MODELS.items()}
_ADD = {what: Insert(model, columns_of(model)) for what, model in _MODELS.items()}


def _answered(installed: Choices, answers: Mapping[str, str]) -> Choices:
    fields = {option.field: answers[option.doubt] == option.other for option in OPTIONS if option.doubt in answers}
    return replace(installed, **fields)


def _replace(what: str, row: dict[str, Any], by: str, at: int) -> tuple[Step, ...]:
    values = tuple(row.values())
    body = {"what": what, "id": row["id"], "digest": _digest(values), "by": by}
    return (
        Step(_REMOVE[what], (row["id"],)),
        Step(_ADD[what], values),
        entry("directory.changed", at, body, reference=row["id"]),
    )


def _digest(values: Row) -> str:
    return hashlib.sha256(msgspec.json.encode(values)).hexdigest()


def _check_references(what: str, row: dict[str, Any], organizations: Mapping[str, Organization]) -> None:
    for column in _REFERENCES[what]:
        if row[column] is not None and row[column] not in organizations:
            raise Malformed("The directory has no such organization.", field=column.removesuffix("_id"))
