"""People that tests name: each has a token that nobody holds, so that the record knows who they are."""

from hub.context import Hub
from hub.storage.database import Step, Unit
from hub.storage.statements import Insert, columns_of
from hub.storage.tables import Token
from hub.waiting import proposals
from hub.waiting.proposals import Reason

STAFF = (
    *("ana", "clerk", "compliance", "counsel", "desk", "director"),
    *("ines", "m.ortiz", "nurse", "omar", "privacy", "second"),
)
"""As the record names them: `harbor/clerk`, `county/ana`."""
_ADD = Insert(Token, columns_of(Token))


async def enlist(hub: Hub, *names: str, person: str = "") -> None:
    """Make these known; `person`: all of them are one human being."""
    rows = [(each, "harbor", "staff", each.encode(), "", person or each, "tests", 0, None, None) for each in names]
    await hub.database.commit(Unit((), tuple(Step(_ADD, row) for row in rows)))


async def let_go(
    hub: Hub,
    work: str,
    reason: Reason = "reviewed",
    *,
    by: tuple[str, str] = ("harbor/counsel", "harbor/director"),
    organization: str | None = "harbor",
) -> None:
    """Two people release what waits."""
    first, second = by
    await proposals.propose(hub, work, reason, organization=organization, by=first)
    await proposals.confirm(hub, work, organization=organization, by=second)
