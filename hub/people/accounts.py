"""Accounts: who may work at the desk, for which organizations, in which roles.

Rules kept here:
- INVARIANT: metadata-is-content. Name and address are sealed; an account is found by the keyed hash of its address.
- An account begins with an invitation that is shown once; nobody ever sets another person's password.
- Every change is on the ledger, and a disabled account's sessions end in the unit that disables it.
"""

import os
from typing import Any, Literal, NamedTuple, get_args

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.crypto import envelope
from hub.crypto.envelope import Sealed
from hub.crypto.identifiers import hash_email, hash_secret
from hub.errors import Conflict, Malformed, NotAvailable, Stale
from hub.model import Frozen, new_id
from hub.people import persons
from hub.record import entry
from hub.storage import tables
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Delete, InsertNew, Lookup, columns_of

Role = Literal["compliance", "privacy", "auditor", "administrator", "staff"]
"""`compliance`, `privacy`: read, and act on what waits. `auditor`: read. `administrator`: accounts, no patient's data.
`staff`: sends and receives in the name of their own organization, and of no other.
"""
ROLES: tuple[Role, ...] = get_args(Role)
EVERYBODY = "*"
INVITED_US = 3 * 86_400_000_000
MOST_TEXT = 200

_COLUMNS = columns_of(tables.Person)
_ADD = InsertNew(tables.Person, _COLUMNS, ("email_hash",))
_BY_ID = Lookup(tables.Person, _COLUMNS, "id")
_BY_EMAIL = Lookup(tables.Person, _COLUMNS, "email_hash")
_BY_INVITATION = Lookup(tables.Person, _COLUMNS, "invitation")
_RESET = Change(
    tables.Person,
    ("password", "totp_step", "recovery", "invitation", "invited_until", "given_by"),
    ("id",),
    must_hit=True,
)
_DISABLE = Change(tables.Person, ("disabled_at", "invitation"), ("id",), must_hit=True)
_LANGUAGE = Change(tables.Person, ("language",), ("id",))
END_SESSIONS = Delete(tables.Session, ("person_id",))
_DROP_PASSKEYS = Delete(tables.Passkey, ("person_id",))


class Secrets(Frozen, frozen=True, kw_only=True):
    """What is sealed of an account; `totp` in base32, empty until an authenticator is being enrolled."""

    name: str
    email: str
    totp: str = ""


class Account(NamedTuple):
    """One account, opened."""

    id: str
    name: str
    email: str
    roles: tuple[str, ...]
    organizations: tuple[str, ...]
    language: str
    password: str
    totp: str
    totp_step: int
    recovery: tuple[str, ...]
    invited_until: int
    disabled: bool

    @property
    def home(self) -> str:
        """The organization it belongs to."""
        return self.organizations[0]

    @property
    def by(self) -> str:
        """As the record names who did something."""
        return f"{self.home}/{self.id}"

    @property
    def scope(self) -> frozenset[str] | None:
        """The organizations whose data it sees; none: everybody's."""
        return None if EVERYBODY in self.organizations else frozenset(self.organizations)

    def may_see(self, organization: str) -> bool:
        """Whether this organization's data is within the scope."""
        return self.scope is None or organization in self.scope


class Invitation(NamedTuple):
    person: str
    code: str
    """Shown this once; 256 random bits."""


async def add(
    hub: Hub,
    *,
    email: str,
    name: str,
    roles: tuple[str, ...],
    organizations: tuple[str, ...],
    by: str,
    person: str = "",
) -> Invitation:
    """A new account and its invitation; `person`: who it is, where they are known already (`persons.named`).

    Raises `Malformed` naming the field, `Conflict` for an address in use.
    """
    await _check(hub, email, name, roles, organizations)
    invitation, now = Invitation(new_id(), os.urandom(32).hex()), hub.clock.now()
    whose = await persons.named(hub, person) if person else invitation.person
    sealed = seal(hub, invitation.person, Secrets(name=name.strip(), email=email.strip()))
    row = {
        "id": invitation.person, "email_hash": hash_email(hub.ring, email), "roles": " ".join(roles),
        "organizations": " ".join(organizations), "key_id": sealed.key_id, "wrapped_key": sealed.wrapped_key,
        "sealed": sealed.ciphertext, "password": "", "totp_step": -1, "recovery": "",
        "invitation": invitation_hash(hub, invitation.code), "invited_until": now + INVITED_US, "language": "en",
        "person": whose, "given_by": by, "created_at": now, "disabled_at": None,
    }  # fmt: skip
    body = {"person": invitation.person, "whose": whose, "roles": roles, "organizations": organizations, "by": by}
    guard = Step(_ADD, tuple(row[column] for column in _COLUMNS), "email")
    trace = entry("person.added", now, body, reference=invitation.person)
    try:
        await hub.database.commit(Unit((guard,), (trace,)))
    except Stale:
        raise Conflict("There is an account with this address already.", field="email") from None
    return invitation


