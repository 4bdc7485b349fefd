"""SMART Backend Services: registered clients, the assertions they have used, and the access tokens they hold."""

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlmodel import Field

from hub.storage.tables.declared import Declared


class SmartClient(Declared, table=True):
    """A system of an organization that signs in with a key of its own."""

    __tablename__ = "smart_client"
    id: str = Field(primary_key=True, sa_type=Text)
    organization_id: str = Field(index=True, sa_type=Text)
    label: str = Field(default="", sa_type=Text)
    scopes: str = Field(sa_type=Text)
    """What it may ask for at most, separated by spaces"""
    jwks: str = Field(default="", sa_type=Text)
    """Its public keys, or empty if they are fetched."""
    jwks_uri: str | None = Field(default=None, sa_type=Text)
    created_at: int = Field(sa_type=BigInteger)
    disabled_at: int | None = Field(default=None, sa_type=BigInteger)


class SmartAssertion(Declared, table=True):
    """A used assertion or signature (signer and single-use id, as a keyed hash), kept while it could be fresh."""

    __tablename__ = "smart_assertion"
    hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    expires_at: int = Field(sa_type=BigInteger, index=True)


class AccessToken(Declared, table=True):
    """An access token, stored as a keyed hash."""

    __tablename__ = "access_token"
    hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    client_id: str = Field(index=True, sa_type=Text)
    organization_id: str = Field(sa_type=Text)
    scopes: str = Field(sa_type=Text)
    expires_at: int = Field(sa_type=BigInteger, index=True)
