"""A county in one file, loaded into the hub: directory, members, consents, restrictions (deploy/demo/county/FORMAT.md).

Loading is idempotent: what is there already stays, what the file adds is added, and each change is on the ledger as if
a person had made it. The whole file is read and checked for shape before anything is written.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from hub import entries
from hub.casebook.yamltext import load_file
from hub.context import Hub
from hub.entries import AgreementEntry, EndpointEntry
from hub.errors import Conflict, HubError, Malformed, NotAvailable
from hub.model import Frozen
from hub.storage import consents, members, restrictions
from hub.storage.consent_form import ConsentForm
from hub.storage.consents import How
from hub.storage.directory import Organization
from hub.storage.member_facts import RELATIONS, MemberFacts
from hub.storage.restrictions import Ended, RestrictionForm

T = TypeVar("T")

SECTIONS = ("organizations", "endpoints", "agreements", "members", "consents", "restrictions")
_BY = "county-file"
_VERIFIED_BY = "county-file/verified"
"""The file states that somebody compared the paper; it was not whoever loads the file."""
_LINKS = {"programs": "program", "treating_providers": "treating_provider", "plans": "plan", "payers": "payer"}
_SINGLE_LINKS = ("primary_case_manager", "pcp")
assert {*_LINKS.values(), *_SINGLE_LINKS} == set(RELATIONS)
_FILES = {"certificate": ".crt", "tls_ca": ".crt", "seal_key": ".pub", "verify_key": ".pub"}


class Revoked(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    at: datetime
    how: How
    as_to: tuple[str, ...] | None = None


class LoadedConsent(ConsentForm, frozen=True, kw_only=True, forbid_unknown_fields=True):
    member: str
    verified: bool = True
    revoked: tuple[Revoked, ...] = ()


class LoadedRestriction(RestrictionForm, frozen=True, kw_only=True, forbid_unknown_fields=True):
    member: str
    ended: datetime | None = None
    ended_by: str = "patient"


class LoadedEndpoint(NamedTuple):
    entry: EndpointEntry
    verified_at: int
    verified_by: str | None


class County(NamedTuple):
    """The file, read: each section by id."""

    organizations: Mapping[str, Organization]
    endpoints: Mapping[str, LoadedEndpoint]
    agreements: Mapping[str, AgreementEntry]
    members: Mapping[str, tuple[MemberFacts, frozenset[members.Link]]]
    consents: Mapping[str, LoadedConsent]
    restrictions: Mapping[str, LoadedRestriction]


def read_county(path: Path, keys: Path | None = None) -> County:
    """Read the file; certificates and keys are named in it and lie in `keys` (default: beside it).

    Raises `Malformed` naming section, id and field.
    """
    raw = load_file(path)
    if not isinstance(raw, dict) or not set(raw) <= {"zone", *SECTIONS}:
        raise Malformed("A county file holds zone, " + ", ".join(SECTIONS) + ".", field="county")
    found = {section: raw.get(section) or {} for section in SECTIONS}
    for section, entered in found.items():
        if not isinstance(entered, dict):
            raise Malformed("A section maps an id to its fields.", field=section)
    return County(
        organizations={k: _organization(k, v) for k, v in found["organizations"].items()},
        endpoints={k: _endpoint(k, v, keys or path.parent) for k, v in found["endpoints"].items()},
        agreements={k: _read(f"agreements.{k}", v, AgreementEntry) for k, v in found["agreements"].items()},
        members={k: _member(k, v) for k, v in found["members"].items()},
        consents={k: _read(f"consents.{k}", v, LoadedConsent) for k, v in found["consents"].items()},
        restrictions={k: _read(f"restrictions.{k}", v, LoadedRestriction) for k, v in found["restrictions"].items()},
    )


async def load(hub: Hub, county: County) -> dict[str, int]:
    """Bring the hub to what the file says; how many entries of each section were added or changed.

    What narrows comes before what permits, so that a fault half way leaves no consent in force without its revocation
    or beside a restriction that is not there yet. Raises `Malformed` naming section, id and field, and as the database
    does; each says what was taken before and stays.
    """
    done = dict.fromkeys(SECTIONS, 0)
    try:
        await _load(hub, county, done)
    except HubError as error:
        error.message = f"{error.message} {_kept(done)}"
        raise
    return done


def _kept(done: Mapping[str, int]) -> str:
    taken = ", ".join(f"{count} {section}" for section, count in done.items() if count)
    if not taken:
        return "Nothing was added or changed before it; load the file again once this is mended."
    return f"Added or changed before it, and kept: {taken}; load the mended file again, and it adds the rest."


async def _load(hub: Hub, county: County, done: dict[str, int]) -> None:
    for organization in in_order(county.organizations):
        with _at("organizations", organization.id):
            put = hub.directory.put_organization(organization, by=_BY, at=hub.clock.now())
            done["organizations"] += await put
    for name, given in county.endpoints.items():
        with _at("endpoints", name):
            endpoint = entries.endpoint(name, given.entry, given.verified_at)
            done["endpoints"] += await hub.directory.put_endpoint(
                endpoint, verified_by=given.verified_by, by=_BY, at=hub.clock.now(), active=given.entry.active
            )
    for name, entry in county.agreements.items():
        with _at("agreements", name):
            agreement = entries.agreement(name, entry)
            done["agreements"] += await hub.directory.put_agreement(agreement, by=_BY, at=hub.clock.now())
    ids: dict[str, str] = {}
    for name, (facts, links) in county.members.items():
        with _at("members", name):
            ids[name], added = await _load_member(hub, name, facts, links)
            done["members"] += added
    for name, limit in county.restrictions.items():
        with _at("restrictions", name):
            done["restrictions"] += await _load_restriction(hub, name, ids.get(limit.member, limit.member), limit)
    for name, consent in county.consents.items():
        with _at("consents", name):
            done["consents"] += await _load_consent(hub, name, ids.get(consent.member, consent.member), consent)


def in_order(organizations: Mapping[str, Organization]) -> list[Organization]:
    """Every organization after those it refers to. Raises `Malformed` if they refer in a circle."""
    placed: dict[str, Organization] = {}
    waiting = dict(organizations)
    while waiting:
        ready = {
            name: each
            for name, each in waiting.items()
            if not ({each.part_of, each.controlled_by} & waiting.keys()) - {name}
        }
        if not ready:
            raise Malformed("Organizations are part of each other in a circle.", field="organizations")
        placed |= ready
        waiting = {name: each for name, each in waiting.items() if name not in ready}
    return list(placed.values())


async def _load_member(hub: Hub, name: str, facts: MemberFacts, links: frozenset[members.Link]) -> tuple[str, bool]:
    unknown = {organization for organization, _ in links} - (await hub.directory.current()).organizations.keys()
    if unknown:
        raise Malformed("The directory has no such organization.", field="relations")
    before = await members.links_of(hub, name)
    member = name if before else await members.register(hub, facts, links, by=_BY, member=name, knows=False)
    if not before:
        return member, True
    changed = await members.facts_of(hub, member) != facts
    if changed:
        await members.change_facts(hub, member, facts, by=_BY)
    await members.add_links(hub, member, links, by=_BY)
    return member, changed or not links <= before


async def _load_consent(hub: Hub, name: str, member: str, given: LoadedConsent) -> bool:
    changed = False
    try:
        view = await consents.show(hub, name)
    except NotAvailable:
        values = {field: getattr(given, field) for field in ConsentForm.__struct_fields__}
        await consents.record(hub, member, ConsentForm(**values), by=_BY, consent=name)
        view, changed = await consents.show(hub, name), True
    known = {(_us(datetime.fromisoformat(each["at"])), each["how"]) for each in view["revoked"]}
    for revoked in given.revoked:
        if (_us(revoked.at), revoked.how) not in known:
            await consents.revoke(hub, name, how=revoked.how, by=_BY, as_to=revoked.as_to, at=_us(revoked.at))
            changed = True
    if given.verified and not view["verified"]:
        await consents.take_as_verified(hub, name, by=_VERIFIED_BY)
        changed = True
    return changed


async def _load_restriction(hub: Hub, name: str, member: str, given: LoadedRestriction) -> bool:
    if name in {each["id"] for each in await restrictions.list_for(hub, member)}:
        return False
    values = {field: getattr(given, field) for field in RestrictionForm.__struct_fields__}
    ended = None if given.ended is None else Ended(at=_us(given.ended), by=given.ended_by)
    await restrictions.restrict(hub, member, RestrictionForm(**values), by=_BY, restriction=name, ended=ended)
    return True


def _organization(name: str, raw: Any) -> Organization:
    with _at("organizations", name):
        return entries.organization(name, _fields(raw))


def _endpoint(name: str, raw: Any, keys: Path) -> LoadedEndpoint:
    with _at("endpoints", name):
        fields = dict(_fields(raw))
        verified_by, verified_at = fields.pop("verified_by", None), fields.pop("verified_at", None)
        for field, ending in _FILES.items():
            if field in fields:
                fields[field] = _key_file(keys / f"{Path(str(fields[field])).name}{ending}", field)
        return LoadedEndpoint(
            _read("", fields, EndpointEntry), _us(_instant(verified_at)) if verified_at else 0, verified_by
        )


def _member(name: str, raw: Any) -> tuple[MemberFacts, frozenset[members.Link]]:
    with _at("members", name):
        fields = dict(_fields(raw))
        links = {
            (organization, relation)
            for section, relation in _LINKS.items()
            for organization in _read(section, fields.pop(section, ()), tuple[str, ...])
        }
        links |= {(str(fields.pop(relation)), relation) for relation in _SINGLE_LINKS if relation in fields}
        return _read("", fields, MemberFacts), frozenset(links)


def _key_file(path: Path, field: str) -> str | bytes:
    try:
        return path.read_text() if path.suffix == ".crt" else path.read_bytes()
    except (OSError, UnicodeDecodeError):
        raise Malformed("This key or certificate is not in the folder of keys.", field=field) from None


def _fields(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise Malformed("An entry is a mapping of fields.")
    return raw


def _instant(text: Any) -> datetime:
    return _read("verified_at", text, datetime)


def _us(instant: datetime) -> int:
    if instant.tzinfo is None:
        raise Malformed("An instant is RFC 3339 with its offset from UTC.", field="at")
    return int(instant.timestamp() * 1_000_000)


def _read(where: str, raw: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        # The library's words may quote the value; the path at their end does not.
        path = str(error).rpartition(" - at `$")[2].strip("`.") if " - at `$" in str(error) else ""
        raise Malformed("The entry does not follow the format.", field=".".join(filter(None, (where, path)))) from None


@contextmanager
def _at(section: str, name: str) -> Iterator[None]:
    """Say in which entry something is wrong."""
    try:
        yield
    except (Malformed, Conflict) as error:
        field = ".".join(filter(None, (section, str(name), error.field)))
        raise Malformed(error.message, field=field) from None
    except NotAvailable:
        raise Malformed("There is no such member.", field=f"{section}.{name}.member") from None
