"""What happened to a patient, from an ADT message: event, instant, place, visit number.

Rules kept: MSH-9 says what a message is, an EVN-1 that differs is a warning; each instant has one place that counts and
others that stand in for it.
"""

from adapters.mllp.message import Message
from adapters.mllp.times import DAY_US, Zone, instant, zone_of
from hub.model import Event, Frozen, MessageKind

EVENTS = {
    "A01": "admit",
    "A02": "transfer",
    "A03": "discharge",
    "A04": "visit",
    "A06": "admit",
    "A07": "update",
    "A08": "update",
    "A11": "admit_cancelled",
    "A12": "transfer_cancelled",
    "A13": "discharge_cancelled",
}
KINDS = {
    "admit": MessageKind.ADMIT_NOTICE,
    "transfer": MessageKind.ADMIT_NOTICE,
    "visit": MessageKind.ADMIT_NOTICE,
    "admit_cancelled": MessageKind.ADMIT_NOTICE,
    "transfer_cancelled": MessageKind.ADMIT_NOTICE,
    "discharge": MessageKind.DISCHARGE_NOTICE,
    "discharge_cancelled": MessageKind.DISCHARGE_NOTICE,
}
_SETTINGS = {"E": "emergency", "I": "inpatient", "O": "outpatient", "R": "outpatient", "P": "inpatient"}
_WHEN = {
    "admit": (("PV1", 44), ("EVN", 6), ("EVN", 2)),
    "visit": (("PV1", 44), ("EVN", 6), ("EVN", 2)),
    "discharge": (("PV1", 45), ("EVN", 6), ("EVN", 2)),
}
_ELSE = (("EVN", 6), ("EVN", 2))


class Visit(Frozen, frozen=True, kw_only=True):
    """One event of one visit."""

    event: str
    at: int
    setting: str = ""
    number: str = ""
    """PV1-19, else the account number PID-18: what an admission and its cancellation have in common."""
    place: str = ""
    facility: str = ""
    admitted_at: int | None = None
    """PV1-44, as far as it is stated."""
    discharged_at: int | None = None
    """PV1-45"""
    disposition: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def reported(self) -> Event:
        return Event(kind=self.event, at=self.at, setting=self.setting)


def visit_of(message: Message, zone: Zone, now: int) -> Visit:
    """The event that an ADT message reports; `now` stands in for an instant that cannot be read."""
    event, zone = EVENTS[message.type[1]], zone_of(message.header.get(7), zone)
    at, warnings = _when(message, event, zone, now)
    pv1, stated = message.first("PV1"), message.first("EVN").get(1).upper()
    if stated and stated != message.type[1]:
        warnings += ("event-code-differs",)
    if not message.has("PV1"):
        warnings += ("visit-missing",)
    number = pv1.get(19) or message.first("PID").get(18)
    if not number:
        warnings += ("visit-number-missing",)
    return Visit(
        event=event,
        at=at,
        setting=_SETTINGS.get(pv1.get(2).upper(), ""),
        number=number,
        place=", ".join(filter(None, (pv1.get(3, part) for part in (4, 1, 2, 3)))),
        facility=message.header.get(4),
        admitted_at=instant(pv1.get(44), zone),
        discharged_at=instant(pv1.get(45), zone),
        disposition=pv1.get(36, 2) or pv1.get(36),
        warnings=warnings,
    )


def _when(message: Message, event: str, zone: Zone, now: int) -> tuple[int, tuple[str, ...]]:
    unreadable = False
    for segment, field in (*_WHEN.get(event, _ELSE), ("MSH", 7)):
        text = message.first(segment).get(field) if segment != "MSH" else message.header.get(field)
        found = instant(text, zone)
        if found is not None:
            warnings = ("time-unreadable",) if unreadable else ()
            return found, (*warnings, *(("time-in-the-future",) if found > now + DAY_US else ()))
        unreadable = unreadable or bool(text)
    return now, ("time-unreadable" if unreadable else "time-missing",)
