"""Who may know whom: the law knows nobody, the channels know the port, bootstrap alone knows the channels."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, calls, imports, modules

PORT = ("hub.ports", "hub.model", "hub.arrivals", "hub.errors")
EFFECTS = {"now", "utcnow", "today", "open", "print", "input", "eval", "exec", "__import__", "getenv"}
IMPURE = {
    *(
        "asyncio",
        "concurrent",
        "ctypes",
        "http",
        "importlib",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
    ),
    *("random", "secrets", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile"),
    *("threading", "time", "urllib", "uuid"),
}


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def ids(path: Path) -> str:
    return str(path)


def test_the_contracts_of_the_import_linter_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_every_package_has_modules_to_check() -> None:
    assert all(len(modules(package)) > 3 for package in ("policies", "hub", "adapters"))


@pytest.mark.parametrize("path", modules("policies"), ids=ids)
def test_the_law_needs_nothing_but_the_standard_library(path: Path) -> None:
    tops = {name.split(".")[0] for name in imports(path)}
    assert tops <= (sys.stdlib_module_names - IMPURE) | {"policies"}


@pytest.mark.parametrize("path", modules("policies"), ids=ids)
def test_the_law_reads_no_clock_and_touches_no_file(path: Path) -> None:
    assert not EFFECTS & set(calls(path))


@pytest.mark.parametrize("path", modules("hub"), ids=ids)
def test_only_bootstrap_knows_a_channel_by_name(path: Path) -> None:
    known = {name for name in imports(path) if within(name, ("adapters", "tests", "deploy"))}
    assert not known or path.is_relative_to("hub/bootstrap")


@pytest.mark.parametrize("path", modules("adapters"), ids=ids)
def test_a_channel_knows_the_port_the_model_and_the_errors_only(path: Path) -> None:
    known = {name for name in imports(path) if within(name, ("hub", "policies", "tests", "deploy"))}
    assert {name for name in known if not within(name, PORT)} == set()
