"""Reads MIME as bytes: the signed part must be hashed as it came, so nothing here is ever written out again.

Tolerated, since partners' software does it: a byte order mark or blank lines before the headers, line ends without CR,
quoted boundaries, comments and a space before the colon in headers, lines among them that are none, a missing transfer
encoding. Refused: a header that decides how the rest is read given twice.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import HeaderParser

from adapters.email import transfer

_HEAD_ENDS = re.compile(rb"\r{0,2}\n\r{0,2}\n")
_NOT_PLAIN = re.compile(rb"[^\t\r\n -~]")
_PIECES = re.compile(r'\\.|[()"]|[^\\()"]+|\\', re.DOTALL)
_LINE_END = re.compile(rb"\A\r?\n")
_BARE_LINE_END = re.compile(rb"(?<!\r)\n")
_SPACED_NAME = re.compile(rb"^([!-9;-~]+)[ \t]+:", re.MULTILINE)
_NO_HEADER = re.compile(rb"^(?![ \t]|[!-9;-~]+:)[^\n]*(?:\n[ \t][^\n]*)*\n?", re.MULTILINE)
"""A line, with those that continue it, at which the library would stop reading headers."""
_STRUCTURED = ("content-type", "content-transfer-encoding", "content-disposition")
_LONGEST_HEAD = 256 * 1024
_LONGEST_VALUE = 8 * 1024
"""Attack stopped: the library looks at a parameter's text once for each semicolon in it, for minutes if it is long."""
_ONCE = ("content-type", "content-transfer-encoding", "content-id", "message-id")
_MOST_PARTS = 1_000
_UNREADABLE = (ValueError, TypeError)
"""What the library raises for hostile parameters (RFC 2231): numbers without end, zeros in a charset, mixed forms."""


class MimeError(ValueError):
    """Not MIME, or not unambiguously."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Headers, parsed, and the body as it came. `raw` is the whole as it came."""

    raw: bytes
    head: Message
    body: bytes

    @property
    def media_type(self) -> str:
        """`type/subtype` in lower case; `text/plain` if none is stated."""
        return self.head.get_content_type()

    def parameter(self, name: str) -> str:
        """A Content-Type parameter without its quotes; empty if absent. Raises `MimeError`."""
        try:
            value = self.head.get_param(name, "")
        except _UNREADABLE:
            raise MimeError("parameter") from None
        return value[2] if isinstance(value, tuple) else str(value)

    @property
    def filename(self) -> str:
        """What the sender calls it; empty if absent. Raises `MimeError`."""
        try:
            name = str(self.head.get_filename() or "")
        except _UNREADABLE:
            raise MimeError("parameter") from None
        with suppress(LookupError, ValueError, HeaderParseError):  # as older software names it (RFC 2047 §5 forbids it)
            return str(make_header(decode_header(name)))
        return name

    def field(self, name: str) -> str:
        """A header's first value, unfolded; empty if absent."""
        return " ".join(str(self.head.get(name, "")).split())

    def decoded(self) -> bytes:
        """The body without its transfer encoding. Raises `MimeError`."""
        try:
            return transfer.decoded(self.body, self.field("content-transfer-encoding").lower())
        except ValueError:
            raise MimeError("transfer encoding") from None


def read_entity(raw: bytes) -> Entity:
    """An entity's headers and body. Raises `MimeError`."""
    text = raw.removeprefix(b"\xef\xbb\xbf")
    text = text.lstrip(b"\r\n")
    found = _HEAD_ENDS.search(text, 0, _LONGEST_HEAD)
    head, body = (text[: found.start()], text[found.end() :]) if found else (text, b"")
    if len(head) > _LONGEST_HEAD or b":" not in head.partition(b"\n")[0]:
        raise MimeError("head")
    parsed = HeaderParser().parsestr(_text(_tidied(head)) + "\r\n\r\n")
    if any(len(parsed.get_all(name, [])) > 1 for name in _ONCE):
        raise MimeError("twice")
    for name in _STRUCTURED:
        value = str(parsed.get(name, ""))
        if len(value) > _LONGEST_VALUE:
            raise MimeError("long")
        if "(" in value:
            parsed.replace_header(name, without_comments(value))
    return Entity(text, parsed, body)


def _tidied(head: bytes) -> bytes:
    """Headers as the library reads them to their end, which takes a CR too many for an empty line."""
    return _NO_HEADER.sub(b"", _SPACED_NAME.sub(rb"\1:", head.replace(b"\r\r\n", b"\r\n")))


def _text(head: bytes) -> str:
    """UTF-8 (RFC 6532); what is not, as the library marks bytes of unknown meaning."""
    try:
        return head.decode()
    except ValueError:
        return head.decode("ascii", "surrogateescape")


def read_part(raw: bytes) -> Entity:
    """A part of a multipart, or what stands under a signature. Raises `MimeError`.

    One without headers of its own begins with the empty line that ends them, and is plain text (RFC 2045 §5.2).
    """
    return read_entity(b"Content-Type: text/plain\r\n" + raw if raw.startswith((b"\r\n", b"\n")) else raw)


def without_comments(value: str) -> str:
    """A header's value without its comments (RFC 5322 §3.2.2); as it was if one does not end."""
    kept: list[str] = []
    depth, quoted = 0, False
    for each in _PIECES.findall(value):
        if each == '"' and not depth:
            quoted = not quoted
        depth += each == "(" and not quoted
        if not depth:
            kept.append(each)
        depth -= each == ")" and depth > 0
    return value if depth else "".join(kept)


def require_plain_head(entity: Entity) -> None:
    """Raises `MimeError` unless the headers are printable ASCII, as those of the protecting layers always are.

    Attack stopped: ciphertext bent in CBC mode leaves blocks of noise; here they are not passed over as odd headers.
    """
    head = entity.raw[: len(entity.raw) - len(entity.body)]
    if _NOT_PLAIN.search(head):
        raise MimeError("head")


def parts_of(entity: Entity, *, unclosed: bool = False) -> list[bytes]:
    """The parts of a multipart, each as it came. Raises `MimeError` if the boundary or the closing one is missing.

    With `unclosed` the end of the entity closes it too, as the end of an outer multipart does (RFC 2046 §5.1.2).
    """
    boundary = entity.parameter("boundary").encode("utf-8", "surrogateescape")
    if not 0 < len(boundary) <= 200:
        raise MimeError("boundary")
    # The line end before a delimiter belongs to it, and not to the part (RFC 2046 §5.1.1).
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    parts: list[bytes] = []
    at = -1
    for found in delimiter.finditer(entity.body):
        if at >= 0:
            parts.append(_LINE_END.sub(b"", entity.body[at : found.start()], count=1))
        at = found.end()
        if found[1]:
            return parts
        if len(parts) > _MOST_PARTS:
            raise MimeError("parts")
    if at < 0 or not unclosed:
        raise MimeError("boundary")
    return [*parts, _LINE_END.sub(b"", entity.body[at:], count=1)]


def readings_of(part: bytes) -> tuple[bytes, ...]:
    """A signed part as it came and, if some mail server broke its line ends, with every one as CRLF."""
    canonical = _BARE_LINE_END.sub(b"\r\n", part)
    return (part,) if canonical == part else (part, canonical)
