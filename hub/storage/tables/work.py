"""What waits for a person, what was asked, and the evidence behind disclosures without consent."""

from sqlalchemy import BigInteger, Index, LargeBinary, Text, text
from sqlmodel import Field

from hub.storage.tables.declared import Declared

_OPEN, _CLOSED, _UNREVIEWED = "state = 'open'", "state = 'closed'", "state = 'open' AND escalated_at = 0"


def _of(name: str, which: str, *columns: str) -> Index:
    return Index(f"work_item_{name}", *columns, sqlite_where=text(which))


class WorkItem(Declared, table=True):
    """What waits for a person: a hold, an approval, a dead letter, an unknown outcome, a review, a request.

    What is settled stays for years, so every list has an index of its own of what is open, which also counts it; to be
    used, it has to be asked with the state as a literal.
    """

    __tablename__ = "work_item"
    __table_args__ = (
        _of("open", _OPEN, "id"),
        _of("open_due", _OPEN, "due_at", "id"),
        _of("open_kind", _OPEN, "kind", "due_at", "id", "organization_id", "state"),
        _of("open_organization", _OPEN, "organization_id", "due_at", "id", "kind", "state"),
        _of("open_whose", _OPEN, "organization_id", "kind", "due_at", "id", "state"),
        _of("open_assigned", _OPEN, "assigned_to", "due_at", "id"),
        _of("unreviewed", _UNREVIEWED, "kind", "created_at"),
        _of("closed", _CLOSED, "closed_at", "id"),
        _of("closed_kind", _CLOSED, "kind", "closed_at", "id"),
        _of("closed_organization", _CLOSED, "organization_id", "closed_at", "id"),
        Index("work_item_clock", "due_at", "closed_at", "state", "organization_id"),
    )
    id: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(sa_type=Text)
    """`hold`, `legal`, `no_consent`, `dead_letter`, `unknown_outcome`, `information_request`, `written_revocation`,
    `identity_conflict`, `incident`, and a review for each basis (`hub.bases.reviews`)"""
    state: str = Field(sa_type=Text)
    """`open` or `closed`"""
    organization_id: str = Field(sa_type=Text)
    reference: str = Field(sa_type=Text, index=True)
    code: str = Field(sa_type=Text)
    created_at: int = Field(sa_type=BigInteger)
    due_at: int | None = Field(default=None, sa_type=BigInteger)
    closed_at: int | None = Field(default=None, sa_type=BigInteger)
    closed_by: str | None = Field(default=None, sa_type=Text)
    resolution: str | None = Field(default=None, sa_type=Text)
    assigned_to: str | None = Field(default=None, sa_type=Text)
    escalated_at: int = Field(default=0, sa_type=BigInteger)
    """When it went to compliance because nobody had reviewed it in time; 0: it has not."""
    proposed: str = Field(default="", sa_type=Text)
    """The reason for the release that one person proposed and another one has to confirm; empty: none is"""
    proposed_by: str = Field(default="", sa_type=Text)
    proposed_at: int = Field(default=0, sa_type=BigInteger)


class Evidence(Declared, table=True):
    """What was stated for a basis other than consent, sealed, for the patient's record and the reviewer (§2.51(c))."""

    __table_args__ = (Index("evidence_of_kind", "kind", "disclosure_id"),)
    disclosure_id: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(primary_key=True, sa_type=Text)
    """The field of the manifest; with `.document`, the paper it names"""
    member_id: str = Field(sa_type=Text)
    disclosed_at: int | None = Field(default=None, sa_type=BigInteger)
    key_id: str = Field(sa_type=Text)
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)


class Inquiry(Declared, table=True):
    """A request for information about a person; the same row whether or not the person is known here."""

    id: str = Field(primary_key=True, sa_type=Text)
    requester: str = Field(sa_type=Text, index=True)
    discloser: str = Field(sa_type=Text)
    member_id: str | None = Field(default=None, sa_type=Text)
    purpose: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    outcome: str = Field(sa_type=Text)
