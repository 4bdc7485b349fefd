"""Changes of counsel's choices: what the law leaves open, answered anew by two people."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from hub.storage.tables.declared import Declared


class ChoiceChange(Declared, table=True):
    """One doubt answered anew. `proposed`, then `in_force` until `superseded`, or `refused`."""

    __tablename__ = "choice_change"

    id: str = Field(primary_key=True, sa_type=Text)
    doubt: str = Field(sa_type=Text)
    answer: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    """A code of `hub.choices.REASONS`."""
    state: str = Field(index=True, sa_type=Text)
    proposed_by: str = Field(sa_type=Text)
    proposed_at: int = Field(sa_type=BigInteger)
    settled_by: str | None = Field(default=None, sa_type=Text)
    """Who confirmed or refused it."""
    settled_at: int | None = Field(default=None, sa_type=BigInteger)
