"""Step 1, intake: the documents that came with a manifest, checked for number, size and kind.

A document is what its bytes say, whatever the sender calls it.
"""

import re

from hub.bases.manifests import papers
from hub.crypto import sealed_item
from hub.errors import Malformed, TooLarge, Unsupported
from hub.intake import MAX_DOCUMENT_BYTES, MAX_SUBMISSION_BYTES
from hub.manifest import Handed, ItemManifest


def check_documents(handed: Handed) -> dict[str, str]:
    """Every item has its document, every court paper too, and nothing else came, within the limits, of a kind the hub
    carries: the media type of each document, by its part's name.
    """
    items = {item.document: item for item in handed.manifest.items}
    court = papers(handed.manifest)
    if items.keys() | court.values() != handed.documents.keys():
        raise Malformed("Documents and items do not match one to one.", field="$.items")
    if handed.size > MAX_SUBMISSION_BYTES:
        raise TooLarge(f"A submission has at most {MAX_SUBMISSION_BYTES >> 20} MiB.")
    fields = [(f"$.items[{n}]", item.document) for n, item in enumerate(handed.manifest.items)]
    fields += [(f"$.{name}", part) for name, part in court.items()]
    kinds: dict[str, str] = {}
    for field, part in fields:
        content = handed.documents[part]
        if len(content) > MAX_DOCUMENT_BYTES:
            raise TooLarge(f"A document has at most {MAX_DOCUMENT_BYTES >> 20} MiB.", field=field)
        kind = media_type(content)
        if kind is None:
            raise Unsupported("The document is none of PDF, TIFF, PNG, JPEG, JSON, XML or UTF-8 text.", field=field)
        if kind == sealed_item.MEDIA_TYPE:
            _check_sealed(content, field, items.get(part))
        kinds[part] = kind
    return kinds


def _check_sealed(content: bytes, field: str, item: ItemManifest | None) -> None:
    """A sealed item says outside what the manifest says: for whom it is, and its class of information."""
    header = sealed_item.read_header(content)
    if item is None or (header.recipient, header.information) != (item.only_for, item.information):
        raise Malformed("The item is sealed for another recipient or class of information.", field=field)


_MAGIC = (
    (sealed_item.LABEL, sealed_item.MEDIA_TYPE),
    (b"%PDF-", "application/pdf"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_MAGICS = tuple(magic for magic, _ in _MAGIC)
_FHIR = re.compile(rb'"resourceType"\s*:\s*"[A-Z]')


def media_type(content: bytes) -> str | None:
    """The content's own media type, read from its bytes and from nothing the sender says; none if not carried."""
    if content.startswith(_MAGICS):
        return next(kind for magic, kind in _MAGIC if content.startswith(magic))
    try:
        if not content.isascii():
            content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not content or b"\x00" in content:
        return None
    start = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in (b"{", b"["):
        return "application/fhir+json" if _FHIR.search(content, 0, 4096) else "application/json"
    return "application/xml" if start[:1] == b"<" else "text/plain"
