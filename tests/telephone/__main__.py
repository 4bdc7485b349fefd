"""The exchange as a process of its own, told what to do by lines of JSON on a Unix socket."""

import argparse
import json
import socket
import sys

import msgspec

from tests.telephone import spandsp as sp
from tests.telephone.exchange import TICKS_A_SECOND, Exchange
from tests.telephone.machines import Spec


class Control:
    """One command a line: `number`, `call`, `noise`, `drop`, `history`, `calls`, `clear`."""

    def __init__(self, exchange: Exchange, path: str) -> None:
        self._exchange = exchange
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(8)
        self._heard: dict[socket.socket, bytes] = {}

    def files(self) -> list[socket.socket]:
        return [self._listener, *self._heard]

    def handle(self, file: socket.socket) -> None:
        if file is self._listener:
            self._heard[file.accept()[0]] = b""
            return
        data = file.recv(65_536)
        if not data:
            file.close()
            del self._heard[file]
            return
        self._heard[file] += data
        while b"\n" in self._heard[file]:
            line, self._heard[file] = self._heard[file].split(b"\n", 1)
            file.sendall(json.dumps(self._obey(json.loads(line))).encode() + b"\n")

    def _obey(self, command):
        exchange, what = self._exchange, command["do"]
        spec = msgspec.convert(command.get("spec", {}), Spec)
        if what == "number":
            exchange.set_number(command["number"], spec)
        elif what == "call":
            exchange.call_from(command["number"], spec, command["to"])
        elif what == "noise":
            exchange.noise(command["seconds"])
        elif what == "drop":
            for call in list(exchange.calls):
                exchange.hang_up(call.b if not isinstance(call.b, str) else call.a, "dropped")
        elif what == "clear":
            exchange.history = []
        elif what == "calls":
            return [(call.number, call.state, call.ticks / TICKS_A_SECOND) for call in exchange.calls]
        return exchange.history


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--modem", action="append", default=[], metavar="NUMBER=LINK")
    parser.add_argument("--control", required=True)
    parser.add_argument("--speed", type=float, default=1.0)
    given = parser.parse_args()
    sp.span_set_message_handler(sp.nothing_said)
    exchange = Exchange(given.speed)
    for modem in given.modem:
        exchange.add_modem(*modem.split("=", 1))
    control = Control(exchange, given.control)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    exchange.run(control)


if __name__ == "__main__":
    main()
