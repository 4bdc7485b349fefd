"""The characters of a message: MSH-18 (HL7 table 0211), read before anything else is."""

import codecs
import re

_BOM = codecs.BOM_UTF8
_CODECS = {
    "": "ascii",
    "ASCII": "ascii",
    "US-ASCII": "ascii",
    "ISO IR6": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "WINDOWS-1252": "cp1252",
    "CP1252": "cp1252",
}
_ISO = re.compile(r"(?:ISO[ -]?)?8859[/-](\d{1,2})(?:-\d{4})?")
_SHIFT = b"\x1b"
"""Begins another set in the middle of ISO 2022 text."""
_MSH = re.compile(rb"MSH[^\r\n]*")


def codec_of(stated: str) -> str | None:
    """The codec of a value of table 0211; none if nobody knows it."""
    name = stated.strip().upper()
    found = _ISO.fullmatch(name)
    if found is None:
        return _CODECS.get(name)
    try:
        return codecs.lookup(f"iso8859-{int(found[1])}").name
    except LookupError:
        return None


def decode(content: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Text, codec and warnings: `charset-unknown`, `charset-wrong` (the bytes are not of the stated set),
    `charset-not-stated`, `charset-unknown-but-ascii` (whatever the set is, these bytes mean the same in it).
    Every byte becomes some character, so that the answer can be written and a person can look.
    """
    bom = content.lstrip(b" \t\r\n").startswith(_BOM)
    content = content.lstrip(b" \t\r\n").removeprefix(_BOM)
    stated = _stated(content)
    codec = codec_of(stated)
    if codec is None and content.isascii() and _SHIFT not in content:
        return content.decode("ascii"), "ascii", ("charset-unknown-but-ascii",)
    if codec is None:
        return content.decode("latin-1"), "latin-1", ("charset-unknown",)
    if codec == "ascii":
        return _beyond_ascii(content, stated=bool(stated) and not bom)
    try:
        return content.decode(codec), codec, ()
    except UnicodeDecodeError:
        return content.decode("latin-1"), "latin-1", ("charset-wrong",)


def _beyond_ascii(content: bytes, *, stated: bool) -> tuple[str, str, tuple[str, ...]]:
    """No set, or ASCII: what most senders then mean is UTF-8, some Latin-1."""
    if content.isascii():
        return content.decode("ascii"), "ascii", ()
    warning = ("charset-wrong-but-read",) if stated else ("charset-not-stated",)
    try:
        return content.decode("utf-8"), "utf-8", warning
    except UnicodeDecodeError:
        return content.decode("latin-1"), "latin-1", warning


def _stated(content: bytes) -> str:
    header = _MSH.match(content)
    if header is None or len(header[0]) < 5:
        return ""
    line = header[0]
    field, rest = line[3:4], line[4:]
    fields = rest.split(field)
    # MSH-2 is the first of them; a repetition of MSH-18 names alternatives, of which the first counts.
    value = fields[16] if len(fields) > 16 else b""
    repetition = fields[0][1:2]
    return (value.split(repetition)[0] if repetition else value).decode("latin-1")
