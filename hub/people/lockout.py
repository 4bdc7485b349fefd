"""Back-off after failed tries: the same for an address that is somebody's and for one that is nobody's.

INVARIANT: no-existence-leak. Tries are counted by the hash of the address, not by the account.

Rules kept here:
- Strangers share one budget, which bounds the work of all passwords that are tried; whoever comes from a device that is
  known for the address, or is in already, has their own, and no stranger spends it.
- Failures from a known device lock that device, and failures of strangers do not.
"""

from hub.context import Hub
from hub.errors import Malformed, Stale, TooOften
from hub.people import devices
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Delete, InsertNew, Lookup, Returning
from hub.storage.tables import SignInTry

FREE = 5
"""Tries before the first wait."""
FIRST_WAIT_US = 30_000_000
LONGEST_WAIT_US = 3_600_000_000
_FORGOTTEN_US = 86_400_000_000
STRANGERS_PER_MINUTE = 60
"""Tries of everybody together who is not known; a county has some dozens of officers."""
OWN_PER_MINUTE = 10

_OF = Lookup(SignInTry, ("failures", "locked_until"), "email_hash")
_ADD = InsertNew(SignInTry, ("email_hash", "failures", "locked_until"), ("email_hash",))
_CHANGE = Change(SignInTry, ("failures", "locked_until"), ("email_hash", "failures"), must_hit=True)
_CLEAR = Delete(SignInTry, ("email_hash",))
_FORGET = Returning(
    sqlite="DELETE FROM sign_in_try WHERE locked_until < ? RETURNING 1",
    postgres="DELETE FROM sign_in_try WHERE locked_until < $1 RETURNING 1",
)


async def check(hub: Hub, email: str, device: str, *, inside: bool = False) -> None:
    """Raises `TooOften` while the address must wait, or when there are too many tries. `device`: the cookie, empty for
    none; `inside`: they hold a session of this address, past the password.
    """
    counted = devices.known(hub.ring, email, device, hub.clock.now())
    own = counted.device or inside
    budget = f"sign-in:{counted.key.hex()}" if own else "sign-in"
    if not await hub.signals.allow(budget, OWN_PER_MINUTE if own else STRANGERS_PER_MINUTE, 60):
        raise TooOften("Too many tries; wait a minute.", code="sign-in-busy")
    rows = await hub.database.lookup(_OF, counted.key)
    if rows and rows[0][0] >= FREE and rows[0][1] > hub.clock.now():
        raise TooOften("Too many failed tries; wait before the next one.", code="sign-in-locked")


async def failed(hub: Hub, email: str, device: str, *told: Step) -> None:
    """Count a failed try; from the fifth on each doubles the wait, to an hour at most. `told` commits with it: a second
    commit would take the longer for an address that is somebody's.
    """
    now = hub.clock.now()
    key = devices.known(hub.ring, email, device, now).key
    await hub.database.returning(_FORGET, (now - _FORGOTTEN_US,))
    for _ in range(FREE):
        rows = await hub.database.lookup(_OF, key)
        failures = rows[0][0] + 1 if rows else 1
        guard = (
            Step(_CHANGE, (failures, now + wait_us(failures), key, failures - 1), "try")
            if rows
            else Step(_ADD, (key, 1, now), "try")
        )
        try:
            await hub.database.commit(Unit((guard,), told))
        except Stale:
            continue
        return
    raise Malformed("Too many tries at once.", code="sign-in-busy")


async def succeeded(hub: Hub, email: str, device: str) -> None:
    """Forget the failures, those of the device or of everybody else."""
    key = devices.known(hub.ring, email, device, hub.clock.now()).key
    await hub.database.commit(Unit((), (Step(_CLEAR, (key,)),)))


def wait_us(failures: int) -> int:
    """How long to wait after so many failures in a row, in microseconds."""
    if failures < FREE:
        return 0
    return min(FIRST_WAIT_US * 1 << min(failures - FREE, 20), LONGEST_WAIT_US)
