"""What a parcel says of itself to a Direct partner's software: its context, and its documents as one XDM package.

Rules kept: both stand inside the protected message alone; the cover text with notice and consent copies stays in the
mail beside a package, where the reader sees it first (§2.32); the codes of the metadata say that redisclosure is
prohibited; equal parcels give equal packages.
"""

from datetime import UTC, datetime

from adapters.email.context.model import PURPOSES, Context
from adapters.email.intake.parts import INFORMATION
from adapters.email.intake.patients import CIN_SYSTEM
from adapters.email.xdm.model import Code, Entry, Package
from adapters.email.xdm.write import write_package
from hub.model import Document, MessageKind, Parcel

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


def package_of(parcel: Parcel, sender: str) -> bytes:
    """The documents of a parcel as an XDM package. Raises `Unrenderable`."""
    identity = f"2.25.{int(parcel.disclosure, 16)}"
    at = datetime.fromtimestamp(parcel.created_at // 1_000_000, UTC).strftime("%Y%m%d%H%M%S")
    patient = f"{parcel.member.cin or parcel.disclosure}^^^&{CIN_SYSTEM}&ISO"
    package = Package(
        unique_id=f"{identity}.{int(parcel.delivery[32:] or '0', 16)}",
        source_id=CIN_SYSTEM,
        patient_id=patient,
        submitted=at,
        entries=tuple(
            _entry(parcel, document, f"{identity}.0.{number}", patient, at)
            for number, document in enumerate(parcel.documents, 1)
        ),
        author=sender,
        recipients=(parcel.endpoint.address,),
    )
    return write_package(package)


def _entry(parcel: Parcel, document: Document, identity: str, patient: str, at: str) -> Entry:
    person = parcel.member
    codes = [
        ("class", Code(document.information, INFORMATION, document.information.replace("_", " "))),
        ("confidentiality", Code("R", _CONFIDENTIALITY, "restricted")),
    ]
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
