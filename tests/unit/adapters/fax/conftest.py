"""An invented admission packet, as the hub hands it to the fax channel."""

import pytest

from hub.model import (
    Accompaniment,
    ChannelKind,
    ConsentCopy,
    Correspondent,
    Endpoint,
    Event,
    MemberIdentity,
    MessageKind,
    Parcel,
    Priority,
)
from tests.unit.adapters.fax.packets import NOTICE, NOTICE_SHORT, text


@pytest.fixture
def consent_copy() -> ConsentCopy:
    return ConsentCopy(
        consent="c-0117",
        lines=(
            ("Patient", "Ines Quiroga"),
            ("Who may disclose", "Alder Point"),
            ("Who may receive", "Oakmont Family Clinic"),
            ("What", "Assessment, diagnosis, discharge summary"),
            ("Purpose", "Treatment"),
            ("Ends", "2026-12-31"),
            ("Revocation", "In writing or by phone to (707) 555-0110 at any time"),
        ),
    )


@pytest.fixture
def parcel(consent_copy) -> Parcel:
    return Parcel(
        delivery="06abc0delivery0001",
        disclosure="06abc0disclosure01",
        kind=MessageKind.CRISIS_FOLLOWUP,
        priority=Priority.URGENT,
        created_at=1_772_870_400_000_000,  # 2026-03-07T08:00:00Z
        zone="America/Los_Angeles",
        sender=Correspondent(id="alder-point", name="Alder Point", phone="+1 707 555 0110"),
        recipient=Correspondent(id="oakmont", name="Oakmont Family Clinic", phone="+1 707 555 0120"),
        endpoint=Endpoint(
            id="oakmont-fax",
            organization="oakmont",
            channel=ChannelKind.FAX,
            address="+17075550121",
            station="7075550121",
        ),
        member=MemberIdentity(
            given="Ines", family="Quiroga", born="1991-05-17", cin="01234567A", phone="+1 707 555 0177"
        ),
        documents=(text("Progress note", "Seen at 02:10, calm at 04:00.\nWalked home with her sister."),),
        accompaniment=Accompaniment(
            notice=NOTICE,
            notice_short=NOTICE_SHORT,
            consent_copies=(consent_copy,),
            labels=("NO_USE_IN_PROCEEDINGS_AGAINST_PATIENT",),
        ),
        event=Event(
            kind="crisis", at=1_772_849_400_000_000, setting="Mobile team", contact="On-call lead, +1 707 555 0111"
        ),
    )
