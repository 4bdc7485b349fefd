"""Sessions on the server: found by the hash of a cookie, locked after idling, over after ten hours.

Rules kept here:
- A step up (password, second factor, unlocking) always gets a new cookie: one set beforehand is worth nothing.
- Signing in and out is on the ledger; reading a page is not, what it shows is.
"""

import os
from typing import NamedTuple

from hub.context import Hub
from hub.crypto.identifiers import hash_secret
from hub.people.accounts import END_SESSIONS, Account
from hub.record import entry
from hub.storage import tables
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Delete, Insert, Lookup, Returning, columns_of

IDLE_US = 15 * 60_000_000
LIFE_US = {"second": 5 * 60_000_000, "enrol": 30 * 60_000_000, "full": 10 * 3_600_000_000}
_TOUCH_US = 20_000_000
"""A session is marked as seen at most so often."""

_COLUMNS = columns_of(tables.Session)
_ADD = Insert(tables.Session, _COLUMNS)
_BY_HASH = Lookup(tables.Session, _COLUMNS, "hash")
_SEEN = Change(tables.Session, ("seen_at",), ("hash",))
_LOCK = Change(tables.Session, ("locked",), ("hash",))
_CHALLENGE = Change(tables.Session, ("challenge",), ("hash",))
_END = Delete(tables.Session, ("hash",))
_FORGET = Returning(
    sqlite="DELETE FROM session WHERE ends_at < ? RETURNING 1",
    postgres="DELETE FROM session WHERE ends_at < $1 RETURNING 1",
)
"""Sessions that nobody came back to."""
_END_ONE = Change(tables.Session, ("stage",), ("hash", "stage"), must_hit=True)


class Session(NamedTuple):
    """A browser somebody is, or is about to be, signed in with."""

    hash: bytes
    person: str
    stage: str
    started_at: int
    seen_at: int
    ends_at: int
    locked: bool
    challenge: bytes | None


async def start(hub: Hub, person: str, stage: str) -> str:
    """A session short of `full`; answers its cookie."""
    token, step = _new(hub, person, stage)
    await hub.database.returning(_FORGET, (hub.clock.now(),))
    await hub.database.commit(Unit((), (step,)))
    return token


async def admit(hub: Hub, session: Session, account: Account, factor: str) -> str:
    """From `second` or `enrol` to `full`, on the ledger. Raises `Stale` if the session was used up meanwhile."""
    token, step = _new(hub, account.id, "full")
    body = {"by": account.by, "factor": factor}
    trace = entry("session.started", hub.clock.now(), body, reference=account.id)
    guard = Step(_END_ONE, ("over", session.hash, session.stage), "session")
    await hub.database.commit(Unit((guard,), (Step(_END, (session.hash,)), step, trace)))
    return token


async def find(hub: Hub, token: str) -> Session | None:
    """The live session of a cookie, locked if it idled; none if there is none or it is over."""
    rows = await hub.database.lookup(_BY_HASH, _hash(hub, token))
    if not rows:
        return None
    session, now = Session(*rows[0]), hub.clock.now()
    if session.ends_at <= now:
        await hub.database.commit(Unit((), (Step(_END, (session.hash,)),)))
        return None
    if session.locked or now - session.seen_at > IDLE_US:
        return session._replace(locked=True)
    if now - session.seen_at > _TOUCH_US:
        await hub.database.commit(Unit((), (Step(_SEEN, (now, session.hash)),)))
    return session


async def lock(hub: Hub, session: Session) -> None:
    """Nothing is shown under it until it is unlocked."""
    await hub.database.commit(Unit((), (Step(_LOCK, (True, session.hash)),)))


async def unlock(hub: Hub, session: Session) -> str:
    """Go on under a new cookie, until the same end."""
    token, _ = _new(hub, session.person, session.stage)
    now = hub.clock.now()
    row = (_hash(hub, token), session.person, session.stage, session.started_at, now, session.ends_at, False, None)
    guard = Step(_END_ONE, ("over", session.hash, session.stage), "session")
    await hub.database.commit(Unit((guard,), (Step(_END, (session.hash,)), Step(_ADD, row))))
    return token


async def challenge(hub: Hub, session: Session, value: bytes | None) -> None:
    """What a passkey must sign next; none: nothing, for each is asked once."""
    await hub.database.commit(Unit((), (Step(_CHALLENGE, (value, session.hash)),)))


async def end(hub: Hub, session: Session, account: Account) -> None:
    """Sign out, on the ledger."""
    trace = entry("session.ended", hub.clock.now(), {"by": account.by}, reference=account.id)
    await hub.database.commit(Unit((), (Step(_END, (session.hash,)), trace)))


async def end_all(hub: Hub, account: Account) -> None:
    """Sign out everywhere."""
    trace = entry("session.ended", hub.clock.now(), {"by": account.by, "all": True}, reference=account.id)
    await hub.database.commit(Unit((), (Step(END_SESSIONS, (account.id,)), trace)))


def refused(hub: Hub, account: Account, what: str) -> Step:
    """A failed try for somebody's account, for the ledger."""
    return entry("session.refused", hub.clock.now(), {"person": account.id, "what": what}, reference=account.id)


def form_token(hub: Hub, token: str) -> str:
    """What a form of this session carries, so that no other site can send it."""
    return hash_secret(hub.ring, "form", token).hex()


def _new(hub: Hub, person: str, stage: str) -> tuple[str, Step]:
    token, now = os.urandom(32).hex(), hub.clock.now()
    return token, Step(_ADD, (_hash(hub, token), person, stage, now, now, now + LIFE_US[stage], False, None))


def _hash(hub: Hub, token: str) -> bytes:
    return hash_secret(hub.ring, "session", token)
