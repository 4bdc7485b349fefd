"""The project's own files, and what its Python modules import and call."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that is in the repository, or would be after `git add`, relative to the root."""
    # In a container the tree may belong to another user than the one who asks.
    command = [
        "git",
        "-c",
        f"safe.directory={ROOT}",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(path for path in map(Path, sorted(set(listed.split("\0")))) if (ROOT / path).is_file())


def modules(*folders: str) -> list[Path]:
    """The Python files below the folders."""
    return [path for path in project_files() if path.suffix == ".py" and path.parts[0] in folders]


def imports(path: Path) -> Iterator[str]:
    """The dotted names a module imports, wherever in the module it does so."""
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.parent.parts[: len(path.parent.parts) - node.level + 1] if node.level else ()
            base = ".".join([*package, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def calls(path: Path) -> Iterator[str]:
    """The last word of what a module calls: `now` for `datetime.now()`, `open` for `open()`."""
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr
            elif isinstance(node.func, ast.Name):
                yield node.func.id


def logged(path: Path) -> Iterator[str]:
    """The fields of a module's log lines; `**` for a line that names them elsewhere."""
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("_log."):
            yield from (keyword.arg or "**" for keyword in node.keywords)


def _parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_bytes())
