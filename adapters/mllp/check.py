"""What messages in a file would become, without taking them: for whoever sets up an interface.

Rules kept: it reads them as the listener does, and says nothing about a person: only kinds, codes and the answer, which
holds no patient data either.
"""

import re

from adapters.mllp.acknowledge import acknowledgement, owed
from adapters.mllp.batches import split
from adapters.mllp.conversation import FRAME_FAULTS, Manners, stated_in
from adapters.mllp.frames import LARGEST_MAX_BYTES, START, Frame, FrameReader
from adapters.mllp.message import Message
from adapters.mllp.peers import NOBODY, Peer, by_facility
from adapters.mllp.reading import Reading, read
from hub.arrivals import ArrivedPacket, ArrivedUpdate
from hub.model import Frozen

_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?MSH(?P<field>[^A-Za-z0-9\s])[^A-Za-z0-9\s]{2,5}?(?P=field)")
"""Also where files without a last line end were put one behind the other."""


class Examined(Frozen, frozen=True, kw_only=True):
    """One message of the file."""

    type: str
    control_id: str
    event: str = ""
    """What happened, `none` for what the hub has no use for, empty for what it does not take."""
    becomes: str = ""
    """The kind of submission; empty if there would be none."""
    restrictions: tuple[str, ...] = ()
    """Carrier, code and effect."""
    match_key: str = "none"
    """How the patient can be matched: `cin`, `demographics`, or `none`: by a person."""
    review: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    """The acknowledgements, one text each, segments on lines of their own."""
    code: int = 0
    """Of table 0357; 0 if it is taken."""


def examine(content: bytes, manners: Manners, peers: tuple[Peer, ...] = ()) -> list[Examined]:
    """Every message in the bytes, framed or one after the other."""
    return [_examined(each, manners, peers) for each in _messages(content)]


def _messages(content: bytes) -> list[Frame]:
    if START in content:
        frames = FrameReader(LARGEST_MAX_BYTES)
        found, rest = frames.feed(content), frames.unfinished()
        return [*(one for each in found for one in _apart(each)), *([rest] if rest else [])]
    starts = [match.start() for match in _BEGINNING.finditer(content)]
    if not starts:
        return [Frame(content)] if content.strip() else []
    return [Frame(content[a:b]) for a, b in zip(starts, [*starts[1:], None], strict=True)]


def _apart(frame: Frame) -> list[Frame]:
    return [frame] if frame.fault else [Frame(each) for each in split(frame.content).messages]


def _examined(frame: Frame, manners: Manners, peers: tuple[Peer, ...]) -> Examined:
    message = Message.read(frame.content)
    peer = by_facility(peers, message.header.get(4)) or NOBODY
    reading = (
        Reading(fault=FRAME_FAULTS[frame.fault])
        if frame.fault
        else read(
            message, frame.content, zone=manners.zone, now=manners.now(), peer=peer, processing=manners.processing
        )
    )
    fault, content = reading.fault, reading.arrival.content if reading.arrival else None
    packet = content if isinstance(content, ArrivedPacket) else None
    answers = [
        acknowledgement(message, code, stated_in(code, fault), now=manners.now, new="EXAMPLE")
        for code in owed(message, fault)
    ]
    person = reading.person
    return Examined(
        type="^".join(filter(None, message.type)),
        control_id=message.control_id,
        event=reading.event,
        becomes=str(packet.kind) if packet else "",
        restrictions=tuple(f"{each.carrier} {each.code} {each.effect}" for each in reading.restrictions),
        match_key=("cin" if person.cin else "demographics") if person and reading.has_key else "none",
        review=content.review if isinstance(content, ArrivedPacket | ArrivedUpdate) else (),
        warnings=reading.warnings,
        answers=tuple(answer.decode(message.charset).replace("\r", "\n").strip() for answer in answers),
        code=fault.code if fault else 0,
    )
