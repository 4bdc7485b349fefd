"""Processes of the hub that start at once: forked from one that has loaded what each of them would load first.

From nothing, a command takes more than half a second of a processor, nearly all of it to load modules, and the tests
run hundreds. A fork is a process as any other, with an environment, a folder and outputs of its own, an exit code,
ended by signals. What only a start from nothing shows is seen where tests start some so: tests/e2e/test_cli.py,
tests/e2e/test_demo.py, tests/architecture/test_start.py.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from multiprocessing.connection import wait
from pathlib import Path
from typing import IO, NoReturn

ROOT = Path(__file__).parents[1]
LOADED = ("hub.cli.local", "hub.cli.serve", "hub.web", "adapters.email.fetch", "uvloop", "yaml", "tests.scenes")
"""What most of them need; the rest each loads itself."""
MOST = 1 << 17
"""Bytes of an order; its environment is the largest part."""


class Fork:
    """A process that was started; in the words of `subprocess.Popen`."""

    def __init__(self, told: int) -> None:
        self._told = os.fdopen(told, "rb", buffering=0)
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, negative for a signal's number. Raises `subprocess.TimeoutExpired` after so many seconds."""
        if self.returncode is None:
            if not wait([self._told], timeout):
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = int(self._told.readline())
            self._told.close()
        return self.returncode

    def poll(self) -> int | None:
        """The exit code of one that has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    module: str, *words: object, env: Mapping[str, str], cwd: Path = ROOT, out: IO[bytes], err: IO[bytes]
) -> Fork:
    """`python -m MODULE WORDS`, running."""
    order = {"module": module, "words": [*map(str, words)], "environment": dict(env), "folder": str(cwd)}
    heard, told = os.pipe()
    try:
        socket.send_fds(_orders(), [json.dumps(order).encode()], [out.fileno(), err.fileno(), told])
    finally:
        os.close(told)
    return Fork(heard)


def run(
    module: str, *words: object, env: Mapping[str, str], cwd: Path = ROOT, timeout: float = 60
) -> "subprocess.CompletedProcess[str]":
    """`python -m MODULE WORDS` to its end, with what it said. Raises `subprocess.TimeoutExpired`."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = start(module, *words, env=env, cwd=cwd, out=out, err=err)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        said = [_read(each) for each in (out, err)]
    return subprocess.CompletedProcess([module, *map(str, words)], code, *said)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@cache
def _orders() -> socket.socket:
    """Where this test process orders its forks; the process that makes them ends with it."""
    import hub

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    roots = [str(Path(hub.__file__).parents[1]), str(ROOT)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.forks", str(theirs.fileno())],
        env=environment | {"PYTHONPATH": os.pathsep.join(roots)},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
    )
    theirs.close()

    @atexit.register
    def end() -> None:
        ours.close()
        process.wait()

    return ours


def _serve(orders: socket.socket) -> None:
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # or the first collection of each fork would copy all of it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        order, descriptors, _, _ = socket.recv_fds(orders, MOST, 3)
        if not order:
            return
        if os.fork() == 0:
            orders.close()
            _keep(json.loads(order), *descriptors)
            return
        for each in descriptors:
            os.close(each)


def _keep(order: dict[str, object], out: int, err: int, told: int) -> None:
    """Fork once more; wait beside the process, to tell how it ended, or be it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    process = os.fork()
    if process == 0:
        os.close(told)
        _be(order, out, err)
        return
    os.close(out)
    os.close(err)
    os.write(told, b"%d\n" % process)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(told, b"%d\n" % code)
    _leave()


def _be(order: dict[str, object], out: int, err: int) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(str(order["folder"]))
    os.environ.clear()
    os.environ.update(order["environment"])  # type: ignore[call-overload]
    for place, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), out, err)):
        os.dup2(descriptor, place)
        os.close(descriptor)
    sys.stdin, sys.stdout = os.fdopen(0, "r"), os.fdopen(1, "w")
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace")  # what is killed has said why until then
    sys.argv = [str(order["module"]), *order["words"]]  # type: ignore[misc]
    runpy.run_module(str(order["module"]), run_name="__main__", alter_sys=True)


def _leave() -> NoReturn:
    os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
