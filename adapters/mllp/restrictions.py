"""Where a v2 message says that access is restricted, and what each value means here.

    PD1-12 PV2-22                protection indicators                    PV1-16       VIP
    ARV                          access restriction (2.6)                 CON          consent
    ORC-28 DG1-18                confidentiality of an order, a diagnosis MSH-26 to 28 labels of the message (2.9)

Any of them makes the notice `R` (restricted). What a value narrows is taken out of the notice; a value that cannot be
weighed by a table, or that nobody knows, is a person's (interop A4). The tables are HL7 0136, 0099, 0717, 0498, 0177,
and the ActCode refrain policies.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from enum import StrEnum

from adapters.mllp.message import Message, Segment
from adapters.mllp.times import DAY_US, instant
from hub.model import Frozen


class Effect(StrEnum):
    """What a restriction does to what goes on."""

    LABEL = "label"
    """Labelled restricted; what goes on holds nothing that it narrows."""
    NO_LOCATION = "no-location"
    SUBJECT = "subject"
    """It narrows a subject: a notice names no ward, which would name it; what carries records is a person's."""
    PERSON = "person"


class Restriction(Frozen, frozen=True):
    """One restriction as it was sent. `code` is shown to people at the desk and never leaves."""

    carrier: str
    code: str
    effect: Effect


_Table = Mapping[str, Effect]
_PROTECTED = {"Y": Effect.PERSON}
_VIP = {"VIP": Effect.LABEL, "V": Effect.LABEL, "Y": Effect.LABEL, "S": Effect.LABEL, "E": Effect.LABEL}
_ARV = {
    "LOC": Effect.NO_LOCATION,
    **dict.fromkeys(("DRG", "HIV", "MED-PSY", "PSY", "SMD", "STD"), Effect.SUBJECT),
    **dict.fromkeys(("ALL", "DEM", "PID", "PHY", "OI", "OO"), Effect.PERSON),
}
_CONSENT = {"A": Effect.LABEL}
"""Only an active consent changes nothing; what it permits is read from the paper, not from a segment."""
_CONFIDENTIAL = {
    **dict.fromkeys(("R", "U", "VIP", "ETH"), Effect.LABEL),
    **dict.fromkeys(("PSY", "HIV", "AID"), Effect.SUBJECT),
}
"""Table 0177: restricted and `ETH` (alcohol or drug treatment) is what everything here is, `U` the usual control."""
_LEVEL = {"R": Effect.LABEL, "U": Effect.LABEL, "L": Effect.LABEL, "M": Effect.LABEL}
_HANDLING = {"NORDSCLCD": Effect.LABEL, "NORDSLCD": Effect.LABEL}
"""No redisclosure without consent: what the hub sees to anyway."""
_NOTICE = re.compile(r"42 CFR PART 2 PROHIBITS UNAUTHORIZED (USE OR )?DISCLOSURE OF THESE RECORDS\.?")
"""The short notice of §2.32(a)(2), of now and of before 2024, which another hub writes into MSH-28."""
_NOTHING = ("N", "NO")
_CODED: tuple[tuple[str, int, _Table], ...] = (
    ("PD1", 12, _PROTECTED),
    ("PV1", 16, _VIP),
    ("PV2", 22, _PROTECTED),
    ("ORC", 28, _CONFIDENTIAL),
    ("DG1", 18, _PROTECTED),
    ("MSH", 26, _LEVEL),
    ("MSH", 27, _HANDLING),
)


def restrictions_of(message: Message, zone: tzinfo, now: int) -> tuple[Restriction, ...]:
    """Every restriction that the message states, the strictest reading of each."""
    found: list[Restriction] = []
    for segment, number, table in _CODED:
        for each in message.all(segment):
            found += _coded(f"{segment}-{number}", _values(each, number), table)
    for each in message.all("ARV"):
        found += _access(each, zone, now)
    for each in message.all("CON"):
        found += _consent(each)
    for told in message.header.repetitions(28):
        effect = Effect.LABEL if is_notice(told) else Effect.PERSON
        found.append(Restriction("MSH-28", "TEXT", effect))
    return tuple(dict.fromkeys(found))


def review_of(restrictions: tuple[Restriction, ...], *, records: bool = False) -> tuple[str, ...]:
    """The codes under which a person looks at what is restricted; `records`: it holds more than a notice says."""
    weighed = (Effect.LABEL,) if records else (Effect.LABEL, Effect.NO_LOCATION, Effect.SUBJECT)
    return tuple(
        dict.fromkeys(f"restricted.{each.carrier.lower()}" for each in restrictions if each.effect not in weighed)
    )


def is_notice(text: str) -> bool:
    """Whether a text is the short notice of §2.32(a)(2) and nothing more."""
    return _NOTICE.fullmatch(text.strip().upper()) is not None


def _access(segment: Segment, zone: tzinfo, now: int) -> list[Restriction]:
    if segment.get(2).upper() == "D":  # taken away (table 0206)
        return []
    found = _coded("ARV", list(_values(segment, 3)) or ["?"], _ARV)
    # Instructions in words (ARV-5), and labels of 2.9, that no table weighs.
    if any(True for field in (5, 7, 8, 9) for _ in _values(segment, field)):
        found.append(Restriction("ARV", "INSTRUCTIONS", Effect.PERSON))
    until = segment.get(6, 2)
    # Of a month or a year alone nobody can tell that it is over.
    ended = instant(until, zone) if len(until) >= _DATE else None
    if ended is not None and ended + (DAY_US if len(until) == _DATE else 0) <= now:
        return [Restriction(each.carrier, each.code, Effect.LABEL) for each in found]
    return found


_DATE = len("20260307")


def _consent(segment: Segment) -> list[Restriction]:
    # A consent segment without a status still says that there is a consent to look at; one with limits (CON-9), too.
    # `N` and `NO`, elsewhere no restriction, are here no consent.
    codes = (value.upper()[:20] for value in list(_values(segment, 11)) or ["?"])
    found = [Restriction("CON", code, _CONSENT.get(code, Effect.PERSON)) for code in codes]
    if any(True for _ in _values(segment, 9)):
        found.append(Restriction("CON", "LIMITED", Effect.PERSON))
    return found


def _values(segment: Segment, field: int) -> Iterator[str]:
    """Each repetition's code; its text or its alternate code where it has none, since a word alone restricts, too."""
    for each in segment.repetitions(field):
        value = next(filter(None, (segment.part(each, component) for component in (1, 4, 2, 5, 9))), "")
        if value:
            yield value


def _coded(carrier: str, values: Iterator[str] | list[str], table: _Table) -> list[Restriction]:
    codes = (value.upper()[:20] for value in values)
    return [Restriction(carrier, code, table.get(code, Effect.PERSON)) for code in codes if code not in _NOTHING]
