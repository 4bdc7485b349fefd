"""The two forms that a hub runs in, source and compiled; what is measured of both is measured in processes of each.

The compiled one is as it is deployed, with the libraries' byte code that deploy/bytecode.py makes.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from hub.compiled import KEPT, digest

ROOT = Path(__file__).parents[2]
COMPILED = ROOT / "build/compiled"
_BYTECODE = ROOT / "build/bytecode"
_SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))
_TICK_S = 5


class Form(NamedTuple):
    name: str
    root: str
    """Where its hub lies; tests lie in the tree."""
    bytecode: str = ""
    """Where the libraries' lies; beside them if empty."""

    @property
    def deployed(self) -> dict[str, str]:
        """Settings of the interpreter for a hub of this form."""
        return {"PYTHONPATH": self.root, "PYTHONSAFEPATH": "1", "PYTHONPYCACHEPREFIX": self.bytecode}

    @property
    def environ(self) -> dict[str, str]:
        """Of a process that measures it."""
        return {**os.environ, **self.deployed, "PYTHONPATH": f"{self.root}{os.pathsep}{ROOT}"}


SOURCE = Form("source", str(ROOT))


@cache
def forms() -> tuple[Form, ...]:
    """Both, compiled anew where the last time was of other source; source alone where nothing can compile.

    Raises SystemExit if the compiler finds fault.
    """
    if not _up_to_date():
        if (missing := _missing()) is not None:
            print(f"· source alone: here is no {missing} to compile with", flush=True)
            return (SOURCE,)
        _compile()
    return SOURCE, Form("compiled", str(COMPILED), str(_BYTECODE))


def _up_to_date() -> bool:
    made, kept = COMPILED / f"hub/exchange{_SUFFIX}", COMPILED / KEPT
    makers = [path.stat().st_mtime for path in (ROOT / "deploy").glob("*.py")]
    if not made.exists() or not _BYTECODE.exists() or made.stat().st_mtime < max(makers):
        return False
    return kept.read_text(encoding="ascii") == digest(ROOT)


def _missing() -> str | None:
    if find_spec("mypyc") is None:
        return "mypyc"
    if shutil.which("gcc") is None:
        return "gcc"
    return None if Path(sysconfig.get_path("include"), "Python.h").exists() else "Python.h"


def _compile() -> None:
    """With a dot every few seconds."""
    print("· compiling (about two minutes) ", end="", flush=True, file=sys.stderr)
    libraries = {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
    _run(dict(os.environ), "deploy.compiled")
    _run({**os.environ, "PYTHONPYCACHEPREFIX": str(_BYTECODE)}, "deploy.bytecode", *libraries)
    print(file=sys.stderr)


def _run(environ: dict[str, str], *module: str) -> None:
    command = [sys.executable, "-m", *module]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True
    ) as running:
        while True:
            try:
                said, _ = running.communicate(timeout=_TICK_S)
                break
            except subprocess.TimeoutExpired:
                print(".", end="", flush=True, file=sys.stderr)
    if running.returncode:
        raise SystemExit(said)
