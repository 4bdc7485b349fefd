"""The circumstances of a case: restrictions, events, emergency, order, supervision, registry (section 5)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.casebook.consents import People
from hub.casebook.fields import Fields, a_list, an_instant, fault, names_in
from policies import vocabulary as v
from policies.model import CourtOrder, Emergency, Registry, Restriction, Supervision


def entries(fields: Fields, name: str) -> Mapping[str, Any]:
    found = fields.values.get(name, {})
    if not isinstance(found, Mapping):
        fault(fields.at(name), "should be a mapping of names")
    return names_in(fields.at(name), found)


def read_restriction(where: str, value: object, people: People) -> Restriction:
    fields = Fields(
        where,
        value,
        {
            "against",
            "information",
            "agreed",
            "paid_in_full",
            "ended",
            "ended_by",
        },
    )
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


def read_events(fields: Fields) -> dict[str, datetime | str]:
    return {
        name: state if state in ("not_yet", "unknown") else an_instant(f"{fields.at('events')}: {name}", state)
        for name, state in entries(fields, "events").items()
    }


def read_emergency(fields: Fields) -> Emergency | None:
    if not fields.has("emergency"):
        return None
    facts = Fields(fields.at("emergency"), fields.values["emergency"], {"kind", "determined_by", "consent", "nature"})
    return Emergency(
        facts.word("kind", v.EMERGENCY_KINDS, "medical"),
        facts.word("determined_by", v.DETERMINED_BY, "clinician"),
        facts.word("consent", v.OBTAINABLE, "unobtainable"),
        facts.text("nature"),
    )


def read_order(fields: Fields, people: People) -> CourtOrder | None:
    if not fields.has("order"):
        return None
    order = Fields(
        fields.at("order"),
        fields.values["order"],
        {
            "section",
            "holder",
            "recipients",
            "information",
            "finding",
            "expires",
        },
    )
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


def read_supervision(fields: Fields) -> Supervision | None:
    if not fields.has("supervision"):
        return None
    facts = Fields(fields.at("supervision"), fields.values["supervision"], {"condition", "monitors"})
    facts.required("condition")
    facts.required("monitors")
    return Supervision(facts.flag("condition", False), facts.flag("monitors", False))


def read_registry(fields: Fields) -> Registry | None:
    if not fields.has("registry"):
        return None
    facts = Fields(fields.at("registry"), fields.values["registry"], {"trigger", "miles"})
    facts.required("trigger")
    miles = facts.required("miles")
    return Registry(facts.word("trigger", v.TRIGGERS, ""), _miles(facts.at("miles"), miles))


def _miles(where: str, value: object) -> float:
    try:
        miles = float(value) if isinstance(value, int | str) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        miles = -1.0
    return miles if 0 <= miles < float("inf") else fault(where, "should be a number of miles")
