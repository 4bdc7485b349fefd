"""Migrations are numbered one after the other, each on the one before: one head, and nobody's change is passed over."""

import re

from tests.architecture.tree import ROOT

VERSIONS = sorted((ROOT / "hub/storage/migrations/versions").glob("[0-9]*.py"))


def stated(name: str, text: str) -> str:
    found = re.search(rf'^{name} = "?(\w+)"?$', text, re.MULTILINE)
    assert found
    return found[1]


def test_each_migration_stands_on_the_one_before() -> None:
    texts = [path.read_text() for path in VERSIONS]
    numbers = [f"{n:04}" for n in range(1, len(VERSIONS) + 1)]
    assert [path.name[:4] for path in VERSIONS] == numbers
    assert [stated("revision", text) for text in texts] == numbers
    assert [stated("down_revision", text) for text in texts] == ["None", *numbers[:-1]]
