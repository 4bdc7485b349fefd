"""The pages before the documents: the cover, then what is enclosed and under which consent.

Rules kept: the cover lies open in a machine's tray, so it names two organizations and nothing about a
person or the kind of care (metadata-is-content); the notice stands on it word for word (§2.32(a)); the
scope of each consent follows on the next page in full (§2.32(b)).
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from adapters.accompaniment import KIND_IN_WORDS, LABEL_IN_WORDS, event_in_words, instant_text
from adapters.fax.sheet import SMALL, Line, Page, compose, footer_rows
from hub.errors import Unrenderable
from hub.model import ConsentCopy, Correspondent, Document, Parcel

NOTICE_BODY = 30


def cover(parcel: Parcel, pages: int) -> Page:
    """The first page. Raises `Unrenderable` if the notice and the addresses do not fit one page."""
    # INVARIANT: metadata-is-content
    sender, notice = parcel.sender, parcel.accompaniment.notice or parcel.accompaniment.notice_short
    lines = [
        Line("FAX", size=96, bold=True),
        Line("Confidential health information", size=40, gap=4),
        Line(parcel.recipient.name, label="To", gap=56, rule=True),
        Line(parcel.endpoint.address, label="Fax number"),
        Line(sender.name, label="From", gap=20),
        Line(sender.phone or "see your directory", label="Call back"),
        Line(instant_text(parcel.created_at, ZoneInfo(parcel.zone)), label="Date", gap=20),
        Line(parcel.delivery, label="Reference"),
        Line(f"{pages} with this cover", label="Pages"),
        *([Line("Urgent: please hand over at once", label="Priority")] if parcel.priority == "urgent" else []),
        Line(_if_misdirected(sender), gap=48, rule=True),
        Line("If pages are missing or cannot be read, call the same number.", gap=8),
    ]
    if notice:
        lines.append(Line("Notice to the recipient (42 CFR 2.32)", size=34, bold=True, gap=56, rule=True))
        lines.append(Line(notice, size=NOTICE_BODY, gap=8))
    pages_needed = compose(lines)
    if len(pages_needed) != 1:
        raise Unrenderable("The fax cover does not fit one page.", code="cover")
    return pages_needed[0]


def contents(parcel: Parcel, enclosed: Sequence[tuple[Document, int]]) -> list[Page]:
    """Who it is about, what is enclosed (document and number of its first page), and each consent's scope."""
    # INVARIANT: obligations-travel
    lines = [Line(KIND_IN_WORDS[parcel.kind], size=44, bold=True), *_about(parcel), *_enclosed(enclosed)]
    for copy in parcel.accompaniment.consent_copies:
        lines += _scope(copy)
    if parcel.accompaniment.labels:
        lines.append(Line("Stays with the record", size=36, bold=True, gap=44, rule=True))
        lines += [Line(LABEL_IN_WORDS.get(label, label), gap=8) for label in parcel.accompaniment.labels]
    return compose(lines)


def footers(parcel: Parcel) -> list[str]:
    """What stands at the foot of every page after the cover, in case pages are parted: short notice and
    labels.
    """
    going_along = parcel.accompaniment
    wordings = [going_along.notice_short, *(LABEL_IN_WORDS.get(label, label) for label in going_along.labels)]
    return footer_rows(wording for wording in wordings if wording)


def _about(parcel: Parcel) -> list[Line]:
    member, event = parcel.member, parcel.event
    lines = [
        Line(f"{member.given} {member.family}", label="Member", gap=36, rule=True),
        Line(member.born, label="Born"),
        *([Line(member.cin, label="CIN")] if member.cin else []),
        *([Line(member.sex, label="Sex")] if member.sex != "unknown" else []),
        *([Line(member.phone, label="Phone")] if member.phone else []),
    ]
    if event:
        lines += [
            Line(event_in_words(event.kind).capitalize(), label="Event", gap=24),
            Line(instant_text(event.at, ZoneInfo(parcel.zone)), label="When"),
            *([Line(event.setting, label="Where")] if event.setting else []),
            *([Line(event.contact, label="Contact")] if event.contact else []),
        ]
    return lines


def _enclosed(enclosed: Sequence[tuple[Document, int]]) -> list[Line]:
    if not enclosed:
        return []
    heading = Line("Enclosed", size=36, bold=True, gap=44, rule=True)
    return [heading, *(Line(document.title, label=f"Page {first}", gap=6) for document, first in enclosed)]


def _scope(copy: ConsentCopy) -> list[Line]:
    return [
        Line("Scope of the consent (42 CFR 2.32(b))", size=36, bold=True, gap=44, rule=True),
        Line(f"Consent {copy.consent}", size=SMALL + 4),
        *(Line(value, label=label, gap=6) for label, value in copy.lines),
    ]


def _if_misdirected(sender: Correspondent) -> str:
    return (
        "For the addressee only. If this fax reached you by mistake, do not read past this page and do not copy "
        f"it. Call {sender.phone or 'the sender'}, give the reference above, then destroy every page."
    )
