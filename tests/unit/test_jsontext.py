"""A JSON text that two readers may take in two ways is refused."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import jsontext
from hub.errors import Malformed, TooLarge

NAMES = st.sampled_from(["purpose", "purpos\\u0065", "a:b", 'a\\":', "\\u003a", "\\\\", "\\\\u003a", "é", ""])
TEXTS = st.sampled_from(["", "12:30", '\\"x\\":', "\\u003A", "\\\\\\u003a", ":" * 3, "\\n", "\\\\u0000"]).map(
    '"{}"'.format
)
SPACE = st.sampled_from(["", " ", "\n\t"])


@st.composite
def objects(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    spaced = [
        f'{draw(SPACE)}"{name}"{draw(SPACE)}:{draw(SPACE)}{draw(values)}' for name in draw(st.lists(NAMES, max_size=4))
    ]
    return "{" + ",".join(spaced) + "}"


VALUES = st.recursive(
    TEXTS | st.sampled_from(["1", "-2.5e3", "null", "true"]),
    lambda inner: objects(inner) | st.lists(inner, max_size=3).map(lambda found: f"[{','.join(found)}]"),
    max_leaves=8,
)


def has_a_name_twice(text: str) -> bool:
    found = False

    def once(members: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found
        found = found or len(dict(members)) < len(members)
        return dict(members)

    json.loads(text, object_pairs_hook=once)
    return found


def refused(raw: bytes, read: object) -> str | None:
    """The code it is refused with."""
    try:
        jsontext.check(raw, read)
    except Malformed as refusal:
        return refusal.detail_code
    return None


@given(VALUES)
def test_a_name_that_stands_twice_is_found_at_any_depth_however_it_is_written(text: str) -> None:
    expected = "duplicate-name" if has_a_name_twice(text) else None
    raw = text.encode()
    assert [refused(raw, None), refused(raw, msgspec.json.decode(raw))] == [expected, expected]


@given(objects(TEXTS | st.sampled_from(["1", "null", "[1, {}]"])))
def test_the_outline_of_an_object_shows_the_same_and_what_stands_in_it_is_read_apart(text: str) -> None:
    if has_a_name_twice(text):
        with pytest.raises(Malformed, match="twice"):
            jsontext.members(text.encode(), msgspec.Raw, 4)
    else:
        found = jsontext.members(text.encode(), msgspec.Raw, 4)
        assert {name: json.loads(bytes(each)) for name, each in found.items()} == json.loads(text)


def test_an_object_of_many_members_is_refused_before_it_takes_room() -> None:
    with pytest.raises(TooLarge):
        jsontext.members(b'{"a": "", "b": "", "c": ""}', bytes, 2)
    with pytest.raises(Malformed) as refusal:
        jsontext.members(b'{"a\\u0000": ""}', bytes, 2)
    assert refusal.value.detail_code == "nul-character"


@pytest.mark.parametrize("text", [r'{"a": "x\u0000"}', r'["\\\u0000"]', r'{"\u0000": {"b": 1}}'])
def test_a_nul_is_refused_wherever_it_stands(text: str) -> None:
    with pytest.raises(Malformed) as refusal:
        jsontext.check(text.encode())
    assert refusal.value.detail_code == "nul-character"


@pytest.mark.parametrize("text", [r'{"a": "\\u0000"}', r'["\u0001"]', r'"\\\\u0000"'])
def test_what_only_looks_like_a_nul_is_taken(text: str) -> None:
    jsontext.check(text.encode())


def test_what_a_typed_decoder_passed_over_is_json_too() -> None:
    for text in (b'{"a": 1e999}', b'{"a": "\\u003a", "b": 01}', b"[" * 100_000):
        assert refused(text, None) == "malformed"
