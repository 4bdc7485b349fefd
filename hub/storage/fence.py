"""The fence of a member: a number that every change of consents, restrictions or facts raises.

INVARIANT: revocation-is-a-fence. An intent commits only while the fence is what its decision saw, and a change
here commits only by raising the fence from what it saw; which of the two came first is always decidable.
"""

from collections.abc import Awaitable, Callable

from hub.context import Hub
from hub.errors import NotAvailable, Stale, Unavailable
from hub.outbox import requeue_held
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Check, Lookup
from hub.storage.tables import DirectoryState, Member

_ATTEMPTS = 50
_FENCE = Lookup(Member, ("fence",), "id")
_UNCHANGED = Check(Member, ("id", "fence"))
_SAME_DIRECTORY = Check(DirectoryState, ("id", "version"))
_RAISE = Change(Member, ("fence",), ("id", "fence"), must_hit=True)


def unchanged(member: str, fence: int) -> Step:
    """The guard of what rests on the facts that a decision saw: nothing about this member has changed since."""
    return Step(_UNCHANGED, (member, fence), "fence")


def nothing_came(member: str, fence: int, directory: int) -> tuple[Step, ...]:
    """The guards of what is to wait: neither the member's facts nor the directory has changed since the decision.

    Whoever changes either waits until the row stands, and then puts it back: what came too late to carry it would
    carry nothing.
    """
    return unchanged(member, fence), Step(_SAME_DIRECTORY, (1, directory), "directory")


async def commit_fenced(
    hub: Hub, member: str, writes: Callable[[], Awaitable[tuple[Step, ...]]], *, frees: bool = False
) -> None:
    """Commit what `writes` gives, together with a raised fence; asked anew if somebody else was faster.

    `writes` is called after the fence was read, so whatever it reads itself still holds when the unit commits; if
    it gives none, nothing changes. With `frees`, what waits for a consent of this member is decided anew.
    Raises `NotAvailable` for an unknown member, `Unavailable` if others are always faster.
    """
    for _ in range(_ATTEMPTS):
        rows = await hub.database.lookup(_FENCE, member)
        if not rows:
            raise NotAvailable
        fence = rows[0][0]
        guard = Step(_RAISE, (fence + 1, member, fence), "fence")
        steps = await writes()
        if not steps:
            return
        freed = await requeue_held(hub.database, member, hub.clock.now()) if frees else ()
        try:
            await hub.database.commit(Unit((guard,), (*steps, *freed)))
        except Stale:
            continue
        if frees:
            await _free_latecomers(hub, member)
        return
    raise Unavailable("This member's record is changing too fast; try again.")


async def _free_latecomers(hub: Hub, member: str) -> None:
    """What was put on hold after the first look and before the fence rose rests on facts that no longer hold."""
    late = await requeue_held(hub.database, member, hub.clock.now())
    if late:
        await hub.database.commit(Unit((), late))
    await hub.signals.wake("outbox")
