"""How far referrals have come, as whoever was asked says over FHIR."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel


class ReferralTask(SQLModel, table=True):
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
