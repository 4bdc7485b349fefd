"""What providers that deliver for us have reported, by their own ids."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from hub.storage.tables.declared import Declared


class ProviderReport(Declared, table=True):
    """One authentic report; the same event again is no new row."""

    __tablename__ = "provider_report"
    provider: str = Field(primary_key=True, sa_type=Text)
    event: str = Field(primary_key=True, sa_type=Text)
    job: str = Field(sa_type=Text, index=True)
    ended: bool = False
    at: int = Field(sa_type=BigInteger)
