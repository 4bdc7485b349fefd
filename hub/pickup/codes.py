"""One-time codes: eight digits, mailed to the verified address, good for ten minutes, five tries and once."""

import hmac
import secrets

from hub.context import Hub
from hub.crypto.identifiers import hash_token
from hub.errors import Stale
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Delete, Insert, Lookup, columns_of
from hub.storage.tables import PickupCode

DIGITS = 8
LIFE_US = 600_000_000
TRIES = 5
_FORGET = Delete(PickupCode, ("delivery",))
_ADD = Insert(PickupCode, columns_of(PickupCode))
_OF = Lookup(PickupCode, ("hash", "expires_at", "tries"), "delivery")
_TRY = Change(PickupCode, ("tries",), ("delivery", "hash", "tries"), must_hit=True)


async def issue(hub: Hub, delivery: str, disclosure: str) -> str:
    """A new code for this delivery, in place of any earlier one; that it was asked for is on the ledger."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    now = hub.clock.now()
    row = (delivery, _hash(hub, delivery, code), now + LIFE_US, 0)
    asked = entry("pickup.code_asked", now, {"attempt": delivery}, reference=disclosure)
    await hub.database.commit(Unit((), (Step(_FORGET, (delivery,)), Step(_ADD, row), asked)))
    return code


async def redeem(hub: Hub, delivery: str, disclosure: str, code: str) -> bool:
    """Whether this is the code; if so it is used up. A wrong one is counted and on the ledger."""
    rows = await hub.database.lookup(_OF, delivery)
    if not rows or rows[0][1] < hub.clock.now() or rows[0][2] >= TRIES:
        return False
    kept, _, tries = rows[0]
    right = hmac.compare_digest(kept, _hash(hub, delivery, code))
    # The right one takes all tries that are left: two people with one code cannot both come in.
    guard = Step(_TRY, (TRIES if right else tries + 1, delivery, kept, tries), "code")
    what = "pickup.code_used" if right else "pickup.code_wrong"
    told = entry(what, hub.clock.now(), {"attempt": delivery}, reference=disclosure)
    try:
        await hub.database.commit(Unit((guard,), (told,)))
    except Stale:
        return False
    return right


def _hash(hub: Hub, delivery: str, code: str) -> bytes:
    return hash_token(hub.ring, f"pickup:{delivery}:{code}")
