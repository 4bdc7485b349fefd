"""What an installed hub opens at run time is in its wheel, and each role of `serve` has its manifests."""

import tomllib
from pathlib import Path

from hub.bootstrap import ROLES
from tests.architecture.tree import ROOT, project_files

MANIFESTS = ("deploy/compose.yaml", "deploy/kubernetes", "deploy/systemd")


def test_every_file_that_the_packages_hold_is_packaged_but_the_pages_for_readers() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["*"]
    held = [path for path in project_files() if path.parts[0] in {"hub", "adapters", "policies"}]
    left_out = {path for path in held if path.suffix != ".py" and not any(path.match(each) for each in patterns)}
    assert {path.suffix for path in left_out} == {".md"}


def test_each_role_can_be_run_from_each_kind_of_manifest() -> None:
    for place in MANIFESTS:
        files = [path for path in project_files() if path.is_relative_to(Path(place))]
        text = "\n".join((ROOT / path).read_text() for path in files).replace(",", "")
        assert {role for role in ROLES if f"--role {role}" in text} == set(ROLES) - {"all"}
