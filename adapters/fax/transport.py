"""The seam between a finished fax and whatever dials: submit it, ask how it stands, call it off.

Rules kept: a transport decides nothing and composes nothing; it answers with values, never raises for what
the server or the line does; the delivery id is the tag by which a repeated submission is recognised.
"""

from enum import StrEnum
from typing import Protocol

from hub.model import Deferred, Frozen, Refused, Unknown


class JobState(StrEnum):
    QUEUED = "queued"
    """Waiting for its turn, for a line, or for the next try."""
    CALLING = "calling"
    DONE = "done"
    """The far machine confirmed every page."""
    FAILED = "failed"
    """Given up; `reason` says why."""
    GONE = "gone"
    """The server no longer knows the job."""

    @property
    def final(self) -> bool:
        return self in {JobState.DONE, JobState.FAILED, JobState.GONE}


class JobStatus(Frozen, frozen=True):
    """How a job stands."""

    state: JobState
    pages: int = 0
    """Pages that the far machine has confirmed."""
    reason: str = ""
    """A stable code for a failure: `busy`, `no-answer`, `not-fax` (a voice, or silence), `line-failed`, `blocked`,
    `bad-number`, `media-bad`, `auth`, `quota`, `no-dialtone`, `cancelled`, `expired`, ...
    """
    lasting: bool = False
    """The same call would fail again: a bad number, a blocked one, a rejected file."""
    stalled: bool = False
    """Due long ago, nothing is being sent, and yet it does not begin: the server needs a person."""
    station: str = ""
    """The identification that the called machine gave (CSI)."""
    error_corrected: bool | None = None
    """Whether T.30's error correction (ECM) was on, so that a confirmed page is a whole page; none: not known.

    Without it a machine confirms pages whose rows are damaged, and nobody at this end can tell.
    """
    uncounted: bool = False
    """Pages may have gone out that nobody counted."""
    reported: bool | None = None
    """Whether the server's own signed report came beside its answer; none: it sends none."""
    detail: tuple[tuple[str, str], ...] = ()


class Limits(Frozen, frozen=True):
    """What a transport carries, and at what price."""

    pages: int = 200
    max_bytes: int = 20 * 1024 * 1024
    price_per_page: str = ""
    """As the contract has it ("0.007 USD"); empty: the county's own line."""


NotSubmitted = Deferred | Refused | Unknown


class FaxTransport(Protocol):
    """Takes a class F file to a number.

    `submit` MUST answer `Deferred` or `Refused` only if no job exists afterwards, and `Unknown` if one may.
    It MUST give the job it already has for a tag it has seen. `status` MUST count only pages that the far
    side confirmed, and MUST answer None, not a guess, when it cannot find out now. Every call MUST end within
    bounds of its own.
    """

    proof: str
    """The kind of its receipts: `fax-confirmed`, `fax-spooled`."""
    confirms: bool
    """Its `DONE` means that the far machine confirmed every page; if not, only that somebody else took the fax."""

    limits: Limits
    tells_correction: bool
    """Whether it can know if errors were corrected; if not, "not known" is no doubt about this one fax."""

    async def submit(self, number: str, tiff: bytes, tag: str) -> str | NotSubmitted:
        """The job's reference. `number` is E.164; `tag` is letters, digits and hyphens."""
        ...

    async def status(self, job: str) -> JobStatus | None: ...

    async def cancel(self, job: str) -> None:
        """Call it off if that is still possible; what became of it is for `status` to say."""
        ...

    async def forget(self, job: str) -> None:
        """What it still holds of the pages of an ended job goes, as far as it can; never an error."""
        ...

    async def close(self) -> None: ...
