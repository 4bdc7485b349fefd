"""A package as facts, the names of the standard, and the one error for what cannot be read."""

from dataclasses import dataclass

from hub.errors import Malformed

MAX_BYTES = 20 * 1024 * 1024
"""Of everything in a package, unpacked (IHE 360X)."""
FOLDER = "IHE_XDM/SUBSET01"

OBJECT_TYPE = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
SUBMISSION_SET = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
DOCUMENT_PATIENT = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
DOCUMENT_UNIQUE = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
SET_PATIENT = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
SET_UNIQUE = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
SET_SOURCE = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
SET_AUTHOR = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
SCHEMES = {
    "class": "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a",
    "confidentiality": "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f",
    "format": "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d",
    "facility": "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1",
    "practice": "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead",
    "type": "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983",
}


class XdmError(Malformed):
    """A package that cannot be read safely; a person must look. `detail_code`:

    `xdm-not-zip`, `xdm-too-large`, `xdm-unsafe` (a path that leaves the package, a name twice, a link, a password),
    `xdm-no-metadata`, `xdm-metadata` (not XML, or with entities), `xdm-document-missing`, `xdm-hash` (a document is not
    what the metadata says).
    """

    code = "xdm-metadata"


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value, its system (OID or URN) and what it reads."""

    value: str
    system: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One document. `codes` by the words of `SCHEMES`; `source_patient` are the PID lines of sourcePatientInfo.

    `hash_stated` says whether the metadata's SHA-1 was there and agreed. It finds damage and is no security: that is
    the signature's office.
    """

    unique_id: str
    media_type: str
    content: bytes
    title: str = ""
    patient_id: str = ""
    source_patient_id: str = ""
    source_patient: tuple[str, ...] = ()
    created: str = ""
    language: str = "en-US"
    codes: tuple[tuple[str, Code], ...] = ()
    references: tuple[str, ...] = ()
    """referenceIdList, where a 360X referral id goes."""
    hash_stated: bool = False


@dataclass(frozen=True, slots=True)
class Package:
    """A submission set and its documents, in the metadata's order. Identifiers are OIDs; `recipients` as written.

    `submitted` is XDS time, `YYYYMMDDhhmmss` UTC.
    """

    unique_id: str
    source_id: str
    patient_id: str
    submitted: str
    entries: tuple[Entry, ...]
    author: str = ""
    """Direct address."""
    recipients: tuple[str, ...] = ()
    """Direct addresses."""
