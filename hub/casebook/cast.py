"""The cast of a library: parties, patients, agreements and the county's time zone (FORMAT.md sections 1 and 5)."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.casebook.fields import Fields, fault, names_in, quoted
from policies.model import Agreement, Party, Patient, World
from policies.vocabulary import AGREEMENT_KINDS, RECIPIENT_CLASSES, ROLES, SUD_STATUSES

PARTY = {
    "name",
    "about",
    "roles",
    "part_of",
    "controlled_by",
    "sud_program",
    "federal_assistance",
    "sud_only",
    "participants",
}
PATIENT = {
    "name",
    "about",
    "born",
    "died",
    "adjudicated",
    "representative",
    "agents",
    "parents",
    "removed",
    "plans",
    "payers",
    "programs",
    "treating_providers",
    "medi_cal",
}
AGREEMENT = {"kind", "holder", "with", "service", "until", "copies"}
STAND_INS = {"the-patient", "the-discloser", "the-recipient", "the-director"}
RESERVED = STAND_INS | RECIPIENT_CLASSES | {"unknown", "treating_programs"}


class Cast(NamedTuple):
    world: World
    patients: Mapping[str, Patient]


def read_cast(where: str, value: object) -> Cast:
    """The cast. Raises Malformed."""
    top = Fields(where, value, {"county", "zone", "parties", "patients", "agreements"})
    parties = _named(top, "parties")
    patients = _named(top, "patients")
    agreements = _named(top, "agreements") if top.has("agreements") else {}
    for name in parties:
        if name in RESERVED:
            fault(where, f"{quoted(name)} is a word of the format and no party")
    world = World(
        {name: _party(f"{where}: {name}", name, entry, parties) for name, entry in parties.items()},
        {name: _agreement(f"{where}: {name}", name, entry, parties) for name, entry in agreements.items()},
        _zone(top),
    )
    return Cast(world, {name: _patient(f"{where}: {name}", name, entry, parties) for name, entry in patients.items()})


def _named(top: Fields, name: str) -> Mapping[str, Any]:
    entries = top.required(name)
    if not isinstance(entries, Mapping):
        fault(top.at(name), "should be a mapping of names")
    return names_in(top.at(name), entries)


def _zone(top: Fields) -> ZoneInfo:
    top.required("zone")
    try:
        return ZoneInfo(top.text("zone") or "")
    except (ZoneInfoNotFoundError, ValueError):
        fault(top.at("zone"), "no such time zone")


def _party(where: str, name: str, value: object, parties: Mapping[str, Any]) -> Party:
    fields = Fields(where, value, PARTY)
    fields.required("name")
    return Party(
        id=name,
        name=fields.text("name") or "",
        roles=fields.words("roles", ROLES),
        part_of=fields.optional_word("part_of", parties),
        controlled_by=fields.optional_word("controlled_by", parties),
        sud_program=fields.optional_word("sud_program", SUD_STATUSES),
        federal_assistance=fields.flag("federal_assistance", True),
        sud_only=fields.flag("sud_only", False),
        participants=fields.words("participants", parties),
    )


def _patient(where: str, name: str, value: object, parties: Mapping[str, Any]) -> Patient:
    fields = Fields(where, value, PATIENT)
    for needed in ("name", "born", "medi_cal"):
        fields.required(needed)
    fields.text("name")
    return Patient(
        id=name,
        born=fields.date("born"),
        died=fields.date("died"),
        adjudicated=fields.flag("adjudicated", False),
        representative=fields.optional_word("representative", parties),
        agents=fields.words("agents", parties),
        parents=fields.words("parents", parties),
        removed=fields.flag("removed", False),
        plans=fields.words("plans", parties),
        payers=fields.words("payers", parties),
        programs=fields.words("programs", parties),
        treating_providers=fields.words("treating_providers", parties),
        medi_cal=fields.flag("medi_cal", False),
    )


def _agreement(where: str, name: str, value: object, parties: Mapping[str, Any]) -> Agreement:
    fields = Fields(where, value, AGREEMENT)
    for needed in ("kind", "holder", "with"):
        fields.required(needed)
    return Agreement(
        id=name,
        kind=fields.word("kind", AGREEMENT_KINDS, ""),
        holder=fields.word("holder", parties, ""),
        with_party=fields.word("with", parties, ""),
        service=fields.text("service"),
        until=fields.date("until"),
        copies=fields.flag("copies", False),
    )
