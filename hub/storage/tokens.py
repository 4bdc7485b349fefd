"""Bearer tokens: issued once, stored as keyed hashes, gone a second after they are revoked."""

import os
import time
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.crypto.identifiers import hash_token
from hub.errors import Conflict, Malformed, NotAvailable, Stale, Unauthorized
from hub.model import Frozen, new_id
from hub.people import persons
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Insert, Lookup, columns_of
from hub.storage.tables import AccessToken, Signer, Token

Role = Literal["sender", "staff", "compliance", "admin"]
"""`sender`: an organization's system. `staff`: its people, who see explanations. `compliance`: reviews every
organization. `admin`: directory, tokens, county."""
ROLES: tuple[Role, ...] = get_args(Role)
PREFIX = "p2h_"
_REMEMBERED_S = 1.0
_MOST_REMEMBERED = 10_000
_DAY_US = 86_400_000_000
_MOST_DAYS = 3_650

_ADD = Insert(Token, columns_of(Token))
_REVOKE = Change(Token, ("revoked_at",), ("id",))
_NAME = Change(Token, ("person", "given_by"), ("id", "person"), must_hit=True)
_BY_HASH = Lookup(Token, ("id", "organization_id", "role", "expires_at", "revoked_at"), "hash")
_ACCESS = Lookup(AccessToken, ("client_id", "organization_id", "scopes", "expires_at"), "hash")
_SIGNERS = Lookup(Signer, ("key_id", "verify_key"), "organization_id")
_BY_ID = Lookup(Token, ("organization_id", "role"), "id")


class Principal(Frozen, frozen=True, kw_only=True):
    """Who calls: the token and the organization it was given to."""

    id: str
    organization: str
    role: Role
    scopes: tuple[str, ...] | None = None
    """Of a client's access token (SMART), which reaches nothing else; none: whatever the role reaches."""

    signers: tuple[tuple[str, bytes], ...] = ()
    """Key ids and keys that must sign what the organization hands in; none: it need not."""

    @property
    def by(self) -> str:
        """As the record names who did something."""
        return f"{self.organization}/{self.id}"

    @property
    def sees_all(self) -> bool:
        """Reviews what every organization did."""
        return self.role in ("compliance", "admin")


class Issued(NamedTuple):
    id: str
    token: str
    """Shown this once; 256 random bits."""


class TokenReader:
    """Finds who a token stands for; a revocation counts from the next second on."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._known: dict[bytes, tuple[float, Principal]] = {}

    async def find(self, token: str, *, scoped: bool = False) -> Principal:
        """Raises `Unauthorized` for an unknown, expired or revoked token, all alike.

        An access token limited to scopes is unknown but to a caller who weighs scopes, and says so.
        """
        principal = await self._find(token)
        if principal.scopes is not None and not scoped:
            raise Unauthorized("A valid bearer token is needed.")
        return principal

    async def _find(self, token: str) -> Principal:
        hashed = hash_token(self._hub.ring, token)
        now = time.monotonic()
        until, principal = self._known.get(hashed, (0.0, None))
        if principal is not None and until > now:
            return principal
        principal = await self._read(hashed)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[hashed] = now + _REMEMBERED_S, principal
        return principal

    async def _read(self, hashed: bytes) -> Principal:
        rows = await self._hub.database.lookup(_BY_HASH, hashed)
        for client, organization, scopes, expires_at in await self._hub.database.lookup(_ACCESS, hashed):
            if expires_at > self._hub.clock.now():
                return Principal(
                    id=client,
                    organization=organization,
                    role="sender",
                    scopes=tuple(scopes.split()),
                    signers=await self._signers(organization),
                )
        for token, organization, role, expires_at, revoked_at in rows:
            if revoked_at is None and (expires_at is None or expires_at > self._hub.clock.now()):
                return Principal(
                    id=token, organization=organization, role=role, signers=await self._signers(organization)
                )
        raise Unauthorized("A valid bearer token is needed.")

    async def _signers(self, organization: str) -> tuple[tuple[str, bytes], ...]:
        return tuple((key_id, bytes(key)) for key_id, key in await self._hub.database.lookup(_SIGNERS, organization))


async def issue(
    hub: Hub, organization: str, role: Role, *, by: str, label: str = "", days: int | None = None, person: str = ""
) -> Issued:
    """Issue a token, for so many days or until revoked; `person`: whose it is, a system's if nobody's.

    Raises `Malformed` for an unknown organization or role, for a time that is none, or as `persons.named`.
    """
    if organization not in (await hub.directory.current()).organizations:
        raise Malformed("The directory has no such organization.", field="organization")
    if role not in ROLES:
        raise Malformed("A role is one of " + ", ".join(ROLES) + ".", field="role")
    if days is not None and not 1 <= days <= _MOST_DAYS:
        raise Malformed(f"A token lasts 1 to {_MOST_DAYS} days, or until it is revoked.", field="days")
    whose = await _whose(hub, person, role) if person else persons.NOBODY
    issued = Issued(new_id(), PREFIX + os.urandom(32).hex())
    now = hub.clock.now()
    expires = None if days is None else now + days * _DAY_US
    hashed = hash_token(hub.ring, issued.token)
    row = (issued.id, organization, role, hashed, label, whose, by, now, expires, None)
    body = {"token": issued.id, "organization": organization, "role": role, "person": whose, "by": by}
    await hub.database.commit(Unit((), (Step(_ADD, row), entry("token.issued", now, body, reference=issued.id))))
    return issued


async def name(hub: Hub, token_id: str, person: str, *, by: str) -> None:
    """Say whose a token is that was issued to nobody.

    Raises `NotAvailable` if there is none, `Conflict` if it is somebody's already, `Malformed` as `issue`.
    """
    rows = await hub.database.lookup(_BY_ID, token_id)
    if not rows:
        raise NotAvailable
    whose = await _whose(hub, person, rows[0][1])
    trace = entry("token.named", hub.clock.now(), {"token": token_id, "person": whose, "by": by}, reference=token_id)
    try:
        await hub.database.commit(Unit((Step(_NAME, (whose, by, token_id, persons.NOBODY), "token"),), (trace,)))
    except Stale:
        raise Conflict("This token is somebody's; another one needs another token.", code="named") from None


async def revoke(hub: Hub, token_id: str, *, by: str) -> None:
    """Revoke by id. Raises `NotAvailable` if there is none."""
    if not await hub.database.lookup(_BY_ID, token_id):
        raise NotAvailable
    now = hub.clock.now()
    trace = entry("token.revoked", now, {"token": token_id, "by": by}, reference=token_id)
    await hub.database.commit(Unit((), (Step(_REVOKE, (now, token_id)), trace)))


async def list_all(hub: Hub) -> list[dict[str, Any]]:
    """Every token's id, organization, role, label, person and times (microseconds UTC); never the token."""
    names = ("id", "organization_id", "role", "label", "person", "created_at", "expires_at", "revoked_at")
    columns = (col(getattr(Token, name)) for name in names)
    rows = await hub.database.query(select(*columns).order_by(col(Token.id)))
    return [dict(zip(names, row, strict=True)) for row in rows]


async def _whose(hub: Hub, person: str, role: str) -> str:
    if role == "sender":
        raise Malformed("A system's token is nobody's.", field="person")
    return await persons.named(hub, person)
