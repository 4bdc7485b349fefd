"""What came in by mail, fax, HL7 v2 or file, and what recipients' systems said about deliveries."""

from sqlalchemy import BigInteger, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field

from hub.storage.tables.declared import Declared

_RETRACTED = text("retracted_by IS NOT NULL")
_TAKEN = text("state = 'taken'")
_QUEUED = text("state = 'queued'")


class Inbound(Declared, table=True):
    """One arrival, sealed whole: bytes, what the intake read in them, and from where."""

    __table_args__ = (
        UniqueConstraint("channel", "key_hash"),
        Index("inbound_taken", "received_at", sqlite_where=_TAKEN),
    )
    id: str = Field(primary_key=True, sa_type=Text)
    channel: str = Field(sa_type=Text)
    key_hash: bytes = Field(sa_type=LargeBinary)
    """Keyed: a Message-ID can name a person."""
    digest: bytes = Field(sa_type=LargeBinary)
    """SHA-256 of the bytes as received, without what a repeat may state anew."""
    organization_id: str | None = Field(default=None, sa_type=Text)
    """Who sent it, once proved."""
    state: str = Field(sa_type=Text)
    """`taken`, `submitted`, `proved`, `waiting` (for a person), `unmatched` (nobody's here), `closed`"""
    code: str | None = Field(default=None, sa_type=Text)
    reference: str | None = Field(default=None, sa_type=Text)
    """The submission it became, or the delivery it speaks of."""
    received_at: int = Field(sa_type=BigInteger)
    settled_at: int | None = Field(default=None, sa_type=BigInteger)
    key_id: str = Field(sa_type=Text)
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)


class Thread(Declared, table=True):
    """Which submissions a visit or a referral has led to: whom a retraction or an answer goes to."""

    __table_args__ = (Index("thread_retracted", "submission_id", sqlite_where=_RETRACTED),)
    hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    """Keyed: a visit's number is the patient's."""
    submission_id: str = Field(primary_key=True, sa_type=Text)
    event: str = Field(sa_type=Text)
    """What was told of it: a word of `hub.manifest.EventKind`, or `referral`; of one share of a referral `answer`, or
    `waits` (an arrival, which may be an answer to it).
    """
    retracted_by: str | None = Field(default=None, sa_type=Text)
    """The arrival that took it back."""


class Proof(Declared, table=True):
    """What was said about one delivery, each kind once: a repeat changes nothing."""

    delivery: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(primary_key=True, sa_type=Text)
    disclosure_id: str = Field(sa_type=Text, index=True)
    says: str = Field(sa_type=Text)
    reference: str = Field(default="", sa_type=Text)
    detail: str = Field(default="{}", sa_type=Text)
    digest: bytes = Field(sa_type=LargeBinary)
    """SHA-256 of the bytes that said so; the ledger binds it."""
    at: int = Field(sa_type=BigInteger)


class Acknowledgement(Declared, table=True):
    """One notice owed to the sender of a mail: to whom and about what stands in the sealed arrival."""

    __table_args__ = (Index("acknowledgement_due", "due_at", sqlite_where=_QUEUED),)
    inbound_id: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(primary_key=True, sa_type=Text)
    """`processed`, `dispatched`, `failed`"""
    state: str = Field(sa_type=Text)
    """`queued`, `sent`, `given_up`"""
    tries: int = Field(default=0, sa_type=BigInteger)
    queued_at: int = Field(sa_type=BigInteger)
    due_at: int = Field(sa_type=BigInteger)
    settled_at: int | None = Field(default=None, sa_type=BigInteger)


class MemberMatch(Declared, table=True):
    """Members by the keyed hash of name and birth date; several may share one."""

    __tablename__ = "member_match"
    hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    member_id: str = Field(primary_key=True, sa_type=Text, index=True)
