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
_SELF = ("", "SEL", "SELF", "S", "18", "01")
"""IN1-17 (table 0063, and X12's codes): the insured is the patient, or nothing says otherwise."""
_CIN = re.compile(r"[0-9]{8}[A-Z]")
_BIC = re.compile(r"([0-9]{8}[A-Z])[0-9]{5}")
_SEX = {"F": "female", "M": "male", "O": "other", "A": "other", "N": "other"}


def person_of(message: Message, authorities: tuple[str, ...] = ()) -> MemberIdentity:
    """What PID says, and IN1 of the patient's own number; empty where they say nothing."""
    pid, known = message.first("PID"), _authorities(authorities)
    given, family = _name(pid, 5)
    return MemberIdentity(
        given=given,
        family=family,
        born=day(pid.get(7)),
        cin=_cin(pid, (3, 2, 4, 18), known) or _insured(message, known),
        sex=_SEX.get(pid.get(8).upper(), "unknown"),
    )


def prior_of(message: Message, merged: Segment, authorities: tuple[str, ...] = ()) -> MemberIdentity:
    """Whom the numbers of an MRG segment meant before the merge; the birth date is the one person's that both are."""
    given, family = _name(merged, 7)
    cin = _cin(merged, (1, 4, 2), _authorities(authorities))
    return MemberIdentity(given=given, family=family, born=day(message.first("PID").get(7)), cin=cin)


def has_key(person: MemberIdentity) -> bool:
    """Whether a member can be found without a person: a CIN, or name and birth date."""
    return bool(person.cin or (person.given and person.family and person.born))


def _authorities(more: tuple[str, ...]) -> set[str]:
    return {*_AUTHORITIES, *(each.upper() for each in more)}


def _name(segment: Segment, field: int) -> tuple[str, str]:
    """Given and family name: the legal one (table 0200), else the first that is there."""
    names = [each for each in segment.repetitions(field) if segment.part(each, 1)]
    legal = [each for each in names if segment.part(each, 7).upper() in ("L", "D")]
    found = (legal or names or [""])[0]
    return segment.part(found, 2), segment.part(found, 1)


def _insured(message: Message, authorities: set[str]) -> str:
    """The number on the insurance (IN1-49, else IN1-36), if the payer is Medi-Cal and the patient the insured."""
    for plan in message.all("IN1"):
        if plan.get(17).upper() not in _SELF:
            continue
        if number := _cin(plan, (49,), authorities):
            return number
        payer = {plan.get(field, part).upper() for field in (2, 3, 4) for part in (1, 2, 4)}
        number = plan.get(36).upper()
        if payer & authorities and _CIN.fullmatch(number):
            return number
    return ""


def _cin(segment: Segment, fields: tuple[int, ...], authorities: set[str]) -> str:
    for each in [one for field in fields for one in segment.repetitions(field)]:
        number = "".join(segment.part(each, 1).split()).upper()
        card = _BIC.fullmatch(number)  # the number on the card: CIN, check digit, date of issue
        number = card[1] if card else number
        named = {segment.part(each, 4).upper(), segment.part(each, 4, 2).upper()} & authorities
        if _CIN.fullmatch(number) and (named or segment.part(each, 5).upper() in _MEDICAID):
            return number
    return ""
