"""Referrals in v2: what was asked (REF^I12, OMG^O19), what became of it (RRI, OSU^O51, SIU), under which id.

The meanings are IHE 360X's where it has them (ORC-1 and ORC-5), else table 0283 of RF1-1.
"""

from adapters.mllp.message import Message
from hub.model import Frozen

REFERRAL, CANCELLED = "referral", "cancelled"
_STATUS_OF_ORDER = {
    ("OK", ""): "accepted",
    ("OK", "IP"): "accepted",
    ("SC", "SC"): "scheduled",
    ("SC", "IP"): "in_progress",
    ("SC", "A"): "in_progress",
    ("SC", "CM"): "completed",
    ("RE", "CM"): "completed",
    ("UA", "CA"): "declined",
    ("UA", ""): "declined",
    ("DC", "CA"): CANCELLED,
    ("CA", "CA"): CANCELLED,
    ("CA", ""): CANCELLED,
    ("CR", "CA"): CANCELLED,
    ("OC", "CA"): CANCELLED,
}
_STATUS_OF_REFERRAL = {"A": "accepted", "P": "pending", "R": "declined", "E": "expired"}
_APPOINTMENTS = {
    "S12": "scheduled",
    "S13": "scheduled",
    "S14": "scheduled",
    "S15": "appointment_cancelled",
    "S16": "appointment_cancelled",
    "S17": "appointment_cancelled",
    "S26": "no_show",
}
_OF_FILLER = {
    **dict.fromkeys(("CANCELLED", "CANCELED", "DC", "DELETED"), "appointment_cancelled"),
    **dict.fromkeys(("NOSHOW", "NO SHOW", "NO-SHOW"), "no_show"),
    **dict.fromkeys(("STARTED", "COMPLETE", "COMPLETED"), "in_progress"),
}
"""SCH-25 (table 0278): many systems say all that happens to an appointment as a modification, S14."""
_ORDER_REQUESTS = {"NW": REFERRAL, "": REFERRAL, "SC": REFERRAL, "CA": CANCELLED, "DC": CANCELLED}


class Referral(Frozen, frozen=True, kw_only=True):
    """A step of a referral. `step` is `referral` (the request), or what became of it; empty if nobody can tell."""

    step: str
    id: str = ""
    """The initiator's: ORC-2, RF1-6, SCH-1; what request and answers have in common."""
    namespace: str = ""
    reason: str = ""
    to: tuple[str, ...] = ()
    """NPIs and names under which the message names the receiving organization, the surest first."""

    @property
    def asks(self) -> bool:
        return self.step == REFERRAL


def referral_of(message: Message) -> Referral:
    """The step that a REF, RRI, OMG, OSU, ORU or SIU message reports."""
    code, trigger = message.type
    receiver = tuple(filter(None, (message.header.get(6), message.header.get(6, 2), message.header.get(5))))
    if code in ("REF", "RRI"):
        return _by_referral(message, code, trigger, receiver)
    if code == "SIU":
        sch = message.first("SCH")
        order = message.first("ORC")
        number = sch.get(26) or order.get(2) or sch.get(1)
        step = _APPOINTMENTS[trigger]
        if step == "scheduled":
            step = _OF_FILLER.get((sch.get(25) or sch.get(25, 2)).upper(), step)
        return Referral(step=step, id=number, namespace=sch.get(26, 2), reason=sch.get(6, 2), to=receiver)
    orc = message.first("ORC")
    action, status = orc.get(1).upper(), orc.get(5).upper()
    # An order that is its first word is a request; OSU and ORU are always an answer.
    step = _ORDER_REQUESTS.get(action, "") if code == "OMG" else _STATUS_OF_ORDER.get((action, status), "")
    reason = orc.get(16, 2) or orc.get(16) or message.first("OBR").get(31, 2)
    number = orc.get(2) or message.first("OBR").get(2)
    return Referral(step=step, id=number, namespace=orc.get(2, 2), reason=reason, to=receiver)


def _by_referral(message: Message, code: str, trigger: str, receiver: tuple[str, ...]) -> Referral:
    rf1 = message.first("RF1")
    if trigger == "I14":
        step = CANCELLED
    elif code == "REF":
        step = REFERRAL
    else:
        step = _STATUS_OF_REFERRAL.get(rf1.get(1).upper(), "")
    named = [
        name
        for provider in message.all("PRD")
        if provider.get(1).upper() == "RT"
        for name in (provider.get(7), provider.get(10))
        if name
    ]
    return Referral(
        step=step,
        id=rf1.get(6) or message.first("ORC").get(2),
        namespace=rf1.get(6, 2),
        reason=rf1.get(10, 2) or rf1.get(10),
        to=(*named, *receiver),
    )
