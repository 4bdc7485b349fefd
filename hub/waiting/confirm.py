"""What the recipient says about a delivery whose outcome nobody knows: they have it, or they do not.

INVARIANT: unknown-is-disclosed. Until somebody was asked it counts as a disclosure; the answer is on the ledger, and
nothing is delivered a second time to somebody who may have it.
"""

from typing import Any

from hub.bases import evidence
from hub.context import Hub
from hub.errors import Conflict, Malformed
from hub.record import entry
from hub.storage.database import Step
from hub.storage.statements import Change, Lookup
from hub.storage.tables import Disclosure, Outbox

KIND = "unknown_outcome"
DELIVERED, NOT_DELIVERED = "confirmed_delivered", "confirmed_not_delivered"

_OF = Lookup(Disclosure, ("state", "member_id"), "id")
_CONFIRM = Change(Disclosure, ("state", "concluded_at"), ("id",))
_SETTLE = Change(Outbox, ("state", "due_at", "code"), ("id", "state"))


def check(item: dict[str, Any], reason: str, *, release: bool = False) -> None:
    """Raises `Malformed` if this answer does not fit this work item, or does not let it be delivered again."""
    unknown = item["kind"] == KIND
    if reason in (DELIVERED, NOT_DELIVERED) and not unknown:
        raise Malformed("Only an unknown outcome is confirmed.", field="$.reason")
    if release and unknown and reason != NOT_DELIVERED:
        raise Malformed("It goes again only when the recipient says that they do not have it.", field="$.reason")


async def answered(hub: Hub, item: dict[str, Any], reason: str, by: str) -> list[Step]:
    """What the answer makes of the disclosure; nothing if the reason is no answer. Raises `Conflict` if a receipt, come
    late, says otherwise.
    """
    if item["kind"] != KIND or reason not in (DELIVERED, NOT_DELIVERED):
        return []
    disclosure, now = item["reference"], hub.clock.now()
    ((state, member),) = await hub.database.lookup(_OF, disclosure)
    if reason == NOT_DELIVERED and state == "disclosed":
        raise Conflict("The recipient's receipt came meanwhile: it was delivered.", code="delivered")
    became = "disclosed" if reason == DELIVERED else "not_disclosed"
    body = {"work": item["id"], "from": state, "to": became, "by": by}
    steps = [Step(_CONFIRM, (became, now, disclosure))]
    if reason == NOT_DELIVERED:
        steps.append(evidence.disclosed(disclosure, None))
    return [*steps, entry("disclosure.confirmed", now, body, member=member, reference=disclosure)]


def settled(item: dict[str, Any], reason: str, now: int) -> list[Step]:
    """Where the outbox row stands once the work item is closed with an answer and not released."""
    if item["kind"] != KIND or reason not in (DELIVERED, NOT_DELIVERED):
        return []
    state = "delivered" if reason == DELIVERED else "dead"
    return [Step(_SETTLE, (state, now, reason, item["reference"], "unknown"))]
