"""Writes a package: neutral file names, metadata in ebRIM 3.0 (IHE ITI TF-3 §4.2), equal bytes for equal facts."""

import hashlib
import io
import uuid
import zipfile
from xml.etree.ElementTree import Element, SubElement, tostring

from adapters.email.xdm.model import (
    DOCUMENT_PATIENT,
    DOCUMENT_UNIQUE,
    FOLDER,
    MAX_BYTES,
    OBJECT_TYPE,
    SCHEMES,
    SET_AUTHOR,
    SET_PATIENT,
    SET_SOURCE,
    SET_UNIQUE,
    SUBMISSION_SET,
    Entry,
    Package,
)
from hub.errors import Unrenderable

_RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
_LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
_DATE = (1980, 1, 1, 0, 0, 0)
_EXTENSIONS = {"text/xml": "XML", "application/xml": "XML", "application/pdf": "PDF", "text/plain": "TXT"}
_EXTENSIONS |= {"x-application/hl7-v2+er7": "HL7", "image/jpeg": "JPG", "image/tiff": "TIF", "text/html": "HTM"}
_README = b"This package was exchanged by Direct secure mail. Open INDEX.HTM, or read it with XDM software.\r\n"


def write_package(package: Package) -> bytes:
    """The zip file. Raises `Unrenderable` above 20 MB or with no document."""
    size = sum(len(each.content) for each in package.entries)
    if not package.entries or size > MAX_BYTES:
        raise Unrenderable("The documents do not fit into an XDM package.", code="too-large")
    names = [f"DOC{number:05}.{_extension(each)}" for number, each in enumerate(package.entries, 1)]
    files = {
        "INDEX.HTM": _index(names),
        "README.TXT": _README,
        f"{FOLDER}/METADATA.XML": _metadata(package, names),
        **{f"{FOLDER}/{name}": each.content for name, each in zip(names, package.entries, strict=True)},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, _DATE), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _extension(entry: Entry) -> str:
    return _EXTENSIONS.get(entry.media_type.partition(";")[0].strip().lower(), "BIN")


def _index(names: list[str]) -> bytes:
    # Names alone: an index on a screen must not show what a title says about a person.
    items = "".join(f'<li><a href="{FOLDER}/{name}">{name}</a></li>' for name in names)
    page = (
        f'<!DOCTYPE html>\n<html lang="en"><head><title>Documents</title></head><body><ul>{items}</ul></body></html>\n'
    )
    return page.encode("ascii")


def _metadata(package: Package, names: list[str]) -> bytes:
    root = Element("SubmitObjectsRequest", {"xmlns": _LCM})
    listed = SubElement(root, "RegistryObjectList", {"xmlns": _RIM})
    members = []
    for number, (name, entry) in enumerate(zip(names, package.entries, strict=True), 1):
        members.append(f"Document{number:05}")
        _document(listed, members[-1], name, entry)
    _submission(listed, package)
    for member in members:
        kind = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
        facts = {"associationType": kind, "sourceObject": "SubmissionSet01", "targetObject": member}
        link = SubElement(listed, "Association", {"id": _id(member, "member"), **facts})
        _slot(link, "SubmissionSetStatus", "Original")
    text: bytes = tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.removeprefix(b"<?xml version='1.0' encoding='utf-8'?>\n")


def _document(listed: Element, identity: str, name: str, entry: Entry) -> None:
    facts = {"id": identity, "mimeType": entry.media_type, "objectType": OBJECT_TYPE}
    document = SubElement(listed, "ExtrinsicObject", facts)
    _slot(document, "creationTime", entry.created)
    # SHA-1 is fixed by XDS; what protects the document is the mail's signature.
    _slot(document, "hash", hashlib.sha1(entry.content).hexdigest())  # noqa: S324 - see above
    _slot(document, "languageCode", entry.language)
    _slot(document, "size", str(len(entry.content)))
    _slot(document, "sourcePatientId", entry.source_patient_id)
    _slot(document, "sourcePatientInfo", *entry.source_patient)
    _slot(document, "URI", name)
    _slot(document, "urn:ihe:iti:xds:2013:referenceIdList", *entry.references)
    _label(document, entry.title)
    for number, (word, code) in enumerate(entry.codes):
        _classified(document, identity, SCHEMES[word], code.value, f"{word}{number}")
        _slot(document[-1], "codingScheme", code.system)
        _label(document[-1], code.display)
    _external(document, identity, DOCUMENT_PATIENT, entry.patient_id, "XDSDocumentEntry.patientId")
    _external(document, identity, DOCUMENT_UNIQUE, entry.unique_id, "XDSDocumentEntry.uniqueId")


def _submission(listed: Element, package: Package) -> None:
    identity = "SubmissionSet01"
    submission = SubElement(listed, "RegistryPackage", {"id": identity})
    _slot(submission, "submissionTime", package.submitted)
    _slot(submission, "intendedRecipient", *(f"||^^Internet^{address}" for address in package.recipients))
    if package.author:
        _classified(submission, identity, SET_AUTHOR, "", "author")
        _slot(submission[-1], "authorTelecommunication", f"^^Internet^{package.author}")
    _external(submission, identity, SET_UNIQUE, package.unique_id, "XDSSubmissionSet.uniqueId")
    _external(submission, identity, SET_SOURCE, package.source_id, "XDSSubmissionSet.sourceId")
    _external(submission, identity, SET_PATIENT, package.patient_id, "XDSSubmissionSet.patientId")
    facts = {"id": _id(identity, "node"), "classifiedObject": identity, "classificationNode": SUBMISSION_SET}
    SubElement(listed, "Classification", facts)


def _slot(element: Element, name: str, *values: str) -> None:
    kept = [value for value in values if value]
    if kept:
        held = SubElement(SubElement(element, "Slot", {"name": name}), "ValueList")
        for value in kept:
            SubElement(held, "Value").text = _xml(value)


def _label(element: Element, text: str) -> None:
    if text:
        SubElement(SubElement(element, "Name"), "LocalizedString", {"value": _xml(text)})


def _classified(element: Element, owner: str, scheme: str, value: str, what: str) -> None:
    facts = {"id": _id(owner, what), "classificationScheme": scheme, "classifiedObject": owner}
    SubElement(element, "Classification", {**facts, "nodeRepresentation": _xml(value)})


def _external(element: Element, owner: str, scheme: str, value: str, name: str) -> None:
    facts = {"id": _id(owner, name), "registryObject": owner, "identificationScheme": scheme, "value": _xml(value)}
    _label(SubElement(element, "ExternalIdentifier", facts), name)


def _xml(text: str) -> str:
    """Without the control characters that XML has no way to write."""
    return "".join(each for each in text if each >= " " or each in "\t\n")


def _id(owner: str, what: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'{owner}/{what}')}"
