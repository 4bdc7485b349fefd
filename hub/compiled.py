"""Whether this hub runs as machine code, and of which source; deploy/compiled.py makes the wheel that does.

A compiled module goes on doing what it was compiled from, whatever source lies beside it. So the source's digest is
kept with it, and nothing runs where the two differ.
"""

import hashlib
import os
import sys
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from hub.errors import ConfigurationError

PACKAGES = ("adapters", "hub", "policies")
KEPT = "hub/compiled.txt"
"""The digest of what was compiled, from the root of the packages."""
_PROBED = ("hub.exchange", "policies.kernel")
_ROOT = Path(__file__).resolve().parents[1]


@cache
def form() -> Literal["compiled", "source"]:
    """How packets are decided and moved in this process.

    Raises `ConfigurationError` where compiled modules and source are not of one version.
    """
    if not any(map(_compiled, _PROBED)):
        return "source"
    kept = _ROOT / KEPT
    if not kept.exists() or {digest(root) for root in _roots()} != {kept.read_text(encoding="ascii")}:
        raise ConfigurationError(
            "The compiled modules are of other source than what is installed beside them; "
            "compile and install this version (deploy/OPERATOR.md, Upgrade)."
        )
    return "compiled"


def digest(root: Path) -> str:
    """SHA-256 in hexadecimal of all source below `root`, names and texts."""
    found = hashlib.sha256()
    for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        text = path.read_bytes()
        found.update(b"%s %d\n" % (bytes(path.relative_to(root)), len(text)))
        found.update(text)
    return found.hexdigest()


def _compiled(module: str) -> bool:
    spec = find_spec(module)
    return spec is not None and (spec.origin or "").endswith(tuple(EXTENSION_SUFFIXES))


def _roots() -> set[Path]:
    """Wherever this process finds the hub: a second place is a version that a compiled copy before it hides."""
    # `access`, since `is_file` raises where this account may not look: in somebody else's working directory.
    seen = (each for each in sys.path if os.access(Path(each, "hub/__init__.py"), os.R_OK))
    return {_ROOT, *(Path(each).resolve() for each in seen)}
