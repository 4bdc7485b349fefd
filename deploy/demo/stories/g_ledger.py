"""(g) The ledger of the day, verified as `part2hub ledger verify` does: with its keys and the head kept outside."""

import asyncio
import time
from collections.abc import AsyncIterator

from sqlalchemy import func, select
from sqlmodel import col

from deploy.demo import terminal
from deploy.demo.report import Fact, Step
from deploy.demo.stage import Stage
from hub.audit import Audit, audit
from hub.crypto.checkpoint import open_checkpoint, verifier_of
from hub.crypto.keyring import KeyKind
from hub.storage.tables import LedgerEntry


async def play(stage: Stage) -> AsyncIterator[Step]:
    began = time.perf_counter()
    found, written = await _sequenced(stage, within=10)
    for line in found.text().splitlines():
        terminal.say(line)
    terminal.say(f"root {found.report.root}")
    yield Step(
        story="g",
        step="the ledger verifies to its last entry",
        who=stage.name("hub"),
        what=f"{found.report.entries} entries",
        decision="intact" if found.intact else "NOT INTACT",
        receipt=f"head of {found.report.trusted_head} entries, root {found.report.root[:16]}",
        seconds=time.perf_counter() - began,
        facts=(
            Fact("intact", True, found.intact),
            Fact("entries in the tree", written, found.report.entries),
            Fact("vouched for by a signed head", written, found.report.proven),
            Fact("head kept outside the database", written, found.report.trusted_head),
        ),
    )


async def _sequenced(stage: Stage, within: float) -> tuple[Audit, int]:
    """The audit once the sequencer has placed what was written, or after so many seconds."""
    until = time.monotonic() + within
    while True:
        found, written = await _audited(stage), await _written(stage)
        if found.report.trusted_head == written or time.monotonic() > until:
            return found, written
        await asyncio.sleep(0.1)


async def _audited(stage: Stage) -> Audit:
    hub = stage.hub
    keys = tuple(verifier_of(key) for key in hub.ring.all_of(KeyKind.LEDGER))
    head = open_checkpoint((stage.settings.data / "ledger.head").read_text(), keys)
    return await audit(hub.database, keys, head, hub.clock.now())


async def _written(stage: Stage) -> int:
    return int((await stage.hub.database.query(select(func.count(col(LedgerEntry.id)))))[0][0])
