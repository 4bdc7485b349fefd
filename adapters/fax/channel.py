"""The fax channel: a parcel becomes class F pages, a transport takes them to the number, the call's end is
the answer.

Rules kept: the pages are made before the intent is recorded; the number comes from the directory entry
alone; nothing is called undisclosed once a page with content may have left. The first page is the cover,
which says nothing of a person, so a call that ended before its first confirmed page disclosed nothing.
"""

import asyncio
import re
import time
from collections.abc import Callable

from adapters.fax.transport import FaxTransport, JobState, JobStatus
from hub.model import (
    ChannelKind,
    Deferred,
    Delivered,
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

        return await asyncio.to_thread(drawn, parcel, self.max_bytes)

    async def deliver(self, prepared: Prepared) -> Outcome:
        """Submit, follow the job to its end, and say what became of it."""
        endpoint, tag = prepared.parcel.endpoint, prepared.parcel.delivery
        if not E164.fullmatch(endpoint.address) or not TAG.fullmatch(tag):
            return Refused(code="fax-bad-number")
        job = await self._transport.submit(endpoint.address, prepared.body, tag)
        if not isinstance(job, str):
            return job
        return self._outcome(prepared, job, await self._followed(job))

    async def close(self) -> None:
        await self._transport.close()

    async def _followed(self, job: str) -> JobStatus | None:
        """The job's last known status; calls it off when the deadline has passed."""
        status = await self._ended(job, time.monotonic() + self._deadline)
        if status is None or not status.state.final:
            await self._transport.cancel(job)
            status = await self._ended(job, time.monotonic() + AFTER_CANCEL * self._poll)
        return status

    async def _ended(self, job: str, until: float) -> JobStatus | None:
        status = await self._transport.status(job)
        while not (status and status.state.final) and time.monotonic() < until:
            await asyncio.sleep(self._poll)
            status = await self._transport.status(job)
        return status

    def _outcome(self, prepared: Prepared, job: str, status: JobStatus | None) -> Outcome:
        # INVARIANT: unknown-is-disclosed
        if status is None or not status.state.final or status.state is JobState.GONE:
            return Unknown(code="fax-no-answer-from-server")
        if status.state is JobState.DONE:
            receipt = Receipt(
                kind=self._transport.proof,
                reference=f"job {job}",
                at=self._now(),
                detail=_proof(prepared, status),
            )
            return Delivered(receipt=receipt)
        if status.pages:
            return Unknown(code="fax-partial")
        return Refused(code=f"fax-{status.reason}") if status.lasting else Deferred(code=f"fax-{status.reason}")


def _proof(prepared: Prepared, status: JobStatus) -> tuple[tuple[str, str], ...]:
    expected = prepared.parcel.endpoint.station
    facts = [("number", prepared.parcel.endpoint.address), ("pages", str(prepared.pages)), *status.detail]
    if status.station:
        facts.append(("station", status.station))
    if expected and status.station:
        same = re.sub(r"\D", "", status.station) == re.sub(r"\D", "", expected)
        facts.append(("station-as-expected", "yes" if same else "no"))
    return tuple(facts)
