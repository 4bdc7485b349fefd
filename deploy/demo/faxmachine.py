"""A fax machine for the demo: takes what was spooled for its number, checks it as a machine would, prints the pages.

Rules kept: it sees the spool folder and nothing else of the hub; a file that is no class F fax is refused, noted and
left where it is; one receipt line for each fax says when, how many pages and the digest of what came in.
"""

import asyncio
import hashlib
import io
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from PIL import Image, UnidentifiedImageError

from deploy.demo.artefacts import fax_pages

LOOK_AGAIN_AFTER = 0.05
CLASS_F = {
    "width": (256, 1728),
    "one bit a dot": (258, (1,)),
    "coding": (259, 4),
    "white is zero": (262, 0),
    "across": (282, 204.0),
    "down": (283, 196.0),
    "in inches": (296, 2),
}


@dataclass(frozen=True)
class Received:
    """A fax in the tray."""

    reference: str
    pages: tuple[Path, ...]
    sha256: str


class FaxMachine:
    """Async context manager; while open, faxes for `number` land in `tray` as PNG pages and a line in `journal.txt`."""

    def __init__(self, spool: Path, tray: Path, number: str) -> None:
        self._spool = spool
        self._tray = tray
        self._number = number
        self._seen: set[str] = set()
        self._arrived = asyncio.Condition()
        self.received: dict[str, Received] = {}
        self.refused: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        self._tray.mkdir(parents=True, exist_ok=True)
        self._watch = asyncio.create_task(self._watching())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watch.cancel()
        with suppress(asyncio.CancelledError):
            await self._watch

    async def fax(self, reference: str, within: float = 10.0) -> Received:
        """The fax with this reference; waits for it, `within` seconds at most."""
        async with asyncio.timeout(within), self._arrived:
            await self._arrived.wait_for(lambda: reference in self.received)
        return self.received[reference]

    async def _watching(self) -> None:
        while True:
            for ticket in sorted(self._spool.glob("*.json")):
                if ticket.name not in self._seen:
                    self._seen.add(ticket.name)
                    await asyncio.to_thread(self._take, ticket)
                    async with self._arrived:
                        self._arrived.notify_all()
            await asyncio.sleep(LOOK_AGAIN_AFTER)

    def _take(self, ticket: Path) -> None:
        order = json.loads(ticket.read_text())
        if order["number"] != self._number:
            return
        tiff = ticket.with_name(order["file"]).read_bytes()
        digest = hashlib.sha256(tiff).hexdigest()
        fault = "pages differ from the ticket" if digest != order["sha256"] else fault_of(tiff)
        reference = order["reference"]
        if fault:
            self.refused[reference] = fault
            self._note(f"{reference}  REFUSED  {fault}")
            return
        pages = tuple(fax_pages(tiff, self._tray, reference))
        self.received[reference] = Received(reference, pages, digest)
        self._note(f"{reference}  {len(pages)} pages  sha256 {digest}")

    def _note(self, line: str) -> None:
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with (self._tray / "journal.txt").open("a") as journal:
            journal.write(f"{at}  {self._number}  {line}\n")


def fault_of(tiff: bytes) -> str:
    """Why a fax machine could not print this file; empty if it can."""
    try:
        with Image.open(io.BytesIO(tiff), formats=("TIFF",)) as fax:
            for number in range(fax.n_frames):
                fax.seek(number)
                fax.load()
                wrong = [name for name, (tag, wanted) in CLASS_F.items() if fax.tag_v2.get(tag) != wanted]
                if len(fax.tag_v2.get(273, ())) != 1:
                    wrong.append("one strip")
                if fax.tag_v2.get(297) != (number, fax.n_frames):
                    wrong.append("page number")
                if wrong:
                    return f"page {number + 1} is no class F page: {', '.join(wrong)}"
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError):
        return "no TIFF file"
    return ""
