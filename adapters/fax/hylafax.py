"""A HylaFAX server as the transport: one short session for each question, a job for each fax.

Rules kept: the delivery id is the job's tag, looked up before and after submitting, so that neither a crash
nor a lost reply makes two faxes of one; the server gives up by itself at the deadline, so that a job does
not outlive its decision.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from adapters.fax.hfaxd import Session, failures, refusals, require_own_machine
from adapters.fax.transport import JobState, JobStatus, NotSubmitted
from hub.model import Deferred, Frozen, Unknown

T = TypeVar("T")

STATES = {"ACTIVE": JobState.CALLING, "DONE": JobState.DONE, "FAILED": JobState.FAILED}
REASONS = (
    # the server's words, our code, whether the same call would fail again
    ("Busy signal detected", "busy", False),
    ("No answer from remote", "no-answer", False),
    ("No carrier detected", "no-carrier", False),
    ("No local dialtone", "no-dialtone", False),
    ("Kill time expired", "expired", False),
    ("Job aborted", "cancelled", False),
    ("Invalid dialing command", "bad-number", True),
    ("Unexpected failure", "not-converted", False),
    ("REJECT", "rejected", True),
)


class HylaFaxServer(Frozen, frozen=True):
    """Where hfaxd listens, and how hard it tries."""

    port: int = 4559
    host: str = "127.0.0.1"
    user: str = "hub"
    password: str = ""
    sender: str = "hub"
    """Shown in the server's own lists as the job's owner; nothing about a person."""
    max_dials: int = 3
    max_tries: int = 3
    """Answered calls; after a broken call the server goes on at the first unconfirmed page."""
    give_up_after: int = 29
    """Minutes."""
    timeout: float = 20.0
    """Seconds for each step of a session."""


class HylaFax:
    """A `FaxTransport` through hfaxd. Raises `ConfigurationError` for a server on another machine."""

    proof = "fax-confirmed"

    def __init__(self, server: HylaFaxServer) -> None:
        require_own_machine(server.host)
        self._server = server

    async def submit(self, number: str, tiff: bytes, tag: str) -> str | NotSubmitted:
        """The job with this tag, made if there is none."""
        return await asyncio.to_thread(self._submit, number, tiff, tag)

    async def status(self, job: str) -> JobStatus | None:
        """None if the server does not answer now."""
        return await asyncio.to_thread(self._asked, lambda session: _status(session, job))

    async def cancel(self, job: str) -> None:
        await asyncio.to_thread(self._asked, lambda session: session.command(f"JKILL {job}"))

    async def close(self) -> None:
        """No session outlives a question."""

    def _submit(self, number: str, tiff: bytes, tag: str) -> str | NotSubmitted:
        try:
            with self._session() as session:
                if known := session.find(tag):
                    return known
                job = session.new_job(session.store(tiff), self._parameters(number, tag))
                taken = _submitted(session)
        except refusals:
            return Deferred(code="fax-server-refused")
        except failures:
            return Deferred(code="fax-server-unreachable")
        return job if taken else self._in_doubt(tag)

    def _in_doubt(self, tag: str) -> str | NotSubmitted:
        """A submission was asked for and not confirmed: the queues say whether the job exists.

        Asked in a new session, because a job that was never submitted stays listed until its own session has
        ended.
        """
        try:
            with self._session() as session:
                known = session.find(tag)
        except failures:
            return Unknown(code="fax-submission-unclear")
        return known or Deferred(code="fax-server-refused")

    def _session(self) -> Session:
        server = self._server
        return Session(server.host, server.port, server.user, server.password, server.timeout)

    def _asked(self, question: Callable[[Session], T]) -> T | None:
        try:
            with self._session() as session:
                return question(session)
        except failures:
            return None

    def _parameters(self, number: str, tag: str) -> dict[str, str | int]:
        server = self._server
        hours, minutes = divmod(server.give_up_after, 60)
        return {
            "FROMUSER": server.sender,
            "LASTTIME": f"00{hours:02}{minutes:02}",
            "MAXDIALS": server.max_dials,
            "MAXTRIES": server.max_tries,
            "SCHEDPRI": 127,
            "DIALSTRING": number,
            "EXTERNAL": number,
            "NOTIFYADDR": "nobody@localhost",
            "NOTIFY": "none",
            "VRES": 196,
            "PAGEWIDTH": 209,
            "PAGELENGTH": 296,
            "PAGECHOP": "none",
            "JOBINFO": tag,
        }


def _submitted(session: Session) -> bool:
    """Whether the server confirmed it; if not, the job may exist all the same."""
    try:
        session.command("JSUBM")
    except failures:
        return False
    return True


def _status(session: Session, job: str) -> JobStatus:
    try:
        session.command(f"JOB {job}")
    except refusals:
        return JobStatus(state=JobState.GONE)
    state = STATES.get(session.parameter("STATE"), JobState.QUEUED)
    if not state.final:
        return JobStatus(state=state, pages=_number(session.parameter("NPAGES")))
    return _ended(state, session.ended(job))


def _ended(state: JobState, record: dict[str, str]) -> JobStatus:
    words = record.get("status", "")
    reason, lasting = next(
        ((code, final) for start, code, final in REASONS if words.startswith(start)), ("line-failed", False)
    )
    facts = {
        "dials": record.get("totdials", ""),
        "tries": record.get("tottries", ""),
        "signal-rate": record.get("signalrate", ""),
        "data-format": record.get("dataformat", ""),
        "communication": record.get("commid", ""),
    }
    return JobStatus(
        state=state,
        pages=_number(record.get("npages", "")),
        reason="" if state is JobState.DONE else reason,
        lasting=lasting and state is JobState.FAILED,
        station=record.get("csi", "").strip('" '),
        detail=tuple((name, value) for name, value in facts.items() if value),
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
