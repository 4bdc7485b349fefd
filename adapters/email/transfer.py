"""Content transfer encodings (RFC 2045 §6), as partners' software writes them.

Tolerated: base64 without line breaks, with blank lines, or without its padding. Refused: characters foreign to it.
"""

import base64
import binascii
import re

_SPACE = re.compile(rb"\s+")
_AS_IT_STANDS = {"", "7bit", "8bit", "binary", "7-bit", "8-bit"}


def decoded(body: bytes, encoding: str) -> bytes:
    """A body without its transfer encoding, whose name is in lower case. Raises `ValueError`."""
    if encoding == "base64":
        return strict_base64(body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding in {"x-uuencode", "uuencode", "x-uue"}:
        return _uudecoded(body)
    if encoding not in _AS_IT_STANDS:
        raise ValueError(encoding)
    return body


def strict_base64(text: bytes) -> bytes:
    """Base64 with or without line breaks and padding, nothing foreign in it. Raises `ValueError`."""
    plain = _SPACE.sub(b"", text)
    return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)


def _uudecoded(body: bytes) -> bytes:
    lines = body.splitlines()
    start = next((number for number, line in enumerate(lines) if line.startswith(b"begin ")), None)
    if start is None:
        raise ValueError("uuencode")
    decoded_lines = []
    for line in lines[start + 1 :]:
        if line.strip() in {b"end", b"`", b""}:
            break
        decoded_lines.append(binascii.a2b_uu(line))
    return b"".join(decoded_lines)