async def invite_again(hub: Hub, person: str, *, by: str) -> Invitation:
    """Forget password and factors, end all sessions, and invite anew. Raises `NotAvailable`."""
    invitation, now = Invitation(person, os.urandom(32).hex()), hub.clock.now()
    guard = Step(_RESET, ("", -1, "", invitation_hash(hub, invitation.code), now + INVITED_US, by, person), "person")
    await _change(hub, guard, (Step(_DROP_PASSKEYS, (person,)),), "person.reset", person, by)
    return invitation


async def disable(hub: Hub, person: str, *, by: str) -> None:
    """The account is out at once, also where it is signed in. Raises `NotAvailable`."""
    guard = Step(_DISABLE, (hub.clock.now(), None, person), "person")
    await _change(hub, guard, (), "person.disabled", person, by)


async def speak(hub: Hub, person: str, language: str) -> None:
    """The language of the account's pages from now on."""
    await hub.database.commit(Unit((), (Step(_LANGUAGE, (language, person)),)))


async def find(hub: Hub, person: str) -> Account:
    """Raises `NotAvailable`."""
    return _one(hub, await hub.database.lookup(_BY_ID, person))


async def find_by_email(hub: Hub, email: str) -> Account | None:
    """The account that signs in with this address; none if there is none, or if it is disabled."""
    rows = await hub.database.lookup(_BY_EMAIL, hash_email(hub.ring, email))
    account = _one(hub, rows) if rows else None
    return None if account is None or account.disabled else account


async def find_by_invitation(hub: Hub, code: str) -> Account:
    """Whom the invitation is for. Raises `NotAvailable` once it is used or over."""
    account = _one(hub, await hub.database.lookup(_BY_INVITATION, invitation_hash(hub, code)))
    if account.disabled or account.invited_until < hub.clock.now():
        raise NotAvailable
    return account


async def list_all(hub: Hub) -> list[Account]:
    """Every account, oldest first."""
    table = tables.Person
    rows = await hub.database.query(select(*(col(getattr(table, name)) for name in _COLUMNS)).order_by(col(table.id)))
    return [_one(hub, [row]) for row in rows]


def seal(hub: Hub, person: str, secrets: Secrets) -> Sealed:
    """The secrets as they are stored."""
    return envelope.seal(hub.ring, f"person/{person}", msgspec.json.encode(secrets))


def invitation_hash(hub: Hub, code: str) -> bytes:
    """How the code of an invitation is stored."""
    return hash_secret(hub.ring, "invitation", code)


async def _change(hub: Hub, guard: Step, writes: tuple[Step, ...], kind: str, person: str, by: str) -> None:
    trace = entry(kind, hub.clock.now(), {"person": person, "by": by}, reference=person)
    try:
        await hub.database.commit(Unit((guard,), (*writes, Step(END_SESSIONS, (person,)), trace)))
    except Stale:
        raise NotAvailable from None


def _one(hub: Hub, rows: list[Any]) -> Account:
    if not rows:
        raise NotAvailable
    row = dict(zip(_COLUMNS, rows[0], strict=True))
    place = f"person/{row['id']}"
    plain = envelope.open(hub.ring, place, Sealed(row["key_id"], row["wrapped_key"], row["sealed"]))
    secrets = msgspec.json.decode(plain, type=Secrets)
    return Account(
        row["id"], secrets.name, secrets.email, tuple(row["roles"].split()), tuple(row["organizations"].split()),
        row["language"], row["password"], secrets.totp, row["totp_step"], tuple(row["recovery"].split()),
        row["invited_until"], row["disabled_at"] is not None,
    )  # fmt: skip


async def _check(hub: Hub, email: str, name: str, roles: tuple[str, ...], organizations: tuple[str, ...]) -> None:
    local, _, domain = email.strip().partition("@")
    if not (local and domain and len(email) <= MOST_TEXT) or any(each.isspace() for each in email.strip()):
        raise Malformed("An address has a name, an @ and a domain.", field="email")
    if not 0 < len(name.strip()) <= MOST_TEXT:
        raise Malformed("A person has a name.", field="name")
    if not roles or not set(roles) <= set(ROLES):
        raise Malformed("A role is one of " + ", ".join(ROLES) + ".", field="role")
    if "staff" in roles and len(organizations) > 1:
        raise Malformed("Staff work for one organization, their own.", field="organization")
    known = (await hub.directory.current()).organizations
    if not organizations or organizations[0] not in known or not set(organizations[1:]) <= {*known, EVERYBODY}:
        raise Malformed("The directory has no such organization.", field="organization")
