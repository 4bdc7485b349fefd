"""What is worth nothing any more and would only pile up: used signatures and assertions, tokens and codes past their
time, packets that nobody went on with.
"""

from hub.context import Hub
from hub.storage.statements import Returning

_PAST = tuple(
    Returning(
        sqlite=f"DELETE FROM {table} WHERE expires_at < ? RETURNING 1",  # noqa: S608 - names from the list below
        postgres=f"DELETE FROM {table} WHERE expires_at < $1 RETURNING 1",  # noqa: S608 - as above
    )
    for table in ("smart_assertion", "access_token", "pickup_code", "packet_draft")
)


async def forget_expired(hub: Hub) -> int:
    """How many rows went. Raises `StorageFailed`."""
    now = hub.clock.now()
    return sum([len(await hub.database.returning(statement, (now,))) for statement in _PAST])
