"""A hundred and seventy messages as other systems send them, through the listener's socket: each gets the answer that
the standard says, and becomes what it says, no more.
"""

import asyncio

import hl7
import pytest

from adapters.mllp.check import examine
from adapters.mllp.frames import FrameReader, frame
from adapters.mllp.message import Message
from hub.arrivals import Arrival, ArrivedPacket, ArrivedUpdate
from tests.foreign.v2 import ALL, Foreign
from tests.integration.test_mllp_listener import MANNERS, Keeper, listening

NOW = 1_772_900_000_000_000  # 2026-03-07 08:13:20 in Los Angeles
THEN = MANNERS.__class__(zone=MANNERS.zone, now=lambda: NOW)
LAST = b"MSH|^~\\&|Z|HARBOR|||2026||ADT^A05|LAST|P|2.5.1\r"
"""Sent behind each message, so that no answer at all can be seen as well."""


async def sent(raw: bytes) -> tuple[list[Message], Arrival | None]:
    """What the listener answers, and what it kept."""
    keeper, frames, found = Keeper(), FrameReader(), []
    async with listening(keeper, manners=THEN) as connect, connect() as client:
        client.writer.write(frame(raw) + frame(LAST))
        async with asyncio.timeout(10):
            while not found or found[-1].first("MSA").get(2) != "LAST":
                found += [Message.read(each.content) for each in frames.feed(await client.reader.read(65536))]
    return found[:-1], next(iter(keeper.kept.values()), None)


@pytest.mark.parametrize("foreign", ALL, ids=lambda each: each.name)
async def test_a_foreign_message_is_answered_and_becomes_what_the_standard_says(foreign: Foreign) -> None:
    answers, arrival = await sent(foreign.raw)
    assert tuple(each.first("MSA").get(1) for each in answers) == foreign.acks
    received = Message.read(foreign.raw)
    for each in answers:
        assert each.control_id
        assert each.first("MSA").raw(2) == received.control_id
    kept = foreign.trouble or foreign.review or foreign.event not in ("", "none")
    assert (arrival is not None) is bool(kept)
    if arrival is None:
        return
    assert arrival.raw == foreign.raw
    assert arrival.trouble == foreign.trouble
    if arrival.content is None:
        return
    assert isinstance(arrival.content, ArrivedPacket | ArrivedUpdate)
    assert arrival.content.review == foreign.review
    assert arrival.content.person.cin == foreign.cin
    assert (arrival.content.person.family, arrival.content.person.born) == ("QUINTANAR", "1988-04-11")
    said = text_of(arrival.content)
    assert ("Confidentiality: R" in said or "restricted=True" in said) is foreign.restricted
    for part in foreign.said:
        assert part in said
    for part in foreign.unsaid:
        assert part not in said


def text_of(content: ArrivedPacket | ArrivedUpdate) -> str:
    if isinstance(content, ArrivedPacket):
        return "\n".join(each.content.decode("utf-8", "replace") for each in content.documents)
    return repr(content)


@pytest.mark.parametrize("foreign", ALL, ids=lambda each: each.name)
def test_the_check_command_says_the_same(foreign: Foreign) -> None:
    (examined,) = examine(frame(foreign.raw), THEN)
    assert tuple(Message.read(each.encode()).first("MSA").get(1) for each in examined.answers) == foreign.acks
    assert examined.event == ("acknowledgement" if Message.read(foreign.raw).type[0] == "ACK" else foreign.event)
    assert examined.review == foreign.review


@pytest.mark.parametrize("foreign", [each for each in ALL if b"|^~\\&|" in each.raw[:12]], ids=lambda each: each.name)
def test_another_library_reads_the_same_header_and_person(foreign: Foreign) -> None:
    ours = Message.read(foreign.raw)
    theirs = hl7.parse(ours.text)
    assert str(theirs.segment("MSH")[10]) == ours.control_id
    if ours.has("PID") and str(theirs.segment("PID")[3]):
        assert str(theirs.segment("PID")[3]) == ours.first("PID").raw(3)
