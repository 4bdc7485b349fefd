"""The directory: who exchanges, at which verified addresses, under which agreements.

Rules kept here:
- Readers get one frozen snapshot, read again only when its version has changed; it never mixes two versions.
- An endpoint nobody has verified is stored and never used: the snapshot leaves it out.
- A change of anything bumps the version in the unit that makes it, and leaves a ledger entry.
"""

import asyncio
import hashlib
from collections.abc import Mapping
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
from policies.model import Agreement, World

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


class DirectoryStore:
    """Reads and changes the directory. Every method raises `StorageFailed` if the database is away."""

    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        self._database = database
        self._zone = zone
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
        row = endpoint_row(endpoint, verified_by, active)
        return await self._put("endpoint", row, by, at)

    async def put_agreement(self, agreement: Agreement, *, by: str, at: int) -> bool:
        """Add or replace; false if it already is so. Raises `Malformed` for an unknown organization."""
        return await self._put("agreement", agreement_row(agreement), by, at)

    async def _version(self) -> int:
        rows = await self._database.lookup(_VERSION, _STATE)
        return int(rows[0][0]) if rows else -1

    async def _read(self) -> Directory:
        for _ in range(_ATTEMPTS):
            version = await self._version()
            organizations = [organization_of(row) for row in await self._all(tables.Organization)]
            endpoints = await self._all(tables.Endpoint)
            agreements = [agreement_of(row) for row in await self._all(tables.Agreement)]
            if version == await self._version():
                return self._snapshot(version, organizations, endpoints, agreements)
        raise StorageFailed("The directory is changing too fast to be read.")

    async def _all(self, model: type[Any]) -> list[Row]:
        return await self._database.query(select(table_of(model)).order_by(table_of(model).c.id))

    def _snapshot(
        self,
        version: int,
        organizations: list[Organization],
        endpoints: list[Row],
        agreements: list[Agreement],
    ) -> Directory:
        by_id = {organization.id: organization for organization in organizations}
        by_agreement = {agreement.id: agreement for agreement in agreements}
        offered: dict[str, tuple[Endpoint, ...]] = {}
        for endpoint in sorted(map(endpoint_of, filter(usable, endpoints)), key=lambda e: (e.rank, e.id)):
            if by_id[endpoint.organization].active:
                offered[endpoint.organization] = (*offered.get(endpoint.organization, ()), endpoint)
        world = World({o.id: o.party for o in organizations}, by_agreement, self._zone)
        return Directory(version=version, organizations=by_id, endpoints=offered, agreements=by_agreement, world=world)

    async def _put(self, what: str, row: dict[str, Any], by: str, at: int) -> bool:
        for _ in range(_ATTEMPTS):
            # The version is read before anything that the change rests on; the guard holds all of it.
            version = await self._version()
            _check_references(what, row, (await self.current()).organizations)
            if await self._already(what, row):
                return False
            if version < 0:
                guard = Step(_FIRST, (_STATE, 1), "directory")
            else:
                guard = Step(_BUMP, (version + 1, _STATE, version), "directory")
            try:
                await self._database.commit(Unit((guard,), _replace(what, row, by, at)))
            except Stale:
                continue
            return True
        raise StorageFailed("The directory is changing too fast to be changed.")

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
