"""Members: identity sealed, identifiers as keyed hashes, relations in the clear by opaque id."""

from sqlalchemy import BigInteger, Index, LargeBinary, Text
from sqlmodel import Field

from hub.storage.tables.declared import Declared


class Member(Declared, table=True):
    """One person. `fence` grows with every change of consents, restrictions or facts about the member."""

    id: str = Field(primary_key=True, sa_type=Text)
    fence: int = Field(default=0, sa_type=BigInteger)
    key_id: str = Field(sa_type=Text)
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
    created_at: int = Field(sa_type=BigInteger)
    seen_at: int | None = Field(default=None, sa_type=BigInteger)
    """When somebody last told anything about the person, as a registration."""


class MemberIdentifier(Declared, table=True):
    """A CIN or another identifier, found through its keyed hash only."""

    __tablename__ = "member_identifier"
    kind: str = Field(primary_key=True, sa_type=Text)
    hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    member_id: str = Field(sa_type=Text, index=True)


class MemberLink(Declared, table=True):
    """Which organization stands in which relation to the member: program, treating_provider, plan, payer,
    primary_case_manager, knows (it registered the member).
    """

    __tablename__ = "member_link"
    __table_args__ = (Index("member_link_by_organization", "organization_id", "relation"),)
    member_id: str = Field(primary_key=True, sa_type=Text)
    organization_id: str = Field(primary_key=True, sa_type=Text)
    relation: str = Field(primary_key=True, sa_type=Text)
