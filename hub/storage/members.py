"""Members: registered, found by CIN, their facts changed; identity sealed, identifiers as keyed hashes.

Rules kept here:
- INVARIANT: no-existence-leak. Registering a person answers alike whether or not the person is known here; a
  member's id carries no time, for an old one would give the person away.
- One CIN never stands for two people: a second name or birth date under it is a new member without the
  identifier, and a person looks at it.
- `by` is who does it: an organization, or `organization/token`.
- Every change raises the member's fence and leaves a ledger entry of ids.
"""

import base64
import os
from collections.abc import Collection

from msgspec.structs import replace

from hub.context import Hub
from hub.crypto.envelope import Sealed
from hub.crypto.identifiers import hash_cin, hash_name_born, valid_cin
from hub.errors import Conflict, NotAvailable, Stale, Unavailable
from hub.model import MemberIdentity
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.fence import commit_fenced
from hub.storage.member_facts import KNOWS, MemberFacts, check_facts, open_facts, same_person, seal_facts
from hub.storage.statements import Change, Delete, Insert, InsertNew, Lookup, columns_of
from hub.storage.tables import Member, MemberIdentifier, MemberLink, MemberMatch
from hub.waiting.work import open_work

Link = tuple[str, str]
"""An organization and the relation it stands in."""

_MEMBER = Lookup(Member, ("key_id", "wrapped_key", "sealed"), "id")
_BY_HASH = Lookup(MemberIdentifier, ("kind", "member_id"), "hash")
_LINKS = Lookup(MemberLink, ("organization_id", "relation"), "member_id")
_ADD_NEW = InsertNew(Member, columns_of(Member), ("id",))
_ADD_IDENTIFIED = InsertNew(MemberIdentifier, columns_of(MemberIdentifier), ("kind", "hash"))
_ADD = Insert(Member, columns_of(Member))
_ADD_LINK = Insert(MemberLink, columns_of(MemberLink))
_RESEAL = Change(Member, ("key_id", "wrapped_key", "sealed"), ("id",))
_SEEN = Change(Member, ("seen_at",), ("id",))
_FORGET = Delete(MemberIdentifier, ("kind", "member_id"))
_IDENTIFY = Insert(MemberIdentifier, columns_of(MemberIdentifier))
_BY_NAME = Lookup(MemberMatch, ("member_id",), "hash")
_MATCH = Insert(MemberMatch, columns_of(MemberMatch))
_UNMATCH = Delete(MemberMatch, ("member_id",))
_CIN = "cin"


async def register(
    hub: Hub, facts: MemberFacts, links: Collection[Link], *, by: str, member: str | None = None, knows: bool = True
) -> str:
    """The member's id, known before or new; `member` proposes an id, without `knows` the registrar gets
    no relation of its own (loading a county).

    Raises `Malformed` naming the field.
    """
    facts = _checked(hub, facts)
    wanted = {*links, (by.partition("/")[0], KNOWS)} if knows else set(links)
    # Two registrations of one new person may race; the loser finds the winner's member.
    for _ in range(3):
        known = await find_by_cin(hub, facts.cin) if facts.cin else None
        if known is not None and same_person(await facts_of(hub, known), facts):
            await add_links(hub, known, wanted, by=by)
            await hub.database.commit(Unit((), (_seen(hub, known),)))
            return known
        try:
            return await _add(hub, facts, wanted, member or _member_id(), by=by, conflict=known is not None)
        except Stale as stale:
            if stale.detail_code == "member":
                raise Conflict("There is a member with this id already.", field="id") from None
    raise Unavailable("The member could not be registered now; try again.")


async def find_by_cin(hub: Hub, cin: str) -> str | None:
    """The member with this client index number; none if there is none, whatever the text."""
    for kind, member in await hub.database.lookup(_BY_HASH, hash_cin(hub.ring, cin)):
        if kind == _CIN:
            return str(member)
    return None


async def find_by_name_born(hub: Hub, given: str, family: str, born: str) -> tuple[str, ...]:
    """The members of this name and ISO birth date, however spelled. Raises `Malformed` for what is neither."""
    rows = await hub.database.lookup(_BY_NAME, hash_name_born(hub.ring, given, family, born))
    return tuple(sorted(str(member) for (member,) in rows))


async def facts_of(hub: Hub, member: str) -> MemberFacts:
    """All facts. Raises `NotAvailable`, or `IntegrityFailed` if they do not open."""
    rows = await hub.database.lookup(_MEMBER, member)
    if not rows or rows[0][1] is None:  # unknown, or forgotten after its period
        raise NotAvailable
    return open_facts(hub.ring, member, Sealed(*rows[0]))


