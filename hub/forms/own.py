"""The hub's own forms as data: the same blocks in each language, in the order in which they are read and printed.

Rules kept here:
- Each kind of consent states every element of §2.31(a); the tests count them.
- A counseling notes consent stands alone (§2.31(b)); the form for all care and the specific one never reach notes.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import msgspec

from hub.casebook.yamltext import load_file
from hub.model import Frozen

Kind = Literal["tpo", "specific", "counseling_notes", "revocation"]
Language = Literal["en", "es"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LANGUAGES: tuple[Language, ...] = get_args(Language)
EDITION = "2026-02"
"""Printed on every page; a change of the text is a new edition."""


class Block(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"kinds": "for"}):
    """One of: text to read, a line to write on, a box to check, boxes side by side, a signature with its date."""

    kinds: tuple[Kind, ...] = KINDS
    law: str | None = None
    text: str | None = None
    line: str | None = None
    box: str | None = None
    boxes: tuple["Block", ...] = ()
    signature: str | None = None
    date: str | None = None
    date_law: str | None = None
    field: str | None = None
    write: str | None = None
    """The field of a line behind a box."""
    short: bool = False
    ticked: bool = False


class Section(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"kinds": "for"}):
    head: str
    blocks: tuple[Block, ...]
    kinds: tuple[Kind, ...] = KINDS
    law: str | None = None


class Words(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All forms in one language."""

    titles: dict[Kind, str]
    subtitle: str
    foot: str
    read_back: str
    screen: dict[str, str]
    """Labels of the on-screen form."""
    sections: tuple[Section, ...]

    def of(self, kind: Kind) -> Iterator[tuple[Section, list[Block]]]:
        """The sections of one kind of form, each with its blocks."""
        for section in self.sections:
            blocks = [block for block in section.blocks if kind in block.kinds]
            if kind in section.kinds and blocks:
                yield section, blocks


@cache
def words(language: Language) -> Words:
    """The forms in this language."""
    return msgspec.convert(load_file(Path(__file__).parent / "texts" / f"{language}.yaml"), Words)


def laws_of(kind: Kind, language: Language) -> set[str]:
    """The elements of §2.31 that the form states or asks for."""
    found: set[str | None] = set()
    for section, blocks in words(language).of(kind):
        found |= {section.law, *(block.law for block in blocks), *(block.date_law for block in blocks)}
    return {law for law in found if law is not None}


def fields_of(kind: Kind, language: Language) -> list[str]:
    """The names of the fields, in the order of the page."""
    placed = [block for _, blocks in words(language).of(kind) for block in blocks]
    flat = [each for block in placed for each in (block, *block.boxes)]
    return [name for each in flat for name in (each.field, each.write) if name is not None]
