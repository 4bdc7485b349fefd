"""What the sender of a mail knows about each recipient, as a pure function of what came back and of the time.

    sent ─ processed ─▶ processed ─ dispatched ─▶ dispatched          (dispatched only if it was asked for)
      │                    │
      ├── failed ──────────┴────────────────────▶ failed
      └── nothing in time ──────────────────────▶ timed-out-processed | timed-out-dispatched

How to use it: keep one `Tracked` per recipient of a sent mail (it is plain data: five columns). For each `Notice` from
a notification that opened, verified, and whose signer speaks for the recipient's domain, find the rows of its
`message_id` and store what `after` answers. Wake at `due(row)` and store what `at_time` answers. Whatever answers
`Change(..., told=True)` is news: tell the sender, offer another channel, write it to the ledger. Everything else
(duplicates, late or impossible notices) answers the same row and `told=False`, and must alter nothing.

Why final states stay: a "processed" that arrives after the time-out does not take back the failure notice the sender
already has, who may have sent a fax meanwhile; the row keeps it in `late` for a person to see.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from adapters.email.notices.read import Notice

HOUR = 3_600_000_000


class State(StrEnum):
    """Of one recipient of one mail."""

    SENT = "sent"
    PROCESSED = "processed"
    DISPATCHED = "dispatched"
    FAILED = "failed"
    TIMED_OUT_PROCESSED = "timed-out-processed"
    TIMED_OUT_DISPATCHED = "timed-out-dispatched"


FINAL = frozenset({State.DISPATCHED, State.FAILED, State.TIMED_OUT_PROCESSED, State.TIMED_OUT_DISPATCHED})


@dataclass(frozen=True, slots=True)
class Waits:
    """How long to wait for each notice, in microseconds; an hour each is the custom and not the standard."""

    processed: int = HOUR
    dispatched: int = HOUR


@dataclass(frozen=True, slots=True)
class Tracked:
    """One recipient (lower case) of one sent mail. `since` is when `state` was reached, microseconds.

    `wants_dispatched`: the mail asked for delivery to the final destination to be told. `late`: something came after
    the row was final.
    """

    recipient: str
    since: int
    state: State = State.SENT
    wants_dispatched: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """The row from now on, and whether this is news."""

    row: Tracked
    told: bool


def after(row: Tracked, notice: Notice, at: int) -> Change:
    """The row after a notice about its mail that came at `at`."""
    if notice.recipient != row.recipient:
        return Change(row, told=False)
    reached = _reached(row, notice)
    if reached is None or reached is row.state:
        return Change(row, told=False)
    if row.state in FINAL:
        return Change(replace(row, late=True), told=False)
    return Change(replace(row, state=reached, since=at), told=True)


def at_time(row: Tracked, now: int, waits: Waits) -> Change:
    """The row at `now`: timed out if its notice is overdue."""
    when = due(row, waits)
    if when is None or now < when:
        return Change(row, told=False)
    timed_out = State.TIMED_OUT_PROCESSED if row.state is State.SENT else State.TIMED_OUT_DISPATCHED
    return Change(replace(row, state=timed_out, since=when), told=True)


def due(row: Tracked, waits: Waits) -> int | None:
    """When the row times out; none if it waits for nothing."""
    if row.state is State.SENT:
        return row.since + waits.processed
    if row.state is State.PROCESSED and row.wants_dispatched:
        return row.since + waits.dispatched
    return None


def is_done(row: Tracked) -> bool:
    """Whether nothing more is expected."""
    return row.state in FINAL or (row.state is State.PROCESSED and not row.wants_dispatched)


def _reached(row: Tracked, notice: Notice) -> State | None:
    """The state that a notice speaks of; none if it speaks of none."""
    if notice.said == "failed":
        return State.FAILED
    if notice.said in {"dispatched", "delivered"}:
        # Where nobody asked for it, it still proves what "processed" would.
        return State.DISPATCHED if row.wants_dispatched else State.PROCESSED
    if notice.said in {"processed", "displayed"}:
        return None if row.state is State.DISPATCHED else State.PROCESSED  # they may overtake each other
    return None
