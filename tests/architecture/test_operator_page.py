"""The operator's page and the manifests name the settings that exist, and all of them."""

import re
from pathlib import Path

from hub.variables import KNOWN, TOKEN
from tests.architecture.tree import ROOT, project_files

VARIABLE = re.compile(r"\bHUB_[A-Z_]+[A-Z]\b")


def variables(path: Path) -> set[str]:
    return set(VARIABLE.findall((ROOT / path).read_text()))


READ_BY_THE_HUB = frozenset().union(
    *(variables(path) for path in project_files() if path.parent == Path("hub/settings"))
)
READ = READ_BY_THE_HUB | {TOKEN}


def test_every_setting_is_in_the_operators_table() -> None:
    rows = [line for line in (ROOT / "deploy/OPERATOR.md").read_text().splitlines() if line.startswith("| `HUB_")]
    described = {name for row in rows for name in VARIABLE.findall(row.split("|")[1])}
    assert READ
    assert described == READ


def test_every_variable_that_is_read_is_known_and_no_other() -> None:
    assert KNOWN == READ


def test_the_manifests_set_no_variable_that_nobody_reads() -> None:
    manifests = [
        path for path in project_files() if path.parts[0] == "deploy" and path.suffix in {".yaml", ".conf", ""}
    ]
    named = {path.name: variables(path) for path in manifests}
    assert all(named[name] for name in ("Containerfile", "compose.yaml", "kustomization.yaml"))
    assert {name: found - READ for name, found in named.items() if found - READ} == {}
