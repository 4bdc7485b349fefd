"""The forms of the registers as data: which fields a matter is opened with, and which a deed takes.

The names are those of `hub.compliance.deeds`; what is read from a page is given to it as JSON, so that the page and
the API accept the same.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from hub.compliance import breaches, complaints
from hub.compliance.suspensions import Role
from hub.decide import OUTSIDER
from hub.errors import HubError, Malformed
from hub.storage import members
from hub.web.pages import times
from hub.web.pages.visit import Visit
from hub.web.pages.words import named
from policies.vocabulary import CLASSES, COMPLETE_RECORD

Kind = Literal[
    "member",
    "day",
    "words",
    "choice",
    "flag",
    "number",
    "organizations",
    "until",
    "members",
    "hidden",
    "agency",
    "line",
]


class Field(NamedTuple):
    name: str
    kind: Kind
    options: tuple[str, ...] = ()
    required: bool = True
    elsewhere: bool = False
    """Asked for only of an agency that is in no directory."""


_REASON = Field("reason", "words")
_WHY = Field("reason", "words", required=False)
_LEVELS = ("low", "medium", "high")
_FACTORS = tuple(
    field
    for factor in breaches.FACTORS
    for field in (
        Field(f"{factor}.level", "choice", _LEVELS, required=False),
        Field(f"{factor}.reasons", "words", required=False),
    )
)
OPENING: Mapping[str, tuple[Field, ...]] = {
    "accounting": (
        Field("member", "member"),
        Field("received_at", "day"),
        Field("language", "choice", ("en", "es")),
        Field("scope", "choice", ("due", "all")),
        Field("asked", "words", required=False),
    ),
    "complaint": (
        Field("received_at", "day"),
        Field("what", "words"),
        Field("who", "words", required=False),
        Field("member", "member", required=False),
        Field("to_hhs", "flag", required=False),
    ),
    "restriction": (
        Field("member", "member"),
        Field("received_at", "day"),
        Field("against", "organizations", required=False),
        Field("information", "choice", (COMPLETE_RECORD, *sorted(CLASSES))),
        Field("paid_in_full", "flag", required=False),
        Field("asked", "words", required=False),
    ),
    "suspension": (
        Field("member", "member"),
        Field("agency", "agency"),
        Field("somebody.name", "line", elsewhere=True),
        Field("somebody.role", "choice", get_args(Role), elsewhere=True),
        Field("somebody.address", "line", required=False, elsewhere=True),
        Field("received_at", "day"),
        Field("statement", "words"),
        Field("until", "until", required=False),
    ),
    "breach": (
        Field("discovered_at", "day"),
        Field("happened_at", "day", required=False),
        Field("what", "words"),
        Field("members", "members", required=False),
        Field("affected", "number", required=False),
        Field("licensed", "flag", required=False),
        Field("reference", "hidden", required=False),
    ),
    "list": (Field("member", "member"), Field("received_at", "day"), Field("language", "choice", ("en", "es"))),
}
DEED: Mapping[str, dict[str, tuple[Field, ...]]] = {
    "accounting": {
        "extend": (_REASON,),
        "fee": (Field("cents", "number"), _WHY),
        "withdraw": (_REASON,),
    },
    "list": {"withdraw": (_REASON,)},
    "complaint": {"answer": (Field("outcome", "choice", complaints.Outcome.__args__), _REASON)},  # type: ignore[attr-defined]
    "restriction": {
        "agree": (_WHY,),
        "refuse": (_REASON,),
        "end": (Field("ended_by", "choice", ("patient", "notice")), _REASON),
    },
    "suspension": {
        "write": (Field("until", "until"), _WHY),
        "end": (_REASON,),
        "cover": (Field("disclosures", "hidden"), _WHY),
        "uncover": (Field("disclosures", "hidden"), _WHY),
    },
    "breach": {
        "assess": (
            *_FACTORS,
            Field("conclusion", "choice", breaches.Conclusion.__args__),  # type: ignore[attr-defined]
            _REASON,
        ),
        "people": (Field("members", "members"), _WHY),
        "notice": (*(Field(part, "words") for part in breaches.PARTS), Field("language", "choice", ("en", "es"))),
        "person": (Field("member", "member"), _WHY),
        "people_told": (Field("members", "members"), _REASON),
        "told": (Field("clock", "choice"), _WHY),
        "delay": (Field("until", "until", required=False), _REASON),
        "finish": (_REASON,),
    },
}
EVERY: dict[str, tuple[Field, ...]] = {"note": (_REASON,), "assign": (Field("to", "hidden", required=False),)}
"""On the page of every matter in a place of their own."""
_MOST_PEOPLE = 40_000
"""Characters: over a thousand ids."""
_LISTED = frozenset({"against", "information", "disclosures"})


class Wrong(NamedTuple):
    """What is said beside a field of a form that was not taken."""

    field: str = ""
    text: str = ""


def wrong(visit: Visit, error: HubError) -> Wrong:
    """Which field it was, and what to do about it. A person whom nobody knows is a wrong `member`."""
    named_field = error.field or "" if isinstance(error, Malformed) else "member"
    name, _, place = named_field.removeprefix("$.").partition("[")
    if error.detail_code == "missing":
        return Wrong(name, visit.say("registers.missing"))
    field = name.partition(".")[0]
    text = named(visit.language, "wrong", field)
    text = visit.say("registers.wrong_field") if text == field else text
    return Wrong(field, visit.say("registers.wrong_line", n=int(place[:-1]) + 1, what=text) if place else text)


async def read(visit: Visit, fields: tuple[Field, ...]) -> bytes:
    """What was filled in, as the JSON that the register's form takes. Raises `Malformed` naming the field; its code is
    `missing` for one that has to be filled in.
    """
    given: dict[str, Any] = {}
    elsewhere = visit.field("agency", 64) == OUTSIDER
    for field in fields:
        if field.elsewhere != elsewhere and (field.elsewhere or field.kind == "agency"):
            continue
        value = await _value(visit, field)
        if value is None:
            if field.required:
                raise Malformed("This is missing.", code="missing", field=field.name)
            continue
        outer, _, inner = field.name.partition(".")
        if inner:
            given.setdefault(outer, {})[inner] = value
        else:
            given[outer] = [value] if outer in _LISTED and isinstance(value, str) else value
    # A factor has a level and its reasons, or is left out.
    kept = {name: value for name, value in given.items() if name not in breaches.FACTORS or len(value) == 2}
    return msgspec.json.encode(kept)


async def _value(visit: Visit, field: Field) -> Any:
    if field.kind == "organizations":
        return [each for each in visit.form.get(field.name, []) if each] or None
    text = visit.field(field.name, _MOST_PEOPLE if field.kind == "members" else 8_000)
    match field.kind if text else "":
        case "" | "flag":
            return bool(text) or None
        case "member" | "members":
            meant = [await members.find_by_cin(visit.hub, each) or each for each in re.split(r"[\s,;]+", text) if each]
            return meant if field.kind == "members" else meant[0] if len(meant) == 1 else text
        case "number":
            return _number(field.name, text)
        case "day" | "until":
            return _instant(visit, field, text)
        case _:
            return text


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Malformed("This is a number.", field=name)
    return int(text)


def _instant(visit: Visit, field: Field, text: str) -> str:
    """A day as an instant: of something that happened, its noon, and of today this moment; of an end, its midnight."""
    zone, now = visit.hub.zone, visit.hub.clock.now()
    try:
        begins, ends = times.start_of(text, zone), times.end_of(text, zone)
    except (ValueError, OverflowError):
        raise Malformed("A date is written YYYY-MM-DD.", field=field.name) from None
    at = ends if field.kind == "until" else min((begins + ends) // 2, now) if begins <= now else begins
    return datetime.fromtimestamp(at / 1_000_000, zone).isoformat()
