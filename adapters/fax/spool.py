"""A folder in place of a fax server: each fax as a TIFF file and a ticket, for whatever picks them up.

Rules kept: the ticket appears last and whole, so whoever sees it finds the pages; names carry the delivery
id only; the pages are readable by their owner alone, because nothing in the folder is encrypted.
"""

import asyncio
import hashlib
import os
from pathlib import Path

import msgspec

from adapters.fax.transport import JobState, JobStatus, Limits, NotSubmitted
from hub.model import Deferred, Frozen, Unknown


class Ticket(Frozen, frozen=True):
    """What stands beside a spooled TIFF, as JSON."""

    reference: str
    number: str
    file: str
    sha256: str


class SpoolFax:
    """A `FaxTransport` that ends in a folder: done means that both files are there, not that anybody has a page."""

    proof = "fax-spooled"
    limits = Limits()
    tells_correction = False
    confirms = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def submit(self, number: str, tiff: bytes, tag: str) -> str | NotSubmitted:
        """Put both files in the folder; the same tag and pages again is the same job."""
        ticket = Ticket(reference=tag, number=number, file=f"{tag}.tif", sha256=hashlib.sha256(tiff).hexdigest())
        try:
            return await asyncio.to_thread(self._put, ticket, tiff)
        except OSError:
            # a ticket that was renamed but not synced may have been picked up
            left = (self._folder / f"{tag}.json").exists()
            return Unknown(code="fax-spool-unclear") if left else Deferred(code="fax-spool-failed")

    async def status(self, job: str) -> JobStatus | None:
        """Done once the ticket is there; gone otherwise."""
        known = await asyncio.to_thread((self._folder / f"{job}.json").exists)
        return JobStatus(state=JobState.DONE if known else JobState.GONE)

    async def cancel(self, job: str) -> None:
        """A spooled fax has left the hub; it cannot be called off."""

    async def forget(self, job: str) -> None:
        """The folder is its owner's."""

    async def close(self) -> None:
        """Nothing is held open."""

    def _put(self, ticket: Ticket, tiff: bytes) -> str | NotSubmitted:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self._folder / f"{ticket.reference}.json"
        if place.exists():
            same = msgspec.json.decode(place.read_bytes(), type=Ticket) == ticket
            return ticket.reference if same else Unknown(code="fax-tag-reused")
        _write_whole(self._folder / ticket.file, tiff)
        _write_whole(place, msgspec.json.encode(ticket))
        return ticket.reference


def _write_whole(place: Path, content: bytes) -> None:
    """Under its name only when complete and on disk."""
    draft = place.with_name(place.name + ".part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(place)
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
