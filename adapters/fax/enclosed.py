"""Documents inside documents: FHIR attachments and Binary, C-CDA's nonXMLBody; decoded, to be printed as what they are.

Rules kept: an enclosed document is printed whole, on the pages after the one that names it, or the fax is refused; what
it says it is counts, and what it is only where it says nothing.
"""

import base64
import binascii
from typing import Any, NamedTuple

from adapters.fax.sheet import Line
from hub.errors import Unrenderable

ATTACHMENT = frozenset({
    "resourceType", "id", "meta", "extension", "contentType", "language", "data", "url", "size", "hash", "title",
    "creation", "height", "width", "frames", "duration", "pages", "securityContext",
})  # fmt: skip
"""Fields of FHIR's Attachment (R4, R5) and Binary."""
MOST = 50
"""Enclosed in one document."""
_SIGNS = (
    (b"%PDF", "application/pdf"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)


class Wrapped(NamedTuple):
    """The document inside a document."""

    media_type: str
    content: bytes
    title: str = ""


def is_attachment(fields: dict[str, Any]) -> bool:
    """Whether a FHIR element holds a document: SampledData and signatures have `data`, too."""
    return isinstance(fields.get("data"), str) and ("contentType" in fields or fields.keys() <= ATTACHMENT)


def attachment(fields: dict[str, Any]) -> Wrapped:
    """The document. Raises `Unrenderable` if it is no base64."""
    content = decoded(fields["data"])
    stated = str(fields.get("contentType") or "")
    sign = next((kind for start, kind in _SIGNS if content.startswith(start)), "text/plain")
    return Wrapped(stated or sign, content, str(fields.get("title") or ""))


def decoded(text: str) -> bytes:
    """Base64, however it is folded. Raises `Unrenderable`."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unrenderable("The document inside the document is damaged.", code="damaged") from None


def noted(enclosed: list[Wrapped], found: Wrapped, indent: int) -> Line:
    """Keeps it for the pages that follow; the line that stands in its place. Raises `Unrenderable` for too many."""
    if len(enclosed) >= MOST:
        raise Unrenderable("The document has more pages than a fax carries.", code="too-many-pages")
    enclosed.append(found)
    name = f"{found.title}, " if found.title else ""
    return Line(f"{name}on the pages that follow", label=f"Enclosed {len(enclosed)}", indent=indent, gap=8)
