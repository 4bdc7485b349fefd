"""How many calls after discharges were made in time, for the chart of clocks: of whoever was told of the discharge.

What was told and is not so asks for no call. A discharge whose time still runs, and whose call was not made, is none of
them yet.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import FromClause, func, literal_column, select
from sqlmodel import col

from hub.compliance import clocks
from hub.compliance.clocks import Due, Rule
from hub.context import Hub
from hub.desk.notices import RETRACTED
from hub.manifest import EventManifest
from hub.storage.questions import Question
from hub.storage.tables import Disclosure, NoticeCall, Outbox, Submission
from hub.turns import next_turn

NAME = "notice.call"
MOST = 20_000
"""Discharges that are looked at, the newest of all."""
_DAY_US = 86_400_000_000
_TURN = 500
_DISCHARGES = col(Submission.kind) == literal_column("'discharge_notice'")
"""In the words of their index: a parameter would not find it."""


class Counted(NamedTuple):
    met: int
    missed: int
    """Made too late, or not at all."""
    more: bool
    """Older ones were not counted."""


class _Facts(msgspec.Struct):
    """What of a submission's facts says when it happened."""

    event: EventManifest | None = None


_decode = msgspec.json.Decoder(_Facts).decode


async def counted(hub: Hub, since: int, scope: frozenset[str] | None) -> Counted:
    """Calls whose time ended since an instant, or that were made before it did; `scope`: who was told."""
    first = _beginning(hub, since)
    rows, made = await _discharges(hub, first, scope), await _made(hub, first, scope)
    now, met, missed = hub.clock.now(), 0, 0
    for number, (notice, facts) in enumerate(rows):
        if number % _TURN == 0:
            await next_turn()
        event = _decode(facts).event
        due = clocks.due(hub.duties.clocks, NAME, event.instant, hub.zone, hub.calendar) if event else None
        if due is None or due.at < since:
            continue
        at = _met_at(made[notice], due) if notice in made else None
        met += at is not None and at < due.at
        missed += (at is not None and at >= due.at) or (at is None and due.at <= now)
    return Counted(met, missed, await _more(hub, first))


def _met_at(made: Mapping[str, int], due: Due) -> int | None:
    return min((at for outcome, at in made.items() if outcome in due.met_by), default=None)


def _beginning(hub: Hub, since: int) -> str:
    """The least id of what may still have been due then: ids begin with the moment when it was handed in, which is not
    before it happened.
    """
    longest = max((_days(rule) for rule in hub.duties.clocks[NAME]), default=0)
    return f"{max(0, since - longest * _DAY_US) // 1_000:012x}"


def _days(rule: Rule) -> int:
    """More than its clock can run."""
    days = (rule.days or 0) + (rule.hours or 0) // 24 + 2
    # Weekends and holidays double it at most; a year may have still to end.
    return days * (2 if rule.unit == "business" else 1) + (366 if rule.counts_from == "year_end" else 0)


async def _discharges(hub: Hub, first: str, scope: frozenset[str] | None) -> list[tuple[str, str]]:
    """The newest that were told, each with what its submission states."""
    newest = _newest(first, MOST).subquery()
    statement = (
        _notices(newest, scope, col(Outbox.id), newest.c.facts)
        .join(Disclosure, col(Disclosure.id) == col(Outbox.id))
        .where(col(Disclosure.state) == "disclosed")
    )
    return [(notice, facts) for notice, facts in await hub.database.survey(statement)]


def _notices(newest: FromClause, scope: frozenset[str] | None, *columns: Any) -> Question:
    statement = select(*columns).select_from(newest).join(Outbox, col(Outbox.submission_id) == newest.c.id)
    return statement if scope is None else statement.where(col(Outbox.recipient).in_(sorted(scope)))


async def _more(hub: Hub, first: str) -> bool:
    """Whether there are older ones than are counted."""
    newest = _newest(first, MOST + 1).subquery()
    ((found,),) = await hub.database.survey(select(func.count()).select_from(newest))
    return bool(found > MOST)


def _newest(first: str, most: int) -> Question:
    """Limited before it is joined, so that the databases walk the index of discharges and nothing else."""
    return (
        select(col(Submission.id), col(Submission.facts))
        .where(_DISCHARGES, col(Submission.id) >= first, ~RETRACTED)
        .order_by(col(Submission.id).desc())
        .limit(most)
    )


async def _made(hub: Hub, first: str, scope: frozenset[str] | None) -> dict[str, dict[str, int]]:
    """By notice that is counted, by outcome, when the first call was made that was not entered by mistake."""
    notice, outcome = col(NoticeCall.disclosure_id), col(NoticeCall.outcome)
    statement = (
        _notices(_newest(first, MOST).subquery(), scope, notice, outcome, func.min(col(NoticeCall.at)))
        .join(NoticeCall, notice == col(Outbox.id))
        .where(col(NoticeCall.mistaken_by) == "")
        .group_by(notice, outcome)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for named, how, at in await hub.database.survey(statement):
        found[named][how] = int(at)
    return found
