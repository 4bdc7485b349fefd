"""JSON as others write it, in which nothing stands that two readers take in two ways.

RFC 8259 (section 4) leaves open which of two equal names counts. Whoever looked at a text before the hub, a gateway, a
validator, a signer, may have seen the other one: `{"purpose": "treatment", "purpose": "payment"}`. And a NUL in a text
ends it for some readers, while PostgreSQL cannot keep it. Both are refused.
"""

import json
from typing import Any, TypeVar

import msgspec

from hub.errors import Malformed, TooLarge

T = TypeVar("T")

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_ESCAPED = b"\\u00"
"""How a colon or a NUL begins that does not stand for itself."""


class _Name:
    """A name in the place where it stands, of a type that the decoder asks about."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def members(raw: bytes | msgspec.Raw, of: type[T], most: int) -> dict[str, T]:
    """The members of an object of up to `most`, all of one type: of a large body, which `check` would go through again.

    Raises `Malformed` as `check` does, `TooLarge`, and as the decoder does; of `msgspec.Raw` only the outline is read.
    """
    names: set[str] = set()

    def once(_: type, text: str) -> _Name:
        if text in names:
            raise _twice()
        if "\0" in text:
            raise _nul()
        if len(names) == most:
            raise TooLarge(f"At most {most} members.", field="$")
        names.add(text)
        return _Name(text)

    found = msgspec.json.decode(raw, type=dict[_Name, of], dec_hook=once)  # type: ignore[valid-type]
    return {name.text: value for name, value in found.items()}


def check(raw: bytes, read: object = None) -> None:
    """Look at a JSON text that a typed decoder took. `read`: the same as objects and lists, if it is there already;
    texts in it that hold no colon may be left out.

    Raises `Malformed`: `duplicate-name` if an object names a member twice, `nul-character` if a text holds one.
    """
    try:
        if b"\\" in raw and _ESCAPED in raw:  # the first is found ten times as fast
            _check_escaped(raw)
        else:
            _check_counted(raw, read)
    except (ValueError, RecursionError):  # in what that decoder passed over
        raise Malformed("The text is not JSON.", field="$") from None


def _check_counted(raw: bytes, read: object) -> None:
    """What is decoded has each name once and every colon of a text, and JSON has no others: 1 µs of a manifest."""
    if raw.count(b":") != _encode(_decode(raw) if read is None else read).count(b":"):
        raise _twice()


def _check_escaped(raw: bytes) -> None:
    if rb"\u0000" in raw.replace(rb"\\", b""):
        raise _nul()
    json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_once, parse_int=str, parse_float=str)


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise _twice()
    return found


def _twice() -> Malformed:
    return Malformed("An object names a member twice.", code="duplicate-name", field="$")


def _nul() -> Malformed:
    return Malformed("A text holds a NUL character.", code="nul-character", field="$")
