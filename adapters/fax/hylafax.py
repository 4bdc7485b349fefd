"""A HylaFAX server as the transport: one short session for each question, a job for each fax.

Rules kept: the delivery id is the job's tag, looked up before and after submitting, so that neither a crash
nor a lost reply makes two faxes of one; the server gives up by itself at the deadline, so that a job does
not outlive its decision.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from adapters.fax.callresult import ended, failed_login
from adapters.fax.hfaxd import Session, Waiting, failures, refusals, require_own_machine
from adapters.fax.transport import JobState, JobStatus, Limits, NotSubmitted
from hub.model import Deferred, Frozen, Refused, Unknown

T = TypeVar("T")

RUNNING, STOPPED = "R", "T"


class HylaFaxServer(Frozen, frozen=True):
    """Where hfaxd listens, and how hard it tries."""

    port: int = 4559
    host: str = "127.0.0.1"
    user: str = "hub"
    password: str = ""
    admin: str = ""
    """The administrator's password, for session logs (was error correction on?) and the receive queue."""
    sender: str = "hub"
    """Shown in the server's own lists as the job's owner; nothing about a person."""
    max_dials: int = 3
    max_tries: int = 3
    """Answered calls; after a broken call the server goes on at the first unconfirmed page."""
    give_up_after: int = 29
    """Minutes."""
    timeout: float = 20.0
    """Seconds for each step of a session."""
    woken_after: float = 5.0
    """Seconds after which a job that is due and does not begin, while no other is sent, is handed in once more."""
    stalled_after: float = 600.0
    """Seconds after which a job that is due and does not begin, while no other is sent, is taken for stuck."""


class HylaFax:
    """A `FaxTransport` through hfaxd. Raises `ConfigurationError` for a server on another machine."""

    proof = "fax-confirmed"
    limits = Limits()
    tells_correction = True
    confirms = True

    def __init__(self, server: HylaFaxServer) -> None:
        require_own_machine(server.host)
        self._server = server
        self._woken: dict[str, int] = {}
        """Jobs that were handed in once more, and for which time they were due then."""
        self._halfway: set[str] = set()
        """Those among them that may still be stopped, and not by a person."""

    async def submit(self, number: str, tiff: bytes, tag: str) -> str | NotSubmitted:
        """The job with this tag, made if there is none."""
        return await asyncio.to_thread(self._submit, number, tiff, tag)

    async def status(self, job: str) -> JobStatus | None:
        """None if the server does not answer now."""
        return await asyncio.to_thread(self._asked, lambda session: self._status(session, job))

    async def cancel(self, job: str) -> None:
        await asyncio.to_thread(self._asked, lambda session: session.command(f"JKILL {job}"))

    async def forget(self, job: str) -> None:
        """The server keeps the pages beside its record until faxqclean(8) removes both."""

    async def close(self) -> None:
        """No session outlives a question."""

    def _submit(self, number: str, tiff: bytes, tag: str) -> str | NotSubmitted:
        try:
            with self._session() as session:
                if known := session.find(tag):
                    return known
                job = session.new_job(session.store(tiff), self._parameters(number, tag))
                taken = _submitted(session)
        except refusals as refusal:
            return Refused(code="fax-auth") if failed_login(refusal) else Deferred(code="fax-server-refused")
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
        return Session(server.host, server.port, server.user, server.password, server.timeout, server.admin)

    def _status(self, session: Session, job: str) -> JobStatus:
        """The send queue first: a job moves from there to the done queue, never back."""
        queue = session.waiting()
        if job not in queue:
            self._woken.pop(job, None)
            self._halfway.discard(job)
            return ended(session, job)
        here = queue[job]
        if here.state == RUNNING:
            return JobStatus(state=JobState.CALLING, pages=here.pages)
        idle = not any(other.state == RUNNING for other in queue.values())
        overdue = time.time() - here.due if idle and here.state != STOPPED else 0.0
        self._see_to(session, job, here, overdue)
        return JobStatus(state=JobState.QUEUED, pages=here.pages, stalled=overdue > self._server.stalled_after)

    def _see_to(self, session: Session, job: str, here: Waiting, overdue: float) -> None:
        """That the scheduler looks at a job that it has forgotten, and that no job stays stopped by this."""
        if here.state == STOPPED:
            if job in self._halfway and session.resume(job):
                self._halfway.discard(job)
            return
        self._halfway.discard(job)
        if overdue > self._server.woken_after and self._woken.get(job) != here.due:
            self._woken[job] = here.due
            self._halfway.add(job)
            if session.wake(job):
                self._halfway.discard(job)

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
