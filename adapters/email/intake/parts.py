"""The parts of a message that hold something: attachments, the documents of XDM packages, HL7 v2, the mail's text."""

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from adapters.classes import INFORMATION, KNOWN, OF_LOINC
from adapters.email.mime import Entity, MimeError, parts_of, read_part
from adapters.email.notices.fields import message_id_of
from adapters.email.xdm.model import Entry, XdmError
from adapters.email.xdm.read import read_package
from hub.errors import Malformed

_CDA = "{urn:hl7-org:v3}"
_XML = {"text/xml", "application/xml", "application/hl7-sda+xml", "application/hl7-cda+xml"}
_ZIP = {"application/zip", "application/x-zip-compressed", "application/xdm+zip"}
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_CHARACTER_SETS = re.compile(r"ascii|utf-8(-sig)?|utf-16(-[bl]e)?|iso8859-[0-9]+|cp[0-9]+|koi8-[ru]")
"""Names of the codecs that are used: others (idna, unicode_escape) are no character sets of mail."""
_DEEPEST = 5
_MOST = 200


@dataclass(frozen=True, slots=True)
class Part:
    """One content; `information` is empty where nothing says its class, `pid` are PID lines of XDM metadata."""

    media_type: str
    content: bytes
    title: str = ""
    information: str = ""
    pid: tuple[str, ...] = ()
    cda: Element | None = None
    is_text_of_mail: bool = False


def parts_in(message: Entity, *, without: str = "") -> list[Part]:
    """All of them, in order, but the one of that Content-ID. Raises `Malformed` (`mail-parts`, or an `XdmError`)."""
    found: list[Part] = []
    try:
        for entity in _leaves(message, 0):
            if without and message_id_of(entity.field("content-id")) == without:
                continue
            found += _read(entity)
            if len(found) > _MOST:
                raise Malformed("The message has too many parts.", code="mail-parts")
    except MimeError:
        raise Malformed("The parts of the message cannot be told apart.", code="mail-parts") from None
    return found


def _leaves(entity: Entity, depth: int) -> Iterator[Entity]:
    if not entity.media_type.startswith("multipart/"):
        yield entity
        return
    if depth >= _DEEPEST:
        raise MimeError("depth")
    for part in parts_of(entity, unclosed=True):
        if part.strip():
            yield from _leaves(read_part(part), depth + 1)


def _read(entity: Entity) -> Iterator[Part]:
    content = entity.decoded()
    name = entity.filename
    if entity.media_type in _ZIP or name.lower().endswith((".zip", ".xdm")):
        try:
            yield from map(_of_package, read_package(content).entries)
        except XdmError:
            if content.startswith(b"PK") and b"METADATA.XML" not in content.upper():
                yield Part("application/zip", content, name)  # an archive that claims to be no package
                return
            raise
        return
    media_type = _proper(entity.media_type)
    plain = media_type in {"text/plain", "text/html"}
    if plain and (charset := entity.parameter("charset")):
        content, known = _in_utf8(content, charset)
        media_type += "; charset=utf-8" if known else ""
    attached = entity.field("content-disposition").lower().startswith("attachment") or bool(name)
    yield _typed(Part(media_type, content, name, is_text_of_mail=plain and not attached))


def _proper(media_type: str) -> str:
    """Without parameters; what is no type at all is `application/octet-stream` (RFC 2045 §5.2)."""
    plain = media_type.partition(";")[0].strip().lower()
    return plain if _TYPE.fullmatch(plain) else "application/octet-stream"


def _in_utf8(text: bytes, charset: str) -> tuple[bytes, bool]:
    """Text as whoever gets it reads it, and whether that is so: not if its character set is unknown, or is not it."""
    for name in (charset, "utf-8"):
        with suppress(LookupError, ValueError):
            found = codecs.lookup(name).name
            if _CHARACTER_SETS.fullmatch(found):
                return text.decode(found).encode(), True
    return text, False


def _of_package(entry: Entry) -> Part:
    codes = dict(entry.codes)
    stated = next((c.value for c in codes.values() if c.system == INFORMATION and c.value in KNOWN), "")
    stated = stated or (OF_LOINC.get(codes["type"].value, "") if "type" in codes else "")
    return _typed(Part(_proper(entry.media_type), entry.content, entry.title, stated, entry.source_patient))


def _typed(part: Part) -> Part:
    """With the type and the patient that a C-CDA document says of itself."""
    if part.media_type.partition(";")[0] not in _XML:
        return part
    try:
        root = fromstring(part.content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return part
    if root.tag != f"{_CDA}ClinicalDocument":
        return part
    code = root.find(f"{_CDA}code")
    stated = OF_LOINC.get(code.get("code", ""), "") if code is not None else ""
    title = part.title or (root.findtext(f"{_CDA}title") or "")
    return Part(part.media_type, part.content, title, part.information or stated, part.pid, root)
