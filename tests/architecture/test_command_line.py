"""The command line teaches: whatever can be typed says what it is."""

import argparse
from collections.abc import Iterator

import pytest

from hub.__main__ import COMMANDS, _parser


def unexplained(parser: argparse.ArgumentParser, words: str) -> Iterator[str]:
    """Every command, argument and option below the parser that has no line of help."""
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            if not action.help:
                yield f"{words} {'/'.join(action.option_strings) or action.dest}"
            continue
        explained = {each.dest for each in action._choices_actions if each.help}
        yield from (f"{words} {name}" for name in action.choices if name not in explained)
        for name, below in action.choices.items():
            yield from unexplained(below, f"{words} {name}")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_says_what_it_is(command: str) -> None:
    assert list(unexplained(_parser(command), "part2hub")) == []
