"""Turns BER into what a DER reader takes (X.690): definite lengths, strings in one piece; bounded in depth and count.

Partners' software streams: indefinite lengths, octet strings in chunks of 1,000 bytes. What needs no change keeps its
very bytes, since a certificate inside is signed as it stands. Attack stopped: nesting that exhausts the stack, and
millions of empty elements that exhaust memory.
"""

from adapters.email.cms.der import tlv
from adapters.email.reasons import refuse

_DEPTH = 40
_ELEMENTS = 100_000
_CONSTRUCTED = 0x20
_OCTETS, _OCTETS_IN_PIECES = 0x04, 0x24
_SEQUENCE, _OID, _IMPLICIT_CONTENT = 0x30, 0x06, 0xA0
_CONTENT_IN_PIECES = [_OID, _SEQUENCE, _IMPLICIT_CONTENT]
"""The parts of an EncryptedContentInfo: the one place of CMS where a tagged string may be in pieces."""


def normal(ber: bytes) -> bytes:
    """The element that `ber` is, without indefinite lengths; white space and zeros behind it are left out.

    Raises `NotAccepted` (`unreadable`, `too-large`).
    """
    reader = _Reader(ber)
    try:
        _, encoded, end = reader.element(0, len(ber), 0)
    except (IndexError, ValueError):
        refuse("unreadable")
    if ber[end:].strip(b"\0 \t\r\n"):
        refuse("unreadable")
    return encoded


class _Reader:
    def __init__(self, ber: bytes) -> None:
        self._ber = ber
        self._seen = 0

    def element(self, at: int, limit: int, depth: int) -> tuple[int, bytes, int]:
        """Tag, normal encoding and end of the element at `at`."""
        self._seen += 1
        if depth > _DEPTH or self._seen > _ELEMENTS:
            refuse("too-large")
        tag = self._ber[at]
        if tag & 0x1F == 0x1F:  # no tag of CMS needs more than one octet
            raise ValueError(tag)
        start, size = self._length(at + 1)
        end = limit if size is None else start + size
        if end > limit or start > limit or (size is None and not tag & _CONSTRUCTED):
            raise ValueError(end)
        if not tag & _CONSTRUCTED:
            return tag, self._ber[at:end], end
        parts, after, changed = self._parts(start, end, depth, closed=size is not None)
        if tag == _OCTETS_IN_PIECES:
            return _OCTETS, tlv(_OCTETS, _joined(parts)), after
        if tag == _SEQUENCE and [part[0] for part in parts] == _CONTENT_IN_PIECES:
            joined = _content_in_one(parts[2][1])
            changed, parts[2] = True, (joined[0], joined)
        if size is not None and not changed:
            return tag, self._ber[at:end], end
        return tag, tlv(tag, *(encoded for _, encoded in parts)), after

    def _parts(self, at: int, limit: int, depth: int, *, closed: bool) -> tuple[list[tuple[int, bytes]], int, bool]:
        parts: list[tuple[int, bytes]] = []
        changed = False
        while at < limit:
            if not closed and self._ber[at : at + 2] == b"\0\0":
                return parts, at + 2, True
            tag, encoded, end = self.element(at, limit, depth + 1)
            changed = changed or len(encoded) != end - at or tag != self._ber[at]
            parts.append((tag, encoded))
            at = end
        if not closed:
            raise ValueError(at)
        return parts, at, changed

    def _length(self, at: int) -> tuple[int, int | None]:
        """Where the content begins, and its size; none if it is indefinite."""
        first = self._ber[at]
        if first < 0x80:
            return at + 1, first
        if first == 0x80:
            return at + 1, None
        count = first & 0x7F
        if count > 8:
            raise ValueError(count)
        return at + 1 + count, int.from_bytes(self._ber[at + 1 : at + 1 + count], "big")


def _content_in_one(encoded: bytes) -> bytes:
    """[0] IMPLICIT OCTET STRING in pieces as the primitive string."""
    reader = _Reader(encoded)
    start, size = reader._length(1)  # noqa: SLF001 - its own class
    parts, _, _ = reader._parts(start, start + (size or 0), 0, closed=True)  # noqa: SLF001 - its own class
    return tlv(0x80, _joined(parts))


def _joined(parts: list[tuple[int, bytes]]) -> bytes:
    if any(tag != _OCTETS for tag, _ in parts):
        raise ValueError(parts)
    return b"".join(_content(encoded) for _, encoded in parts)


def _content(encoded: bytes) -> bytes:
    count = encoded[1] & 0x7F if encoded[1] & 0x80 else 0
    return encoded[2 + count :]
