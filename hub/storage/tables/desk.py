"""What the desk reads: the disclosure log as one row for each disclosure and each refusal, its counts; notes on work.

The log is a projection of the ledger (`hub.desk.projection`): losing it loses nothing, it is read off the ledger again.
"""

from sqlalchemy import BigInteger, Index, LargeBinary, Text
from sqlmodel import Field

from hub.storage.tables.declared import CLUSTERED, Declared
from hub.storage.tables.ledger import NUMBER


class LogRow(Declared, table=True):
    """One disclosure, or what was withheld from one recipient of one submission. Ids and codes only.

    Every filter has an index that ends in the position, so that a page is a walk along it from where the last ended.
    """

    __tablename__ = "log_row"
    __table_args__ = tuple(
        Index(f"log_row_{name}", name, "position")
        for name in ("member_id", "program", "recipient", "channel", "purpose", "basis", "outcome")
    )
    position: int = Field(primary_key=True, sa_type=NUMBER, sa_column_kwargs={"autoincrement": False})
    """Of the first ledger entry about it."""
    reference: str = Field(unique=True, sa_type=Text)
    """A disclosure's id, or `submission/recipient` for what was withheld."""
    at: int = Field(sa_type=BigInteger)
    made_at: int | None = Field(default=None, sa_type=BigInteger)
    """Of what was made outside of the hub: when; `at` is then when it was recorded."""
    outcome: str = Field(sa_type=Text)
    """A word of `hub.desk.rows.OUTCOMES`."""
    submission_id: str = Field(sa_type=Text, index=True)
    decision_id: str = Field(sa_type=Text)
    member_id: str | None = Field(default=None, sa_type=Text)
    program: str = Field(sa_type=Text)
    """The discloser."""
    recipient: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    """Empty for what did not leave."""
    purpose: str = Field(sa_type=Text)
    basis: str = Field(sa_type=Text)
    """What carried the first item: `consent`, `emergency`; empty for what did not leave."""
    laws: str = Field(sa_type=Text)
    """Paragraphs, the decisive one first, separated by "; "."""
    reason: str = Field(sa_type=Text)
    """The first reason for what was withheld."""
    items: str = Field(sa_type=Text)
    """Classes of information."""


class LogLaw(Declared, table=True):
    """Which rows name a paragraph."""

    __tablename__ = "log_law"
    __table_args__ = (CLUSTERED,)
    law: str = Field(primary_key=True, sa_type=Text)
    position: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})


class LogCount(Declared, table=True):
    """How many rows of a local day are alike: what charts are drawn from."""

    __tablename__ = "log_count"
    __table_args__ = (CLUSTERED,)
    day: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    """Days since 1970-01-01 in the county's zone."""
    program: str = Field(primary_key=True, sa_type=Text)
    recipient: str = Field(primary_key=True, sa_type=Text)
    channel: str = Field(primary_key=True, sa_type=Text)
    purpose: str = Field(primary_key=True, sa_type=Text)
    basis: str = Field(primary_key=True, sa_type=Text)
    outcome: str = Field(primary_key=True, sa_type=Text)
    reason: str = Field(primary_key=True, sa_type=Text)
    n: int = Field(default=0, sa_type=BigInteger)


class LogState(Declared, table=True):
    """One row: the next ledger position that the log has to read."""

    __tablename__ = "log_state"
    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    position: int = Field(default=0, sa_type=BigInteger)


class WorkNote(Declared, table=True):
    """What somebody wrote about a work item; sealed."""

    __tablename__ = "work_note"
    id: str = Field(primary_key=True, sa_type=Text)
    work_id: str = Field(index=True, sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    by: str = Field(sa_type=Text)
    key_id: str = Field(sa_type=Text)
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)


class PacketDraft(Declared, table=True):
    """A packet that somebody is putting together: number 0 is what they typed, each further one a document; sealed."""

    __tablename__ = "packet_draft"
    id: str = Field(primary_key=True, sa_type=Text)
    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    person_id: str = Field(sa_type=Text)
    """Whose it is; nobody else opens it."""
    expires_at: int = Field(sa_type=BigInteger, index=True)
    key_id: str = Field(sa_type=Text)
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
