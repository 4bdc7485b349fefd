"""A Class 1 soft modem (spandsp T.31) on a pseudo-terminal, which is what HylaFAX opens as its modem."""

import ctypes
import errno
import os
import termios
import time
import tty
from pathlib import Path

from tests.telephone import spandsp as sp

CHUNK = 512
PATIENCE_S = 3.0
"""How long telephone time crawls for a HylaFAX that owes the next command."""


class PtyModem:
    """`link` is the path that HylaFAX opens; events of the modem are acted upon by `events`, not in its callback."""

    def __init__(self, exchange, number: str, link: str) -> None:
        self.exchange, self.number, self.call = exchange, number, None
        self.blocked = self._lost = False
        self._pending: list[tuple[str, str]] = []
        self._out, self._mode, self._command, self._said, self._given = b"", "command", b"", b"", b""
        self._thinking = 0.0
        """Since when HylaFAX owes us bytes; 0: it does not."""
        self.master, self._slave = os.openpty()  # the slave stays open: no EIO when HylaFAX closes it
        tty.setraw(self._slave, termios.TCSANOW)
        os.set_blocking(self.master, False)
        terminal = Path(os.ttyname(self._slave))
        terminal.chmod(0o666)
        Path(link).symlink_to(terminal)
        # ctypes keeps no callback alive by itself
        self._callbacks = (sp.AtTransmit(self._at), sp.ModemControl(self._control), sp.T38Transmit(lambda *_: 0))
        at, control, t38 = self._callbacks
        self._modem = sp.t31_init(None, at, None, control, None, t38, None)
        assert self._modem, "t31_init failed"
        sp.t31_set_transmit_on_idle(self._modem, 1)
        sp.quiet(sp.t31_get_logging_state(self._modem))

    def waits_for_hylafax(self, now: float) -> bool:
        """Whether telephone time should run at its real pace because HylaFAX has to act next."""
        if not self._thinking or now - self._thinking > PATIENCE_S:
            return False
        return not (self._mode == "data" and self.blocked)

    def read(self) -> None:
        """What HylaFAX has written since, if the modem's buffer has room."""
        if self.blocked:
            return
        try:
            data = os.read(self.master, CHUNK)
        except OSError:
            if self._mode == "data" and not self._thinking:
                self._thinking = time.monotonic()
            return
        if not data:
            return
        self._thinking = 0.0
        if self._mode == "data":
            self._given = (self._given + data)[-2:]
            if self._given == b"\x10\x03":
                self._mode = "data ended"
        else:
            self._command = (self._command + data)[-40:]
            if b"\r" in data:
                self._command = b"\r".join(self._command.split(b"\r")[-2:])
            else:
                self._thinking = time.monotonic()
        sp.t31_at_rx(self._modem, data, len(data))

    def flush(self) -> None:
        while self._out:
            try:
                written = os.write(self.master, self._out)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                written = len(self._out)
            self._out = self._out[written:]

    def events(self) -> None:
        self._tell_lost()
        while self._pending:
            what, to = self._pending.pop(0)
            if what == "dial":
                self.exchange.dial(self, to)
            elif what == "answer":
                self.exchange.answer(self)
            else:
                self.exchange.hang_up(self, "on hook")

    def transmit(self, buffer) -> None:
        sp.silence(buffer, sp.t31_tx(self._modem, buffer, sp.FRAME))

    def receive(self, buffer) -> None:
        sp.t31_rx(self._modem, buffer, sp.FRAME)

    def on_ring(self) -> None:
        sp.t31_call_event(self._modem, sp.ALERTING)

    def on_connect(self, *, calling: bool) -> None:
        self._lost = False
        sp.t31_call_event(self._modem, sp.CONNECTED if calling else sp.ANSWERED)

    def on_failure(self, why: str) -> None:
        event = {"busy": sp.BUSY, "no answer": sp.NO_ANSWER, "no dialtone": sp.NO_DIALTONE}.get(why, sp.HANGUP)
        sp.t31_call_event(self._modem, event)

    def on_hang_up(self) -> None:
        """Told at once, or when the data is out: spandsp says nothing of a carrier lost while it transmits."""
        self._lost = True
        self._tell_lost()

    def _tell_lost(self) -> None:
        if self._lost and self._mode == "command":
            self._lost = False
            sp.t31_call_event(self._modem, sp.HANGUP)

    def _at(self, _state, _user, buffer, length) -> int:
        data = ctypes.string_at(buffer, length)
        self._out += data
        self.flush()
        self._said = (self._said + data)[-20:]
        if self._said.endswith(b"\nCONNECT\r\n"):
            if b"+FT" in self._command:  # HylaFAX must now supply what is to be sent
                self._mode, self._given = "data", b""
                self._thinking = time.monotonic()
        elif self._said.endswith((b"\nOK\r\n", b"ERROR\r\n", b"\nNO CARRIER\r\n")):
            self._mode = "command"
            self._thinking = time.monotonic()
        return 0

    def _control(self, _state, _user, operation, value) -> int:
        if operation == sp.OP_CALL:
            self._pending.append(("dial", ctypes.string_at(value).decode("latin-1") if value else ""))
        elif operation == sp.OP_ANSWER:
            self._pending.append(("answer", ""))
        elif operation in (sp.OP_HANGUP, sp.OP_ONHOOK):
            self._pending.append(("hang up", ""))
        elif operation == sp.OP_CTS:
            self.blocked = not value
        return 0
