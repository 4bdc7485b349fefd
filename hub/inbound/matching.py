"""Whose arrival it is: the organization that sent it, the member it concerns, the organizations it is for.

Rules kept here:
- A sender is who the listener's own configuration or the verified directory says it is; a name in the message proves
  nothing.
- A CIN alone does not identify: name and birth date must fit it. Without a CIN, name and birth date must fit one
  member, and only one. In doubt a person matches.
- INVARIANT: no-existence-leak. Only members that the sender has to do with are matched; anybody else's is nobody.
"""

from collections.abc import Mapping

from sqlalchemy import select
from sqlmodel import col

from hub.arrivals import Arrival
from hub.compliance.log import COUNTS
from hub.context import Hub
from hub.errors import Malformed
from hub.model import Frozen, MemberIdentity, MessageKind
from hub.storage import members
from hub.storage.directory import Directory
from hub.storage.disclosures import about
from hub.storage.member_facts import MemberFacts, same_person
from hub.storage.tables import Disclosure

NPI = "npi:"
TOLD: Mapping[MessageKind, tuple[str, ...]] = {
    MessageKind.ADMIT_NOTICE: ("plan", "primary_case_manager", "pcp"),
    MessageKind.DISCHARGE_NOTICE: ("plan", "primary_case_manager", "pcp"),
    MessageKind.CRISIS_FOLLOWUP: ("primary_case_manager", "plan"),
}
"""Relations to the member whose organizations a notice is for, where it names none itself."""


class Match(Frozen, frozen=True, kw_only=True):
    """A member, or why there is none for certain."""

    member: str | None = None
    code: str = ""
    """`member.unknown`, `member.ambiguous`, `member.differs`, `member.unnamed`"""


def sender_of(arrival: Arrival, directory: Directory) -> str | None:
    """The organization that sent it; none if nothing proves one."""
    if arrival.organization in directory.organizations:
        return arrival.organization
    return _by_address(arrival.address, directory) if arrival.address else None


async def member_of(hub: Hub, person: MemberIdentity, sender: str) -> Match:
    """The member that the sender means, among those it has to do with."""
    facts = MemberFacts(given=person.given, family=person.family, born=person.born)
    numbered = await members.find_by_cin(hub, person.cin) if person.cin else None
    try:
        named = await members.find_by_name_born(hub, person.given, person.family, person.born)
    except Malformed:
        return Match(code="member.unnamed")
    # The sender's people see what becomes of it.
    known = numbered if numbered is not None and await _knows(hub, sender, numbered) else None
    theirs = [member for member in named if await _knows(hub, sender, member)]
    if known is not None:
        fits = same_person(await members.facts_of(hub, known), facts)
        return Match(member=known) if fits else Match(code="member.differs")
    if person.cin and theirs:
        # Somebody of this name is theirs under another number, or under none: a new number is for a person to add.
        return Match(code="member.differs")
    if len(theirs) == 1:
        return Match(member=theirs[0])
    return Match(code="member.ambiguous" if theirs else "member.unknown")


async def _knows(hub: Hub, sender: str, member: str) -> bool:
    """Whether the sender has to do with the member: by a relation, or because it was told of them."""
    if await members.may_see(hub, sender, member):
        return True
    told = select(col(Disclosure.id)).where(
        about(member),
        col(Disclosure.recipient) == sender,
        col(Disclosure.state).in_(COUNTS),
    )
    return bool(await hub.database.query(told.limit(1)))


async def recipients_of(
    hub: Hub, kind: MessageKind, named: tuple[str, ...], member: str, sender: str, directory: Directory
) -> tuple[str, ...] | None:
    """The organizations it is for; none if a named one is not in the directory."""
    if named:
        found = [_named(name, directory) for name in named]
        return None if None in found else tuple(dict.fromkeys(each for each in found if each))
    links = sorted(await members.links_of(hub, member))
    wanted = TOLD.get(kind, ())
    return tuple(dict.fromkeys(org for org, relation in links if relation in wanted and org != sender))


def _named(name: str, directory: Directory) -> str | None:
    """By the directory's id, by NPI (`npi:NUMBER`) or by a verified address; none if nobody's or that of several."""
    if name in directory.organizations:
        return name
    number = name.removeprefix(NPI) if name.startswith(NPI) else ""
    found = [each.id for each in directory.organizations.values() if number and each.npi == number]
    return found[0] if len(found) == 1 else _by_address(name, directory)


def _by_address(address: str, directory: Directory) -> str | None:
    """Whose verified endpoint it is; none if nobody's or that of several."""
    wanted = address.casefold()
    found = {
        organization
        for organization, endpoints in directory.endpoints.items()
        for endpoint in endpoints
        if endpoint.address.casefold() == wanted
    }
    return found.pop() if len(found) == 1 else None
