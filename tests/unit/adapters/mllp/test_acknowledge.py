"""Acknowledgements, byte by byte; and read by two libraries that are not ours."""

import re

import hl7
import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from adapters.mllp.accept import REHEARSAL, door
from adapters.mllp.acknowledge import Fault, acknowledgement, owed
from adapters.mllp.message import Message
from tests.unit.adapters.mllp.messages import adt, samples

AT = 1_772_900_000_000_000  # 2026-03-07 16:13:20 UTC


def ack(raw: bytes, code: str = "AA", fault: Fault | None = None) -> str:
    return acknowledgement(Message.read(raw), code, fault, now=lambda: AT, new="A1").decode()


def test_the_positive_acknowledgement():
    assert ack(adt(header="||||||UNICODE UTF-8")) == (
        "MSH|^~\\&|HUB|COUNTY|EHR|HARBOR|20260307161320+0000||ACK^A01^ACK|A1|P|2.5.1||||||UNICODE UTF-8\rMSA|AA|M1\r"
    )


def test_an_error_says_its_code_and_place_and_nothing_that_was_sent():
    text = ack(adt(), "AE", Fault(102, "MSH", 18, "Unknown character set."))
    assert text.split("\r")[1:3] == [
        "MSA|AE|M1|Data type error",
        "ERR||MSH^1^18|102^Data type error^HL70357|E||||Unknown character set.",
    ]
    assert "QUINTANAR" not in text
    assert "01234567A" not in text


def test_before_2_5_the_error_stands_in_the_first_field_of_err():
    text = ack(adt(version="2.3"), "AR", Fault(201, "MSH", 9))
    assert text.split("\r")[2] == "ERR|MSH^1^9^201&Unsupported event code&HL70357"
    assert text.split("\r")[0].endswith("|2.3")


def test_the_senders_delimiters_are_kept():
    text = ack(b"MSH$*!?@$EHR*X$F$HUB$C$20260101$$ADT*A01$7$T$2.8\r")
    assert text == "MSH$*!?@$HUB$C$EHR*X$F$20260307161320+0000$$ACK*A01*ACK$A1$T$2.8\rMSA$AA$7\r"


@pytest.mark.parametrize("path", samples(), ids=lambda path: path and path.stem)
@pytest.mark.parametrize("fault", [None, Fault(207)])
def test_two_other_libraries_read_the_answers_to_third_parties(path, fault):
    message = Message.read(path.read_bytes())
    written = acknowledgement(message, "AR" if fault else "AA", fault)
    text = written.decode()
    theirs = hl7.parse(text)
    assert str(theirs.segment("MSA")[2]) == message.control_id
    assert str(theirs.segment("MSH")[9][0][0]) == "ACK"
    parsed = parse_message(re.sub(r"\|2\.8(?=[|\r])", "|2.5.1", text), validation_level=VALIDATION_LEVEL.TOLERANT)
    assert parsed.msa.msa_2.to_er7() == message.control_id
    assert parsed.msh.msh_3.to_er7() == message.header.raw(5)
    assert parsed.msh.msh_6.to_er7() == message.header.raw(4)
    assert parsed.msa.msa_1.to_er7() == ("AR" if fault else "AA")


REJECTED, WRONG = Fault(200), Fault(102)


@pytest.mark.parametrize(
    ("asked", "fault", "codes"),
    [
        ("|", None, ["AA"]),
        ("|", WRONG, ["AE"]),
        ("|", REJECTED, ["AR"]),
        ("AL|NE", None, ["CA"]),
        ("AL|NE", WRONG, ["CA"]),
        ("AL|NE", REJECTED, ["CR"]),
        ("AL|AL", None, ["CA", "AA"]),
        ("AL|AL", WRONG, ["CA", "AE"]),
        ("AL|AL", REJECTED, ["CR"]),
        ("NE|AL", None, ["AA"]),
        ("NE|AL", REJECTED, ["AR"]),
        ("NE|NE", None, []),
        ("NE|NE", REJECTED, []),
        ("ER|NE", None, []),
        ("ER|NE", REJECTED, ["CR"]),
        ("SU|ER", None, ["CA"]),
        ("SU|ER", WRONG, ["CA", "AE"]),
        ("SU|ER", REJECTED, ["AR"]),
        ("|AL", None, ["AA"]),
        ("|ER", None, []),
        ("AL|", None, ["CA"]),
        ("al|ne", None, ["CA"]),
        ("XX|", None, ["CA"]),
    ],
)
def test_which_acknowledgements_are_owed(asked, fault, codes):
    assert owed(Message.read(adt(header=f"|||{asked}")), fault) == codes


@pytest.mark.parametrize("code", ["ACK", "ACK^A01^ACK", "MCF^Q01"])
def test_an_acknowledgement_is_never_acknowledged(code):
    message = Message.read(f"MSH|^~\\&|A|B|C|D|2026||{code}|9|P|2.5.1|||AL|AL\rMSA|AA|M1\r".encode())
    assert owed(message, None) == []
    assert owed(message, WRONG) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "segment", "field"),
    [
        (b"|M1|P|", b"||P|", 101, "MSH", 10),
        (b"|ADT^A01^ADT_A01|", b"||", 101, "MSH", 9),
        (b"ADT^A01^ADT_A01", b"ORU", 200, "MSH", 9),
        (b"ADT^A01^ADT_A01", b"VXU^V04^VXU_V04", 200, "MSH", 9),
        (b"ADT^A01^ADT_A01", b"ADT^A99", 201, "MSH", 9),
        (b"|M1|P|", b"|M1|T|", 202, "MSH", 11),
        (b"|P|2.5.1", b"|P|3.0", 203, "MSH", 12),
        (b"PID|", b"ZID|", 100, "PID", 0),
        (b"MSH|", b"EVN|", 100, "MSH", 0),
    ],
)
def test_what_cannot_be_taken_is_told_with_its_code_and_place(old, new, code, segment, field):
    fault = door(Message.read(adt().replace(old, new, 1)))
    assert fault is not None
    assert (fault.code, fault.segment, fault.field) == (code, segment, field)


def test_training_messages_are_taken_where_no_real_persons_are():
    assert door(Message.read(adt().replace(b"|M1|P|", b"|M1|T|")), REHEARSAL) is None


@pytest.mark.parametrize("trigger", ["A05", "A06", "A31", "A60"])
def test_the_rest_of_a_hospitals_feed_is_answered_and_forgotten(trigger):
    assert door(Message.read(adt(trigger))) is None
