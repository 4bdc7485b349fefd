"""The disclosure log by the page: any filters, newest first, in bounded time whatever its size.

    1  among the filters, the one whose matches lie furthest apart is found by looking a thousand matches back;
    2  the log is walked along that filter's index for so long at most, and the other filters are tried on each row;
    3  if the page is not full then, it says how far it has looked, and the next page goes on from there.

INVARIANT: no-existence-leak. Somebody with a scope sees what their organizations disclosed and what reached them.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlmodel import col

from hub import cadence
from hub.context import Hub
from hub.model import Frozen
from hub.storage.questions import Question
from hub.storage.statements import columns_of
from hub.storage.tables import LogLaw, LogRow

LIMIT = 50
PROBE = 1_000
WALK = 2_500
"""Rows looked at in one go, at most; a walk begins with few and grows."""
PATIENCE_S = 0.06
"""No further stretch is begun after so long: a page that is not full goes on from there."""
_CLOCKS_US = 60_000_000
"""Entries take their instant before they commit, and the clocks of several machines differ."""
_NAMES = columns_of(LogRow)
_COLUMNS = {
    "member": "member_id", "program": "program", "recipient": "recipient", "channel": "channel", "purpose": "purpose",
    "basis": "basis", "outcome": "outcome",
}  # fmt: skip
FILTERS = (*_COLUMNS, "paragraph")
Row = dict[str, Any]


class Wanted(Frozen, frozen=True, kw_only=True):
    """Which rows; empty does not narrow. Instants are microseconds UTC, `until` exclusive; `before` is a position."""

    member: str = ""
    program: str = ""
    recipient: str = ""
    channel: str = ""
    purpose: str = ""
    basis: str = ""
    outcome: str = ""
    paragraph: str = ""
    since: int | None = None
    until: int | None = None
    before: int | None = None
    limit: int = LIMIT


class Found(NamedTuple):
    """`next`: the position before which the list goes on; none: this was all. `looked_to`: the instant to which a page
    that is not full has looked.
    """

    rows: list[Row]
    next: int | None
    looked_to: int | None = None


class _Branch(NamedTuple):
    """Filters that can each be walked along, and conditions that are tried on each row."""

    filters: tuple[tuple[str, str], ...]
    tried: tuple[ColumnElement[bool], ...] = ()


class _Span(NamedTuple):
    """Positions, `stop` exclusive."""

    start: int
    stop: int


async def page(hub: Hub, wanted: Wanted, scope: frozenset[str] | None) -> Found:
    """A page of the log for somebody with this scope (none: everybody's)."""
    span = await _span(hub, wanted)
    pages = [await _walk(hub, branch, wanted, span) for branch in _branches(wanted, scope)]
    # What several walks found is in order only as far back as all of them have looked.
    horizon = max((end for _, end in pages if end is not None), default=None)
    rows = [row for found, _ in pages for row in found if horizon is None or row["position"] >= horizon]
    rows.sort(key=lambda row: -int(row["position"]))
    if len(rows) > wanted.limit:
        return Found(rows[: wanted.limit], rows[wanted.limit - 1]["position"])
    if horizon is None or horizon <= span.start:
        return Found(rows, None)
    ((looked_to,),) = await hub.database.query(select(col(LogRow.at)).where(col(LogRow.position) == horizon))
    return Found(rows, horizon, looked_to)


async def row_at(hub: Hub, position: int, scope: frozenset[str] | None) -> Row | None:
    """One row, if it is within the scope."""
    rows = await hub.database.query(_select().where(col(LogRow.position) == position))
    row = _named(rows[0]) if rows else None
    return row if row is not None and sees(scope, row) else None


async def rows_of(hub: Hub, submission: str, scope: frozenset[str] | None) -> list[Row]:
    """Every row of a submission within the scope, oldest first."""
    statement = _select().where(col(LogRow.submission_id) == submission).order_by(col(LogRow.position))
    return [row for row in map(_named, await hub.database.query(statement)) if sees(scope, row)]


async def position_of(hub: Hub, reference: str) -> int | None:
    """Where the row of a disclosure stands; none if there is none."""
    rows = await hub.database.query(select(col(LogRow.position)).where(col(LogRow.reference) == reference))
    return int(rows[0][0]) if rows else None


def sees(scope: frozenset[str] | None, row: Row) -> bool:
    """Whether a row is within a scope: disclosed by it, or arrived with it."""
    if scope is None or row["program"] in scope:
        return True
    return row["recipient"] in scope and row["outcome"] == "disclosed"


def _branches(wanted: Wanted, scope: frozenset[str] | None) -> Iterable[_Branch]:
    asked = tuple((name, getattr(wanted, name)) for name in FILTERS if getattr(wanted, name))
    if scope is None:
        return [_Branch(asked)]
    made = [_Branch((*asked, ("program", own))) for own in sorted(scope)]
    elsewhere = (col(LogRow.program).not_in(sorted(scope)),)
    received = [_Branch((*asked, ("recipient", own), ("outcome", "disclosed")), elsewhere) for own in sorted(scope)]
    return [*made, *received]


async def _walk(hub: Hub, branch: _Branch, wanted: Wanted, span: _Span) -> tuple[list[Row], int | None]:
    """The newest matches, and how far back was looked (none: to the end)."""
    found: list[Row] = []
    along = await _sparsest(hub, branch.filters, span)
    tried = _tried(branch, along, wanted)
    began, stop, walk = cadence.clock(), span.stop, wanted.limit + 1
    while True:
        here = _Span(span.start, stop)
        rows = await hub.database.query(_stretch(along, tried, here, walk).limit(wanted.limit + 1))
        found += map(_named, rows[: wanted.limit + 1 - len(found)])
        if len(found) > wanted.limit:
            return found, found[-1]["position"]
        end = await hub.database.query(_positions(along, here).offset(walk - 1).limit(1))
        if not end:
            return found, None
        stop, walk = int(end[0][0]), min(walk * 5, WALK)
        if cadence.clock() - began > PATIENCE_S:
            return found, stop


def _tried(branch: _Branch, along: tuple[str, str] | None, wanted: Wanted) -> list[ColumnElement[bool]]:
    """What each row of the walk has to match besides."""
    found = [_condition(name, value) for name, value in branch.filters if (name, value) != along]
    if wanted.since is not None:
        found.append(col(LogRow.at) >= wanted.since)
    if wanted.until is not None:
        found.append(col(LogRow.at) < wanted.until)
    return [*found, *branch.tried]


def _stretch(along: tuple[str, str] | None, tried: list[ColumnElement[bool]], span: _Span, walk: int) -> Question:
    """The rows of the next stretch of the walk that match everything."""
    walked = _positions(along, span).limit(walk).subquery()
    statement = _select().join(walked, walked.c.position == col(LogRow.position))
    return statement.where(*tried).order_by(col(LogRow.position).desc())


def _positions(along: tuple[str, str] | None, span: _Span) -> Question:
    """The positions of a filter's matches, newest first: a walk along one index."""
    of: Any = LogLaw if along is not None and along[0] == "paragraph" else LogRow
    statement = select(col(of.position)).where(col(of.position) >= span.start, col(of.position) < span.stop)
    if along is not None:
        name, value = along
        column = col(LogLaw.law) if name == "paragraph" else col(getattr(LogRow, _COLUMNS[name]))
        statement = statement.where(column == value)
    return statement.order_by(col(of.position).desc())


async def _sparsest(hub: Hub, filters: Sequence[tuple[str, str]], span: _Span) -> tuple[str, str] | None:
    """The filter whose thousandth match lies furthest back; none if there are no filters."""
    best, furthest = None, span.stop
    for each in filters:
        back = await hub.database.query(_positions(each, span).offset(PROBE - 1).limit(1))
        if not back:
            return each
        if int(back[0][0]) < furthest:
            best, furthest = each, int(back[0][0])
    return best


def _condition(name: str, value: str) -> ColumnElement[bool]:
    if name == "paragraph":
        named = select(col(LogLaw.position)).where(
            col(LogLaw.law) == value, col(LogLaw.position) == col(LogRow.position)
        )
        return named.exists()
    return col(getattr(LogRow, _COLUMNS[name])) == value


async def _span(hub: Hub, wanted: Wanted) -> _Span:
    """The positions between the instants asked for."""
    start = 0 if wanted.since is None else await _first_at(hub, wanted.since - _CLOCKS_US)
    newest = await hub.database.query(select(col(LogRow.position)).order_by(col(LogRow.position).desc()).limit(1))
    stop = int(newest[0][0]) + 1 if newest else 0
    if wanted.until is not None:
        stop = min(stop, await _first_at(hub, wanted.until + _CLOCKS_US))
    return _Span(start, stop if wanted.before is None else min(stop, wanted.before))


async def _first_at(hub: Hub, at: int) -> int:
    """The first position at or after an instant, by halving; one beyond the newest if there is none."""
    position = col(LogRow.position)
    ends = [await hub.database.query(select(position).order_by(end).limit(1)) for end in (position, position.desc())]
    if not all(ends):
        return 0
    low, high = int(ends[0][0][0]), int(ends[1][0][0]) + 1
    while low < high:
        middle = (low + high) // 2
        following = select(col(LogRow.at)).where(position >= middle).order_by(position).limit(1)
        found = await hub.database.query(following)
        low, high = (middle + 1, high) if found and found[0][0] < at else (low, middle)
    return low


def _select() -> Question:
    return select(*(col(getattr(LogRow, name)) for name in _NAMES))


def _named(row: Sequence[Any]) -> Row:
    return dict(zip(_NAMES, row, strict=True))
