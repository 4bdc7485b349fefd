"""What the law makes somebody write down and answer in time: requests, complaints, breaches, suspensions, notices."""

from sqlalchemy import BigInteger, Index, LargeBinary, Text, text
from sqlmodel import Field

from hub.storage.tables.declared import CLUSTERED, Declared

_OPEN, _RUNS = text("state = 'open'"), text("met_at IS NULL AND lifted_at IS NULL")


class Matter(Declared, table=True):
    """One matter on a register. Codes and instants stand in the clear; whatever a person wrote is sealed."""

    __table_args__ = (
        Index("matter_of_kind", "kind", "id"),
        Index("matter_of_organization", "organization_id", "state", "id"),
        Index("matter_assigned", "assigned_to", "id", sqlite_where=_OPEN),
        Index("matter_open", "id", sqlite_where=_OPEN),
        Index("matter_open_kind", "kind", "id", "organization_id", "state", sqlite_where=_OPEN),
    )
    id: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(sa_type=Text)
    """The register: a word of `hub.compliance.matters.REGISTERS`"""
    organization_id: str = Field(sa_type=Text)
    member_id: str | None = Field(default=None, sa_type=Text, index=True)
    reference: str | None = Field(default=None, sa_type=Text)
    """The disclosure, consent, restriction or work item that it is about."""
    state: str = Field(sa_type=Text)
    """`open` or `closed`"""
    code: str = Field(sa_type=Text)
    """Where it stands, or how it ended: a fixed word."""
    facts: str = Field(default="{}", sa_type=Text)
    """Codes, counts, dates and ids; no free text."""
    version: int = Field(default=0, sa_type=BigInteger)
    received_at: int = Field(sa_type=BigInteger)
    """When it was received or discovered: the clocks run from here."""
    opened_at: int = Field(sa_type=BigInteger)
    opened_by: str = Field(sa_type=Text)
    closed_at: int | None = Field(default=None, sa_type=BigInteger)
    closed_by: str | None = Field(default=None, sa_type=Text)
    assigned_to: str | None = Field(default=None, sa_type=Text)
    key_id: str = Field(sa_type=Text)
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)


class MatterClock(Declared, table=True):
    """A deadline of a matter."""

    __tablename__ = "matter_clock"
    __table_args__ = (
        Index("matter_clock_due", "due_at"),
        Index("matter_clock_running", "due_at", "matter_id", sqlite_where=_RUNS),
    )
    matter_id: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(primary_key=True, sa_type=Text)
    law: str = Field(sa_type=Text)
    due_at: int = Field(sa_type=BigInteger)
    """The first instant that is too late."""
    met_at: int | None = Field(default=None, sa_type=BigInteger)
    lifted_at: int | None = Field(default=None, sa_type=BigInteger)
    """When it turned out that the duty does not apply."""


class MatterEvent(Declared, table=True):
    """The history of a matter: what happened, who did it, and the reason they gave, sealed; of a `letter`, its PDF."""

    __tablename__ = "matter_event"
    id: str = Field(primary_key=True, sa_type=Text)
    matter_id: str = Field(sa_type=Text, index=True)
    at: int = Field(sa_type=BigInteger)
    what: str = Field(sa_type=Text)
    """`opened`, `changed`, `noted`, `assigned`, `closed`, `letter`"""
    code: str = Field(sa_type=Text)
    by: str = Field(sa_type=Text)
    key_id: str = Field(sa_type=Text)
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)


class MatterPerson(Declared, table=True):
    """A person whom a matter concerns, as each whose record a breach reached."""

    __tablename__ = "matter_person"
    matter_id: str = Field(primary_key=True, sa_type=Text)
    member_id: str = Field(primary_key=True, sa_type=Text)
    told_at: int | None = Field(default=None, sa_type=BigInteger)
    """When their notice went out (45 CFR 164.404)."""


class AuditFeed(Declared, table=True):
    """One row: up to which position of the ledger the audit repository has everything."""

    __tablename__ = "audit_feed"
    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    position: int = Field(sa_type=BigInteger)


class Export(Declared, table=True):
    """What was exported: never the content, only its digest, signed, and who asked for it."""

    id: str = Field(primary_key=True, sa_type=Text)
    organization_id: str | None = Field(default=None, sa_type=Text)
    """Whose data; none: every organization's"""
    kind: str = Field(sa_type=Text)
    form: str = Field(sa_type=Text)
    rows: int = Field(sa_type=BigInteger)
    digest: str = Field(sa_type=Text)
    """SHA-256 of the file, in hex"""
    note: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    by: str = Field(sa_type=Text)


class ViewedMember(Declared, table=True):
    """Whom a look at several people showed: finds its ledger entry, which says so too, by each of them."""

    __tablename__ = "viewed_member"
    __table_args__ = (CLUSTERED,)
    member_id: str = Field(primary_key=True, sa_type=Text)
    """`*`: whoever a wide look reaches."""
    look: str = Field(primary_key=True, sa_type=Text)
    """The reference of the entry."""
