"""YAML as counsel writes it: dates and paragraph numbers stay text, and a key that occurs twice is refused.

No deep nesting is read: the reader would run out of stack. What comes from a peer is read without aliases, too: a few
lines of them unfold into gigabytes.
"""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from hub.casebook.fields import fault

LARGEST = 4 * 1024 * 1024  # bytes; a library of thousands of cases stays far below
DEEPEST = 32
TYPED = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:float"}


class Loader(yaml.CSafeLoader):
    """Reads dates, instants and paragraph numbers as text."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # read by the base class, never changed
        first: [(tag, pattern) for tag, pattern in pairs if tag not in TYPED]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, "expected a mapping", node.start_mark)
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if not all(isinstance(key, Hashable) for key in keys):
            raise yaml.constructor.ConstructorError(None, None, "a key is no word", node.start_mark)
        if len(set(map(str, keys))) != len(keys):
            raise yaml.constructor.ConstructorError(None, None, "a key occurs twice", node.start_mark)
        return super().construct_mapping(node, deep)


def load_file(path: Path) -> Any:
    """The content of a file. Raises Malformed with the file's name and the line."""
    try:
        with path.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        fault(path.name, f"cannot be read ({error.strerror})")
    if len(content) > LARGEST:
        fault(path.name, "is larger than 4 MiB")
    return load_text(path.name, content)


def load_text(name: str, content: bytes | str, *, bounded: bool = False) -> Any:
    """The content of a text called so; JSON is YAML too. Raises Malformed."""
    try:
        _check_bounds(name, content, aliases=not bounded)
        return yaml.load(content, Loader)  # noqa: S506  # Loader is a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        fault(name, f"line {line}: not valid YAML ({error.problem})")
    except (yaml.YAMLError, UnicodeDecodeError):
        fault(name, "not valid YAML")
    except (ValueError, TypeError, LookupError, AttributeError):
        fault(name, "not valid YAML (a value is not what its tag says, or too large)")  # `!!int x`: the reader raises


def _check_bounds(name: str, content: bytes | str, *, aliases: bool) -> None:
    depth = 0
    for event in yaml.parse(content, Loader):
        if isinstance(event, yaml.AliasEvent) and not aliases:
            fault(name, "is written with aliases; write each value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            fault(name, f"is nested deeper than {DEEPEST} levels")
