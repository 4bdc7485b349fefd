"""People who work at the desk: accounts, their sessions and passkeys, tries to sign in, saved views."""

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlmodel import Field

from hub.storage.tables.declared import Declared


class Person(Declared, table=True):
    """Somebody with a password and a second factor. Name, address and authenticator secret are sealed."""

    id: str = Field(primary_key=True, sa_type=Text)
    email_hash: bytes = Field(unique=True, sa_type=LargeBinary)
    roles: str = Field(sa_type=Text)
    """`compliance`, `privacy`, `auditor`, `administrator`, `staff`, separated by spaces"""
    organizations: str = Field(sa_type=Text)
    """Whose data they see, separated by spaces, their own first; `*`: everybody's"""
    key_id: str = Field(sa_type=Text)
    wrapped_key: bytes = Field(sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
    password: str = Field(default="", sa_type=Text)
    """An argon2id hash; empty until the invitation is accepted."""
    totp_step: int = Field(default=-1, sa_type=BigInteger)
    """The last 30-second step whose code was used; -1: no authenticator is enrolled."""
    recovery: str = Field(default="", sa_type=Text)
    """Keyed hashes of unused recovery codes, separated by spaces."""
    invitation: bytes | None = Field(default=None, sa_type=LargeBinary, index=True)
    """Keyed hash of the link's code."""
    invited_until: int = Field(default=0, sa_type=BigInteger)
    language: str = Field(default="en", sa_type=Text)
    person: str = Field(sa_type=Text, index=True)
    """Who it is (`hub.people.persons`): the account's own id, unless they are known by another"""
    given_by: str = Field(default="", sa_type=Text)
    """As the record names who sent the last invitation"""
    created_at: int = Field(sa_type=BigInteger)
    disabled_at: int | None = Field(default=None, sa_type=BigInteger)


class Passkey(Declared, table=True):
    """A WebAuthn credential: a public key and how often it was used."""

    credential: bytes = Field(primary_key=True, sa_type=LargeBinary)
    person_id: str = Field(index=True, sa_type=Text)
    public_key: bytes = Field(sa_type=LargeBinary)
    sign_count: int = Field(default=0, sa_type=BigInteger)
    created_at: int = Field(sa_type=BigInteger)


class Session(Declared, table=True):
    """A browser that somebody is signed in with, found by the keyed hash of its cookie."""

    hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    person_id: str = Field(index=True, sa_type=Text)
    stage: str = Field(sa_type=Text)
    """`second`: the password was right; `enrol`: chooses a second factor; `full`: in"""
    started_at: int = Field(sa_type=BigInteger)
    seen_at: int = Field(sa_type=BigInteger)
    ends_at: int = Field(sa_type=BigInteger)
    locked: bool = False
    challenge: bytes | None = Field(default=None, sa_type=LargeBinary)
    """What a passkey must sign next."""


class SignInTry(Declared, table=True):
    """Failed tries for one address, whether or not it is anybody's; those from a device that is known for it stand
    apart, by the device's hash.
    """

    __tablename__ = "sign_in_try"
    email_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    failures: int = Field(sa_type=BigInteger)
    locked_until: int = Field(sa_type=BigInteger)


class SavedView(Declared, table=True):
    """A filter of the disclosure log that a person keeps: fields of an address, ids and codes only."""

    __tablename__ = "saved_view"
    id: str = Field(primary_key=True, sa_type=Text)
    person_id: str = Field(index=True, sa_type=Text)
    query: str = Field(sa_type=Text)
