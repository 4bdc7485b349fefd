"""(g) The ledger of the day, verified from outside by the command an auditor uses: `part2hub ledger verify`."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

from deploy.demo import entries, terminal
from deploy.demo.report import Fact, Step
from deploy.demo.stage import Stage

_PATIENCE_S = 10.0


async def play(stage: Stage) -> AsyncIterator[Step]:
    began = time.perf_counter()
    written = await _at_rest(stage)
    code, found = await _verify(stage)
    terminal.say(f"part2hub ledger verify: {found['entries']} entries, {found['checkpoints']} signed checkpoints,")
    terminal.say(f"root {found['root']}")
    yield Step(
        story="g",
        step="the ledger verifies to its last entry",
        who=stage.name("hub"),
        what=f"{found['entries']} entries",
        decision="intact" if found["intact"] else "NOT INTACT",
        receipt=f"head of {found['trusted_head']} entries, root {found['root'][:16]}",
        seconds=time.perf_counter() - began,
        facts=(
            Fact("exit code", 0, code),
            Fact("intact", True, found["intact"]),
            # Whoever looks around at the desk meanwhile adds entries; none may be missing.
            Fact("entries", written, min(found["entries"], written)),
            Fact("vouched for by a signed head", written, min(found["proven"], written)),
            Fact("head kept outside the database", written, min(found["trusted_head"], written)),
        ),
    )


async def _at_rest(stage: Stage) -> int:
    """How many entries there are, once each has its place in the tree or patience has ended."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        written, placed = await entries.counts(stage)
        head = int((stage.settings.data / "ledger.head").read_text(encoding="utf-8").split("\n")[1])
        if written == placed == head or time.monotonic() > until:
            return written
        await asyncio.sleep(0.05)


async def _verify(stage: Stage) -> tuple[int, dict[str, Any]]:
    command = (sys.executable, "-m", "hub", "ledger", "verify", "--json")
    around = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    process = await asyncio.create_subprocess_exec(
        *command, env=around | stage.environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return process.returncode or 0, json.loads(said)
