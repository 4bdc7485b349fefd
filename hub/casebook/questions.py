"""A case: a question to the engine, and what its author expects (FORMAT.md sections 1, 2, 5 and 8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.casebook.cast import Cast
from hub.casebook.circumstances import (
    entries,
    read_emergency,
    read_events,
    read_order,
    read_registry,
    read_restriction,
    read_supervision,
)
from hub.casebook.consents import People, read_consent
from hub.casebook.fields import Fields, a_list, an_instant, fault, quoted
from policies import vocabulary as v
from policies.codes import REASONS
from policies.county.packs import PACKS
from policies.model import Item, Request
from policies.obligations import OBLIGATIONS

QUESTION = {
    "case",
    "why",
    "at",
    "patient",
    "discloser",
    "recipient",
    "purpose",
    "packet",
    "consents",
    "relationship",
    "agreements",
    "restrictions",
    "events",
    "by",
    "through",
    "identity",
    "attached",
    "sud_duty",
    "service",
    "calaim",
    "emergency",
    "demand",
    "order",
    "against",
    "supervision",
    "registry",
    "findings",
    "crime",
    "county_pack",
}
ANSWER = {"law", "expect", "confidence", "origin"}
ITEM = {
    "source",
    "information",
    "held_under",
    "received",
    "identifies",
    "exempt",
    "needed",
    "kept_apart",
    "originator",
    "made",
}
OUTCOMES = {"permit", "partial", "deny", "not_applicable"}
CONFIDENCE = {"found", "older_text", "knowledge", "judgement"}
NEEDED_FACTS = {"supervision": "supervision", "dual_enrollment": "registry", "crime_report": "crime"}


@dataclass(frozen=True, slots=True)
class Expect:
    """What the author expects. `withhold` None: not stated."""

    outcome: str
    hold: bool
    reason: str | None
    withhold: Mapping[str, str] | None
    obligations: frozenset[str]
    excused: frozenset[str]


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    request: Request
    law: str | None = None
    why: str | None = None
    confidence: str | None = None
    origin: str | None = None
    expect: Expect | None = None


def read_case(where: str, value: object, cast: Cast, templates: Mapping[str, Any]) -> Case:
    """One case of a file. Raises Malformed with the place of the first fault."""
    fields = Fields(where, value, QUESTION | ANSWER)
    for name in ("case", "at", "discloser", "recipient", "purpose"):
        fields.required(name)
    return Case(
        name=fields.required_text("case"),
        request=_request(fields, cast, templates),
        law=fields.text("law"),
        why=fields.text("why"),
        origin=fields.text("origin"),
        confidence=fields.optional_word("confidence", CONFIDENCE),
        expect=_expect(fields) if fields.has("expect") else None,
    )


def _request(fields: Fields, cast: Cast, templates: Mapping[str, Any]) -> Request:
    people, purpose = _people(fields, cast), _purpose(fields)
    attached = Fields(fields.at("attached"), fields.values.get("attached", {}), {"notice", "consent_copy"})
    consents = entries(fields, "consents")
    return Request(
        world=cast.world,
        patient=cast.patients[people.patient],
        at=an_instant(fields.at("at"), fields.values["at"]),
        discloser=people.discloser,
        recipient=people.recipient,
        purpose=purpose,
        packet=_packet(fields, people, consents),
        consents=tuple(
            read_consent(f"{fields.where}: {name}", name, entry, templates, people) for name, entry in consents.items()
        ),
        **_standing(fields, cast, people),
        **_delivery(fields, people),
        notice=attached.word("notice", v.NOTICES, "full"),
        consent_copy=attached.flag("consent_copy", True),
        **_service(fields),
        **_stated(fields, people),
    )


def _people(fields: Fields, cast: Cast) -> People:
    parties = {v.THE_PATIENT, *cast.world.parties}
    return People(
        fields.word("patient", cast.patients, "ana" if "ana" in cast.patients else _no_patient(fields)),
        fields.word("discloser", parties, ""),
        fields.word("recipient", parties, ""),
        cast.world.parties,
        cast.patients,
    )


def _purpose(fields: Fields) -> str:
    purpose = fields.word("purpose", v.PURPOSES, "")
    if purpose in NEEDED_FACTS:
        fields.required(NEEDED_FACTS[purpose])
    return purpose


def _standing(fields: Fields, cast: Cast, people: People) -> dict[str, Any]:
    """What stands between the parties, and has happened with what they agreed."""
    return {
        "relationship": fields.optional_word("relationship", v.RELATIONSHIPS),
        "agreements": tuple(sorted(fields.words("agreements", cast.world.agreements))),
        "restrictions": a_list(
            fields.at("restrictions"),
            fields.values.get("restrictions", []),
            lambda w, e: read_restriction(w, e, people),
        ),
        "events": read_events(fields),
    }


def _delivery(fields: Fields, people: People) -> dict[str, Any]:
    """By which way it goes, through whom, and whether it is known who takes it."""
    return {
        "by": fields.word("by", v.CHANNELS, "ehr"),
        "through": people.party(fields.at("through"), fields.values["through"]) if fields.has("through") else None,
        "identity": fields.word("identity", v.IDENTITIES, "verified"),
    }


def _service(fields: Fields) -> dict[str, Any]:
    """What care it is of, and what its recipient has to answer for."""
    return {
        "sud_duty": fields.flag("sud_duty", True),
        "service": fields.word("service", v.SERVICES, "counseling"),
        "calaim": fields.flag("calaim", False),
    }


def _stated(fields: Fields, people: People) -> dict[str, Any]:
    """What is stated for a basis other than a consent, and the county's own rules."""
    return {
        "emergency": read_emergency(fields),
        "demand": fields.optional_word("demand", v.DEMANDS),
        "order": read_order(fields, people),
        "against": fields.word("against", v.ADVERSARIES, "patient"),
        "supervision": read_supervision(fields),
        "registry": read_registry(fields),
        "findings": fields.words("findings", v.FINDINGS),
        "crime": fields.optional_word("crime", v.CRIMES),
        "county_pack": fields.optional_word("county_pack", PACKS),
    }


