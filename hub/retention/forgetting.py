"""A member whose period is over is nobody's any more: found by no number or name, linked to no organization.

What else names them does so by an id, which leads nowhere then; whoever comes back after so long is a new member.
"""

from typing import NamedTuple

from hub.context import Hub
from hub.storage.database import Step
from hub.storage.statements import Change, Delete, Lookup
from hub.storage.tables import Member, MemberIdentifier, MemberLink, MemberMatch

_FENCE = Lookup(Member, ("fence",), "id")
_RAISE = Change(Member, ("fence",), ("id", "fence"), must_hit=True)
_TRACES = tuple(Delete(each, ("member_id",)) for each in (MemberIdentifier, MemberMatch, MemberLink))


class Forgetting(NamedTuple):
    guards: tuple[Step, ...] = ()
    writes: tuple[Step, ...] = ()


async def forgotten(hub: Hub, member: str) -> Forgetting:
    """What goes with a member's facts; nothing was entered about them meanwhile (INVARIANT: revocation-is-a-fence)."""
    ((fence,),) = await hub.database.lookup(_FENCE, member)
    return Forgetting(
        (Step(_RAISE, (fence + 1, member, fence), "fence"),), tuple(Step(each, (member,)) for each in _TRACES)
    )
