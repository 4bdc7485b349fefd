"""What an organization handed in of late, and where the copy of each recipient stands, in a word for people."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.outbox import AWAITED
from hub.storage.submissions import RECORDS
from hub.storage.tables import Outbox, Submission
from hub.waiting import lacking, withdrawal

PAGE = 25
_OF_STATE: Mapping[str, tuple[str, ...]] = {
    "queued": ("queued",),
    "moving": ("claimed", "in_flight"),
    "arrived": ("delivered",),
    "held": ("held",),
    "stayed": ("withheld",),
    "trouble": ("unknown", "dead"),
}
_OF_CODE: Mapping[tuple[str, str | None], str] = {
    ("withheld", withdrawal.CODE): "withdrawn",
    ("withheld", lacking.LET_BE_CODE): "ended",
    ("held", lacking.CODE): "lacking",
}
"""A row's code says more than its state: taken back; ended as no consent came; waits for one."""
STATES = tuple(_OF_STATE)
"""By which the list is narrowed: any copy that stands so."""


class Sent(NamedTuple):
    """One packet of the list."""

    id: str
    member: str | None
    kind: str
    at: int
    copies: tuple[tuple[str, str], ...]
    """Recipient, and where its copy stands."""


class Found(NamedTuple):
    rows: list[Sent]
    more: bool


def stands(state: str, code: str | None) -> str:
    """A word of `packet_state` for an outbox row."""
    if state == "queued" and code == AWAITED:
        return "awaited"
    if (state, code) in _OF_CODE:
        return _OF_CODE[state, code]
    if state in ("unknown", "dead"):
        return state
    return next(word for word, states in _OF_STATE.items() if state in states)


def in_share(share: str, item: Mapping[str, Any], *, alone: bool) -> bool:
    """Whether a decided item is told with the copy of this share; what stays is told with the one that leaves by
    itself, or with the only one (`alone`).
    """
    if not item["permitted"]:
        return alone or share == "ready"
    return bool(item["hold"]) == (share == "review")


def item_word(standing: str, item: Mapping[str, Any]) -> str:
    """What became of one item, a word of `packet_item`; `standing`: where its copy stands."""
    if standing == "lacking":
        return "waits"
    if not item["permitted"] or standing in ("stayed", "withdrawn", "ended", "dead"):
        return "stays"
    return {"arrived": "went", "unknown": "maybe", "held": "waits", "awaited": "waits"}.get(standing, "goes")


async def page(hub: Hub, organization: str, state: str, after: str) -> Found:
    """Newest first, those with a copy that stands so (empty: all), beginning after an id."""
    statement = (
        select(col(Submission.id), col(Submission.member_id), col(Submission.kind), col(Submission.created_at))
        .where(col(Submission.sender) == organization, col(Submission.kind).not_in(RECORDS))
        .order_by(col(Submission.id).desc())
        .limit(PAGE + 1)
    )
    if after:
        statement = statement.where(col(Submission.id) < after)
    if state:
        standing = col(Outbox.state).in_(_OF_STATE[state])
        such = select(col(Outbox.id)).where(col(Outbox.submission_id) == col(Submission.id), standing)
        statement = statement.where(such.exists())
    rows = await hub.database.query(statement)
    copies = await _copies(hub, [row[0] for row in rows[:PAGE]])
    sent = [Sent(packet, member, kind, at, tuple(copies.get(packet, ()))) for packet, member, kind, at in rows[:PAGE]]
    return Found(sent, len(rows) > PAGE)


async def _copies(hub: Hub, wanted: list[str]) -> dict[str, list[tuple[str, str]]]:
    statement = (
        select(col(Outbox.submission_id), col(Outbox.recipient), col(Outbox.state), col(Outbox.code))
        .where(col(Outbox.submission_id).in_(wanted))
        .order_by(col(Outbox.id))
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for submission, recipient, state, code in await hub.database.query(statement):
        found.setdefault(submission, []).append((recipient, stands(state, code)))
    return found
