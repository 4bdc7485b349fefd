"""JSON as others write it, in which nothing stands that two readers take in two ways.

RFC 8259 (section 4) leaves open which of two equal names counts. Whoever looked at a text before the hub, a gateway, a
validator, a signer, may have seen the other one: `{"purpose": "treatment", "purpose": "payment"}`. And a NUL in a text
ends it for some readers, while PostgreSQL cannot keep it. Both are refused.
"""

import json
from typing import Any

import msgspec

from hub.errors import Malformed

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_ESCAPED = b"\\u00"
"""How a colon or a NUL begins that does not stand for itself."""


def check(raw: bytes, read: object = None) -> None:
    """Look at a JSON text that a typed decoder took. `read`: the same as objects and lists, if it is there already;
    texts in it that hold no colon may be left out.

    Raises `Malformed`: `duplicate-name` if an object names a member twice, `nul-character` if a text holds one.
    """
    try:
        if _ESCAPED in raw:
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
        raise Malformed("A text holds a NUL character.", code="nul-character", field="$")
    json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_once, parse_int=str, parse_float=str)


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise _twice()
    return found


def _twice() -> Malformed:
    return Malformed("An object names a member twice.", code="duplicate-name", field="$")
