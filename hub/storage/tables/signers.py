"""Keys with which an organization's systems sign what they hand in (RFC 9421)."""

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlmodel import Field

from hub.storage.tables.declared import Declared


class Signer(Declared, table=True):
    """A registered Ed25519 key. Once an organization has one, what is unsigned is not taken from it."""

    id: str = Field(primary_key=True, sa_type=Text)
    organization_id: str = Field(index=True, sa_type=Text)
    key_id: str = Field(sa_type=Text)
    """As the signature names it."""
    verify_key: bytes = Field(sa_type=LargeBinary)
    created_at: int = Field(sa_type=BigInteger)
