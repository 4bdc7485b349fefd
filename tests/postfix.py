"""A private Postfix: its own queue, configuration and port on loopback; gone afterwards.

Postfix must be started by root, since its parts run as users of their own. The system's Postfix is never touched.
"""

import os
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.authority import Authority
from tests.servers import MissingServerError, free_port

START_SECONDS, STOP_SECONDS = 30, 20
_DAEMONS = Path("/usr/lib/postfix/sbin")
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
tlsmgr unix - - n 1000? 1 tlsmgr
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
flush unix n - n 1000? 0 flush
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """A running mail server: hand it mail at `port`, STARTTLS with `authority`'s certificate offered."""

    port: int
    folder: Path
    authority: Authority

    @property
    def log(self) -> str:
        return (self.folder / "log" / "mail.log").read_text(errors="replace")

    def waiting(self) -> int:
        """Mails in its queue; one that moves on meanwhile is one."""
        queue, parts = self.folder / "queue", ("incoming", "active", "deferred")
        return len({each.name for part in parts for each in (queue / part).rglob("*") if each.is_file()})


@contextmanager
def postfix(
    transports: Mapping[str, str],
    *,
    folder: Path | None = None,
    again: Postfix | None = None,
    nobody: str = "nobody@relay.example",
) -> Iterator[Postfix]:
    """Runs one that hands on by domain: `{"hub.example": "lmtp:inet:127.0.0.1:2424"}`.

    Raises `MissingServerError`; `RuntimeError` with its log if it does not come up. A queue in `folder` outlives it;
    `again` is one that stopped, whose place, port and certificate the new one takes; `nobody` is an address it refuses.
    """
    if not (_DAEMONS / "master").exists():
        raise MissingServerError("postfix is missing (Debian: apt-get install postfix)")
    if os.geteuid() != 0:
        raise MissingServerError("postfix has to be started by root")
    folder = again.folder if again is not None else folder
    if folder is not None:
        with _serving(folder, transports, again, nobody) as server:
            yield server
        return
    with tempfile.TemporaryDirectory(prefix="part2hub-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)  # its parts, of other users, pass through
        with _serving(Path(name), transports, again, nobody) as server:
            yield server


@contextmanager
def _serving(folder: Path, transports: Mapping[str, str], again: Postfix | None, nobody: str) -> Iterator[Postfix]:
    server = again or Postfix(free_port(), folder, Authority())
    _configure(server, transports, nobody)
    config = folder / "config"
    subprocess.run(["/usr/sbin/postfix", "-c", config, "check"], check=True, capture_output=True, timeout=START_SECONDS)
    command = ["setpriv", "--pdeathsig=TERM", _DAEMONS / "master", "-c", config, "-d"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(server.port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Postfix did not start:\n{server.log}")
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        sys.stderr.write(server.log)  # shown with a test that failed


def _configure(server: Postfix, transports: Mapping[str, str], nobody: str) -> None:
    config, queue, data, log = (server.folder / name for name in ("config", "queue", "data", "log"))
    for each in (config, queue, data, log):
        each.mkdir(exist_ok=True)
    shutil.chown(data, "postfix")
    certificate, key = server.authority.server("localhost", "127.0.0.1").write(config, "tls")
    settings = {
        "compatibility_level": "3.6",
        "queue_directory": queue,
        "data_directory": data,
        "command_directory": "/usr/sbin",
        "daemon_directory": _DAEMONS,
        "maillog_file": log / "mail.log",
        "maillog_file_prefixes": log,
        "myhostname": "mx.relay.example",
        "mydestination": "",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "relay_domains": " ".join(transports),
        "transport_maps": "inline:{ " + ", ".join(f"{{ {name} = {to} }}" for name, to in transports.items()) + " }",
        "smtp_dns_support_level": "disabled",
        "smtpd_tls_cert_file": certificate,
        "smtpd_tls_key_file": key,
        "smtpd_tls_security_level": "may",
        "smtpd_peername_lookup": "no",
        "lmtp_destination_recipient_limit": 1,
        "message_size_limit": 41_943_040,
        "mailbox_size_limit": 0,
        "queue_run_delay": "1s",
        "minimal_backoff_time": "1s",
        "maximal_backoff_time": "2s",
        "transport_retry_time": "1s",
        "alias_maps": "",
        "smtpd_recipient_restrictions": f"check_recipient_access inline:{{{{ {nobody} = 550 5.1.1 No such mailbox }}}}",
        "local_recipient_maps": "",
    }
    (config / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    (config / "master.cf").write_text(_MASTER.format(port=server.port))
    (log / "mail.log").touch()


def _answers(port: int) -> bool:

    try:
        with smtplib.SMTP("127.0.0.1", port, "localhost", timeout=2) as session:
            return session.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False
