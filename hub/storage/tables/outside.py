"""Disclosures made outside of the hub (by telephone, on paper, face to face) and recorded afterwards."""

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from hub.storage.tables.declared import CLUSTERED, Declared


class OutsideDisclosure(Declared, table=True):
    """What a disclosure was that did not leave through the hub: codes and instants. What was told, to whom and by whom
    is its sealed `Evidence` of the kind `outside`.
    """

    __tablename__ = "outside_disclosure"
    __table_args__ = (
        Index("outside_disclosure_corrects", "corrects"),
        Index("outside_disclosure_recorded", "recorded_at", "id"),
        CLUSTERED,
    )
    id: str = Field(primary_key=True, sa_type=Text)
    """The disclosure's. It begins with the milliseconds of `made_at`: the log is in the order of what happened."""
    way: str = Field(sa_type=Text)
    """A word of `hub.outside.manifest.Way`"""
    made_at: int = Field(sa_type=BigInteger)
    recorded_at: int = Field(sa_type=BigInteger)
    recorded_by: str = Field(sa_type=Text)
    notice: str = Field(default="", sa_type=Text)
    """Whether the notice of §2.32(a) went along, as somebody answered it; empty: nobody was asked"""
    scope: str = Field(default="", sa_type=Text)
    """The same of the consent's copy, or of the explanation of its scope (§2.32(b))"""
    consent_id: str | None = Field(default=None, sa_type=Text)
    """The consent on which the discloser says that it rested."""
    later: str = Field(default="", sa_type=Text)
    """What of the facts may have been otherwise at `made_at`: words of `hub.outside.then`, separated by spaces"""
    corrects: str | None = Field(default=None, sa_type=Text)
    """The record in whose place this one stands."""
    matter_id: str | None = Field(default=None, sa_type=Text)
    """The breach matter that looks into it."""
    mistaken: str = Field(default="", sa_type=Text)
    """Why it was no disclosure at all: a word of `hub.outside.corrections.Mistake`; empty: it was one"""
