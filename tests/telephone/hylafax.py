"""A private HylaFAX in a spool of its own, on a soft modem of the exchange; nothing in /etc or /var/spool is touched.

HylaFAX's daemons insist on root and drop to `uucp`; for any other user they run in a user namespace in which that user
is root (`unshare`, with ranges for it in /etc/subuid). Debian's /usr/sbin/faxsend and its like are a wrapper that
mounts over /etc/hylafax at every call, so the real programs are named.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import MissingServerError, free_port

PROGRAMS = Path("/usr/lib/hylafax/bin")
USER, PASSWORD, ADMIN = "hub", "invented", "invented2"
CONFIG = """\
ServerTracing: 0x01
SessionTracing: 0xFFF
DialStringRules: etc/dialrules
UUCPLockDir: {spool}/locks
SendFaxCmd: {programs}/faxsend
SendPageCmd: {programs}/pagesend
PollLockWait: 1
PollModemWait: 1
"""
TROUBLES = ("Busy", "NoAnswer", "NoCarrier", "NoFCon", "DataConn", "Proto", "Other", "Error")
AGAIN_AFTER = "".join(f"JobReq{what}: 1\n" for what in TROUBLES)
"""Seconds; HylaFAX's own defaults are minutes."""
MODEM = """\
FAXNumber: {number}
LocalIdentifier: "{number}"
DialStringRules: etc/dialrules
ServerTracing: 0x01
SessionTracing: 0xFFF
LogFileMode: 0600
RecvFileMode: 0600
DeviceMode: 0666
UUCPLockDir: {spool}/locks
RingsBeforeAnswer: 1
SpeakerVolume: off
TagLineFont: etc/lutRS18.pcf
TagLineFormat: "From %%l|%c|Page %%P of %%T"
MaxRecvPages: 200
ModemType: Class1
ModemFlowControl: rtscts
ModemRate: 19200
Class1AdaptRecvCmd: AT+FAR=1
Class1TMConnectDelay: 0
PagerTTYParity: none
ModemResetDelay: 0
ModemSoftResetCmdDelay: 0
ModemDTRDropDelay: 0
ModemBaudRateDelay: 0
ModemResetCmds: "ATE0V1Q0S0=0S7=60+VCID=1"
ModemNoAutoAnswerCmd: ""
ModemEchoOffCmd: ""
ModemVerboseResultsCmd: ""
ModemResultCodesCmd: ""
ModemCommaPauseTimeCmd: ""
ModemWaitTimeCmd: ""
ModemSetVolumeCmd: ""
ModemClassQueryCmd: "!0,1"
ModemMfrQueryCmd: "!spandsp"
ModemModelQueryCmd: "!softmodem"
ModemRevQueryCmd: "!0"
Class1TMQueryCmd: "!3,24,48,72,73,74,96,97,98,121,122,145,146"
Class1RMQueryCmd: "!3,24,48,72,73,74,96,97,98,121,122,145,146"
PollLockWait: 1
PollModemWait: 1
"""
DIGITS_ONLY = """\
CanonicalNumber := [
[^+0-9]+ =
]
DialString := [
[^+0-9]+ =
]
"""
HOOK = '#!/bin/sh\necho "$*" >> log/{name}.log\n'
FOLDERS = (
    *("archive", "client", "config", "dev", "docq", "doneq", "etc", "info", "log", "pollq", "recvq", "sendq"),
    *("status", "tmp", "locks"),
)
READY_WITHIN_S = 10.0


