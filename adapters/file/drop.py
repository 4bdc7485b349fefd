"""The drop: an intake that looks into partners' folders and takes what lies there (`hub.ports.Intake`).

    NAME.csv + NAME.csv.sha256 ─▶ every row taken ─▶ results/NAME.csv.result.csv ─▶ done/NAME.csv
                                └─ not as promised, of no layout,
                                   a day without its checksum ─▶ quarantine/NAME.csv, with a result

Rules kept: a file is read only once its checksum lies beside it and fits, so that a half-written one is never taken; it
is moved only after every row is durable, so that a crash repeats and a repeat changes nothing; a result says line
numbers and codes, nothing of a row. One partner's folder never holds up another's.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Callable, Sequence

import structlog

from adapters.file.layout import Row, rows
from adapters.file.place import Entry, Place
from adapters.mllp.times import Zone
from hub.arrivals import Arrival
from hub.errors import Conflict, Malformed, Rejected, TooLarge, Unavailable
from hub.model import Frozen
from hub.ports import Take

MAX_BYTES = 5 * 1024 * 1024
SETTLING_S = 600.0
"""How long a file may differ from its checksum: one of the two may still be on its way."""
MISSING_S = 86_400.0
"""How long a file may lie without a checksum: then whoever sent it has forgotten it, and would never hear of it."""
_MARK = ".sha256"
_MARK_BYTES = 1024
_SUM = re.compile(rb"([0-9A-Fa-f]{64})(?:[ \t]+\*?[^\r\n]*)?\s*")
_log = structlog.get_logger()


class Drop(Frozen, frozen=True, kw_only=True):
    """One partner's folder."""

    organization: str
    place: Place
    purpose: str = "operations"
    """The purpose of use of its notices."""


class DropIntake:
    """Looks into each folder every `poll` seconds."""

    def __init__(
        self, drops: Sequence[Drop], zone: Zone, poll: float = 30.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._drops = drops
        self._zone = zone
        self._poll = poll
        self._clock = clock

    async def run(self, take: Take) -> None:
        """Until cancelled; a folder that is away is tried again."""
        async with asyncio.TaskGroup() as group:
            for drop in self._drops:
                group.create_task(self._watch(drop, take))

    async def look(self, drop: Drop, take: Take) -> int:
        """Take what lies in one folder now; how many files were finished. Raises `OSError` if it is away."""
        entries = {entry.name: entry for entry in await drop.place.entries()}
        finished = 0
        marks = {name.lower(): name for name in entries if name.lower().endswith(_MARK)}
        for name, entry in entries.items():
            # Some systems write every name in capitals.
            exact = name + _MARK
            mark = exact if exact in entries else marks.get(exact.lower(), "")
            if name.lower().endswith(".csv"):
                finished += await self._file(drop, entry, mark, take)
        return finished

    async def _watch(self, drop: Drop, take: Take) -> None:
        while True:
            try:
                await self.look(drop, take)
            except (OSError, Unavailable, TimeoutError) as error:
                _log.warning("a drop is away", organization=drop.organization, code=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - one partner's folder must not end the others; no message
                _log.error("a drop failed", organization=drop.organization, code=type(error).__name__)
            await asyncio.sleep(self._poll)

    async def _file(self, drop: Drop, entry: Entry, mark: str, take: Take) -> bool:
        waits = self._clock() - entry.modified < (SETTLING_S if mark else MISSING_S)
        if waits and not mark:
            return False
        try:
            content = await drop.place.read(entry.name, MAX_BYTES)
        except TooLarge:
            return await self._quarantine(drop, entry, mark, b"", "too-large", take)
        if not mark or await _promised(drop, mark) != hashlib.sha256(content).hexdigest().encode():
            code = "checksum-differs" if mark else "checksum-missing"
            return False if waits else await self._quarantine(drop, entry, mark, content, code, take)
        understood = _understood(content, self._zone, drop)
        if isinstance(understood, str):
            return await self._quarantine(drop, entry, mark, content, understood, take)
        layout, found = understood
        codes = [(row.line, await _taken(drop, layout, row, take)) for row in found]
        if await drop.place.read(entry.name, MAX_BYTES) != content:
            return False  # another file came under this name meanwhile, and is looked at next time
        await _finish(drop, entry.name, mark, codes, "done")
        return True

    async def _quarantine(self, drop: Drop, entry: Entry, mark: str, content: bytes, code: str, take: Take) -> bool:
        """Out of the way, and known to a person; the partner reads why."""
        # What was not read is told apart by when it was written.
        which = hashlib.sha256(content).hexdigest() if content else str(entry.modified)
        key = f"{drop.organization}\x1f{entry.name}\x1f{which}"
        await take(
            Arrival(
                channel="file",
                key=key,
                raw=content,
                media_type="text/csv",
                organization=drop.organization,
                trouble=f"file.{code}",
            )
        )
        await _finish(drop, entry.name, mark, [(0, code)], "quarantine")
        return True


def _understood(content: bytes, zone: Zone, drop: Drop) -> tuple[str, list[Row]] | str:
    """Layout and rows, or the code of what is wrong with the whole file."""
    try:
        return rows(content, zone, drop.purpose)
    except Malformed as error:
        return error.detail_code
    except Exception as error:  # noqa: BLE001 - what the reader fails on would be tried for ever; no message
        _log.error("a file could not be read", organization=drop.organization, code=type(error).__name__)
        return "unreadable"


async def _promised(drop: Drop, mark: str) -> bytes:
    """The checksum in the file of this name, in lower case; empty if what is in it is none."""
    try:
        found = _SUM.fullmatch(await drop.place.read(mark, _MARK_BYTES))
    except TooLarge:
        return b""
    return found[1].lower() if found else b""


async def _taken(drop: Drop, layout: str, row: Row, take: Take) -> str:
    """What the result says of the row. Raises `Unavailable` if it could not be kept: the file stays."""
    if row.packet is None:
        return row.code
    arrival = Arrival(
        channel="file",
        key=f"{drop.organization}\x1f{layout}\x1f{row.id}",
        raw=row.raw,
        media_type="text/csv",
        organization=drop.organization,
        content=row.packet,
    )
    try:
        await take(arrival)
    except Conflict:
        return "row-id-reused"
    except Rejected as error:
        return error.detail_code
    return "taken"


async def _finish(drop: Drop, name: str, mark: str, codes: list[tuple[int, str]], folder: str) -> None:
    """The result first, then the moves, the checksum's last: a crash between them repeats what was not done."""
    result = "line,code\r\n" + "".join(f"{line},{code}\r\n" for line, code in codes)
    await drop.place.write("results", f"{name}.result.csv", result.encode())
    await drop.place.move(name, folder)
    if mark:
        await drop.place.move(mark, folder)
