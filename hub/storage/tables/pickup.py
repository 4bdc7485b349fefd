"""One-time codes of people who come for what waits for them."""

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlmodel import Field

from hub.storage.tables.declared import Declared


class PickupCode(Declared, table=True):
    """The code in force for one delivery; a new one takes the place of the old."""

    __tablename__ = "pickup_code"
    delivery: str = Field(primary_key=True, sa_type=Text)
    hash: bytes = Field(sa_type=LargeBinary)
    expires_at: int = Field(sa_type=BigInteger)
    tries: int = Field(default=0, sa_type=BigInteger)
