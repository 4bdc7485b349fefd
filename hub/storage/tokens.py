"""Bearer tokens: issued once, stored as keyed hashes, gone a second after they are revoked."""

import os
import time
from typing import Any, Literal, NamedTuple, get_args

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.crypto.identifiers import hash_token
from hub.errors import Malformed, NotAvailable, Unauthorized
from hub.model import Frozen, new_id
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Insert, Lookup, columns_of, table_of
from hub.storage.tables import AccessToken, LedgerEntry, Signer, Token

Role = Literal["sender", "staff", "compliance", "admin"]
"""`sender`: an organization's system. `staff`: its people, who see explanations. `compliance`: reviews every
organization. `admin`: directory, tokens, county."""
ROLES: tuple[Role, ...] = get_args(Role)
PREFIX = "p2h_"
_REMEMBERED_S = 1.0
_MOST_REMEMBERED = 10_000
_DAY_US = 86_400_000_000

_ADD = Insert(Token, columns_of(Token))
_REVOKE = Change(Token, ("revoked_at",), ("id",))
_BY_HASH = Lookup(Token, ("id", "organization_id", "role", "expires_at", "revoked_at"), "hash")
_ACCESS = Lookup(AccessToken, ("client_id", "organization_id", "scopes", "expires_at"), "hash")
_SIGNERS = Lookup(Signer, ("key_id", "verify_key"), "organization_id")
_BY_ID = Lookup(Token, ("organization_id",), "id")


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
    hub: Hub, organization: str, role: Role, *, by: str, label: str = "", days: int | None = None
) -> Issued:
    """Issue a token, for so many days or until revoked. Raises `Malformed` for an unknown organization or role."""
    if organization not in (await hub.directory.current()).organizations:
        raise Malformed("The directory has no such organization.", field="organization")
    if role not in ROLES:
        raise Malformed("A role is one of " + ", ".join(ROLES) + ".", field="role")
    issued = Issued(new_id(), PREFIX + os.urandom(32).hex())
    now = hub.clock.now()
    expires = None if days is None else now + days * _DAY_US
    row = (issued.id, organization, role, hash_token(hub.ring, issued.token), label, now, expires, None)
    body = {"token": issued.id, "organization": organization, "role": role, "by": by}
    await hub.database.commit(Unit((), (Step(_ADD, row), entry("token.issued", now, body, reference=issued.id))))
    return issued


async def line_of(hub: Hub, by: str) -> tuple[str, ...]:
    """Who did something (`Principal.by`), and if it was a token, by whom it was issued, and so on."""
    line = [by]
    table = table_of(LedgerEntry)
    while line[-1] not in line[:-1]:
        issued = select(table.c.body).where(
            table.c.kind == "token.issued", table.c.reference == line[-1].rpartition("/")[2]
        )
        rows = await hub.database.query(issued)
        if not rows:
            break
        line.append(str(msgspec.json.decode(rows[0][0])["by"]))
    return tuple(line)


async def revoke(hub: Hub, token_id: str, *, by: str) -> None:
    """Revoke by id. Raises `NotAvailable` if there is none."""
    if not await hub.database.lookup(_BY_ID, token_id):
        raise NotAvailable
    now = hub.clock.now()
    trace = entry("token.revoked", now, {"token": token_id, "by": by}, reference=token_id)
    await hub.database.commit(Unit((), (Step(_REVOKE, (now, token_id)), trace)))


async def list_all(hub: Hub) -> list[dict[str, Any]]:
    """Every token's id, organization, role, label and times (microseconds UTC); never the token."""
    names = ("id", "organization_id", "role", "label", "created_at", "expires_at", "revoked_at")
    columns = (col(getattr(Token, name)) for name in names)
    rows = await hub.database.query(select(*columns).order_by(col(Token.id)))
    return [dict(zip(names, row, strict=True)) for row in rows]
