"""Making an export: the rows streamed into a file, its digest signed, the making itself on the ledger."""

import asyncio
import hashlib
import tempfile
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from hub.compliance import viewing
from hub.compliance.exports.forms import FORMS, WRITERS
from hub.compliance.exports.signed import Statement, head_line
from hub.compliance.exports.streams import Ask
from hub.compliance.exports.tables import RESOURCES, TITLES, Table, members_in, table
from hub.compliance.viewing import MOST_NAMED, Reach
from hub.context import Hub
from hub.crypto.keyring import KeyKind
from hub.errors import Malformed, NotAvailable
from hub.ledger import proofs
from hub.model import Frozen, new_id
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.facts import instant
from hub.storage.statements import Insert, Lookup, columns_of
from hub.storage.tables import Export

_ADD = Insert(Export, columns_of(Export))
_CHUNK = 1 << 20
_BY_ID = Lookup(Export, columns_of(Export), "id")


class Made(Frozen, frozen=True, kw_only=True):
    """An export that stands in its file: how many rows, the signed note, the ledger's head with its signatures."""

    id: str
    rows: int
    digest: str
    note: str
    checkpoint: str


class Extent(NamedTuple):
    """What an export is of: its kind and form, whose data (none: every organization's), about whom, between which
    instants (microseconds UTC).
    """

    kind: str
    form: str
    organization: str | None
    member: str | None = None
    since: int | None = None
    until: int | None = None

    @property
    def reach(self) -> Reach:
        """Whom it may have shown, if they are too many to be named."""
        return Reach(self.organization.split() if self.organization else None, self.since, self.until)


async def make(hub: Hub, kind: str, form: str, ask: Ask, out: BinaryIO, *, by: str) -> Made:
    """Write the export into `out`, which can be read back. Raises `Malformed`, `NotAvailable`, `TooLarge`."""
    extent = Extent(kind, form, ask.log.organization, ask.log.member, ask.log.since, ask.log.until)
    return await write(hub, table(hub, kind, ask), extent, out, by=by)


async def write(hub: Hub, found: Table, extent: Extent, out: BinaryIO, *, by: str) -> Made:
    """Write a table into `out`, and sign it. Raises `Malformed`, `TooLarge`, and what the rows raise."""
    kind, form, organization, member, *_ = extent
    if form not in FORMS:
        raise Malformed("An export is csv, xlsx, jsonl or pdf.", field="form")
    if kind in RESOURCES and form != "jsonl":
        raise Malformed("Audit events are exported as jsonl.", field="form")
    now, scope = hub.clock.now(), (organization or "all").replace(" ", "_")
    moment = instant(now).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows, named = 0, {member} if member else set()
    with tempfile.TemporaryDirectory(prefix="part2hub-") as folder:
        writer = WRITERS[form](out, found.columns, f"{TITLES[kind]}, {_of(scope)}, {moment[:10]}", Path(folder))
        try:
            async for row in found.rows:
                writer.row(row)
                rows += 1
                if len(named) <= MOST_NAMED:
                    named.update(members_in(found.columns, row))
            await asyncio.to_thread(writer.close)
        except BaseException:  # too many rows, a database that is away, a reader who went away
            writer.abandon()
            raise
    digest = await asyncio.to_thread(_digest, out)
    checkpoint, head = await _head(hub)
    statement = Statement(kind=kind, form=form, rows=rows, scope=scope, made=moment, digest=digest, head=head)
    note, export = statement.sign(hub.ring.active(KeyKind.LEDGER)), new_id()
    body = {"export": export, "kind": kind, "form": form, "rows": rows, "digest": digest, "scope": scope, "by": by}
    stored = Step(_ADD, (export, organization, kind, form, rows, digest, note, now, by))
    trace = entry("export.made", now, body, member=member if rows else None, reference=export)
    look = {"by": by, "what": f"{kind}_export"}
    if len(named) > MOST_NAMED:
        seen = viewing.wide(hub, look, extent.reach, export)
    else:
        seen = viewing.steps_of(hub, look, named if rows else (), reference=export, always=False)
    await hub.database.commit(Unit((), (stored, trace, *seen)))
    return Made(id=export, rows=rows, digest=digest, note=note, checkpoint=checkpoint)


async def note_of(hub: Hub, export: str, organization: str | None) -> str:
    """The note of an export that was made. Raises `NotAvailable` if it is not this organization's (none: anybody's)."""
    rows = await hub.database.lookup(_BY_ID, export)
    made: dict[str, Any] = dict(zip(columns_of(Export), rows[0], strict=True)) if rows else {}
    if not made or organization not in (None, made["organization_id"]):
        raise NotAvailable
    return str(made["note"])


async def _head(hub: Hub) -> tuple[str, str]:
    try:
        note = await proofs.checkpoint(hub.database)
    except NotAvailable:
        return "", "none"
    return note, head_line(proofs.head_of(hub, note))


def _of(scope: str) -> str:
    return "all organizations" if scope == "all" else scope


def _digest(out: BinaryIO) -> str:
    digest = hashlib.sha256()
    out.seek(0)
    while chunk := out.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
