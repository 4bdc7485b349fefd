"""The ledger: entries in the transaction of what they record, leaves and checkpoints written by the sequencer."""

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, Text, text
from sqlmodel import Field

from hub.storage.tables.declared import CLUSTERED, Declared

NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself, and keeps them in that order without a second tree, only for INTEGER."""
VIEWED = text("kind = 'access.viewed'")


class LedgerEntry(Declared, table=True):
    """One fact, append-only. The body is canonical JSON of ids and codes; the salt keeps its hash unguessable."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        # Only views by people are indexed: an entry of the path costs no index change.
        Index("ledger_views", "id", sqlite_where=VIEWED),
        Index("ledger_views_of_lists", "reference", sqlite_where=VIEWED),
        Index("ledger_views_of_member", "member_id", "id", sqlite_where=VIEWED),
    )
    # SQLite numbers rows by itself only for INTEGER, hence the variant.
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer, "sqlite"))
    at: int = Field(sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    member_id: str | None = Field(default=None, sa_type=Text)
    reference: str | None = Field(default=None, sa_type=Text)
    """The outbox row, consent, member or work item that it is about."""
    salt: bytes = Field(sa_type=LargeBinary)
    body: bytes = Field(sa_type=LargeBinary)


class LedgerLeaf(Declared, table=True):
    """The entry's place in the Merkle tree, and its leaf hash."""

    __tablename__ = "ledger_leaf"
    position: int = Field(primary_key=True, sa_type=NUMBER, sa_column_kwargs={"autoincrement": False})
    entry_id: int = Field(unique=True, sa_type=BigInteger)
    hash: bytes = Field(sa_type=LargeBinary)


class LedgerNode(Declared, table=True):
    """A hash of a tile above level 0 (C2SP tlog-tiles): the root of 256 ** level leaves, so that any proof reads few
    rows.
    """

    __tablename__ = "ledger_node"
    __table_args__ = (CLUSTERED,)
    level: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    position: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    hash: bytes = Field(sa_type=LargeBinary)


class LedgerState(Declared, table=True):
    """One row: the tree's size and right edge. Whoever moves it from the size it read is the sequencer of that
    batch.
    """

    __tablename__ = "ledger_state"
    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    size: int = Field(default=0, sa_type=BigInteger)
    frontier: bytes = Field(default=b"", sa_type=LargeBinary)
    newest: int = Field(default=0, sa_type=BigInteger)
    """The largest entry id in the tree."""


class Checkpoint(Declared, table=True):
    """A signed head of the tree, as a C2SP note."""

    size: int = Field(primary_key=True, sa_type=NUMBER, sa_column_kwargs={"autoincrement": False})
    root: bytes = Field(sa_type=LargeBinary)
    note: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)


class Cosignature(Declared, table=True):
    """A witness's statement about a checkpoint (C2SP tlog-cosignature), as its line of the signed note."""

    size: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    witness: str = Field(primary_key=True, sa_type=Text)
    """The witness's name and key id, `name+id`."""
    line: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    """When it was offered."""


class KeyRecord(Declared, table=True):
    """Which keys the data here depends on; the keys themselves live in the key ring file."""

    __tablename__ = "key"
    id: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    created_at: int = Field(sa_type=BigInteger)
    fingerprint: str = Field(sa_type=Text)
