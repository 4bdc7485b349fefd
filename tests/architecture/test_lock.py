"""The lock files: exact versions, each with the hashes of its published files, from nowhere in particular."""

import re
import tomllib

import pytest

from tests.architecture.tree import ROOT

PINNED = re.compile(r"[a-z0-9][a-z0-9._-]*==[^\s;]+( ; .+)?( \\\n    --hash=sha256:[0-9a-f]{64})+")
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-compile.lock"]


def entries(lock: str) -> list[str]:
    """The lock without its comments, one text an entry."""
    lines = [line for line in (ROOT / lock).read_text().splitlines() if line and not line.lstrip().startswith("#")]
    return re.split(r"(?<!\\)\n", "\n".join(lines))


def versions(lock: str) -> dict[str, str]:
    return dict(entry.split()[0].split("==") for entry in entries(lock))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_one_version_with_hashes(lock: str) -> None:
    assert len(entries(lock)) > 20
    assert [entry.split()[0] for entry in entries(lock) if not PINNED.fullmatch(entry)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_address_is_in_a_lock_file(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert re.findall(r"https?:|file://|git\+|--(?:index|extra-index|find-links|trusted-host)[^\n]*| @ ", text) == []


def test_what_is_compiled_and_developed_with_is_what_runs() -> None:
    runs, developed, compiled = map(versions, LOCKS)
    assert runs.items() <= compiled.items() <= developed.items()


def test_the_lock_is_made_from_the_present_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]

    def names(lines: list[str]) -> set[str]:
        return {re.split(r"[\[<>=~! ;]", line)[0].lower() for line in lines}

    assert names(project["dependencies"]) <= set(versions("requirements.lock"))
    assert names([line for lines in extras.values() for line in lines]) <= set(versions("requirements-dev.lock"))
    assert names(extras["compile"]) <= set(versions("requirements-compile.lock"))
