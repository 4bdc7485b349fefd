"""The path: submissions with their items, decisions, the outbox, disclosures and delivery attempts."""

from sqlalchemy import BigInteger, Index, LargeBinary, Text, TextClause, text
from sqlmodel import Field

from hub.storage.tables.declared import CLUSTERED, Declared

_QUEUED = text("state = 'queued'")
_LEASED = text("lease_until IS NOT NULL")
_HELD = text("state = 'held'")
_DISCHARGE = text("kind = 'discharge_notice'")
_MAIL = text("channel = 'email'")
LATE_MS = 60_000


def late(dialect: str, of: str = "disclosure.") -> TextClause:
    """Of a disclosure: it changed last more than a minute after the moment its id begins with. To be found by its
    index, it has to be asked in these words.
    """
    minute_before = f"coalesce({of}concluded_at, {of}intended_at) / 1000 - {LATE_MS}"
    padded = f"printf('%012x', {minute_before})" if dialect == "sqlite" else f"lpad(to_hex({minute_before}), 12, '0')"
    return text(f"{of}id < {padded}")


class Submission(Declared, table=True):
    """What a sender handed in.

    Not clustered: an index names its rows by their key, and two of these grow at random places, where it counts.
    """

    __table_args__ = (
        Index("submission_by_sender", "sender", "id"),
        # To be used, it has to be asked with the kind as a literal.
        Index("submission_discharge", "id", sqlite_where=_DISCHARGE),
    )
    id: str = Field(primary_key=True, sa_type=Text)
    sender: str = Field(sa_type=Text)
    idempotency: bytes = Field(unique=True, sa_type=LargeBinary)
    """`hub.crypto.identifiers.hash_submission_key`"""
    body_digest: bytes = Field(sa_type=LargeBinary)
    member_id: str | None = Field(default=None, sa_type=Text, index=True)
    kind: str = Field(sa_type=Text)
    purpose: str = Field(sa_type=Text)
    priority: str = Field(sa_type=Text)
    facts: str = Field(default="{}", sa_type=Text)
    """What the sender stated beyond the items, in the case format's words, without free text."""
    created_at: int = Field(sa_type=BigInteger)


class Item(Declared, table=True):
    """One packet item; title and content sealed together with their own data key."""

    submission_id: str = Field(primary_key=True, sa_type=Text)
    id: str = Field(primary_key=True, sa_type=Text)
    information: str = Field(sa_type=Text)
    media_type: str = Field(sa_type=Text)
    size: int = Field(sa_type=BigInteger)
    digest: bytes = Field(sa_type=LargeBinary)
    key_id: str = Field(sa_type=Text)
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    """Null once the payload has been destroyed."""
    sealed: bytes = Field(sa_type=LargeBinary)


class Decision(Declared, table=True):
    """One decision for one recipient, kept whole so that it re-explains."""

    __table_args__ = (CLUSTERED,)
    id: str = Field(primary_key=True, sa_type=Text)
    submission_id: str = Field(sa_type=Text, index=True)
    member_id: str | None = Field(default=None, sa_type=Text)
    recipient: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    phase: str = Field(sa_type=Text)
    """`submit`, `dispatch`, or `recorded`: asked afterwards, about what was made outside of the hub"""
    outcome: str = Field(sa_type=Text)
    hold: bool = False
    body: str = Field(sa_type=Text)


