"""Broken glass: who read in an emergency what their role or scope does not open, about whom, why and until when."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from hub.storage.tables.declared import Declared


class Glass(Declared, table=True):
    """One act. Its words are a sealed note of its review."""

    id: str = Field(primary_key=True, sa_type=Text)
    by: str = Field(sa_type=Text)
    member_id: str | None = Field(default=None, sa_type=Text, index=True)
    """None: nobody was found by what was typed; answered as a person of whom there is nothing."""
    reviewers: str = Field(sa_type=Text)
    """The organizations whose officers review it, separated by spaces"""
    reason: str = Field(sa_type=Text)
    """A code of `hub.glass.rules.REASONS`"""
    at: int = Field(sa_type=BigInteger)
    until: int = Field(sa_type=BigInteger)
    """When it ends by itself"""
    ended_at: int = Field(default=0, sa_type=BigInteger)
    """When its reader gave it up before; 0: they did not"""
