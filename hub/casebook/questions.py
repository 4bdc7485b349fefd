"""A case: a question to the engine, and what its author expects (FORMAT.md sections 1, 2, 5 and 8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.casebook.cast import Cast
from hub.casebook.consents import People, read_consent
from hub.casebook.fields import Fields, a_list, an_instant, fault, quoted
from policies import vocabulary as v
from policies.codes import REASONS
from policies.county.packs import PACKS
from policies.model import CourtOrder, Emergency, Item, Registry, Request, Restriction, Supervision
from policies.obligations import OBLIGATIONS

QUESTION = {
    "case", "why", "at", "patient", "discloser", "recipient", "purpose", "packet", "consents", "relationship",
    "agreements", "restrictions", "events", "by", "through", "identity", "attached", "sud_duty", "service", "calaim",
    "emergency", "demand", "order", "against", "supervision", "registry", "findings", "crime", "county_pack",
}
ANSWER = {"law", "expect", "confidence", "origin"}
ITEM = {
    "source", "information", "held_under", "received", "identifies", "exempt", "needed", "kept_apart", "originator",
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
    if isinstance(value, Mapping) and isinstance(value.get("case"), str):
        where = f"{where}: {value['case']}"
    fields = Fields(where, value, QUESTION | ANSWER)
    for name in ("case", "at", "discloser", "recipient", "purpose"):
        fields.required(name)
    return Case(
        name=fields.text("case") or "",
        request=_request(fields, cast, templates),
        law=fields.text("law"), why=fields.text("why"), origin=fields.text("origin"),
        confidence=fields.optional_word("confidence", CONFIDENCE),
        expect=_expect(fields) if fields.has("expect") else None,
    )


def _request(fields: Fields, cast: Cast, templates: Mapping[str, Any]) -> Request:
    parties = {v.THE_PATIENT, *cast.world.parties}
    people = People(
        fields.word("patient", cast.patients, "ana" if "ana" in cast.patients else _no_patient(fields)),
        fields.word("discloser", parties, ""),
        fields.word("recipient", parties, ""),
        cast.world.parties, cast.patients,
    )
    purpose = fields.word("purpose", v.PURPOSES, "")
    if purpose in NEEDED_FACTS:
        fields.required(NEEDED_FACTS[purpose])
    attached = Fields(fields.at("attached"), fields.values.get("attached", {}), {"notice", "consent_copy"})
    consents = _entries(fields, "consents")
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
        relationship=fields.optional_word("relationship", v.RELATIONSHIPS),
        agreements=tuple(sorted(fields.words("agreements", cast.world.agreements))),
        restrictions=a_list(
            fields.at("restrictions"), fields.values.get("restrictions", []), lambda w, e: _restriction(w, e, people),
        ),
        events=_events(fields),
        by=fields.word("by", v.CHANNELS, "ehr"),
        through=None if not fields.has("through") else people.party(fields.at("through"), fields.values["through"]),
        identity=fields.word("identity", v.IDENTITIES, "verified"),
        notice=attached.word("notice", v.NOTICES, "full"),
        consent_copy=attached.flag("consent_copy", True),
        sud_duty=fields.flag("sud_duty", True),
        service=fields.word("service", v.SERVICES, "counseling"),
        calaim=fields.flag("calaim", False),
        emergency=_emergency(fields),
        demand=fields.optional_word("demand", v.DEMANDS),
        order=_order(fields, people),
        against=fields.word("against", v.ADVERSARIES, "patient"),
        supervision=_supervision(fields),
        registry=_registry(fields),
        findings=fields.words("findings", v.FINDINGS),
        crime=fields.optional_word("crime", v.CRIMES),
        county_pack=fields.optional_word("county_pack", PACKS),
    )


def _no_patient(fields: Fields) -> str:
    return str(fields.required("patient"))


def _entries(fields: Fields, name: str) -> Mapping[str, Any]:
    found = fields.values.get(name, {})
    if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
        fault(fields.at(name), "should be a mapping of names")
    return found


def _packet(fields: Fields, people: People, consents: Mapping[str, Any]) -> tuple[Item, ...]:
    items = _entries(fields, "packet") if fields.has("packet") else {"record": {}}
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


def _restriction(where: str, value: object, people: People) -> Restriction:
    fields = Fields(where, value, {
        "against", "information", "agreed", "paid_in_full", "ended", "ended_by",
    })
    against = None
    if fields.has("against"):
        against = frozenset(a_list(fields.at("against"), fields.values["against"], people.party))
    information = fields.words("information", v.CLASSES | {v.COMPLETE_RECORD})
    return Restriction(
        against=against,
        information=information if fields.has("information") else frozenset({v.COMPLETE_RECORD}),
        agreed=fields.flag("agreed", True),
        paid_in_full=fields.flag("paid_in_full", False),
        ended=fields.instant("ended"),
        ended_by=fields.word("ended_by", v.ENDERS, "patient"),
    )


def _events(fields: Fields) -> dict[str, datetime | str]:
    return {
        name: state if state in {"not_yet", "unknown"} else an_instant(f"{fields.at('events')}: {name}", state)
        for name, state in _entries(fields, "events").items()
    }


def _emergency(fields: Fields) -> Emergency | None:
    if not fields.has("emergency"):
        return None
    facts = Fields(fields.at("emergency"), fields.values["emergency"], {"kind", "determined_by", "consent", "nature"})
    return Emergency(
        facts.word("kind", v.EMERGENCY_KINDS, "medical"),
        facts.word("determined_by", v.DETERMINED_BY, "clinician"),
        facts.word("consent", v.OBTAINABLE, "unobtainable"),
        facts.text("nature"),
    )


def _order(fields: Fields, people: People) -> CourtOrder | None:
    if not fields.has("order"):
        return None
    order = Fields(fields.at("order"), fields.values["order"], {
        "section", "holder", "recipients", "information", "finding", "expires",
    })
    order.required("section")
    information = order.words("information", v.CLASSES | {v.COMPLETE_RECORD})
    recipients, holder = order.values.get("recipients"), order.values.get("holder")
    return CourtOrder(
        section=order.word("section", v.ORDER_SECTIONS, ""),
        holder=None if holder is None else people.party(order.at("holder"), holder),
        recipients=None if recipients is None else frozenset(a_list(order.at("recipients"), recipients, people.party)),
        information=information if order.has("information") else frozenset({v.COMPLETE_RECORD}),
        finding=order.optional_word("finding", v.ORDER_FINDINGS),
        expires=order.instant("expires"),
    )


def _supervision(fields: Fields) -> Supervision | None:
    if not fields.has("supervision"):
        return None
    facts = Fields(fields.at("supervision"), fields.values["supervision"], {"condition", "monitors"})
    facts.required("condition")
    facts.required("monitors")
    return Supervision(facts.flag("condition", False), facts.flag("monitors", False))


def _registry(fields: Fields) -> Registry | None:
    if not fields.has("registry"):
        return None
    facts = Fields(fields.at("registry"), fields.values["registry"], {"trigger", "miles"})
    facts.required("trigger")
    miles = facts.required("miles")
    return Registry(facts.word("trigger", v.TRIGGERS, ""), _miles(facts.at("miles"), miles))


def _miles(where: str, value: object) -> float:
    try:
        miles = float(value) if isinstance(value, int | str) and not isinstance(value, bool) else -1.0
    except ValueError:
        miles = -1.0
    return miles if 0 <= miles < float("inf") else fault(where, "should be a number of miles")


def _expect(fields: Fields) -> Expect:
    facts = Fields(fields.at("expect"), fields.values["expect"], {
        "outcome", "hold", "reason", "withhold", "obligations", "excused",
    })
    facts.required("outcome")
    withhold = None
    if facts.has("withhold"):
        withhold = {name: code for name, code in _entries(facts, "withhold").items() if _reason(facts, code)}
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
