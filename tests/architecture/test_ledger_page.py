"""hub/crypto/LEDGER.md describes each kind of entry that the code writes, and none that it does not."""

import ast
import re
from pathlib import Path

from tests.architecture.tree import ROOT, project_files

PAGE = (ROOT / "hub/crypto/LEDGER.md").read_text(encoding="utf-8")
ROWS = [line.split("|")[1] for line in PAGE.partition("## Kinds of entries")[2].splitlines() if line.startswith("| `")]
DESCRIBED = {kind for row in ROWS for kind in re.findall(r"`([a-z]+\.[a-z_]+)`", row)}
KIND = re.compile(r"[a-z]+\.[a-z_]+")
WRITERS = {"entry", "bound", "_change"}


def written() -> tuple[set[str], set[str]]:
    """Kinds that stand in the code as they are, and the beginnings of those that are put together."""
    whole, begun = set(), set()
    for path in project_files():
        if path.parts[0] != "hub" or path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or _name(node) not in WRITERS:
                continue
            for given in node.args:
                if isinstance(given, ast.Constant) and KIND.fullmatch(str(given.value)):
                    whole.add(str(given.value))
                elif isinstance(given, ast.JoinedStr) and isinstance(given.values[0], ast.Constant):
                    begun.add(str(given.values[0].value))
    return whole, begun


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def test_every_kind_of_entry_is_described() -> None:
    whole, begun = written()
    assert len(whole) > 20
    assert whole - DESCRIBED == set(), "give it a row in hub/crypto/LEDGER.md"
    assert {start for start in begun if not any(kind.startswith(start) for kind in DESCRIBED)} == set()


def test_no_kind_is_described_that_nobody_writes() -> None:
    text = "".join((ROOT / path).read_text(encoding="utf-8") for path in _sources())
    words = set(re.findall(r'"([a-z_]+)"', text))
    _, begun = written()
    unwritten = {
        kind
        for kind in DESCRIBED
        if f'"{kind}"' not in text and not (f"{kind.partition('.')[0]}." in begun and kind.partition(".")[2] in words)
    }
    assert unwritten == set()


def _sources() -> list[Path]:
    return [path for path in project_files() if path.parts[0] == "hub" and path.suffix == ".py"]
