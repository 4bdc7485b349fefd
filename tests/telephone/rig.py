"""The rig of the real-fax tests: one exchange, a HylaFAX that sends, one that answers, and machines by number."""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.telephone.hylafax import HylaFaxServer, require_installed

ROOT = Path(__file__).parents[2]
SENDER, RECEIVER = "17075550001", "17075556000"
SPEED = 150.0


class Rig:
    """Raises `MissingServerError` where a program is missing. `stop` ends and removes everything."""

    def __init__(self) -> None:
        require_installed()
        self.folder = _folder()
        self.received = self.folder / "received"
        self.received.mkdir()
        links = {number: str(self.folder / f"tty{place}") for place, number in enumerate((SENDER, RECEIVER))}
        self._socket = str(self.folder / "control")
        self._exchange = _exchange(self._socket, links)
        self.servers: list[HylaFaxServer] = []
        try:
            self.sender = HylaFaxServer(self.folder, SENDER, links[SENDER], answers=False)
            self.servers.append(self.sender)
            self.receiver = HylaFaxServer(self.folder, RECEIVER, links[RECEIVER], answers=True)
            self.servers.append(self.receiver)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        for server in self.servers:
            server.stop()
        self._exchange.terminate()
        self._exchange.wait(5)
        self._exchange.stdout.close()
        shutil.rmtree(self.folder)

    def tell(self, what: str, **command: Any) -> Any:
        """One command to the exchange; its answer."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(self._socket)
            control.sendall(json.dumps({"do": what, **command}).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                answer += control.recv(65_536)
        return json.loads(answer)

    def number(self, number: str, **spec: Any) -> None:
        """Who answers at a number from now on."""
        self.tell("number", number=number, spec={"folder": str(self.received), **spec})

    def calls(self) -> list[dict[str, Any]]:
        """What the far machines report of the calls they had, in order."""
        return [entry for entry in self.tell("history") if entry.get("result")]

    def until_up(self, number: str, seconds: float) -> None:
        """Wait until a call to the number has been up for so many seconds of telephone time."""
        deadline = time.monotonic() + 20
        while not any(call[0] == number and call[1] == "up" and call[2] > seconds for call in self.tell("calls")):
            if time.monotonic() > deadline:
                raise TimeoutError("no such call")
            time.sleep(0.003)


def _exchange(control: str, links: dict[str, str]) -> subprocess.Popen[str]:
    modems = [f"--modem={number}={link}" for number, link in links.items()]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.telephone", "--control", control, "--speed", str(SPEED), *modems],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    return process


def _folder() -> Path:
    """Not pytest's own: that one is closed to `uucp`, and HylaFAX reads an underscore in a device's name as a slash.

    Not in memory either: hfaxd makes a device in its spool, which such a folder may forbid.
    """
    while True:
        folder = Path(tempfile.mkdtemp(prefix="faxes", dir="/tmp"))
        if "_" not in str(folder):
            folder.chmod(0o755)
            return folder
        folder.rmdir()
