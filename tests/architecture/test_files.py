"""What any file of the project may be and say."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, project_files

LONGEST = 300
TOP = {"hub", "adapters", "policies", "tests", "deploy", ".ci"}
NO_ROOMS = re.compile(r"(^|_)(utils?|helpers?|misc|common|manager)\.py$")
# A personal folder or a build machine's mirror. Written so that this line does not match itself.
MACHINE = re.compile(r"(?<![\w.$}])/(?:root|work|home|opt/(?!part2hub)[a-z])[/\w]*|file:///[a-z]")
INDEX = re.compile("|".join(["py" + r"pi\.(?:org|python)", "python" + "hosted", "index" + "-url [h/f]"]))
SILENCED = re.compile(r"#\s*noqa(?::\s*(?P<codes>[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)(?P<why>.*))?$")
IGNORED = re.compile(r'^\s*"[A-Z]+\d*",?.*$', re.MULTILINE)
TEXTS = [path for path in project_files() if b"\0" not in (ROOT / path).read_bytes()]
CODE = [path for path in TEXTS if path.suffix == ".py"]


def offenders(pattern: re.Pattern[str], paths: list[Path]) -> dict[str, str]:
    found = {str(path): pattern.search((ROOT / path).read_text()) for path in paths}
    return {path: match.group() for path, match in found.items() if match}


def test_a_file_outside_the_tests_fits_in_the_readers_head() -> None:
    # A migration is a record that Alembic writes once, not a place where somebody works.
    read = [path for path in CODE if path.parts[0] != "tests" and path.parent.name != "versions"]
    lengths = {path: len((ROOT / path).read_bytes().splitlines()) for path in read}
    assert lengths
    assert {str(path): length for path, length in lengths.items() if length > LONGEST} == {}


def test_a_file_is_named_by_its_job() -> None:
    assert [path for path in CODE if NO_ROOMS.search(path.name)] == []


def test_the_top_level_holds_the_folders_of_the_map() -> None:
    assert {path.parts[0] for path in project_files() if len(path.parts) > 1} <= TOP


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    assert offenders(MACHINE, TEXTS) == {}


def test_no_file_names_the_host_of_a_package_index() -> None:
    assert offenders(INDEX, TEXTS) == {}


@pytest.mark.parametrize(
    ("text", "caught"),
    [
        ("see /ro" + "ot/x", True),
        ("/ho" + "me/a/b", True),
        ("/var/lib/part2hub", False),
        ("/opt/part2hub/bin", False),
    ],
)
def test_the_search_for_machine_folders_finds_them(text: str, caught: bool) -> None:
    assert bool(MACHINE.search(text)) is caught


def unexplained(path: Path) -> set[str]:
    """The codes a file silences without a reason: beside one of them, or in a comment on the line before."""
    silenced, reasoned, before = set(), set(), ""
    for line in (ROOT / path).read_text().splitlines():
        if found := SILENCED.search(line):
            codes = set(re.split(r"\s*,\s*", found["codes"] or "all"))
            silenced |= codes
            if (found["why"] or "").strip() or before.lstrip().startswith("#"):
                reasoned |= codes
        before = line
    return silenced - reasoned


def test_a_silenced_linter_line_says_why() -> None:
    assert {str(path): codes for path in CODE if (codes := unexplained(path))} == {}


def test_a_linter_rule_that_is_off_for_all_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    section = text[text.index("[tool.ruff.lint]\n") : text.index("[tool.ruff.lint.per-file-ignores]")]
    silent = [line for line in IGNORED.findall(section) if "#" not in line]
    assert silent == []


def test_every_dependency_of_the_hub_says_what_it_is_for() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    needed = tomllib.loads(text)["project"]["dependencies"]
    lines = [line for line in text.splitlines() if line.strip().strip('",').split('"')[0] in needed]
    assert len(lines) == len(needed)
    assert [line for line in lines if "#" not in line] == []
