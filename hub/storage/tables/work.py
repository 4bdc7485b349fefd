"""What waits for a person, what was asked, and the emergency register."""

from sqlalchemy import BigInteger, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel


class WorkItem(SQLModel, table=True):
    """A hold, a dead letter, an unknown outcome, an emergency to review, a request for information."""

    __tablename__ = "work_item"
    __table_args__ = (Index("work_item_open", "state", "created_at"),)
    id: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(sa_type=Text)
    """`hold`, `dead_letter`, `unknown_outcome`, `emergency_review`, `information_request`, `written_revocation`"""
    state: str = Field(sa_type=Text)
    """`open` or `closed`"""
    organization_id: str = Field(sa_type=Text, index=True)
    reference: str = Field(sa_type=Text, index=True)
    code: str = Field(sa_type=Text)
    created_at: int = Field(sa_type=BigInteger)
    due_at: int | None = Field(default=None, sa_type=BigInteger)
    closed_at: int | None = Field(default=None, sa_type=BigInteger)
    closed_by: str | None = Field(default=None, sa_type=Text)
    resolution: str | None = Field(default=None, sa_type=Text)


class EmergencyRecord(SQLModel, table=True):
    """The five fields of §2.51(c), sealed, for the patient's record and the reviewer."""

    __tablename__ = "emergency_record"
    disclosure_id: str = Field(primary_key=True, sa_type=Text)
    member_id: str = Field(sa_type=Text)
    disclosed_at: int | None = Field(default=None, sa_type=BigInteger)
    key_id: str = Field(sa_type=Text)
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)


class Inquiry(SQLModel, table=True):
    """A request for information about a person; the same row whether or not the person is known here."""

    id: str = Field(primary_key=True, sa_type=Text)
    requester: str = Field(sa_type=Text, index=True)
    discloser: str = Field(sa_type=Text)
    member_id: str | None = Field(default=None, sa_type=Text)
    purpose: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    outcome: str = Field(sa_type=Text)
