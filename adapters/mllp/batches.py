"""Several messages in one frame: a batch (BHS, BTS) or a file of batches (FHS, FTS), and messages simply put in a row.

Rules kept: each message is taken and answered by itself, so that one that is wrong keeps no other out; a batch is
answered by one batch (HL7 v2 chapter 2, batch acknowledgement), messages in a row by an answer each; what came is taken
although its trailer counts otherwise, and a person asks for the rest.
"""

import re
from datetime import UTC, datetime
from itertools import pairwise

from adapters.mllp.message import Message, Segment
from hub.model import Frozen

MOST = 1_000
"""Messages of one frame."""
_STARTS = re.compile(rb"(?:\A|(?<=[\r\n]))[ \t]*(?:MSH|FHS|BHS|BTS|FTS)(?=[^A-Za-z0-9]|\Z)")
_NUMBER = re.compile(rb"[BF]TS[^0-9A-Za-z \t]([0-9]{1,9})(?:[^0-9].*)?", re.DOTALL)
_BOM = b"\xef\xbb\xbf"


class Batch(Frozen, frozen=True, kw_only=True):
    """What one frame holds. `wrapped`: it came as a batch, and is answered as one."""

    messages: tuple[bytes, ...]
    wrapped: bool
    ends: tuple[bytes, ...] = ()
    """What stands around the messages of a batch whose own counts (BTS-1, FTS-1) are not those of what came."""


def split(content: bytes) -> Batch:
    """The messages of a frame; what holds at most one is given back whole, as a message of its own."""
    plain = content.lstrip(b" \t\r\n").removeprefix(_BOM)
    starts = [found.start() for found in _STARTS.finditer(plain)]
    pieces = [plain[begin:end] for begin, end in pairwise([*starts, None])]
    messages = tuple(each for each in pieces if _is_message(each))
    # Without a message it is a batch only if nothing else is in it either: what cannot be read is not nothing.
    whole = bool(messages) or all(len(each.strip().splitlines()) == 1 for each in pieces)
    wrapped = bool(starts) and pieces[0][:3] in (b"FHS", b"BHS") and whole
    ends: tuple[bytes, ...] = ()
    if wrapped and not _counted(pieces):
        ends = tuple(each.strip() for each in pieces if not _is_message(each))
    return Batch(messages=messages if wrapped or len(messages) > 1 else (content,), wrapped=wrapped, ends=ends)


def _is_message(piece: bytes) -> bool:
    return piece.lstrip(b" \t").startswith(b"MSH")


def _counted(pieces: list[bytes]) -> bool:
    """Whether each trailer says as many as there are; one that says nothing is no count (both are optional).

    BHS and BTS may be left out of a file (2.10.3): messages that stand in no batch are one.
    """
    batches = messages = 0
    is_open = False
    for piece in pieces:
        name = piece.lstrip(b" \t")[:3]
        if name == b"BHS" or (name == b"MSH" and not is_open):
            batches, messages, is_open = batches + 1, 0, True
        messages += name == b"MSH"
        if name not in (b"BTS", b"FTS"):
            continue
        stated = _NUMBER.fullmatch(piece.strip())
        if stated is not None and int(stated[1]) != (messages if name == b"BTS" else batches):
            return False
        is_open = False
    return True


def answer(content: bytes, answers: list[bytes], now: int, comment: str = "") -> bytes:
    """The batch around these acknowledgements; `now` in microseconds, `comment` in BTS-2 and FTS-2."""
    received = Message.read(content)
    mark = received.delimiters.field
    opened = [each for each in received.segments if each.name in ("FHS", "BHS")]
    at = datetime.fromtimestamp(now / 1_000_000, UTC).strftime("%Y%m%d%H%M%S+0000")
    heads = [_head(each, mark, received.delimiters.encoding, at) for each in opened]
    tails = [mark.join(("BTS", str(len(answers)), comment)).rstrip(mark)] if received.has("BHS") else []
    tails += [mark.join(("FTS", "1", comment)).rstrip(mark)] if received.has("FHS") else []
    written = [b"".join(f"{line}\r".encode(received.charset, "replace") for line in lines) for lines in (heads, tails)]
    return written[0] + b"".join(answers) + written[1]


def _head(sent: Segment, mark: str, encoding: str, at: str) -> str:
    """FHS and BHS have the same fields: 3 to 6 are swapped, 12 refers to the sender's 11."""
    fields = [sent.raw(5), sent.raw(6), sent.raw(3), sent.raw(4), at, "", "", "", "", sent.raw(11)]
    return mark.join((f"{sent.name}{mark}{encoding}", *fields)).rstrip(mark)
