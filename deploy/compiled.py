"""What a message runs through, as machine code: the policy engine and the path of the exchange, in a wheel.

    python -m deploy.compiled        build/wheel/part2hub-*.whl, and the same unpacked in build/compiled

The wheel is what a county installs (Containerfile, OPERATOR.md); the same source runs without it, up to a tenth slower.
Source lies beside each compiled module, with a digest of all of it: a hub whose two parts differ does not start
(hub/compiled.py). What lies in build/compiled is for tests and benchmarks, which put it before all else (`PYTHONPATH`,
with `PYTHONSAFEPATH`).

The compiler takes a module whole. These stay as they are, and the compiled ones call them: what declares things that
are read at run time (msgspec's records, SQLModel's columns, abstract classes); what waits while it handles an error
(the worker's end, a deadline), for the compiler leaves that error with the thread, where other coroutines run
meanwhile (tests/architecture); and what takes a partner's answer apart. What reads requests is compiled: no slice in it
ends before it begins, for compiled `data[5:3]` is no empty value but an error.
"""

import os
import shutil
import sys
from pathlib import Path
from zipfile import ZipFile

from mypyc.build import mypycify
from setuptools import setup

import policies.kernel
from hub.compiled import KEPT, PACKAGES, digest

ROOT = Path(__file__).parents[1]
COMPILED = ROOT / "build/compiled"
_WORK = ROOT / "build/compiling"
_WHEEL = ROOT / "build/wheel"
_FOR_THE_WHEEL = ("pyproject.toml", "README.md", "LICENSE")
PATH = (
    "hub/accompany", "hub/contents", "hub/decide", "hub/decided", "hub/deliver", "hub/exchange", "hub/intake",
    "hub/intents", "hub/packets", "hub/randomness", "hub/record", "hub/seal",
    "hub/bases/checks", "hub/bases/reviews",
    "hub/crypto/identifiers", "hub/crypto/tree",
    "hub/storage/facts", "hub/storage/fence", "hub/storage/groups", "hub/storage/sqlite",
    "hub/waiting/lacking",
    "hub/web/access", "hub/web/express", "hub/web/multipart",
    "hub/workers/anteroom", "hub/workers/breakers", "hub/workers/bulkheads", "hub/workers/freight",
    "hub/workers/handover", "hub/workers/places", "hub/workers/recent",
    "adapters/accompaniment", "adapters/api/channel", "adapters/api/deadline",
    "adapters/api/envelope", "adapters/api/http", "adapters/api/outcome", "adapters/api/signature",
    "adapters/api/target",
)  # fmt: skip
"""Modules of the exchange path that the compiler can take."""
_READ_AT_RUN_TIME = "policies.model"
"""What a sender states is stored by its fields' types."""


def engine() -> list[str]:
    """The files of the modules that a decision runs through, as paths from the project's root."""
    loaded = [module for name, module in sys.modules.items() if name.partition(".")[0] == policies.__name__]
    files = [module.__file__ for module in loaded if module.__file__ and module.__name__ != _READ_AT_RUN_TIME]
    return sorted(str(Path(file).relative_to(ROOT)) for file in files)


def main() -> None:
    """Compile anew. Raises SystemExit if the compiler finds fault."""
    files = [*engine(), *(f"{module}.py" for module in PATH)]
    for made in (COMPILED, _WORK, _WHEEL):
        shutil.rmtree(made, ignore_errors=True)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, _WORK / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FOR_THE_WHEEL:
        shutil.copy(ROOT / name, _WORK)
    (_WORK / KEPT).write_text(digest(_WORK), encoding="ascii")
    os.chdir(_WORK)
    setup(ext_modules=mypycify(files), script_args=["-q", "bdist_wheel", "--dist-dir", str(_WHEEL)])
    (wheel,) = _WHEEL.iterdir()
    with ZipFile(wheel) as packed:
        packed.extractall(COMPILED)


if __name__ == "__main__":
    main()
