"""What accompanies a disclosure, as text a person reads: §2.32 notice, consent copy, labels, then what is
enclosed.

Rules kept: the notice is given word for word and stands first (§2.32(a)); each consent copy follows in full
(§2.32(b)). The text names the member, so it goes inside sealed content only.
"""

from datetime import datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from hub.model import CONTROLS, Accompaniment, ConsentCopy, Document, MessageKind, Parcel

KIND_IN_WORDS = {
    MessageKind.REFERRAL_PACKET: "Referral packet",
    MessageKind.STATUS_REPORT: "Status report",
    MessageKind.ADMIT_NOTICE: "Admission notice",
    MessageKind.DISCHARGE_NOTICE: "Discharge notice",
    MessageKind.CRISIS_FOLLOWUP: "Crisis follow-up",
    MessageKind.EMERGENCY_DISCLOSURE: "Medical emergency disclosure",
}
LABEL_IN_WORDS = {
    "NO_USE_IN_PROCEEDINGS_AGAINST_PATIENT": (
        "Not to be used or disclosed in proceedings against the patient without the patient's consent "
        "or a court order (42 CFR 2.12(d)(1))."
    ),
}


def cover_text(parcel: Parcel) -> str:
    """The accompaniment, then who writes to whom about what; lines end with a line feed."""
    parts = [accompaniment_text(parcel.accompaniment), _letter(parcel)]
    return "\n\n".join(part for part in parts if part) + "\n"


@lru_cache(maxsize=1024)
def accompaniment_text(accompaniment: Accompaniment) -> str:
    """Notice, consent copies and labels; empty if none is due."""
    notice = accompaniment.notice or accompaniment.notice_short
    parts = ["NOTICE TO THE RECIPIENT\n" + notice] if notice else []
    parts += [_consent_text(copy) for copy in accompaniment.consent_copies]
    if accompaniment.labels:
        labels = (LABEL_IN_WORDS.get(label, label) for label in accompaniment.labels)
        parts.append("THESE LABELS STAY WITH THE RECORD\n" + "\n".join(labels))
    return "\n\n".join(parts)


def stated(documents: tuple[Document, ...], label: str) -> str:
    """What a short text of a packet says under a label (`Visit`, `Referral`); empty if none says anything."""
    for document in documents:
        if document.media_type.startswith("text/plain"):
            for line in document.content.decode("utf-8", "replace").split("\n"):
                if line.startswith(f"{label}: "):
                    return line.removeprefix(f"{label}: ")
    return ""


def event_in_words(kind: str) -> str:
    """`admit_cancelled` as a person reads it."""
    return kind.replace("_", " ")


def instant_text(at: int, zone: tzinfo) -> str:
    """Microseconds since the epoch as a person reads it, on that clock, with its name."""
    return datetime.fromtimestamp(at / 1_000_000, zone).strftime("%Y-%m-%d %H:%M %Z")


def _consent_text(copy: ConsentCopy) -> str:
    heading = f"SCOPE OF THE CONSENT (42 CFR 2.32(b)), reference {copy.consent}"
    return _lines([heading, *(f"{label}: {value}" for label, value in copy.lines)])


def _letter(parcel: Parcel) -> str:
    member = parcel.member
    lines = [
        f"{KIND_IN_WORDS[parcel.kind].upper()}{' - URGENT' if parcel.priority == 'urgent' else ''}",
        f"From: {_party(parcel.sender.name, parcel.sender.phone)}",
        f"To: {_party(parcel.recipient.name, parcel.recipient.phone)}",
        f"Member: {member.given} {member.family}, born {member.born}" + (f", CIN {member.cin}" if member.cin else ""),
        f"Reference: {parcel.disclosure}",
    ]
    if parcel.event:
        where = f", {parcel.event.setting}" if parcel.event.setting else ""
        when = instant_text(parcel.event.at, ZoneInfo(parcel.zone))
        lines.append(f"Event: {event_in_words(parcel.event.kind)} at {when}{where}")
        lines += [f"Contact: {parcel.event.contact}"] if parcel.event.contact else []
    lines += [f"Document {number}: {document.title}" for number, document in enumerate(parcel.documents, 1)]
    return _lines(lines)


def _lines(lines: list[str]) -> str:
    # What is printable holds no control.
    return "\n".join(line if line.isprintable() else line.translate(CONTROLS) for line in lines)


def _party(name: str, phone: str) -> str:
    return f"{name}, {phone}" if phone else name