class HylaFaxServer:
    """faxq, hfaxd on loopback, and a modem; `answers` lets it take calls too, which needs faxgetty."""

    def __init__(self, folder: Path, number: str, link: str, *, answers: bool) -> None:
        self.spool, self.number, self.port = folder / f"spool{number}", number, free_port()
        self._link, self._device = link, link.replace("/", "_")
        self._folder, self._processes = folder, []
        self._as_root = () if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--map-auto", "--mount")
        self._make_spool()
        try:
            self._start_all(link, answers=answers)
        except BaseException:
            self.stop()
            raise

    def _start_all(self, link: str, *, answers: bool) -> None:
        self._start("/usr/sbin/faxq", "-D", "-q", self.spool)
        self._start("/usr/sbin/hfaxd", "-d", "-l", "127.0.0.1", "-i", self.port, "-q", self.spool)
        if answers:
            self._start("/usr/sbin/faxgetty", "-q", self.spool, link)
        self._until(self._listens)
        if answers:
            self.until_idle()
        else:
            self._until((self.spool / "FIFO").exists)
            self.announce_modem()

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        subprocess.run([*self._as_root, "rm", "-rf", self.spool], check=True)

    def announce_modem(self) -> None:
        """Tell faxq that the modem is there and free, which makes it look at its queue."""
        self.root(PROGRAMS / "faxmodem", "-q", self.spool, self._link)

    @contextmanager
    def scheduler_stopped(self) -> Iterator[None]:
        """While inside, faxq does nothing, as a scheduler that hangs."""
        faxq = self._processes[0]
        faxq.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            faxq.send_signal(signal.SIGCONT)

    def log(self, communication: str) -> str:
        """The session log of a call."""
        return self.root("cat", self.spool / "log" / f"c{communication}")

    def until_idle(self) -> None:
        """Wait until the modem can take a call."""
        self._until(self._modem_is_idle)

    def root(self, *command: object) -> str:
        """What a command says that may read the spool."""
        return subprocess.run(
            [*self._as_root, *map(str, command)], check=True, capture_output=True, encoding="latin-1"
        ).stdout

    def _make_spool(self) -> None:
        spool = self.spool
        for name in FOLDERS:
            (spool / name).mkdir(parents=True)
        shutil.copytree("/var/spool/hylafax/bin", spool / "bin", symlinks=True)
        for name in ("lutRS18.pcf", "typerules", "pagesizes", "setup.cache", "setup.modem", "faxcover.ps"):
            shutil.copy(f"/etc/hylafax/{name}", spool / "etc" / name)
        cache = spool / "etc/setup.cache"
        cache.chmod(0o644)
        cache.write_text(cache.read_text().replace("SPOOL='/var/spool/hylafax'", f"SPOOL='{spool}'"))
        values = {"spool": spool, "programs": PROGRAMS, "number": self.number}
        (spool / "etc/config").write_text(CONFIG.format(**values) + AGAIN_AFTER)
        (spool / f"etc/config.{self._device}").write_text(MODEM.format(**values) + AGAIN_AFTER)
        (spool / "etc/hfaxd.conf").write_text("ServerTracing: 0x01\n")
        (spool / "etc/hosts.hfaxd").write_text(f"^{USER}@:100:{_crypted(PASSWORD)}:{_crypted(ADMIN)}\n")
        (spool / "etc/dialrules").write_text(DIGITS_ONLY)
        for name in ("notify", "faxrcvd"):
            hook = spool / "bin" / name
            hook.unlink(missing_ok=True)
            hook.write_text(HOOK.format(name=name))
            hook.chmod(0o755)
        (spool / "status/any.info").touch()
        spool.chmod(0o755)
        owned = (
            f"chown -R uucp:uucp {spool} && chmod 600 {spool}/etc/hosts.hfaxd && chmod 1777 {spool}/tmp && "
            f"chmod 700 {spool}/docq {spool}/sendq {spool}/doneq {spool}/pollq {spool}/archive"
        )
        self.root("sh", "-c", owned)

    def _start(self, *command: object) -> None:
        started = [*map(str, command)]
        if self._as_root:  # no mknod in a user namespace: hfaxd finds the real /dev/null in its own root
            null = self.spool / "dev/null"
            bound = f'touch {null} && mount --bind /dev/null {null} && exec "$@"'
            started = [*self._as_root, "sh", "-c", bound, "sh", *started]
        with (self._folder / f"{self.number}.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    ["setpriv", "--pdeathsig", "TERM", *started], stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            )

    def _until(self, condition) -> None:
        until = time.monotonic() + READY_WITHIN_S
        while not condition():
            if time.monotonic() > until:
                raise RuntimeError("HylaFAX did not come up: " + (self._folder / f"{self.number}.log").read_text())
            time.sleep(0.02)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.2).close()
        except OSError:
            return False
        return True

    def _modem_is_idle(self) -> bool:
        status = self.spool / "status" / self._device
        return status.exists() and "Running and idle" in status.read_text()


def require_installed() -> None:
    """Raises `MissingServerError` naming what this machine lacks for real faxes."""
    for path, package in (("/usr/sbin/faxq", "hylafax-server"), ("/usr/bin/gs", "ghostscript")):
        if not Path(path).exists():
            raise MissingServerError(f"{Path(path).name} is missing (Debian's {package}); run make servers.")
    if not list(Path("/usr/lib").glob("*/libspandsp.so.2")):
        raise MissingServerError("libspandsp.so.2 is missing (Debian's libspandsp2); run make servers.")
    if os.geteuid() != 0:
        mapped = ["unshare", "--user", "--map-root-user", "--map-auto", "--mount", "true"]
        if subprocess.run(mapped, check=False, capture_output=True).returncode:
            raise MissingServerError("HylaFAX needs root, or a user namespace (Debian's uidmap, and /etc/subuid).")


def _crypted(password: str) -> str:
    command = ["openssl", "passwd", "-6", password]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
