"""Whatever is sent, there is an answer or none is owed; nothing crashes, nothing personal is said, nothing is lost."""

import asyncio
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mllp import conversation
from adapters.mllp.conversation import Manners, answers
from adapters.mllp.frames import Frame
from adapters.mllp.message import Message
from adapters.mllp.peers import NOBODY
from hub.arrivals import Arrival, Taken
from tests.unit.adapters.mllp.messages import SAMPLES, adt

MANNERS = Manners(zone=ZoneInfo("America/Los_Angeles"))
SEEDS = [adt(), *(path.read_bytes()[:4000] for path in sorted(SAMPLES.glob("*.hl7")))]

PIECE = st.one_of(st.binary(max_size=3), st.sampled_from([b"|", b"^", b"~", b"\\", b"\r"]))


def told(raw: bytes) -> tuple[list[bytes], list[Arrival]]:
    kept: list[Arrival] = []

    async def take(arrival: Arrival) -> Taken:
        kept.append(arrival)
        return Taken(id="1")

    return asyncio.run(answers(Frame(raw), NOBODY, take, MANNERS)), kept


@settings(max_examples=300)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 4000), PIECE), max_size=12))
def test_a_message_with_any_bytes_changed_is_answered(seed, changes):
    raw = bytearray(seed)
    for at, value in changes:
        raw[at % len(raw) : at % len(raw) + len(value)] = value
    found, kept = told(bytes(raw))
    for answer in found:
        assert answer.startswith(b"MSH")
        assert Message.read(answer).first("MSA").get(1) in {"AA", "AE", "AR", "CA", "CE", "CR"}
    if any(Message.read(answer).first("MSA").get(1) == "AA" for answer in found):
        event = Message.read(bytes(raw)).type
        assert kept or event[0] in {"ADT", "SIU"}, "what was taken is kept; of the rest of a feed nothing is"


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_at_all_are_answered(raw):
    told(raw)
    told(b"MSH|^~\\&|" + raw)


def test_a_message_the_reader_fails_on_is_kept_for_a_person(monkeypatch):
    def fails(*_, **__):
        raise RuntimeError("QUINTANAR")

    monkeypatch.setattr(conversation, "read", fails)
    (answer,), (kept,) = told(adt())
    assert b"MSA|AA|M1" in answer
    assert (kept.trouble, kept.content, kept.raw) == ("unreadable", None, adt())
