"""Compiled modules run only beside the source they were made of; whoever upgrades half of them reads it in one line."""

import os
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from hub.compiled import KEPT, digest
from tests.architecture.tree import ROOT

NEEDED = (
    "hub/__init__.py",
    "hub/__main__.py",
    "hub/compiled.py",
    "hub/errors.py",
    "hub/exchange.py",
    "hub/variables.py",
)
NEEDED += ("policies/__init__.py", "policies/kernel.py")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """As much of a compiled hub as says its version: the module of machine code is found, and never loaded."""
    root = tmp_path / "installed"
    for name in NEEDED:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "part2hub-1.2.3.dist-info").mkdir()
    (root / "part2hub-1.2.3.dist-info/METADATA").write_text("Name: part2hub\nVersion: 1.2.3\n")
    (root / f"hub/exchange{EXTENSION_SUFFIXES[0]}").touch()
    (root / KEPT).write_text(digest(root))
    return root


def ran(*roots: Path, command: str = "--version") -> tuple[int, str]:
    """Exit code, and all that was said, by a hub beside which nothing else is installed."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, roots)), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-S", "-m", "hub", command], env=environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def refused(said: str) -> bool:
    return "compiled modules are of other source" in said and said.count("\n") == 1


def test_a_hub_says_that_it_is_compiled(installed: Path) -> None:
    code, said = ran(installed)
    assert (code, said) == (0, "part2hub 1.2.3 (compiled)\n")


@pytest.mark.parametrize("changed", ["hub/exchange.py", "hub/errors.py", "policies/kernel.py"])
def test_a_compiled_hub_beside_other_source_refuses_every_command_in_one_line(installed: Path, changed: str) -> None:
    with (installed / changed).open("a") as source:
        source.write("# mended\n")
    code, said = ran(installed, command="serve")
    assert (code, refused(said), said.startswith("part2hub serve: ")) == (3, True, True)


def test_a_module_that_was_taken_away_or_added_is_other_source(installed: Path) -> None:
    (installed / "policies/kernel.py").rename(installed / "policies/core.py")
    code, said = ran(installed)
    assert (code, refused(said)) == (3, True)


def test_compiled_modules_of_which_nobody_knows_the_source_are_refused(installed: Path) -> None:
    (installed / KEPT).unlink()
    code, said = ran(installed)
    assert (code, refused(said)) == (3, True)


def test_a_compiled_copy_that_hides_a_newer_version_is_refused(installed: Path, tmp_path: Path) -> None:
    newer = shutil.copytree(installed, tmp_path / "newer")
    assert ran(installed, newer)[0] == 0
    (newer / "hub/errors.py").write_text("")
    code, said = ran(installed, newer)
    assert (code, refused(said)) == (3, True)


def test_a_place_that_cannot_be_looked_at_holds_no_other_version(installed: Path) -> None:
    """As the working directory of another account; a name that is too long is refused to every account."""
    code, said = ran(installed, Path("/", "a" * 300))
    assert (code, said) == (0, "part2hub 1.2.3 (compiled)\n")


def test_source_alone_is_of_any_version(installed: Path) -> None:
    (installed / f"hub/exchange{EXTENSION_SUFFIXES[0]}").unlink()
    (installed / "policies/kernel.py").write_text("")
    code, said = ran(installed)
    assert (code, said) == (0, "part2hub 1.2.3 (source)\n")
