"""Second factors by typing: a code of an authenticator app (RFC 6238), once; a recovery code, once.

Each use is a guard on what was read, so that of two tries with one code only one counts.
"""

import base64
import hmac
import os
from collections.abc import Iterator

from hub.context import Hub
from hub.crypto.identifiers import hash_secret
from hub.errors import Stale
from hub.people.accounts import Account
from hub.storage.database import Step, Unit
from hub.storage.statements import Change
from hub.storage.tables import Person

STEP_S = 30
_DRIFT = 1
"""Steps that an app's clock may be off, either way."""
RECOVERY_CODES = 10
_USE_STEP = Change(Person, ("totp_step",), ("id", "totp_step"), must_hit=True)
_USE_RECOVERY = Change(Person, ("recovery",), ("id", "recovery"), must_hit=True)


def new_secret() -> str:
    """An authenticator's secret in base32, 160 bits (RFC 4226, 4)."""
    return base64.b32encode(os.urandom(20)).decode()


def step_of(secret: str, code: str, now: int, after: int) -> int | None:
    """The 30-second step that the code belongs to, later than `after` (`now`: microseconds UTC); none: wrong."""
    import pyotp  # noqa: PLC0415 - with the first sign-in

    typed, present = "".join(code.split()), now // 1_000_000 // STEP_S
    totp = pyotp.TOTP(secret)
    for step in range(present - _DRIFT, present + _DRIFT + 1):
        if hmac.compare_digest(totp.at(step * STEP_S).encode(), typed.encode()) and step > after:
            return step
    return None


def uri(secret: str, email: str) -> str:
    """What the QR code says to an authenticator app."""
    import pyotp  # noqa: PLC0415 - with an enrolment

    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Part2 Hub")


async def use(hub: Hub, account: Account, code: str) -> str | None:
    """Use up a code: `totp` or `recovery`, or none if it is neither, or was used."""
    if account.totp_step < 0:
        return None
    step = step_of(account.totp, code, hub.clock.now(), account.totp_step)
    if step is not None:
        return await _used(hub, Step(_USE_STEP, (step, account.id, account.totp_step), "factor"), "totp")
    spent = recovery_hash(hub, account.id, code)
    if spent not in account.recovery:
        return None
    left = " ".join(each for each in account.recovery if each != spent)
    return await _used(hub, Step(_USE_RECOVERY, (left, account.id, " ".join(account.recovery)), "factor"), "recovery")


def recovery_codes() -> list[str]:
    """New codes, 80 random bits each, as they are written down."""
    return ["-".join(_fours(base64.b32encode(os.urandom(10)).decode().lower())) for _ in range(RECOVERY_CODES)]


def recovery_hash(hub: Hub, person: str, code: str) -> str:
    """How a recovery code is stored, however it is typed."""
    plain = "".join(each for each in code.lower() if each.isalnum())
    return hash_secret(hub.ring, f"recovery/{person}", plain).hex()


async def _used(hub: Hub, guard: Step, kind: str) -> str | None:
    try:
        await hub.database.commit(Unit((guard,), ()))
    except Stale:
        return None
    return kind


def _fours(text: str) -> Iterator[str]:
    return (text[at : at + 4] for at in range(0, len(text), 4))
