"""What goes on of a v2 message: short texts a person can read, made of what the event needs and nothing else.

Rules kept: no diagnosis, note or insurance number of an ADT message goes into a notice (§2.13(a)); what a restriction
narrows is left out; a referral's parts are items of their own, so that each is decided by itself.
"""

from adapters.accompaniment import instant_text
from adapters.mllp.enclosed import enclosed
from adapters.mllp.message import Message, Segment
from adapters.mllp.referrals import Referral
from adapters.mllp.restrictions import Effect, Restriction
from adapters.mllp.times import Zone
from adapters.mllp.visits import Visit
from hub.model import CONTROLS, Document

TITLES = {
    "admit": "Admission notice",
    "transfer": "Transfer notice",
    "visit": "Outpatient visit notice",
    "discharge": "Discharge notice",
    "admit_cancelled": "Correction: the admission did not take place",
    "transfer_cancelled": "Correction: the transfer did not take place",
    "discharge_cancelled": "Correction: the discharge did not take place",
    "accepted": "Referral accepted",
    "declined": "Referral declined",
    "pending": "Referral pending",
    "scheduled": "Appointment scheduled",
    "appointment_cancelled": "Appointment cancelled",
    "no_show": "Appointment not attended",
    "in_progress": "Referral in progress",
    "completed": "Referral completed",
    "cancelled": "Referral cancelled",
    "expired": "Referral expired",
}
STEPS = tuple(TITLES)[7:]
"""What can become of a referral."""
RESTRICTED = "Confidentiality: R (restricted). The sender marked access to this as restricted."
CORRECTION = "Please correct your records: the earlier notice about this visit is withdrawn."


def notice(visit: Visit, restrictions: tuple[Restriction, ...], zone: Zone) -> Document:
    """The notice of one event of a visit."""
    hidden = hides_place(restrictions)
    lines = [
        TITLES[visit.event],
        labelled("When", instant_text(visit.at, zone)),
        labelled("Setting", visit.setting),
        labelled("Where", "" if hidden else visit.place),
        labelled("Discharged to", visit.disposition if visit.event == "discharge" else ""),
        labelled("Visit", visit.number),
        CORRECTION if visit.event.endswith("_cancelled") else "",
        RESTRICTED if restrictions else "",
    ]
    return text_item("notice", TITLES[visit.event], "attendance", lines)


def hides_place(restrictions: tuple[Restriction, ...]) -> bool:
    """Whether a place may be said: a ward's name says what its patients are treated for."""
    return any(each.effect in (Effect.NO_LOCATION, Effect.SUBJECT) for each in restrictions)


def status(referral: Referral, when: str, restrictions: tuple[Restriction, ...]) -> Document:
    """What became of a referral."""
    lines = [
        TITLES[referral.step],
        labelled("Referral", referral.id),
        labelled("Appointment", when),
        labelled("Reason", referral.reason),
        RESTRICTED if restrictions else "",
    ]
    return text_item("status", TITLES[referral.step], "attendance", lines)


def request(
    message: Message, referral: Referral, restrictions: tuple[Restriction, ...]
) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    """A referral's request (what is asked, its diagnoses, the documents that came inside it), and what a person must
    look at.
    """
    asked = [f"{obr.get(4, 2) or obr.get(4)}" for obr in message.all("OBR")]
    providers = [f"{prd.get(2, 2)} {prd.get(2, 1)}".strip() for prd in message.all("PRD")]
    lines = [
        "Referral",
        labelled("Referral", referral.id),
        labelled("Reason", referral.reason),
        labelled("Asked for", "; ".join(dict.fromkeys(filter(None, asked)))),
        labelled("Between", " and ".join(filter(None, providers[:2]))),
        RESTRICTED if restrictions else "",
    ]
    found: list[Document] = [text_item("request", "Referral request", "summary", lines)]
    diagnoses = [_coded(each, 3) for each in message.all("DG1")]
    if diagnoses:
        found.append(text_item("diagnoses", "Diagnoses", "diagnosis", ["Diagnoses", *dict.fromkeys(diagnoses)]))
    records, review = enclosed(message)
    return (*found, *records), review


def _coded(segment: Segment, field: int) -> str:
    return " ".join(filter(None, (segment.get(field), segment.get(field, 2) or segment.get(field + 1))))


def labelled(label: str, value: str) -> str:
    """One line, or nothing if there is no value."""
    return f"{label}: {value}" if value else ""


def text_item(name: str, title: str, information: str, lines: list[str]) -> Document:
    """A short text as an item; each line is cut at 500 characters."""
    content = "\n".join(line.translate(CONTROLS)[:500] for line in lines if line) + "\n"
    return Document(
        id=name, title=title, information=information, media_type="text/plain; charset=utf-8", content=content.encode()
    )