async def identity(hub: Hub, member: str) -> MemberIdentity:
    """Who the member is, for the inside of a packet. Raises as `facts_of`."""
    return (await facts_of(hub, member)).identity


async def links_of(hub: Hub, member: str) -> frozenset[Link]:
    """Who stands in which relation to the member; empty for an unknown one."""
    return frozenset((row[0], row[1]) for row in await hub.database.lookup(_LINKS, member))


async def may_see(hub: Hub, organization: str, member: str) -> bool:
    """Whether the organization stands in any relation to the member."""
    return any(linked == organization for linked, _ in await links_of(hub, member))


async def change_facts(hub: Hub, member: str, facts: MemberFacts, *, by: str) -> None:
    """Replace the facts. A CIN is added only if no other member has it; else a person looks at it."""
    facts = _checked(hub, facts)

    async def writes() -> tuple[Step, ...]:
        holder = await find_by_cin(hub, facts.cin) if facts.cin else member
        kept = facts if holder in (None, member) else replace(facts, cin="")
        steps = [
            _reseal(hub, member, kept),
            _changed(hub, member, by, "facts"),
            _seen(hub, member),
            Step(_FORGET, (_CIN, member)),
            Step(_UNMATCH, (member,)),
            _matched(hub, member, kept),
        ]
        if kept.cin:
            steps.append(Step(_IDENTIFY, (_CIN, hash_cin(hub.ring, kept.cin), member)))
        if kept is not facts:
            steps.append(_conflict(hub, member))
        return tuple(steps)

    await commit_fenced(hub, member, writes, frees=True)


async def add_links(hub: Hub, member: str, links: Collection[Link], *, by: str) -> None:
    """Add relations that are not there yet."""

    async def writes() -> tuple[Step, ...]:
        new = sorted(set(links) - await links_of(hub, member))
        added = tuple(Step(_ADD_LINK, (member, *link)) for link in new)
        return (*added, _changed(hub, member, by, "links"), _seen(hub, member)) if new else ()

    await commit_fenced(hub, member, writes, frees=True)


async def _add(hub: Hub, facts: MemberFacts, links: Collection[Link], member: str, *, by: str, conflict: bool) -> str:
    now = hub.clock.now()
    identified = bool(facts.cin) and not conflict
    sealed = seal_facts(hub.ring, member, facts if identified else replace(facts, cin=""))
    row = (member, 0, sealed.key_id, sealed.wrapped_key, sealed.ciphertext, now, now)
    writes = [Step(_ADD_LINK, (member, *link)) for link in sorted(links)]
    writes.append(_matched(hub, member, facts))
    writes.append(entry("member.registered", now, {"by": by, "member": member}, member=member, reference=member))
    if identified:
        guard = Step(_ADD_IDENTIFIED, (_CIN, hash_cin(hub.ring, facts.cin), member), "identifier")
        writes.insert(0, Step(_ADD, row))
    else:
        guard = Step(_ADD_NEW, row, "member")
    if conflict:
        writes.append(_conflict(hub, member))
    await hub.database.commit(Unit((guard,), tuple(writes)))
    return member


def _checked(hub: Hub, facts: MemberFacts) -> MemberFacts:
    facts = check_facts(facts)
    return replace(facts, cin=valid_cin(facts.cin, demo=hub.demo)) if facts.cin else facts


def _reseal(hub: Hub, member: str, facts: MemberFacts) -> Step:
    sealed = seal_facts(hub.ring, member, facts)
    return Step(_RESEAL, (sealed.key_id, sealed.wrapped_key, sealed.ciphertext, member))


def _matched(hub: Hub, member: str, facts: MemberFacts) -> Step:
    return Step(_MATCH, (hash_name_born(hub.ring, facts.given, facts.family, facts.born), member))


def _changed(hub: Hub, member: str, by: str, what: str) -> Step:
    body = {"by": by, "member": member, "what": what}
    return entry("member.changed", hub.clock.now(), body, member=member, reference=member)


def _seen(hub: Hub, member: str) -> Step:
    """Somebody has told something about the member: the period of who they are runs anew."""
    return Step(_SEEN, (hub.clock.now(), member))


def _conflict(hub: Hub, member: str) -> Step:
    """Work for compliance, whose organization is none: whoever registered the member must not learn of it."""
    return open_work("identity_conflict", "", member, ("identity.conflict",), hub.clock.now())


def _member_id() -> str:
    return base64.b32hexencode(os.urandom(16)).rstrip(b"=").decode().lower()
