"""What leaves as HL7 v2 is read by a library that is not ours, and by the hub itself."""

import base64

import msgspec
import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from adapters.mllp.message import Message
from adapters.mllp.render import message_of
from hub.model import ChannelKind, Document, Endpoint, Event, MessageKind
from tests.contract.channel_parcel import CONSENT_LINES, NOTICE, PDF, sample_parcel

ENDPOINT = Endpoint(id="e", organization="org-valley", channel=ChannelKind.MLLP, address="mllps://x.example")
TEXT = Document(
    id="d", title="Note", information="attendance", media_type="text/plain", content=b"Visit: V|7\nReferral: R^9\n"
)
AT = 1_793_000_000_000_000


@pytest.mark.parametrize(
    ("kind", "event", "structure"),
    [
        (MessageKind.ADMIT_NOTICE, "admit", "ADT_A01"),
        (MessageKind.ADMIT_NOTICE, "admit_cancelled", "ADT_A09"),
        (MessageKind.ADMIT_NOTICE, "transfer_cancelled", "ADT_A12"),
        (MessageKind.DISCHARGE_NOTICE, "discharge", "ADT_A03"),
        (MessageKind.REFERRAL_PACKET, "", "REF_I12"),
    ],
)
def test_another_library_finds_every_segment_where_the_structure_has_it(kind, event, structure):
    happened = Event(kind=event, at=AT, setting="residential") if event else None
    text = message_of(sample_parcel(ENDPOINT, kind=kind, event=happened)).decode()
    parsed = parse_message(text, validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=True)
    assert parsed.name == structure
    assert parsed.pid.pid_5.pid_5_2.to_er7() == "Marisol"
    assert parsed.pid.pid_3.pid_3_5.to_er7() == "MA"
    assert parsed.msh.msh_18.to_er7() == "UNICODE UTF-8"


def notice_in(raw: bytes) -> str:
    message = Message.read(raw)
    texts = [each.get(3) for each in message.all("NTE")] + [
        each.get(5) for each in message.all("OBX") if each.get(2) == "FT"
    ]
    return "\n".join(texts)


@pytest.mark.parametrize(
    ("kind", "documents"),
    [
        (MessageKind.ADMIT_NOTICE, (TEXT,)),
        (MessageKind.REFERRAL_PACKET, (TEXT,)),
        (MessageKind.STATUS_REPORT, (TEXT,)),
        (MessageKind.STATUS_REPORT, None),
    ],
)
def test_every_message_carries_the_notice_and_the_whole_consent_copy(kind, documents):
    changes = {"documents": documents} if documents else {}
    text = notice_in(message_of(sample_parcel(ENDPOINT, kind=kind, **changes)))
    assert " ".join(NOTICE.split()) in " ".join(text.split())
    for _, value in CONSENT_LINES:
        assert value in text


def test_a_status_with_documents_goes_as_a_report_that_holds_them_whole():
    message = Message.read(message_of(sample_parcel(ENDPOINT, kind=MessageKind.STATUS_REPORT)))
    assert message.type == ("ORU", "R01")
    enclosed = [each for each in message.all("OBX") if each.get(2) == "ED"]
    assert base64.b64decode(enclosed[0].get(5, 5)) == PDF
    assert (enclosed[0].get(3), enclosed[0].get(3, 3)) == ("assessment", "99PART2HUB")


@pytest.mark.parametrize(
    ("step", "order"),
    [("accepted", ("OK", "IP")), ("declined", ("UA", "CA")), ("completed", ("RE", "CM")), ("cancelled", ("CA", "CA"))],
)
def test_each_step_has_the_order_control_of_360x_and_the_senders_number(step, order):
    parcel = sample_parcel(ENDPOINT, kind=MessageKind.STATUS_REPORT, event=Event(kind=step, at=AT), documents=(TEXT,))
    orc = Message.read(message_of(parcel)).first("ORC")
    assert (orc.get(1), orc.get(5)) == order
    assert orc.get(2) == "R^9"


def test_what_stands_in_a_name_cannot_become_a_segment_or_a_frame():
    parcel = sample_parcel(ENDPOINT)
    member = msgspec.structs.replace(parcel.member, family="A|B^C\rZZZ|1\x0b\x1c")
    raw = message_of(msgspec.structs.replace(parcel, member=member))
    assert not {0x0B, 0x1C, 0x0A} & set(raw)
    message = Message.read(raw)
    assert not message.has("ZZZ")
    assert message.first("PID").get(5).startswith("A|B^C")
