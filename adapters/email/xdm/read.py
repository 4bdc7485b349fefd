"""Reads a package: metadata first, then each document it names, whatever the sender's software did to the paths.

Tolerated: other letter case, back slashes, a missing slash between folder and file (seen in the field), URIs with the
whole path, escaped or in pieces, an absent hash or size, an HTML index that is missing, a Mac's own files. Refused: a
hash that is there and differs.
"""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from adapters.email.xdm.model import (
    DOCUMENT_PATIENT,
    DOCUMENT_UNIQUE,
    FOLDER,
    SCHEMES,
    SET_AUTHOR,
    SET_PATIENT,
    SET_SOURCE,
    SET_UNIQUE,
    Code,
    Entry,
    Package,
    XdmError,
)
from adapters.email.xdm.unzip import safe_path, unzipped

_METADATA = "METADATA.XML"
_MOST_DOCUMENTS = 200
_PIECE = re.compile(r"[0-9]{1,3}\|")


def read_package(content: bytes) -> Package:
    """The package in a zip file. Raises `XdmError`."""
    files = {path: held for path, held in unzipped(content).items() if not _of_the_desktop(path)}
    try:
        root = fromstring(_metadata(files), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise XdmError("The package's metadata is not XML, or has what XML should not.") from None
    submission = _first(root, "RegistryPackage")
    documents = [each for each in root.iter() if _name(each) == "ExtrinsicObject"]
    if submission is None or len(documents) > _MOST_DOCUMENTS:
        raise XdmError("The package's metadata has no submission set, or too many documents.")
    external = _external(submission)
    return Package(
        unique_id=external.get(SET_UNIQUE, ""),
        source_id=external.get(SET_SOURCE, ""),
        patient_id=external.get(SET_PATIENT, ""),
        submitted="".join(_slot(submission, "submissionTime")[:1]),
        entries=tuple(_entry(each, files) for each in documents),
        author=_author(submission),
        recipients=tuple(filter(None, map(_internet, _slot(submission, "intendedRecipient")))),
    )


def _of_the_desktop(path: str) -> bool:
    """What a Mac's archiver adds beside each file."""
    return path.startswith("__MACOSX/") or path.rpartition("/")[2].startswith("._")


def _metadata(files: dict[str, bytes]) -> bytes:
    found = [path for path in files if _squeezed(path).endswith(_METADATA)]
    inside = [path for path in found if _squeezed(path) == _squeezed(f"{FOLDER}/{_METADATA}")]
    if not found:
        raise XdmError("The package has no METADATA.XML.", code="xdm-no-metadata")
    return files[(inside or sorted(found))[0]]


def _entry(document: Element, files: dict[str, bytes]) -> Entry:
    external = _external(document)
    content = _content(_uri(_slot(document, "URI")), files)
    stated = "".join(_slot(document, "hash")[:1]).strip().lower()
    # SHA-1 is fixed by XDS and finds damage only; the mail's signature is what protects.
    if stated and stated != hashlib.sha1(content).hexdigest():  # noqa: S324 - see above
        raise XdmError("A document is not what the package's metadata says.", code="xdm-hash")
    return Entry(
        unique_id=external.get(DOCUMENT_UNIQUE, ""),
        media_type=document.get("mimeType", "application/octet-stream"),
        content=content,
        title=_label(document),
        patient_id=external.get(DOCUMENT_PATIENT, ""),
        source_patient_id="".join(_slot(document, "sourcePatientId")[:1]),
        source_patient=tuple(_slot(document, "sourcePatientInfo")),
        created="".join(_slot(document, "creationTime")[:1]),
        language="".join(_slot(document, "languageCode")[:1]),
        codes=tuple(_codes(document)),
        references=tuple(_slot(document, "urn:ihe:iti:xds:2013:referenceIdList")),
        hash_stated=bool(stated),
    )


def _uri(pieces: list[str]) -> str:
    """A long URI comes in numbered pieces, `1|first`, `2|second` (ITI TF-3 §4.2.3.2.27)."""
    if not all(_PIECE.match(each) for each in pieces):
        return "".join(pieces)
    return "".join(each.partition("|")[2] for each in sorted(pieces, key=lambda each: int(each.partition("|")[0])))


def _content(uri: str, files: dict[str, bytes]) -> bytes:
    """The document at a URI, which is relative to the metadata's folder or to the package's root."""
    for path in dict.fromkeys((safe_path(uri), safe_path(unquote(uri)))):
        if path and (found := _found(path, files)) is not None:
            return found
    raise XdmError("A document of the package is not in it.", code="xdm-document-missing")


def _found(path: str, files: dict[str, bytes]) -> bytes | None:
    wanted = [_squeezed(f"{FOLDER}/{path}"), _squeezed(path)]
    for each in wanted:
        if found := [name for name in files if _squeezed(name) == each]:
            return files[found[0]]
    last = path.rpartition("/")[2].upper()
    named = [name for name in files if name.rpartition("/")[2].upper() == last]
    return files[named[0]] if len(named) == 1 else None


def _squeezed(path: str) -> str:
    """A path with what senders get wrong taken out: case and slashes."""
    return path.replace("\\", "/").replace("/", "").upper()


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _children(element: Element, name: str) -> Iterable[Element]:
    return (each for each in element if _name(each) == name)


def _first(root: Element, name: str) -> Element | None:
    return next((each for each in root.iter() if _name(each) == name), None)


def _slot(element: Element, name: str) -> list[str]:
    slots = [each for each in _children(element, "Slot") if each.get("name") == name]
    return [(value.text or "").strip() for slot in slots for value in slot.iter() if _name(value) == "Value"]


def _external(element: Element) -> dict[str, str]:
    found = _children(element, "ExternalIdentifier")
    return {each.get("identificationScheme", "").lower(): each.get("value", "") for each in found}


def _label(element: Element) -> str:
    named = next(iter(_children(element, "Name")), None)
    text = None if named is None else next((each for each in named.iter() if _name(each) == "LocalizedString"), None)
    return "" if text is None else text.get("value", "")


def _codes(document: Element) -> Iterable[tuple[str, Code]]:
    words = {scheme: word for word, scheme in SCHEMES.items()}
    for each in _children(document, "Classification"):
        word = words.get(each.get("classificationScheme", "").lower())
        if word:
            system = "".join(_slot(each, "codingScheme")[:1])
            yield word, Code(each.get("nodeRepresentation", ""), system, _label(each))


def _author(submission: Element) -> str:
    for each in _children(submission, "Classification"):
        if each.get("classificationScheme", "").lower() == SET_AUTHOR:
            return next(filter(None, map(_internet, _slot(each, "authorTelecommunication"))), "")
    return ""


def _internet(telecom: str) -> str:
    """The address in an XTN or XON|XCN|XTN value: `||^^Internet^a@b.example`."""
    parts = telecom.replace("|", "^").split("^")
    for at, part in enumerate(parts[:-1]):
        if part == "Internet":
            return parts[at + 1].strip()
    return ""
