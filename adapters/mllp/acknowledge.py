"""Acknowledgements: which are owed (original and enhanced mode, MSH-15 and MSH-16), and their bytes.

Rules kept: MSA-2 is MSH-10 unchanged; MSH-3 to MSH-6 are swapped, MSH-11, MSH-12, MSH-18 and the delimiters are the
sender's; what went wrong is said in codes and fixed words (table 0357) with a place, never with a value, which may be a
patient's. An acknowledgement is never acknowledged: two hubs would go on for ever.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from adapters.mllp.message import Message
from hub.model import Frozen, new_id, now_us

FAULTS = {
    100: "Segment sequence error",
    101: "Required field missing",
    102: "Data type error",
    103: "Table value not found",
    200: "Unsupported message type",
    201: "Unsupported event code",
    202: "Unsupported processing id",
    203: "Unsupported version id",
    204: "Unknown key identifier",
    205: "Duplicate key identifier",
    206: "Application record locked",
    207: "Application internal error",
}
"""HL7 table 0357: from 200 on it is a rejection, before an error of content."""
_INTERNAL = 207
_ANSWERS = ("ACK", "MCF")
_CONDITIONS = {"AL": (True, True), "NE": (False, False), "ER": (False, True), "SU": (True, False)}
"""Table 0155: whether an acknowledgement is owed on success, and on failure."""


class Fault(Frozen, frozen=True):
    """What is wrong with a message: a code of table 0357, where, and a few fixed words of ours."""

    code: int
    segment: str = "MSH"
    field: int = 0
    words: str = ""

    @property
    def rejects(self) -> bool:
        return self.code >= 200

    @property
    def keeps(self) -> bool:
        """Somebody can read past it: the message is kept for a person although it is not taken."""
        return self.code == 102


def is_answer(message: Message) -> bool:
    """Whether this is itself an acknowledgement."""
    return message.type[0] in _ANSWERS


def owed(message: Message, fault: Fault | None) -> list[str]:
    """The MSA-1 codes to answer with, in order.

    Original mode (neither MSH-15 nor MSH-16): one of AA, AE, AR. Enhanced mode: the accept acknowledgement (CA, CE, CR)
    says that the message is safe, the application acknowledgement what was made of it; each on its own condition,
    one that is not stated is not owed.
    """
    if is_answer(message):
        return []
    accept, application = (message.header.get(number).upper() for number in (15, 16))
    if not accept and not application:
        return [] if message.has("MSA") else [_code("A", fault)]
    # A commit says that the message is safe: what is kept for a person is, whatever was turned away is not.
    at_the_door = fault if fault is not None and not fault.keeps else None
    codes = [_commit(at_the_door)] if _wanted(accept, at_the_door) else []
    # Who has been told that it was turned away is not told so a second time.
    if not (codes and at_the_door) and _wanted(application, fault):
        codes.append(_code("A", fault))
    return codes


def acknowledgement(
    message: Message, code: str, fault: Fault | None = None, *, now: Callable[[], int] = now_us, new: str = ""
) -> bytes:
    """The bytes of one acknowledgement, unframed. `new` is its own control id."""
    sent, mark = message.header, message.delimiters.field
    trigger = message.type[1]
    version = sent.raw(12) or "2.5.1"
    sign = message.delimiters.component
    structure = sign.join(("ACK", trigger, "ACK")) if trigger and _version(version) >= (2, 3) else "ACK"
    at = datetime.fromtimestamp(now() / 1_000_000, UTC).strftime("%Y%m%d%H%M%S+0000")
    header = [
        f"MSH{mark}{message.delimiters.encoding}",
        sent.raw(5), sent.raw(6), sent.raw(3), sent.raw(4), at, "", structure, new or new_id()[:20],
        sent.raw(11) or "P", version, "", "", "", "", "", sent.raw(18),
    ]  # fmt: skip
    lines = [mark.join(header).rstrip(mark), _msa(message, code, fault)]
    if fault is not None:
        lines.append(_err(message, fault, version))
    return "".join(f"{line}\r" for line in lines).encode(message.charset, "replace")


def _wanted(condition: str, fault: Fault | None) -> bool:
    """A condition that nobody knows is read as AL: an answer too many does less harm than one too few."""
    return bool(condition) and _CONDITIONS.get(condition, (True, True))[fault is not None]


def _code(kind: str, fault: Fault | None) -> str:
    if fault is None:
        return f"{kind}A"
    return f"{kind}R" if fault.rejects else f"{kind}E"


def _commit(fault: Fault | None) -> str:
    """CR for what is never taken (MSH-9, MSH-11, MSH-12, a control id used twice), CE for any other reason (2.9.2)."""
    if fault is None:
        return "CA"
    return "CR" if fault.rejects and fault.code != _INTERNAL else "CE"


def _msa(message: Message, code: str, fault: Fault | None) -> str:
    parts = ["MSA", code, message.control_id]
    if fault is not None:
        parts.append(FAULTS[fault.code])
    return message.delimiters.field.join(parts)


def _err(message: Message, fault: Fault, version: str) -> str:
    mark, sign = message.delimiters.field, message.delimiters.component
    where = sign.join((fault.segment, "1", str(fault.field))) if fault.field else sign.join((fault.segment, "1"))
    if _version(version) < (2, 5):
        # Before 2.5 the code stands in ERR-1, as its fourth component.
        place = sign.join((fault.segment, "1", str(fault.field or "")))
        sub = message.delimiters.subcomponent or " "
        return mark.join(("ERR", f"{place}{sign}{sub.join((str(fault.code), FAULTS[fault.code], 'HL70357'))}"))
    coded = sign.join((str(fault.code), FAULTS[fault.code], "HL70357"))
    return mark.join(("ERR", "", where, coded, "E", "", "", "", fault.words)).rstrip(mark)


def _version(text: str) -> tuple[int, int]:
    """Major and minor version; the newest for what cannot be read."""
    numbers = text.split("^", maxsplit=1)[0].split(".")
    try:
        return int(numbers[0]), int(numbers[1])
    except (IndexError, ValueError):
        return (2, 9)
