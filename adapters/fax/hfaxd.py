"""The HylaFAX client protocol, as far as a sender needs it: an FTP dialect with jobs (hfaxd(8), HylaFAX
6.0.7).

Rules kept: every wait has a deadline and every listing a bound; replies are read as the server's own words,
never shown. The protocol has no TLS, so a session goes to this machine only: to its own
server, or to the near end of a tunnel.
"""

# ruff: noqa: S321 - HylaFAX speaks an FTP dialect and nothing else; `require_own_machine` keeps it off any network

import ftplib
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from types import TracebackType
from typing import NamedTuple, Self

from hub.errors import ConfigurationError

SEPARATOR = "\x1f"
MAX_LISTING = 4 * 1024 * 1024
"""A done queue of twenty thousand jobs; more means that nobody runs faxqclean."""
MAX_QUEUE_FILE = 64 * 1024
MAX_SESSION_LOG = 8 * 1024 * 1024
MAX_RECEIVED = 64 * 1024 * 1024
"""Bytes of a received fax; a page of dense text has some fifty thousand."""
BEING_RECEIVED = "*"
RECEIVED = re.compile(r"fax\d{1,12}\.tif")

failures = ftplib.all_errors
"""What a session raises: a refusal by the server (`refusals`), a broken or timed-out connection, an answer
too long.
"""
refusals = (ftplib.error_perm, ftplib.error_temp)


class Waiting(NamedTuple):
    """A job in the send queue."""

    state: str
    """HylaFAX's letter: `R` running, `S` sleeping until the next try, `W` ready, `B` blocked, `P` pending, `T` stopped
    by a person.
    """
    pages: int
    """Pages that the far machine has confirmed; the server writes it down before the next page begins."""
    due: int
    """Seconds since the epoch."""


