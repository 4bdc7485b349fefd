"""The HylaFAX client protocol, as far as a sender needs it: an FTP dialect with jobs (hfaxd(8), HylaFAX
6.0.7).

Rules kept: every wait has a deadline and every listing a bound; replies are read as the server's own words,
never shown. The protocol has no TLS, so a session goes to this machine's own server only.
"""

# ruff: noqa: S321 - HylaFAX speaks an FTP dialect and nothing else; `require_own_machine` keeps it off any network

import ftplib
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from types import TracebackType
from typing import Self

from hub.errors import ConfigurationError

SEPARATOR = "\x1f"
MAX_LISTING = 4 * 1024 * 1024
"""A done queue of twenty thousand jobs; more means that nobody runs faxqclean."""
MAX_QUEUE_FILE = 64 * 1024

failures = ftplib.all_errors
"""What a session raises: a refusal by the server (`refusals`), a broken or timed-out connection, an answer
too long.
"""
refusals = (ftplib.error_perm, ftplib.error_temp)


class Session:
    """One logged-in connection; a context manager. Raises `failures`."""

    def __init__(self, host: str, port: int, user: str, password: str, timeout: float) -> None:
        self._ftp = ftplib.FTP(timeout=timeout, encoding="latin-1")
        self._ftp.maxline = 4096
        try:
            self._ftp.connect(host, port)
            if self.command(f"USER {user}").startswith("3"):
                self.command(f"PASS {password}")
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

    def parameter(self, name: str) -> str:
        """A value of the current job."""
        return self.command(f"JPARM {name}")[4:].strip()

    def ended(self, job: str) -> dict[str, str]:
        """The done queue's record of a job, by field (doneq(5)). Raises `refusals` if it is not there."""
        fields = (line.partition(":") for line in self._lines(f"RETR doneq/q{job}", MAX_QUEUE_FILE))
        return {name: value.strip() for name, _, value in fields}

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
        raise ConfigurationError("The HylaFAX protocol has no TLS; run the fax server on this machine.", field="fax")


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
