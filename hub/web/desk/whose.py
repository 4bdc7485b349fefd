"""Whom a form means, for people who match what came in: by CIN, or by name and birth date, exactly.

INVARIANT: no-existence-leak. Who is outside of the scope is found as little as who does not exist, and as fast.
"""

from hub import cadence
from hub.errors import Malformed, NotAvailable
from hub.storage import members
from hub.web.pages.visit import Visit


async def meant(visit: Visit) -> str | None:
    """The one member that the form names; none if there is none, or if it may be several."""
    started = cadence.clock()
    found = await _named(visit)
    known = [member for member in found if await _within(visit, member)]
    await cadence.until_beat(started)
    return known[0] if len(known) == 1 else None


async def anybody(visit: Visit) -> str | None:
    """The same without a scope, for who breaks the glass; everything else about it is the caller's to keep even."""
    found = await _named(visit)
    return found[0] if len(found) == 1 else None


async def chosen(visit: Visit) -> str:
    """The member of the page before. Raises `NotAvailable` for one who is not within the scope."""
    member = visit.field("member", 64)
    if not await _within(visit, member):
        raise NotAvailable
    return member


async def _named(visit: Visit) -> tuple[str, ...]:
    cin, names = visit.field("cin", 64), [visit.field(name, 200) for name in ("given", "family", "born")]
    by_cin = await members.find_by_cin(visit.hub, cin) if cin else None
    try:
        by_name = await members.find_by_name_born(visit.hub, *names) if all(names) else ()
    except Malformed:
        by_name = ()
    if not cin:
        return by_name
    # Who types both means one person whom both fit.
    return (by_cin,) if by_cin and (not any(names) or by_cin in by_name) else ()


async def _within(visit: Visit, member: str) -> bool:
    scope = visit.who.scope
    if scope is None:
        try:
            await members.facts_of(visit.hub, member)
        except NotAvailable:
            return False
        return True
    return any([await members.may_see(visit.hub, organization, member) for organization in sorted(scope)])
