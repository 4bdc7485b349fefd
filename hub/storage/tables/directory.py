"""Who exchanges: organizations and their units, verified endpoints, access tokens, agreements."""

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlmodel import Field

from hub.storage.tables.declared import Declared


class Organization(Declared, table=True):
    """A legal entity or a unit of one. Part 2 status is decided per unit (§2.11, §2.12(b))."""

    id: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    roles: str = Field(default="[]", sa_type=Text)
    part_of: str | None = Field(default=None, sa_type=Text)
    controlled_by: str | None = Field(default=None, sa_type=Text)
    sud_program: str | None = Field(default=None, sa_type=Text)
    federal_assistance: bool = True
    sud_only: bool = False
    participants: str = Field(default="[]", sa_type=Text)
    npi: str | None = Field(default=None, sa_type=Text)
    identifiers: str = Field(default="{}", sa_type=Text)
    phone: str | None = Field(default=None, sa_type=Text)
    fax: str | None = Field(default=None, sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    active: bool = True
    updated_at: int = Field(default=0, sa_type=BigInteger)


class Endpoint(Declared, table=True):
    """A verified address of an organization, with the keys to seal to."""

    id: str = Field(primary_key=True, sa_type=Text)
    organization_id: str = Field(index=True, sa_type=Text)
    channel: str = Field(sa_type=Text)
    address: str = Field(sa_type=Text)
    form: str = Field(default="", sa_type=Text)
    rank: int = Field(default=0, sa_type=BigInteger)
    certificate: bytes | None = Field(default=None, sa_type=LargeBinary)
    seal_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    verify_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    tls_ca: bytes | None = Field(default=None, sa_type=LargeBinary)
    station: str | None = Field(default=None, sa_type=Text)
    verified_at: int = Field(default=0, sa_type=BigInteger)
    verified_by: str | None = Field(default=None, sa_type=Text)
    active: bool = True


class Token(Declared, table=True):
    """A bearer token, stored as a keyed hash."""

    id: str = Field(primary_key=True, sa_type=Text)
    organization_id: str = Field(index=True, sa_type=Text)
    role: str = Field(sa_type=Text)
    hash: bytes = Field(unique=True, sa_type=LargeBinary)
    label: str = Field(default="", sa_type=Text)
    person: str = Field(default="", sa_type=Text, index=True)
    """Whose it is (`hub.people.persons`); empty: a system's"""
    given_by: str = Field(default="", sa_type=Text)
    """As the record names who issued it, or said whose it is"""
    created_at: int = Field(sa_type=BigInteger)
    expires_at: int | None = Field(default=None, sa_type=BigInteger)
    revoked_at: int | None = Field(default=None, sa_type=BigInteger)


class Agreement(Declared, table=True):
    """A QSO agreement, business associate contract, §2.33(c) contract or audit agreement."""

    id: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(sa_type=Text)
    holder: str = Field(sa_type=Text)
    with_party: str = Field(sa_type=Text)
    service: str | None = Field(default=None, sa_type=Text)
    until: str | None = Field(default=None, sa_type=Text)
    copies: bool = False


class DirectoryState(Declared, table=True):
    """One row whose version grows with every change of the directory, so that readers know when to reread."""

    __tablename__ = "directory_state"
    id: int = Field(primary_key=True, sa_type=BigInteger)
    version: int = Field(default=0, sa_type=BigInteger)
