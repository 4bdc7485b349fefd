"""What a parcel says of itself to a Direct partner's software: its context, and its documents as one XDM package, for
360X with the v2 message that says what is asked or what became of it.

Rules kept: both stand inside the protected message alone; the cover text with notice and consent copies stays in the
mail beside a package, where the reader sees it first (§2.32); the codes of the metadata say that redisclosure is
prohibited; equal parcels give equal packages.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from adapters.classes import INFORMATION
from adapters.email.context.model import PURPOSES, Context
from adapters.email.intake.patients import CIN_SYSTEM
from adapters.email.xdm.model import Code, Entry, Package
from adapters.email.xdm.write import write_package
from hub.model import Document, MessageKind, Parcel

V2 = "x-application/hl7-v2+er7"
_FORMATS = "1.3.6.1.4.1.19376.1.2.3"
"""IHE's format codes."""
_CONFIDENTIALITY, _ACT = "2.16.840.1.113883.5.25", "2.16.840.1.113883.5.4"
_TYPES = {
    MessageKind.REFERRAL_PACKET: ("referral", "order"),
    MessageKind.STATUS_REPORT: ("referral", "response"),
}
"""Everything else is `general/notification`."""


def context_of(parcel: Parcel) -> Context:
    """The Direct Context 1.1 of a parcel."""
    category, action = _TYPES.get(parcel.kind, ("general", "notification"))
    person = parcel.member
    patient = {
        "givenName": person.given,
        "surname": person.family,
        "dateOfBirth": person.born,
        "gender": person.sex if person.sex in {"female", "male"} else "",
    }
    return Context(
        id=parcel.delivery,
        category=category,
        action=action,
        purpose=parcel.purpose if parcel.purpose in PURPOSES else "",
        patient={name: value for name, value in patient.items() if value},
    )


class Enclosed(NamedTuple):
    """A v2 message for the package, its IHE format code, and the referral's number with its authority (an OID)."""

    message: bytes
    format_code: str
    number: str
    authority: str


def package_of(parcel: Parcel, sender: str, enclosed: Enclosed | None = None) -> bytes:
    """The documents of a parcel as an XDM package, after the message that belongs to them. Raises `Unrenderable`."""
    identity = f"2.25.{int(parcel.disclosure, 16)}"
    at = datetime.fromtimestamp(parcel.created_at // 1_000_000, UTC).strftime("%Y%m%d%H%M%S")
    patient = f"{parcel.member.cin or parcel.disclosure}^^^&{CIN_SYSTEM}&ISO"
    described = [
        _entry(parcel, document, f"{identity}.0.{number}", patient, at, ("class", _class_of(document)))
        for number, document in enumerate(parcel.documents, 1)
    ]
    entries = (
        described if enclosed is None else _in_the_loop(parcel, enclosed, described, f"{identity}.0.0", patient, at)
    )
    package = Package(
        unique_id=f"{identity}.{int(parcel.delivery[32:] or '0', 16)}",
        source_id=CIN_SYSTEM,
        patient_id=patient,
        submitted=at,
        entries=tuple(entries),
        author=sender,
        recipients=(parcel.endpoint.address,),
    )
    return write_package(package)


def _in_the_loop(
    parcel: Parcel, enclosed: Enclosed, documents: list[Entry], identity: str, patient: str, at: str
) -> list[Entry]:
    """The message, then the documents, all under the referral's number (IHE PCC 360X)."""
    number = f"{enclosed.number}^^^&{enclosed.authority}&ISO^urn:ihe:iti:xds:2013:referral"
    text = Document(id="", title="Referral message", information="", media_type=V2, content=enclosed.message)
    code = ("format", Code(enclosed.format_code, _FORMATS, "360X"))
    message = _entry(parcel, text, identity, patient, at, code)
    return [replace(each, references=(number,)) for each in (message, *documents)]


def _class_of(document: Document) -> Code:
    return Code(document.information, INFORMATION, document.information.replace("_", " "))


def _entry(parcel: Parcel, document: Document, identity: str, patient: str, at: str, code: tuple[str, Code]) -> Entry:
    person = parcel.member
    codes = [code, ("confidentiality", Code("R", _CONFIDENTIALITY, "restricted"))]
    if parcel.accompaniment.notice:
        codes.append(("confidentiality", Code("NORDSCLCD", _ACT, "no redisclosure without consent directive")))
    return Entry(
        unique_id=identity,
        media_type=document.media_type.partition(";")[0].strip(),
        content=document.content,
        title=document.title,
        patient_id=patient,
        source_patient_id=patient,
        source_patient=(
            f"PID-3|{patient}",
            f"PID-5|{person.family}^{person.given}",
            f"PID-7|{person.born.replace('-', '')}",
        ),
        created=at,
        codes=tuple(codes),
    )
