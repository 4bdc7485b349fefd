"""Whom a v2 message is about (PID), as far as it says so: the key by which the hub matches a member.

Rules kept: a number counts as a CIN only with its authority or type (table 0203 MA, MC) beside it; a matching without
one needs name and birth date, three demographics; nothing is guessed.
"""

import re

from adapters.mllp.message import Message, Segment
from adapters.mllp.times import day
from hub.model import MemberIdentity

_AUTHORITIES = ("MEDI-CAL", "MEDICAL", "MEDI_CAL", "CA-MEDICAID", "CAMEDICAID", "DHCS", "CIN")
"""Assigning authorities (PID-3.4) that usually stand for the statewide client index; a peer may name others."""
_MEDICAID = ("MA", "MC")
_CIN = re.compile(r"[0-9]{8}[A-Z]")
_BIC = re.compile(r"([0-9]{8}[A-Z])[0-9]{5}")
_SEX = {"F": "female", "M": "male", "O": "other", "A": "other", "N": "other"}


def person_of(message: Message, authorities: tuple[str, ...] = ()) -> MemberIdentity:
    """What PID says; empty where it says nothing."""
    pid = message.first("PID")
    return MemberIdentity(
        given=pid.get(5, 2),
        family=pid.get(5, 1),
        born=day(pid.get(7)),
        cin=_cin(pid, {*_AUTHORITIES, *(each.upper() for each in authorities)}),
        sex=_SEX.get(pid.get(8).upper(), "unknown"),
    )


def has_key(person: MemberIdentity) -> bool:
    """Whether a member can be found without a person: a CIN, or name and birth date."""
    return bool(person.cin or (person.given and person.family and person.born))


def _cin(pid: Segment, authorities: set[str]) -> str:
    for each in (*pid.repetitions(3), *pid.repetitions(2), *pid.repetitions(4)):
        number = "".join(pid.part(each, 1).split()).upper()
        card = _BIC.fullmatch(number)  # the number on the card: CIN, check digit, date of issue
        number = card[1] if card else number
        named = {pid.part(each, 4).upper(), pid.part(each, 4, 2).upper()} & authorities
        if _CIN.fullmatch(number) and (named or pid.part(each, 5).upper() in _MEDICAID):
            return number
    return ""
