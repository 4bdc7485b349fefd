"""Writes the whole ledger into one file for an auditor (`hub.crypto.export`), in memory that does not grow with it."""

import os
import zipfile
from pathlib import Path
from typing import Any

from sqlalchemy import select

from hub.context import Hub
from hub.crypto import export as form
from hub.crypto.succession import successions
from hub.errors import Malformed
from hub.ledger.audit import lines
from hub.ledger.proofs import public_keys
from hub.model import new_id
from hub.storage import tables

_PAGE = 1_000


async def write_export(hub: Hub, file: Path) -> tuple[int, int]:
    """Write the export, closed to other users, whole or not at all: (entries, signed heads).

    Raises `Malformed` if the file cannot be written, `StorageFailed`.
    """
    beside = file.with_name(f".{file.name}.{new_id()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                counts = await _fill(hub, archive)
            beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)
    except OSError:
        raise Malformed("The export cannot be written there: it is one file, in a folder that exists.") from None
    return counts


async def _fill(hub: Hub, archive: zipfile.ZipFile) -> tuple[int, int]:
    archive.writestr(form.README, form.HOW_TO)
    archive.writestr(form.KEYS, "".join(f"{key.encode()}\n" for key in public_keys(hub.ring)))
    archive.writestr(form.SUCCESSIONS, "".join(note + form.BETWEEN for note in successions(hub.ring)))
    # Heads first: each then has all of its entries in the file, and the last one ends it, whatever comes meanwhile.
    heads, last = await _heads(hub, archive)
    entries = 0
    with archive.open(form.ENTRIES, "w", force_zip64=True) as out:
        async for line in lines(hub.database):
            if entries == last:
                break
            out.write(line + b"\n")
            entries += 1
    return entries, heads


async def _heads(hub: Hub, archive: zipfile.ZipFile) -> tuple[int, int]:
    """How many, and the size of the last."""
    stored: Any = tables.Checkpoint
    count, after = 0, -1
    with archive.open(form.CHECKPOINTS, "w", force_zip64=True) as out:
        while True:
            page = select(stored.size, stored.note).where(stored.size > after).order_by(stored.size).limit(_PAGE)
            rows = await hub.database.query(page)
            if not rows:
                return count, max(after, 0)
            for after, note in rows:  # noqa: B007 - the last size is where the next page begins
                out.write((note + form.BETWEEN).encode())
                count += 1
