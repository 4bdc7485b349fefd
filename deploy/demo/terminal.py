"""How the day is told on a terminal: a heading for each story, a line for each thing that happens, at 100 columns.

Rules kept: colour only on a terminal and never alone (NO_COLOR is obeyed); each line is out at once.
"""

import os
import sys
import textwrap

from deploy.demo.report import Step

WIDTH = 100
_COLUMN = 32
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32"}


def heading(text: str) -> None:
    print(f"\n{_styled(text, 'bold')}", flush=True)


def say(text: str, *, indent: int = 4) -> None:
    """Something that happens, wrapped; nothing if there is nothing to say."""
    if not text:
        return
    lead = " " * indent
    lines = textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=lead + "  ", break_on_hyphens=False)
    print("\n".join(lines), flush=True)


def pair(what: str, where: str) -> None:
    """What, and where; the place stays in one piece, to be copied."""
    gap = " " if len(what) <= _COLUMN else "\n" + " " * (_COLUMN + 5)
    print(f"    {what:<{_COLUMN}}{gap}{where}", flush=True)


def verdict(step: Step) -> None:
    """Whether a step did what the story says; if not, in what it differs."""
    if step.ok:
        say(_styled("✓ ", "green") + step.got)
        return
    say(_styled("✗ ", "red") + "not what the story says:")
    for fact in step.facts:
        if not fact.ok:
            say(f"{fact.name}: expected {fact.wanted}; got {fact.found}", indent=6)


def complain(text: str) -> None:
    print(_styled(text, "red", sys.stderr), file=sys.stderr, flush=True)


def summary(good: int, of: int) -> None:
    words = f"{good} of {of} steps did what the story says."
    print("\n" + _styled(words, "green" if good == of else "red"), flush=True)


def _styled(text: str, style: str, stream=sys.stdout) -> str:
    if "NO_COLOR" in os.environ or not stream.isatty():
        return text
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"