def _no_patient(fields: Fields) -> str:
    return str(fields.required("patient"))


def _packet(fields: Fields, people: People, consents: Mapping[str, Any]) -> tuple[Item, ...]:
    items = entries(fields, "packet") if fields.has("packet") else {"record": {}}
    if not items:
        fault(fields.at("packet"), "is empty")
    for name in consents:
        if name in v.HOLDINGS:
            fault(fields.at("consents"), f"a consent may not be called {quoted(name)}")
    holdings = v.HOLDINGS | frozenset(consents)
    return tuple(_item(f"{fields.where}: {name}", name, entry, people, holdings) for name, entry in items.items())


def _item(where: str, name: str, value: object, people: People, holdings: frozenset[str]) -> Item:
    fields = Fields(where, value, ITEM)
    source = people.discloser
    if fields.has("source"):
        source = people.party(fields.at("source"), fields.values["source"], v.UNKNOWN_SOURCE)
    if source not in {people.discloser, v.UNKNOWN_SOURCE} and not fields.has("held_under"):
        fault(where, "held_under is missing: another party made it")
    return Item(
        id=name,
        information=fields.word("information", v.CLASSES, "summary"),
        source=source,
        held_under=fields.optional_word("held_under", holdings),
        received=fields.instant("received"),
        identifies=fields.word("identifies", v.IDENTIFYING, "sud_patient"),
        exempt=fields.optional_word("exempt", v.EXEMPTIONS),
        needed=fields.flag("needed", True),
        kept_apart=fields.flag("kept_apart", True),
        originator=fields.optional_word("originator", people.parties),
        made=fields.date("made"),
    )


def _expect(fields: Fields) -> Expect:
    facts = Fields(
        fields.at("expect"),
        fields.values["expect"],
        {
            "outcome",
            "hold",
            "reason",
            "withhold",
            "obligations",
            "excused",
        },
    )
    facts.required("outcome")
    withhold = None
    if facts.has("withhold"):
        withhold = {name: code for name, code in entries(facts, "withhold").items() if _reason(facts, code)}
    return Expect(
        outcome=facts.word("outcome", OUTCOMES, ""),
        hold=facts.flag("hold", False),
        reason=facts.optional_word("reason", REASONS),
        withhold=withhold,
        obligations=facts.words("obligations", OBLIGATIONS),
        excused=facts.words("excused", OBLIGATIONS),
    )


def _reason(fields: Fields, code: object) -> bool:
    if not isinstance(code, str) or code not in REASONS:
        fault(fields.at("withhold"), "unknown reason code")
    return True
