"""What can stand at the far end of a number: a fax machine (spandsp's own T.30 terminal) or a person who picks up."""

from pathlib import Path

import msgspec

from tests.telephone import spandsp as sp
from tests.telephone.codes import MH, MMR, MR, V17, V27, V29


class Spec(msgspec.Struct, forbid_unknown_fields=True):
    """What a number is. `busy`, `no answer`, `no dialtone` and `dead` are no machine at all."""

    kind: str = "fax"
    folder: str = ""
    """Where received faxes land."""
    file: str = ""
    """What to send, when the machine calls."""
    station: str = ""
    ecm: bool = True
    modems: int = V27 | V29 | V17
    compressions: int = MH | MR | MMR
    drop_after_pages: int = 0
    """The line drops after so many pages; 0: never."""
    drop_delay: float = 8.0
    drop_times: int = 1_000
    noise_after_pages: int = 0
    """Noise on the line in the page after so many; 0: never."""
    noise_delay: float = 8.0
    noise_seconds: float = 0.5


class FaxMachine:
    """Answers at the first ring; keeps each call's pages as one TIFF file and reports the call."""

    def __init__(self, exchange, number: str, spec: Spec) -> None:
        self.exchange, self.number, self.spec, self.call = exchange, number, spec, None
        self._fax = self._t30 = self._drop_at = self._noise_at = self._result = None
        self._path = ""
        self._pages = 0

    def on_ring(self) -> None:
        self.exchange.answer(self)

    def on_connect(self, *, calling: bool) -> None:
        self._result, self._pages, self._drop_at, self._noise_at = None, 0, None, None
        self._fax = sp.fax_init(None, 1 if calling else 0)
        sp.fax_set_transmit_on_idle(self._fax, 1)
        self._t30 = sp.fax_get_t30_state(self._fax)
        sp.quiet(sp.fax_get_logging_state(self._fax))
        sp.quiet(sp.t30_get_logging_state(self._t30))
        sp.t30_set_tx_ident(self._t30, (self.spec.station or self.number).encode()[:20])
        sp.t30_set_ecm_capability(self._t30, int(self.spec.ecm))
        sp.t30_set_supported_modems(self._t30, self.spec.modems)
        sp.t30_set_supported_compressions(self._t30, self.spec.compressions)
        sp.t30_set_supported_resolutions(self._t30, sp.RESOLUTIONS)
        sp.t30_set_supported_image_sizes(self._t30, sp.SIZES)
        if calling:
            sp.t30_set_tx_file(self._t30, self.spec.file.encode(), -1, -1)
        else:
            self._path = str(Path(self.spec.folder) / f"{self.number}-{self.exchange.calls_made}.tif")
            sp.t30_set_rx_file(self._t30, self._path.encode(), -1)
        self._callbacks = (sp.PhaseD(self._page_ended), sp.PhaseE(self._call_ended))
        sp.t30_set_phase_d_handler(self._t30, self._callbacks[0], None)
        sp.t30_set_phase_e_handler(self._t30, self._callbacks[1], None)

    def events(self) -> None:
        if self._noise_at is not None and self.exchange.ticks >= self._noise_at:
            self._noise_at = None
            self.exchange.noise(self.spec.noise_seconds)
        if self.call and self._drop_at is not None and self.exchange.ticks >= self._drop_at:
            self._drop_at = None
            self.exchange.hang_up(self, "line dropped")
        elif self.call and self._result and self.call.state == "up":
            self.exchange.hang_up(self, "fax done")

    def transmit(self, buffer) -> None:
        sp.silence(buffer, sp.fax_tx(self._fax, buffer, sp.FRAME))

    def receive(self, buffer) -> None:
        sp.fax_rx(self._fax, buffer, sp.FRAME)

    def on_failure(self, why: str) -> None:
        self.exchange.report({"number": self.number, "failed": why})

    def on_hang_up(self) -> None:
        if not self._fax:
            return
        if not self._result:
            sp.t30_terminate(self._t30)  # ends phase E with "the call dropped"
        self.exchange.report({"number": self.number, "file": self._path, "result": self._result})
        sp.fax_free(self._fax)
        self._fax = None

    def _page_ended(self, _state, _user, _result) -> int:
        self._pages += 1
        if self._pages == self.spec.drop_after_pages and self.spec.drop_times > 0:
            self.spec.drop_times -= 1
            self._drop_at = self.exchange.ticks + int(50 * self.spec.drop_delay)
        if self._pages == self.spec.noise_after_pages:
            self._noise_at = self.exchange.ticks + int(50 * self.spec.noise_delay)
        return 0

    def _call_ended(self, _state, _user, code) -> None:
        self._result = {
            "code": code,
            "text": sp.t30_completion_code_to_str(code).decode(),
            "peer": (sp.t30_get_rx_ident(self._t30) or b"").decode("latin-1").strip(),
            **sp.statistics_of(self._t30),
        }


class Person:
    """Picks up and says nothing that a fax machine would."""

    def __init__(self, exchange, number: str) -> None:
        self.exchange, self.number, self.call = exchange, number, None

    def on_ring(self) -> None:
        self.exchange.answer(self)

    def on_connect(self, *, calling: bool) -> None:
        """Says hello to nobody."""

    def transmit(self, buffer) -> None:
        sp.silence(buffer)

    def receive(self, buffer) -> None:
        """Hears a fax tone and waits."""

    def events(self) -> None:
        """Never hangs up first."""

    def on_hang_up(self) -> None:
        self.exchange.report({"number": self.number, "result": "a person"})
