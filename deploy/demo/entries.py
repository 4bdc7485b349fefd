"""What the ledger says about a step, read as an auditor reads it: entries by what they are about, in their order."""

import json
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import col

from deploy.demo.report import Fact
from deploy.demo.stage import Stage
from hub.crypto import envelope
from hub.crypto.envelope import Sealed
from hub.storage import tables


class Entry(NamedTuple):
    """`place`: its number, in the order of commits."""

    place: int
    kind: str
    body: dict[str, Any]


async def about(stage: Stage, reference: str) -> list[Entry]:
    """Entries about an outbox row, a consent, a submission."""
    entry = tables.LedgerEntry
    statement = select(col(entry.id), col(entry.kind), col(entry.body)).where(col(entry.reference) == reference)
    rows = await stage.hub.database.query(statement.order_by(col(entry.id)))
    return [Entry(place, kind, json.loads(body)) for place, kind, body in rows]


async def counts(stage: Stage) -> tuple[int, int]:
    """Entries written, and entries that have their place in the tree."""
    written, placed = tables.LedgerEntry, tables.LedgerLeaf
    numbers = (func.count(col(written.id)), func.count(col(placed.position)))
    found = [await stage.hub.database.query(select(number)) for number in numbers]
    return int(found[0][0][0]), int(found[1][0][0])


async def disclosed(stage: Stage, row: str, digest: str) -> tuple[Fact, Fact]:
    """One intent and one conclusion about an outbox row, and the intent names the bytes that arrived (SHA-256, hex)."""
    found = [entry for entry in await about(stage, row) if entry.kind.startswith("disclosure.")]
    announced = [entry.body["digest"] for entry in found if entry.kind == "disclosure.intended"]
    return (
        Fact("ledger", ["disclosure.intended", "disclosure.concluded"], [entry.kind for entry in found]),
        Fact("the intent names these very bytes", True, announced == [digest]),
    )


async def emergency(stage: Stage, row: str) -> dict[str, Any]:
    """The register's fields of §2.51(c) for a disclosure, opened, with `disclosed_at` (microseconds UTC)."""
    kept = tables.Evidence
    columns = (kept.disclosed_at, kept.key_id, kept.wrapped_key, kept.sealed)
    rows = await stage.hub.database.query(select(*map(col, columns)).where(col(kept.disclosure_id) == row))
    if not rows:
        return {}
    disclosed_at, *sealed = rows[0]
    fields = json.loads(envelope.open(stage.hub.ring, f"evidence/{row}/emergency", Sealed(*sealed)))
    return fields | {"disclosed_at": disclosed_at}
