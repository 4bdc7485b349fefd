"""Every command on the operator's page is one that the command line understands."""

import re
import shlex
from pathlib import Path

import pytest

from hub.__main__ import COMMANDS, _parser

PAGE = (Path(__file__).parents[2] / "deploy" / "OPERATOR.md").read_text()
WRITTEN = sorted(
    {
        line.strip()
        for line in re.findall(r"(?:^|`|\(|\s)(?:part2hub|hub) ([a-z][^`\n#]*)", PAGE)
        if line.split()[0] in COMMANDS
    }
)


@pytest.mark.parametrize("line", WRITTEN)
def test_a_command_on_the_page_is_understood(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [word for word in shlex.split(line) if word != "--help"]
    parser = _parser(words[0])
    if len(words) > 2:
        assert parser.parse_args(words).run
        return
    with pytest.raises(SystemExit) as end:  # perhaps only named: then its help is there
        parser.parse_args([*words, "--help"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("usage: part2hub " + " ".join(words))


def test_the_page_shows_the_commands_an_operator_needs() -> None:
    shown = {tuple(line.split()[:2]) for line in WRITTEN}
    assert {
        ("keys", "rotate"),
        ("keys", "rewrap"),
        ("work", "propose"),
        ("work", "confirm"),
        ("work", "close"),
        ("ledger", "verify"),
    } <= shown
    assert ("status",) in shown
