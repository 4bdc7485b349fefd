"""How far referrals have come, as whoever was asked says; and the calls that a notice of a discharge asked for."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from hub.storage.tables.declared import Declared


class ReferralTask(Declared, table=True):
    """The status of one recipient's share of a referral; without a row it is as it was asked, version 1."""

    __tablename__ = "referral_task"
    id: str = Field(primary_key=True, sa_type=Text)
    """That of the share, which is the disclosure's, too."""
    status: str = Field(sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    updated_at: int = Field(sa_type=BigInteger)
    updated_by: str = Field(sa_type=Text)
    step: str = Field(default="", sa_type=Text)
    """What was said last, where that says more than the status: `scheduled`, `no_show`"""
    slot_at: int | None = Field(default=None, sa_type=BigInteger)
    """When the person is expected, microseconds UTC"""


class NoticeCall(Declared, table=True):
    """A call to the person of a notice; codes only, nothing of what was said."""

    __tablename__ = "notice_call"
    id: str = Field(primary_key=True, sa_type=Text)
    disclosure_id: str = Field(sa_type=Text, index=True)
    """Of the notice."""
    at: int = Field(sa_type=BigInteger)
    """When it was made, microseconds UTC."""
    outcome: str = Field(sa_type=Text)
    """A word of `hub.desk.calls.OUTCOMES`."""
    by: str = Field(sa_type=Text)
    recorded_at: int = Field(sa_type=BigInteger)
    mistaken_by: str = Field(default="", sa_type=Text)
    """Who said that it was entered by mistake; empty: nobody did."""
