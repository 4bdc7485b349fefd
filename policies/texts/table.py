"""The shape of a language's table."""

from collections.abc import Mapping
from typing import NamedTuple


class Text(NamedTuple):
    """What is said about reasons, permissions, remedies; how purposes and classes are called; a few frames."""

    reasons: Mapping[str, str]
    permits: Mapping[str, str]
    remedies: Mapping[str, str]
    purposes: Mapping[str, str]
    classes: Mapping[str, str]
    frames: Mapping[str, str]
