"""One frame in, its acknowledgements out: what stands between the socket and the hub.

Rules kept: a positive answer is written only after `take` has returned, which is after the durable write; every message
that can be taken gets the same answer, whatever the hub decides afterwards (§2.13(c)); a repeat gets the answer of the
first time and is not taken twice; a negative answer says codes and fixed words, never a value.
"""

import hashlib
from collections.abc import Callable

import msgspec
import structlog

from adapters.mllp.accept import PRODUCTION
from adapters.mllp.acknowledge import Fault, acknowledgement, is_answer, owed
from adapters.mllp.batches import MOST, Batch, split
from adapters.mllp.batches import answer as as_batch
from adapters.mllp.frames import Frame
from adapters.mllp.message import Message
from adapters.mllp.peers import Peer
from adapters.mllp.reading import MEDIA_TYPE, Reading, read, unreadable
from adapters.mllp.times import Zone
from hub.arrivals import Arrival, Taken
from hub.errors import Conflict, HubError, TooLarge, Unavailable
from hub.model import Frozen, now_us
from hub.ports import Take

_log = structlog.get_logger()
FRAME_FAULTS = {
    "cut": Fault(100, "MSH", 0, "Another message began before this one ended."),
    "too-large": Fault(207, "MSH", 0, "The message is larger than this listener takes."),
    "too-many": Fault(207, "MSH", 0, f"A frame has at most {MOST} messages."),
    "unfinished": Fault(100, "MSH", 0, "The message did not arrive whole in time."),
}
_NOT_TAKEN = Fault(207, words="Nothing was taken; send it again.")
_COUNT_DIFFERS = "The count differs from what came; a person looks at it."


class Manners(Frozen, frozen=True, kw_only=True):
    """How messages are read: the county's zone, and the processing ids of MSH-11 that count as real."""

    zone: Zone
    processing: frozenset[str] = PRODUCTION
    now: Callable[[], int] = now_us


async def answers(frame: Frame, peer: Peer, take: Take, manners: Manners) -> list[bytes]:
    """The acknowledgements owed for one frame, unframed, in order."""
    if frame.fault:
        return _answered(Message.read(frame.content), FRAME_FAULTS[frame.fault])
    batch = split(frame.content)
    if len(batch.messages) > MOST:
        return _answered(Message.read(frame.content), FRAME_FAULTS["too-many"])
    if batch.ends and not await _noted(batch, frame.content, peer, take):
        take = _nothing
    found = [answer for each in batch.messages for answer in await _answers(each, peer, take, manners)]
    if batch.wrapped and (found or not batch.messages):
        return [as_batch(frame.content, found, manners.now(), _COUNT_DIFFERS if batch.ends else "")]
    return found


async def _nothing(_: Arrival) -> Taken:
    """Of a batch that counts otherwise nothing is taken before that is kept: sent again, it is counted again."""
    raise Unavailable("Nothing was taken.")


async def _noted(batch: Batch, content: bytes, peer: Peer, take: Take) -> bool:
    """Whether it is kept for a person that a batch lacks messages, or has more than it says."""
    digest = hashlib.sha256(content).hexdigest()
    note = Arrival(
        channel="mllp",
        key=f"{peer.organization}\x1fbatch\x1f{digest}",
        raw=b"\r".join(batch.ends),
        media_type=MEDIA_TYPE,
        organization=peer.organization,
        trouble="batch.count-differs",
    )
    try:
        await take(note)
    except HubError:
        return False
    return True


async def _answers(raw: bytes, peer: Peer, take: Take, manners: Manners) -> list[bytes]:
    message = Message.read(raw)
    if is_answer(message):
        return []
    reading = _read(message, raw, peer, manners)
    if "event-code-differs" in reading.warnings:
        _log.info("EVN-1 differs from MSH-9", organization=peer.organization)
    fault = await _taken(reading, take)
    return _answered(message, fault)


def _read(message: Message, raw: bytes, peer: Peer, manners: Manners) -> Reading:
    try:
        return read(message, raw, zone=manners.zone, now=manners.now(), peer=peer, processing=manners.processing)
    except Exception as error:  # noqa: BLE001 - a reader that fails loses no message; its words may quote a patient
        _log.error("a v2 message could not be read", code=type(error).__name__)
        return unreadable(message, raw, peer)


async def _taken(reading: Reading, take: Take) -> Fault | None:
    """The fault to answer with, after everything that is to be kept has been kept."""
    if reading.arrival is None:
        return reading.fault
    try:
        await take(reading.arrival)
    except Conflict:
        return await _reused(reading.arrival, take)
    except TooLarge:
        return FRAME_FAULTS["too-large"]
    except HubError:
        return _NOT_TAKEN
    return reading.fault


async def _reused(arrival: Arrival, take: Take) -> Fault:
    """The control id of another message: kept for a person, since refusing alone would lose it."""
    key = f"{arrival.key}\x1f{arrival.digest.hex()}"
    other = msgspec.structs.replace(arrival, key=key, trouble="message-id-reused")
    try:
        await take(other)
    except HubError:
        return _NOT_TAKEN
    return Fault(205, "MSH", 10, "This control id was used for another message; a person looks at it.")


def _answered(message: Message, fault: Fault | None) -> list[bytes]:
    return [acknowledgement(message, code, stated_in(code, fault)) for code in owed(message, fault)]


def stated_in(code: str, fault: Fault | None) -> Fault | None:
    """A commit acknowledgement says nothing of what was wrong with the content."""
    return None if code.endswith("A") else fault
