"""The policy engine as machine code: every module that `policies.kernel` is made of, compiled into build/compiled.

    python -m deploy.compiled

Nothing needs it: the same source runs as it is. The copy is used by whoever puts build/compiled before all else
(`PYTHONPATH`): one who decides in bulk, for a message spends far more time on its seal than on its decision.
"""

import os
import shutil
import sys
from pathlib import Path

from mypyc.build import mypycify
from setuptools import setup

import policies.kernel

ROOT = Path(__file__).parents[1]
COMPILED = ROOT / "build/compiled"


def engine() -> list[str]:
    """The files of the modules that a decision runs through, as paths from the project's root."""
    loaded = [module for name, module in sys.modules.items() if name.partition(".")[0] == policies.__name__]
    return sorted(str(Path(module.__file__).relative_to(ROOT)) for module in loaded if module.__file__)


def main() -> None:
    """Compile anew. Raises SystemExit if the compiler finds fault."""
    files = engine()
    shutil.rmtree(COMPILED, ignore_errors=True)
    shutil.copytree(ROOT / "policies", COMPILED / "policies", ignore=shutil.ignore_patterns("__pycache__"))
    os.chdir(COMPILED)  # without the project's settings, which are for its wheel
    setup(name="policies", packages=[], ext_modules=mypycify(files), script_args=["-q", "build_ext", "--inplace"])


if __name__ == "__main__":
    main()
