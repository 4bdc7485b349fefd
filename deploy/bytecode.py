"""Byte code of the libraries without the texts of their docstrings: 4 MiB of each process, in which nobody reads them.

    python -m deploy.bytecode FOLDER...     of every module below these, kept where this interpreter looks for it

Asserts stay, which `python -OO` would take as well. A dash stands for each docstring, since there must be one:
SQLAlchemy asserts it of events. Where a module changes afterwards, Python makes its byte code anew, and whole. The hub
is installed after this and keeps its own docstrings, which its rule book quotes (OPERATOR.md, Containerfile).
"""

import ast
import marshal
import struct
import sys
import warnings
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

_BY_TIME_AND_SIZE = 0
"""How Python shall see whether the source has changed (PEP 552)."""
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
(_DASH,) = ast.parse("'-'").body


def main(folders: list[str]) -> None:
    """Raises OSError where it may not write."""
    warnings.simplefilter("ignore")  # of other people's source
    for folder in folders:
        for source in Path(folder).absolute().rglob("*.py"):
            keep(source)


def keep(source: Path) -> None:
    """Make byte code of one module; of what is none, as some libraries' test data, nothing."""
    found, text = source.stat(), source.read_bytes()
    try:
        code = compile(_shortened(ast.parse(text)), source, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return
    kept = Path(cache_from_source(source))
    kept.parent.mkdir(parents=True, exist_ok=True)
    head = struct.pack("<III", _BY_TIME_AND_SIZE, int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF)
    kept.write_bytes(MAGIC_NUMBER + head + marshal.dumps(code))


def _shortened(module: ast.Module) -> ast.Module:
    for each in ast.walk(module):
        if isinstance(each, _DOCUMENTED) and ast.get_docstring(each, clean=False):
            each.body[0] = _DASH
    return module


if __name__ == "__main__":
    main(sys.argv[1:])
