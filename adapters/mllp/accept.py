"""At the door: whether a message can be taken at all, from its header and the segments its kind cannot be without.

Rules kept: what the hub has no use for is answered AA and forgotten, since a hospital's whole ADT feed arrives; what it
cannot understand is refused with its code; what is merely missing or odd is taken, with a warning for the person who
looks.
"""

import re

from adapters.mllp.acknowledge import Fault
from adapters.mllp.message import Message

USED = {
    "ADT": {"A01", "A02", "A03", "A04", "A06", "A07", "A08", "A11", "A12", "A13"},
    "SIU": {"S12", "S13", "S14", "S15", "S16", "S17", "S26"},
    "OMG": {"O19"},
    "OSU": {"O51"},
    "ORU": {"R01"},
    "REF": {"I12", "I13", "I14"},
    "RRI": {"I12", "I13", "I14"},
}
_KNOWN_ADT = re.compile(r"A(0[1-9]|[1-5][0-9]|6[0-2])")
_KNOWN = {"SIU": re.compile(r"S(1[2-9]|2[0-6])"), "ADT": _KNOWN_ADT}
_VERSION = re.compile(r"2\.[1-9](\.[0-9]{1,2})*")
REFERRAL_NOTE = "57133-1"
"""LOINC"""
PRODUCTION = frozenset("P")
REHEARSAL = frozenset("PTD")
"""Training and debugging messages are taken where no real person's are: in demo mode."""


def door(message: Message, processing: frozenset[str] = PRODUCTION) -> Fault | None:
    """What keeps the message out; none if it can be taken."""
    header = message.header
    if not header.line.startswith("MSH") or not header.raw(2):
        return Fault(100, "MSH", 0, "A message begins with MSH.")
    code, trigger = message.type
    checks = (
        (not message.control_id.strip(), Fault(101, "MSH", 10)),
        (not code, Fault(101, "MSH", 9)),
        (code not in USED or (code == "ORU" and not _of_referral(message)), Fault(200, "MSH", 9)),
        (not (used(message) or idle(message)), Fault(201, "MSH", 9) if trigger else Fault(101, "MSH", 9)),
        (header.get(11).upper() not in {*processing, ""}, Fault(202, "MSH", 11)),
        (bool(header.get(12)) and not _VERSION.fullmatch(header.get(12)), Fault(203, "MSH", 12)),
        ("charset-unknown" in message.warnings, Fault(102, "MSH", 18, "Unknown character set.")),
        ("charset-wrong" in message.warnings, Fault(102, "MSH", 18, "Not in the stated character set.")),
        (used(message) and code in ("ADT", "OMG", "REF") and not message.has("PID"), Fault(100, "PID")),
    )
    return next((fault for wrong, fault in checks if wrong), None)


def used(message: Message) -> bool:
    """The hub does something with it."""
    code, trigger = message.type
    return trigger in USED.get(code, ())


def _of_referral(message: Message) -> bool:
    """A result that is a referral's note, as hubs send each other; laboratories' are for others."""
    return any(each.get(4) == REFERRAL_NOTE for each in message.all("OBR"))


def idle(message: Message) -> bool:
    """A valid event that the hub has no use for: answered, and nothing of it is kept."""
    code, trigger = message.type
    known = _KNOWN.get(code)
    return not used(message) and known is not None and bool(known.fullmatch(trigger))