class Outbox(Declared, table=True):
    """One recipient's share of a submission, waiting to leave."""

    __table_args__ = (
        # Only what waits is indexed: a row in flight or settled costs no index change.
        Index("outbox_due", "due_at", sqlite_where=_QUEUED),
        # Partner by partner, so that nothing of one that has no place is even passed over.
        Index("outbox_partner", "recipient", "due_at", sqlite_where=_QUEUED),
        # Without the state: a row goes into it when claimed, out of it when settled, and lies still between.
        Index("outbox_leased", "lease_until", sqlite_where=_LEASED),
        Index("outbox_held", "id", sqlite_where=_HELD),
        CLUSTERED,
    )
    id: str = Field(primary_key=True, sa_type=Text)
    submission_id: str = Field(sa_type=Text, index=True)
    recipient: str = Field(sa_type=Text)
    share: str = Field(default="ready", sa_type=Text)
    """`ready`: what may leave by itself; `review`: what a person must look at first"""
    approved_by: str | None = Field(default=None, sa_type=Text)
    state: str = Field(sa_type=Text)
    """`queued`, `claimed`, `in_flight`, `delivered`, `withheld`, `held`, `unknown`, `dead`; `recorded`: it
    stands for a disclosure made outside of the hub, and never leaves"""
    endpoint_id: str | None = Field(default=None, sa_type=Text)
    attempts: int = Field(default=0, sa_type=BigInteger)
    tries: int = Field(default=0, sa_type=BigInteger)
    """Attempts at the present endpoint."""
    due_at: int = Field(sa_type=BigInteger)
    claim: str | None = Field(default=None, sa_type=Text)
    lease_until: int | None = Field(default=None, sa_type=BigInteger)
    code: str | None = Field(default=None, sa_type=Text)
    """Why it is where it is: a stable code, nothing personal."""
    created_at: int = Field(sa_type=BigInteger)


class SecondLook(Declared, table=True):
    """How far what waits for a consent has been looked at again under one edition of the rules, and since which
    change.
    """

    __tablename__ = "second_look"
    edition: str = Field(primary_key=True, sa_type=Text)
    """Of the rules, with the county's pack and the hub's operator: what is the process's own."""
    turn: int = Field(default=0, sa_type=BigInteger)
    """Grows with every page, so that of two workers one takes it."""
    under: str = Field(default="", sa_type=Text)
    """The day, the directory's version and the other editions at work for which the last look was begun."""
    reached: str | None = Field(default=None, sa_type=Text)
    """The last outbox row that it has put back; none: it is over"""
    begun_at: int = Field(default=0, sa_type=BigInteger)
    seen_at: int = Field(default=0, sa_type=BigInteger)
    """When a process that decides under it was last at work."""


class Disclosure(Declared, table=True):
    """The legal act, written before any byte leaves; its id is that of the outbox row, attempts may be several.

    One that was made outside of the hub has no attempt: it is recorded afterwards (`OutsideDisclosure`).
    """

    __table_args__ = (
        # What left at once is found by its id, and costs no index change.
        Index("disclosure_late", text("coalesce(concluded_at, intended_at)"), sqlite_where=late("sqlite", of="")),
        CLUSTERED,
    )
    id: str = Field(primary_key=True, sa_type=Text)
    submission_id: str = Field(sa_type=Text)
    decision_id: str = Field(sa_type=Text)
    member_id: str = Field(sa_type=Text)
    discloser: str = Field(sa_type=Text)
    recipient: str = Field(sa_type=Text)
    purpose: str = Field(sa_type=Text)
    description: str = Field(sa_type=Text)
    """Classes of information, for the accounting (45 CFR 164.528(b)); no free text."""
    address: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    """`intended`, `disclosed`, `not_disclosed`, `unknown`; of what was made outside of the hub `recorded`, `corrected`
    (a later record stands in its place), `mistaken` (it was no disclosure)"""
    accounting: bool = False
    intended_at: int = Field(sa_type=BigInteger)
    concluded_at: int | None = Field(default=None, sa_type=BigInteger)


class Attempt(Declared, table=True):
    """One delivery attempt: the technical act. A later outcome of the same attempt is a new ledger entry."""

    __table_args__ = (
        Index("attempt_mail", "finished_at", sqlite_where=_MAIL),
        CLUSTERED,
    )
    disclosure_id: str = Field(primary_key=True, sa_type=Text)
    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    id: str = Field(sa_type=Text)
    """The delivery id, which the partner sees too."""
    channel: str = Field(sa_type=Text)
    endpoint_id: str = Field(sa_type=Text)
    digest: bytes = Field(sa_type=LargeBinary)
    started_at: int = Field(sa_type=BigInteger)
    finished_at: int | None = Field(default=None, sa_type=BigInteger)
    outcome: str | None = Field(default=None, sa_type=Text)
    code: str | None = Field(default=None, sa_type=Text)
    receipt: str | None = Field(default=None, sa_type=Text)
