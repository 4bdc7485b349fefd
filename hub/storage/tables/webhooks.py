"""Signed webhooks: who wants to be told, and what is still to be told."""

from sqlalchemy import BigInteger, Index, LargeBinary, Text, text
from sqlmodel import Field

from hub.storage.tables.declared import Declared

_QUEUED = text("state = 'queued'")


class Webhook(Declared, table=True):
    """An address of an organization that is told of events; its secrets are sealed."""

    id: str = Field(primary_key=True, sa_type=Text)
    organization_id: str = Field(index=True, sa_type=Text)
    url: str = Field(sa_type=Text)
    events: str = Field(sa_type=Text)
    key_id: str = Field(sa_type=Text)
    wrapped_key: bytes = Field(sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
    created_at: int = Field(sa_type=BigInteger)
    ended_at: int | None = Field(default=None, sa_type=BigInteger)
    code: str | None = Field(default=None, sa_type=Text)
    """Why it ended: `removed`, `gone` (410)."""


class WebhookCall(Declared, table=True):
    """One event for one webhook, told at least once."""

    __tablename__ = "webhook_call"
    __table_args__ = (Index("webhook_call_due", "due_at", sqlite_where=_QUEUED),)
    id: str = Field(primary_key=True, sa_type=Text)
    """Of the webhook and the event: an event read twice is one call."""
    webhook_id: str = Field(index=True, sa_type=Text)
    event: str = Field(sa_type=Text)
    reference: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    due_at: int = Field(sa_type=BigInteger)
    tries: int = Field(default=0, sa_type=BigInteger)
    state: str = Field(sa_type=Text)
    """`queued`, `told`, `given_up`"""


class WebhookFeed(Declared, table=True):
    """One row: up to where the ledger was read for webhooks."""

    __tablename__ = "webhook_feed"
    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    position: int = Field(sa_type=BigInteger)
