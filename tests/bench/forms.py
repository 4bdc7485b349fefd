"""The two forms that a hub runs in, source and compiled; what is measured of both is measured in processes of each."""

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
_SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))
_TICK_S = 5


class Form(NamedTuple):
    name: str
    root: str
    """Where its hub lies; tests lie in the tree."""

    @property
    def environ(self) -> dict[str, str]:
        """Of a process that measures it."""
        return {**os.environ, "PYTHONPATH": f"{self.root}{os.pathsep}{ROOT}", "PYTHONSAFEPATH": "1"}


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
    return SOURCE, Form("compiled", str(COMPILED))


def _up_to_date() -> bool:
    made, kept = COMPILED / f"hub/exchange{_SUFFIX}", COMPILED / KEPT
    if not made.exists() or made.stat().st_mtime < (ROOT / "deploy/compiled.py").stat().st_mtime:
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
    command = [sys.executable, "-m", "deploy.compiled"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True) as running:
        while True:
            try:
                said, _ = running.communicate(timeout=_TICK_S)
                break
            except subprocess.TimeoutExpired:
                print(".", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)
    if running.returncode:
        raise SystemExit(said)
