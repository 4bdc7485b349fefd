"""The exchange: who is at which number, the calls, and the clock that carries sound 20 ms at a time.

Telephone time runs many times faster than real time, but only while HylaFAX owes nothing: a HylaFAX that thinks for a
tenth of a second would otherwise take many seconds of the far machine's patience (T.30's timers).
"""

import ctypes
import os
import select
import time
from dataclasses import dataclass
from typing import Any

from tests.telephone import spandsp as sp
from tests.telephone.machines import FaxMachine, Person, Spec
from tests.telephone.modem import PtyModem

TICKS_A_SECOND = 50
RING_EVERY = 6 * TICKS_A_SECOND
SETUP = TICKS_A_SECOND // 2
NOBODY_ANSWERS_AFTER = 60 * TICKS_A_SECOND
MOST_AT_ONCE = 4
"""Ticks before the serial lines are looked at again."""


@dataclass
class Call:
    a: Any
    b: Any
    number: str
    state: str = "setup"
    ticks: int = 0
    rung: int = 0

    def ends(self):
        return [end for end in (self.a, self.b) if not isinstance(end, str)]


class Exchange:
    """Numbers, modems and calls; `run` until `stopped`."""

    def __init__(self, speed: float) -> None:
        self.speed, self.ticks, self.calls_made, self.stopped = speed, 0, 0, False
        self.modems: list[PtyModem] = []
        self.numbers: dict[str, Any] = {}
        self.calls: list[Call] = []
        self.history: list[dict[str, Any]] = []
        self._noise_until = 0
        self._sounds = (sp.Sound(), sp.Sound())
        self._silence, self._scratch = sp.Sound(), sp.Sound()

    def add_modem(self, number: str, link: str) -> None:
        modem = PtyModem(self, number, link)
        self.modems.append(modem)
        self.numbers[number] = modem

    def set_number(self, number: str, spec: Spec) -> None:
        machines = {"fax": lambda: FaxMachine(self, number, spec), "person": lambda: Person(self, number)}
        self.numbers[number] = machines.get(spec.kind, lambda: spec.kind)()

    def call_from(self, number: str, spec: Spec, to: str) -> None:
        """A machine dials by itself, to send a file in."""
        machine = FaxMachine(self, number, spec)
        self.numbers[f"calling {number}"] = machine
        self.dial(machine, to)

    def noise(self, seconds: float) -> None:
        self._noise_until = self.ticks + int(TICKS_A_SECOND * seconds)

    def report(self, what: dict[str, Any]) -> None:
        self.history.append(what)

    def dial(self, caller: Any, number: str) -> None:
        digits = "".join(letter for letter in number if letter.isdigit())
        called = self.numbers.get(digits, "dead")
        if not isinstance(called, str) and called.call:
            called = "busy"
        self.calls_made += 1
        call = Call(caller, called, digits)
        for end in call.ends():
            end.call = call
        self.calls.append(call)

    def answer(self, who: Any) -> None:
        call = who.call
        if not call or call.state != "ringing":
            who.on_failure("nobody calls")
            return
        call.state = "up"
        call.b.on_connect(calling=False)
        call.a.on_connect(calling=True)

    def hang_up(self, who: Any, why: str) -> None:
        call = who.call
        if not call:
            return
        self.report({"call": call.number, "ended": why, "seconds": call.ticks / TICKS_A_SECOND})
        was_up = call.state == "up"
        self._end(call)
        for end in call.ends():
            if (end is not who or not isinstance(who, PtyModem)) and (was_up or isinstance(end, PtyModem)):
                end.on_hang_up()

    def run(self, listener) -> None:
        """Carry sound and serial bytes; `listener` has files to watch and handles what comes in on them."""
        by_file = {modem.master: modem for modem in self.modems}
        last, credit = time.monotonic(), 0.0
        while not self.stopped:
            rate = self._rate(time.monotonic())
            files = [modem.master for modem in self.modems if not modem.blocked] + listener.files()
            ready, _, _ = select.select(files, [], [], max(0.0, (1 - credit) / TICKS_A_SECOND / rate))
            for file in ready:
                by_file[file].read() if file in by_file else listener.handle(file)
            self._modem_events()
            now = time.monotonic()
            credit, last = credit + (now - last) * rate * TICKS_A_SECOND, now
            if credit > 25 * max(1.0, self.speed):  # never catch up on more than half a second
                credit = 1
            credit = self._advance(credit, rate, now)

    def _advance(self, credit: float, rate: float, now: float) -> float:
        for _ in range(MOST_AT_ONCE):
            if credit < 1:
                break
            credit -= 1
            self._tick()
            for modem in self.modems:
                modem.read()
                modem.events()
            if self._rate(now) != rate:
                return min(credit, 1)
        return credit

    def _modem_events(self) -> None:
        for modem in self.modems:
            modem.flush()
            modem.events()

    def _rate(self, now: float) -> float:
        waits = any(modem.call and modem.waits_for_hylafax(now) for modem in self.modems)
        return self.speed if self.calls and not waits else 1.0

    def _tick(self) -> None:
        self.ticks += 1
        talking: set[int] = set()
        for call in list(self.calls):
            call.ticks += 1
            self._progress(call)
            if call.state == "up":
                self._carry(call)
                talking |= {id(call.a), id(call.b)}
        for modem in self.modems:
            if id(modem) not in talking:  # the modem's own clock runs on
                modem.transmit(self._scratch)
                modem.receive(self._silence)
        for end in list(self.numbers.values()):
            if not isinstance(end, str):
                end.events()

    def _progress(self, call: Call) -> None:
        if call.state == "setup" and call.ticks >= SETUP:
            if isinstance(call.b, str) and call.b != "no answer":
                self._fail(call, call.b)
            else:
                call.state = "ringing"
        if call.state != "ringing":
            return
        if isinstance(call.b, str):
            if call.ticks >= NOBODY_ANSWERS_AFTER:
                self._fail(call, "no answer")
            return
        if call.rung % RING_EVERY == 0:
            call.b.on_ring()
        call.rung += 1

    def _carry(self, call: Call) -> None:
        forth, back = self._sounds
        call.a.transmit(forth)
        call.b.transmit(back)
        if self.ticks < self._noise_until:
            ctypes.memmove(forth, os.urandom(2 * sp.FRAME), 2 * sp.FRAME)
        call.b.receive(forth)
        if call.state == "up":
            call.a.receive(back)

    def _fail(self, call: Call, why: str) -> None:
        self._end(call)
        self.report({"call": call.number, "ended": why})
        call.a.on_failure(why)

    def _end(self, call: Call) -> None:
        self.calls.remove(call)
        call.state = "down"
        for end in call.ends():
            end.call = None
