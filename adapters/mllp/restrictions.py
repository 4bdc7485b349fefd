"""Where a v2 message says that access is restricted: ARV, CON, PD1-12, PV1-16, PV2-22, and what each value means here.

Any of them makes the notice `R` (restricted). What a value narrows is taken out of the notice; a value that cannot be
weighed by a table, or that nobody knows, is a person's (interop A4). The tables are HL7 0136, 0099, 0717, 0498.
"""

from enum import StrEnum

from adapters.mllp.message import Message, Segment
from adapters.mllp.times import Zone, instant
from hub.model import Frozen


class Effect(StrEnum):
    """What a restriction does to what goes on."""

    LABEL = "label"
    """Labelled restricted; what goes on holds nothing that it narrows."""
    NO_LOCATION = "no-location"
    PERSON = "person"


class Restriction(Frozen, frozen=True):
    """One restriction as it was sent. `code` is shown to people at the desk and never leaves."""

    carrier: str
    code: str
    effect: Effect


_PROTECTED = {"Y": Effect.PERSON}
_VIP = {"VIP": Effect.LABEL, "V": Effect.LABEL, "Y": Effect.LABEL, "S": Effect.LABEL, "E": Effect.LABEL}
_ARV = {
    "LOC": Effect.NO_LOCATION,
    # A notice holds no diagnosis, no drug and no note, so that these narrow nothing in it.
    **dict.fromkeys(("DRG", "HIV", "MED-PSY", "PSY", "SMD", "STD"), Effect.LABEL),
    **dict.fromkeys(("ALL", "DEM", "PID", "PHY", "OI", "OO"), Effect.PERSON),
}
_CONSENT = {"A": Effect.LABEL}
"""Only an active consent changes nothing; what it permits is read from the paper, not from a segment."""
_NOTHING = ("", "N", "NO")


def restrictions_of(message: Message, zone: Zone, now: int) -> tuple[Restriction, ...]:
    """Every restriction that the message states, the strictest reading of each."""
    found = []
    for segment, number, table in (("PD1", 12, _PROTECTED), ("PV1", 16, _VIP), ("PV2", 22, _PROTECTED)):
        for each in message.all(segment):
            found += _coded(f"{segment}-{number}", each.get(number), table)
    for each in message.all("ARV"):
        found += _access(each, zone, now)
    for each in message.all("CON"):
        # A consent segment without a status still says that there is a consent to look at.
        found += _coded("CON", each.get(11) or "?", _CONSENT)
    return tuple(dict.fromkeys(found))


def _access(segment: Segment, zone: Zone, now: int) -> list[Restriction]:
    if segment.get(2).upper() == "D":  # taken away (table 0206)
        return []
    values = [segment.part(each, 1) for each in segment.repetitions(3)] or ["?"]
    found = [one for value in values for one in _coded("ARV", value, _ARV)]
    until = instant(segment.get(6, 2), zone)
    if until is not None and until < now:
        return [Restriction(each.carrier, each.code, Effect.LABEL) for each in found]
    return found


def _coded(carrier: str, value: str, table: dict[str, Effect]) -> list[Restriction]:
    code = value.strip().upper()[:20]
    if code in _NOTHING:
        return []
    return [Restriction(carrier, code, table.get(code, Effect.PERSON))]
