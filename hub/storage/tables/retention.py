"""What keeps payloads beyond their period, and when the last ones were destroyed."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from hub.storage.tables.declared import Declared


class LegalHold(Declared, table=True):
    """A duty to preserve: nothing it covers is destroyed until it is lifted."""

    __tablename__ = "legal_hold"
    id: str = Field(primary_key=True, sa_type=Text)
    scope: str = Field(sa_type=Text)
    """`member`, `submission`, `consent`, `organization`, `all`"""
    reference: str = Field(sa_type=Text)
    """Id of what it covers; empty for `all`."""
    matter: str = Field(sa_type=Text)
    """The number of the matter in the county's own files; never a name."""
    placed_at: int = Field(sa_type=BigInteger)
    placed_by: str = Field(sa_type=Text)
    lifted_at: int | None = Field(default=None, sa_type=BigInteger)
    lifted_by: str | None = Field(default=None, sa_type=Text)


class RetentionState(Declared, table=True):
    """One row. `version` grows with every hold, so that none is overlooked by a destruction under way."""

    __tablename__ = "retention_state"
    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    version: int = Field(default=0, sa_type=BigInteger)
    ran_on: str = Field(default="", sa_type=Text)
    """The local day of the last daily run, ISO."""
