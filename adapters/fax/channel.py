"""The fax channel: a parcel becomes class F pages, a transport takes them to the number, the call's end is
the answer.

Rules kept: the pages are made before the intent is recorded; the number comes from the directory entry
alone; nothing is called undisclosed once a page with content may have left. The first page is the cover,
which says nothing of a person, so a call that ended before its first confirmed page disclosed nothing.
What the far machine confirmed is told as that: pages confirmed, by which station, with error correction or not;
what the receipt leaves in doubt is named in it, for a person to look at.
"""

import asyncio
import re
import time
from collections.abc import Callable

from msgspec import structs

from adapters.fax.transport import FaxTransport, JobState, JobStatus
from hub.errors import Unrenderable
from hub.model import (
    ChannelKind,
    Deferred,
    Delivered,
    Doubt,
    Outcome,
    Parcel,
    Prepared,
    Receipt,
    Refused,
    Unknown,
    now_us,
)

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
TAG = re.compile(r"[A-Za-z0-9-]{1,64}")
AFTER_CANCEL = 4
"""Times the channel asks again after calling a job off: a call under way takes some seconds to end."""


class FaxChannel:
    """A `Channel` over the telephone. Waits for the end of the call, `deadline` seconds at most."""

    kind = ChannelKind.FAX
    carries_sealed = False
    gives_receipt = True
    max_bytes = 20 * 1024 * 1024

    def __init__(
        self,
        transport: FaxTransport,
        *,
        deadline: float = 30 * 60,
        poll: float = 5.0,
        now: Callable[[], int] = now_us,
    ) -> None:
        self._transport = transport
        self._deadline = deadline
        self._poll = poll
        self._now = now

    async def prepare(self, parcel: Parcel) -> Prepared:
        """The fax as one TIFF file. Raises `Unrenderable` for a document that cannot be drawn whole."""
        from adapters.fax.drawn import drawn  # noqa: PLC0415 - Pillow and PDFium: 8 MiB that only a fax needs

        prepared = await asyncio.to_thread(drawn, parcel, min(self.max_bytes, self._transport.limits.max_bytes))
        if prepared.pages > self._transport.limits.pages:
            raise Unrenderable("The packet has more pages than a fax carries.", code="too-many-pages")
        return prepared

    async def deliver(self, prepared: Prepared) -> Outcome:
        """Submit, follow the job to its end, and say what became of it."""
        endpoint, tag = prepared.parcel.endpoint, prepared.parcel.delivery
        if not E164.fullmatch(endpoint.address) or not TAG.fullmatch(tag):
            return Refused(code="fax-bad-number")
        job = await self._transport.submit(endpoint.address, prepared.body, tag)
        if not isinstance(job, str):
            return job
        status = await self._followed(job)
        if status is not None and status.state.final:
            await self._transport.forget(job)
        return self._outcome(prepared, job, status)

    async def close(self) -> None:
        await self._transport.close()

    async def _followed(self, job: str) -> JobStatus | None:
        """The job's last known status; calls it off when the deadline has passed or the server is stuck."""
        status = await self._ended(job, time.monotonic() + self._deadline)
        if status is not None and status.state.final:
            return status
        await self._transport.cancel(job)
        ended = await self._ended(job, time.monotonic() + AFTER_CANCEL * self._poll)
        if ended is None:
            return None
        seen = max(ended.pages, status.pages if status else 0)
        stalled = bool(status and status.stalled)
        return structs.replace(ended, pages=seen, reason="server-stalled" if stalled else ended.reason)

    async def _ended(self, job: str, until: float) -> JobStatus | None:
        status = await self._transport.status(job)
        while not (status and (status.state.final or status.stalled)) and time.monotonic() < until:
            await asyncio.sleep(self._poll)
            status = await self._transport.status(job)
        return status

    def _outcome(self, prepared: Prepared, job: str, status: JobStatus | None) -> Outcome:
        # INVARIANT: unknown-is-disclosed
        if status is None or not status.state.final or status.state is JobState.GONE:
            return Unknown(code="fax-no-answer-from-server")
        if status.state is JobState.DONE:
            return Delivered(receipt=self._receipt(prepared, job, status))
        if status.pages or status.uncounted:
            # pages that went out were disclosed, though the fax was not delivered
            code = "fax-page-partial" if status.pages else "fax-pages-uncounted"
            return Unknown(code=code, receipt=self._receipt(prepared, job, status))
        return Refused(code=f"fax-{status.reason}") if status.lasting else Deferred(code=f"fax-{status.reason}")

    def _receipt(self, prepared: Prepared, job: str, status: JobStatus) -> Receipt:
        return Receipt(
            kind=self._transport.proof,
            reference=f"job {job}",
            at=self._now(),
            detail=_proof(prepared, status),
            doubts=_doubts(self._transport, prepared, status),
        )


def _proof(prepared: Prepared, status: JobStatus) -> tuple[tuple[str, str], ...]:
    expected = prepared.parcel.endpoint.station
    corrected = {True: "yes", False: "no", None: "not known"}[status.error_corrected]
    facts = [("number", prepared.parcel.endpoint.address), ("pages", str(prepared.pages)), *status.detail]
    if status.pages:
        facts += [("pages-confirmed", str(status.pages)), ("error-corrected", corrected)]
    if status.station:
        facts.append(("station", status.station))
    if expected and status.station:
        facts.append(("station-as-expected", "yes" if same_station(status.station, expected) else "no"))
    return tuple(facts)


def _doubts(transport: FaxTransport, prepared: Prepared, status: JobStatus) -> tuple[Doubt, ...]:
    if not transport.confirms:
        return (Doubt.HANDED_OVER,)
    expected = prepared.parcel.endpoint.station
    found = []
    if expected and not same_station(status.station, expected):
        found.append(Doubt.OTHER_STATION if status.station else Doubt.NO_STATION)
    if status.state is not JobState.DONE:
        # the rest is asked with the unknown outcome itself
        return tuple(doubt for doubt in found if doubt is Doubt.OTHER_STATION)
    if status.pages != prepared.pages:
        found.append(Doubt.PAGES)
    if not status.error_corrected and transport.tells_correction:
        found.append(Doubt.NOT_CORRECTED)
    if status.reported is False:
        found.append(Doubt.NO_CALLBACK)
    return tuple(found)


def same_station(given: str, expected: str) -> bool:
    """Whether two station ids are one number, however it is written: with or without the country code 1."""
    first, second = (re.sub(r"\D", "", each).removeprefix("1") for each in (given, expected))
    return bool(first) and first == second
