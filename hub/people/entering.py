"""Coming in: password, then a second factor; an invitation, then an enrolment.

INVARIANT: no-existence-leak. A wrong password and an address that is nobody's look and take the same.
"""

from hub.context import Hub
from hub.errors import NotAvailable, Stale, Unauthorized
from hub.people import accounts, factors, lockout, passwords, sessions
from hub.people.accounts import Account, Secrets
from hub.people.sessions import Session
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Change
from hub.storage.tables import Person

_PASSWORD = Change(Person, ("password", "key_id", "wrapped_key", "sealed"), ("id", "invitation"), must_hit=True)
_ENROL = Change(Person, ("totp_step", "recovery", "invitation", "invited_until"), ("id", "totp_step"), must_hit=True)


async def by_password(hub: Hub, email: str, password: str, device: str) -> str:
    """The cookie of a session that waits for the second factor; `device`: that of a device they came in with before.

    Raises `Unauthorized`, `TooOften`.
    """
    await lockout.check(hub, email, device)
    account = await accounts.find_by_email(hub, email)
    if not await passwords.matches(account.password if account else "", password) or account is None:
        await failed(hub, email, device, account, "password")
        raise Unauthorized("Address or password is wrong.", code="sign-in-refused")
    if account.totp_step < 0:
        # Somebody who chose a password and went away: only the invitation leads on.
        raise Unauthorized("Open your invitation again to finish.", code="sign-in-unfinished")
    return await sessions.start(hub, account.id, "second")


async def by_factor(hub: Hub, session: Session, account: Account, code: str, device: str) -> str:
    """The cookie of a full session. Raises `Unauthorized`, `TooOften`."""
    await lockout.check(hub, account.email, device, inside=True)
    used = await factors.use(hub, account, code)
    if used is None:
        await failed(hub, account.email, device, account, "factor")
        raise Unauthorized("This code is wrong or was used before.", code="factor-refused")
    return await admitted(hub, session, account, used, device)


async def admitted(hub: Hub, session: Session, account: Account, factor: str, device: str) -> str:
    """In, and the failures are forgotten. Raises `Unauthorized` if the session was used up meanwhile."""
    try:
        token = await sessions.admit(hub, session, account, factor)
    except Stale:
        raise Unauthorized("Sign in again.", code="sign-in-again") from None
    await lockout.succeeded(hub, account.email, device)
    return token


async def unlock(hub: Hub, session: Session, account: Account, password: str, device: str) -> str:
    """A locked session goes on under a new cookie. Raises `Unauthorized`, `TooOften`."""
    await lockout.check(hub, account.email, device, inside=True)
    if not await passwords.matches(account.password, password):
        await failed(hub, account.email, device, account, "unlock")
        raise Unauthorized("The password is wrong.", code="unlock-refused")
    try:
        return await sessions.unlock(hub, session)
    except Stale:
        raise Unauthorized("Sign in again.", code="sign-in-again") from None


async def accept(hub: Hub, code: str, password: str) -> str:
    """Choose a password under an invitation; the cookie of a session that enrols a factor.

    The invitation stays good until the factor is confirmed. Raises `NotAvailable`, `Malformed`.
    """
    account = await accounts.find_by_invitation(hub, code)
    stored = await passwords.hashed(password)
    secrets = Secrets(name=account.name, email=account.email, totp=factors.new_secret())
    sealed = accounts.seal(hub, account.id, secrets)
    row = (stored, sealed.key_id, sealed.wrapped_key, sealed.ciphertext, account.id)
    # A lost link that was replaced meanwhile opens nothing, however early it was followed.
    guard = Step(_PASSWORD, (*row, accounts.invitation_hash(hub, code)), "invitation")
    try:
        await hub.database.commit(Unit((guard,), ()))
    except Stale:
        raise NotAvailable from None
    return await sessions.start(hub, account.id, "enrol")


async def enrol(hub: Hub, account: Account, code: str) -> list[str]:
    """Confirm the authenticator with its first code; answers the recovery codes, shown this once.

    Raises `Unauthorized` for a wrong code, `NotAvailable` if it is enrolled already.
    """
    if account.totp_step >= 0:
        raise NotAvailable
    await lockout.check(hub, account.email, "", inside=True)
    step = factors.step_of(account.totp, code, hub.clock.now(), account.totp_step)
    if step is None:
        await failed(hub, account.email, "", account, "factor")
        raise Unauthorized("This code is wrong; type the one that shows now.", code="factor-refused")
    codes = factors.recovery_codes()
    kept = " ".join(factors.recovery_hash(hub, account.id, each) for each in codes)
    guard = Step(_ENROL, (step, kept, None, 0, account.id, account.totp_step), "factor")
    trace = entry("person.enrolled", hub.clock.now(), {"by": account.by, "factor": "totp"}, reference=account.id)
    try:
        await hub.database.commit(Unit((guard,), (trace,)))
    except Stale:
        raise NotAvailable from None
    return codes


async def failed(hub: Hub, email: str, device: str, account: Account | None, what: str) -> None:
    """A try that failed counts, and is on the ledger if the address is somebody's; `what` was wrong: `password`,
    `factor`, `unlock`.
    """
    told = () if account is None else (sessions.refused(hub, account, what),)
    await lockout.failed(hub, email, device, *told)
