"""P8: the memory of a serving process, and its start against the bare imports of what it is built on."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.bench.forms import Form, forms
from tests.bench.table import Line

ROUNDS = 5
IMPORTS = "import aiohttp.web, msgspec, nacl.signing, prometheus_client, sqlmodel, structlog, uvloop, yaml"
"""What the hub cannot do without; everything else it loads counts against it."""
MIB = 1024
AS_INSTALLED = (
    "import runpy, sys; sys.modules['rich'] = None; runpy.run_module(sys.argv.pop(1), None, '__main__', True)"
)
"""Runs a module without rich, which structlog loads wherever it is: only the tools of development bring it along."""


def lines() -> Iterator[Line]:
    """Starts on a database that is there; SQLite, the API and the worker in one process, in each form."""
    for form in forms():
        yield from _of(form)


def _of(form: Form) -> Iterator[Line]:
    ratios, sizes, bare, starts = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        environ = {"PATH": os.environ["PATH"], "HUB_DATA": folder, "HUB_LISTEN": f"127.0.0.1:{_free_port()}"}
        environ |= form.deployed
        subprocess.run(
            [sys.executable, "-m", "hub", "keys", "init"], env=environ, check=True, stdout=subprocess.DEVNULL
        )
        _start(environ)  # makes the schema
        for _ in range(ROUNDS):
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, "-c", f"import sys; sys.modules['rich'] = None; {IMPORTS}"], env=environ, check=True
            )
            bare.append(time.perf_counter() - began)
            seconds, size = _start(environ)
            starts.append(seconds)
            ratios.append(seconds / bare[-1])
            sizes.append(size)
    yield Line("P8", f"memory after its start, {form.name}", sizes, 100, at_most=True, unit="MiB")
    detail = f"{min(starts) * 1e3:.0f} ms against {min(bare) * 1e3:.0f}"
    yield Line("P8", f"start to bare imports, {form.name}", ratios, 1.5, at_most=True, detail=detail)


def _start(environ: dict[str, str]) -> tuple[float, float]:
    """Seconds until it answers, and its memory in MiB then."""
    began, quiet = time.perf_counter(), subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-c", AS_INSTALLED, "hub", "serve"], env=environ, stdout=quiet, stderr=quiet
    )
    try:
        while not _answers(environ["HUB_LISTEN"]):
            if process.poll() is not None:
                raise SystemExit("the hub did not start")
            time.sleep(0.005)
        return time.perf_counter() - began, resident(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def resident(pid: int) -> float:
    """A process's resident memory in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) / MIB for line in status.splitlines() if line.startswith("VmRSS"))


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/healthz", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