class Session:
    """One logged-in connection; a context manager. Raises `failures`.

    `admin`: the administrator's password, with which session logs and received faxes can be read.
    """

    def __init__(self, host: str, port: int, user: str, password: str, timeout: float, admin: str = "") -> None:
        self._ftp = ftplib.FTP(timeout=timeout, encoding="latin-1")
        self._ftp.maxline = 4096
        try:
            self._ftp.connect(host, port)
            if self.command(f"USER {user}").startswith("3"):
                self.command(f"PASS {password}")
            if admin:
                self.command(f"ADMIN {admin}")
            self.command("TZONE GMT")
        except BaseException:
            self._ftp.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # the server drops jobs that were not submitted before it answers QUIT
        with suppress(*failures):
            self._ftp.quit()
        self._ftp.close()

    def command(self, line: str) -> str:
        return self._ftp.sendcmd(line)

    def store(self, tiff: bytes) -> str:
        """Upload a document; returns the server's name for it."""
        self.command("FORM TIFF")
        self.command("TYPE I")
        with self._ftp.transfercmd("STOT") as data:
            data.sendall(tiff)
            data.shutdown(socket.SHUT_WR)
        return _found(r"FILE: (\S+?)\)", self._ftp.voidresp())

    def new_job(self, document: str, parameters: dict[str, str | int]) -> str:
        """A job that is not yet submitted and vanishes with the session; returns its number."""
        job = _found(r"jobid: (\d+)", self.command("JNEW"))
        for name, value in parameters.items():
            self.command(f"JPARM {name} {value}" if isinstance(value, int) else f'JPARM {name} "{value}"')
        self.command(f"JPARM DOCUMENT {document}")
        return job

    def find(self, tag: str) -> str | None:
        """The number of the job with this tag, waiting or done.

        The waiting queue is read first: a job moves from there to the done queue, never back.
        """
        self.command(f'JOBFMT "%j{SEPARATOR}%J"')
        for queue in ("sendq", "doneq"):
            for line in self._lines(f"LIST {queue}", MAX_LISTING):
                number, _, job_tag = line.partition(SEPARATOR)
                if job_tag.strip() == tag:
                    return number.strip()
        return None

    def waiting(self) -> dict[str, Waiting]:
        """The send queue by job number, as its files say (the scheduler's own answers lag behind them)."""
        self.command(f'JOBFMT "{SEPARATOR.join(("%j", "%a", "%P", "%Z"))}"')
        rows = (line.split(SEPARATOR) for line in self._lines("LIST sendq", MAX_LISTING))
        return {
            row[0].strip(): Waiting(row[1].strip(), number(row[2].partition(":")[0]), number(row[3]))
            for row in rows
            if len(row) == 4
        }

    def wake(self, job: str) -> bool:
        """Hand a waiting job in once more, so that the scheduler looks at its queue; else, as after `failures`, it may
        lie stopped, and is to be resumed.

        faxq looks at most once a second. What comes within the second in which it has made up for a look that it had
        put off is forgotten until something else happens: it still takes that look for one to come (`SchedTimeout` in
        HylaFAX 6.0.7). One that has begun meanwhile is sent to its end, and then this is refused.
        """
        try:
            self.command(f"JSUSP {job}")
        except refusals:
            return True
        return self.resume(job)

    def resume(self, job: str) -> bool:
        """Hand a stopped job in; whether the server takes it."""
        try:
            self.command(f"JSUBM {job}")
        except refusals:
            return False
        return True

    def ended(self, job: str) -> dict[str, str]:
        """The done queue's record of a job, by field (doneq(5)). Raises `refusals` if it is not there."""
        fields = (line.partition(":") for line in self._lines(f"RETR doneq/q{job}", MAX_QUEUE_FILE))
        return {name: value.strip() for name, _, value in fields}

    def log(self, communication: str) -> list[str]:
        """The lines of a call's session log. Raises `refusals` for whoever is no administrator."""
        return self._lines(f"RETR log/c{communication}", MAX_SESSION_LOG)

    def received(self) -> list[tuple[str, str, int]]:
        """Name, calling station and pages of each received fax that is whole and that this user may see."""
        self.command(f'RCVFMT "{SEPARATOR.join(("%f", "%z", "%p", "%s"))}"')
        rows = (line.split(SEPARATOR) for line in self._lines("LIST recvq", MAX_LISTING))
        return sorted(
            (row[0].strip(), row[3].strip(), number(row[2]))
            for row in rows
            if len(row) == 4 and RECEIVED.fullmatch(row[0].strip()) and row[1].strip() != BEING_RECEIVED
        )

    def fetch(self, name: str) -> bytes:
        """A received fax, as TIFF."""
        self.command("TYPE I")
        kept = bytearray()

        def keep(part: bytes) -> None:
            kept.extend(part)
            if len(kept) > MAX_RECEIVED:
                raise ftplib.error_proto("the fax is too long")

        self._ftp.retrbinary(f"RETR recvq/{name}", keep)
        return bytes(kept)

    def remove(self, name: str) -> None:
        """Delete a received fax at the server."""
        self.command(f"DELE recvq/{name}")

    def _lines(self, command: str, bound: int) -> list[str]:
        lines: list[str] = []
        self._ftp.retrlines(command, _bounded(lines.append, bound))
        return lines


def require_own_machine(host: str) -> None:
    """Raises `ConfigurationError` unless the host is this machine: the protocol sends password and pages in
    clear.
    """
    try:
        own = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        own = False
    if not own:
        raise ConfigurationError(
            "The HylaFAX protocol has no TLS: name this machine, or a tunnel's end on it.", field="fax"
        )


def number(text: str) -> int:
    """A count as the server writes it; 0 for anything else."""
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdecimal() else 0


def _bounded(keep: Callable[[str], None], bound: int) -> Callable[[str], None]:
    left = bound

    def callback(line: str) -> None:
        nonlocal left
        left -= len(line) + 1
        if left < 0:
            raise ftplib.error_proto("the listing is too long")
        keep(line)

    return callback


def _found(pattern: str, reply: str) -> str:
    match = re.search(pattern, reply)
    if not match:
        raise ftplib.error_proto("the reply has no reference")
    return match[1]
