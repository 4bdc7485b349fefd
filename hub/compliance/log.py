"""The disclosure log: who disclosed what to whom, when, why and on which basis; by the page, or all of it as a stream.

Rules kept here:
- INVARIANT: unknown-is-disclosed. What is under way and what nobody knows the end of stands in the log as `counts`.
- What was made outside of the hub stands where it was made, with how, when it was recorded, and by whom (`outside`).
- Ids and codes only: no name, no title, no content. Whoever needs a person's name looks it up, which is recorded.
- `organization` none: compliance, every discloser; else only what that organization disclosed itself.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import col

from hub.context import Hub
from hub.decide import OUTSIDER
from hub.errors import Malformed
from hub.explanations import SOMEBODY
from hub.model import ChannelKind, Frozen
from hub.outside.manifest import BY
from hub.storage import outside
from hub.storage.disclosures import about
from hub.storage.questions import Question
from hub.storage.statements import Row
from hub.storage.tables import Attempt, Decision, Disclosure, OutsideDisclosure
from hub.storage.tables.exchange import LATE_MS, late
from policies.vocabulary import PURPOSES

COUNTS = ("intended", "disclosed", "unknown", outside.RECORDED)
STATES = (*COUNTS, "not_disclosed", outside.CORRECTED, outside.MISTAKEN)
BATCH = 250
_NAMES = (
    "id", "submission_id", "decision_id", "member_id", "discloser", "recipient", "purpose", "description", "address",
    "state", "accounting", "intended_at", "concluded_at",
)  # fmt: skip
_WAYS = frozenset(BY)
_ID: Any = col(Disclosure.id)
_STATE = _NAMES.index("state")
_NAMED = {OUTSIDER: SOMEBODY["en"]}
_ATTEMPT = ("disclosure_id", "number", "channel", "started_at", "finished_at", "outcome", "code", "receipt")


class Wanted(Frozen, frozen=True, kw_only=True):
    """Which disclosures; what is none does not narrow. Instants are microseconds UTC, `until` exclusive."""

    organization: str | None = None
    member: str | None = None
    discloser: str | None = None
    recipient: str | None = None
    channel: str | None = None
    purpose: str | None = None
    basis: str | None = None
    """As `consent`, `emergency`, `court_order`: what carried at least one item."""
    paragraph: str | None = None
    """As `2.51`: a paragraph that the decision names."""
    state: str | None = None
    states: tuple[str, ...] = ()
    """Any of these."""
    consent: str | None = None
    """An id: of a consent that the decision rests on."""
    agent: str | None = None
    """Discloser or recipient, either."""
    party: str | None = None
    """Whose the disclosures are: made by them, or received (only what arrived is known to a recipient)."""
    since: int | None = None
    until: int | None = None
    changed_since: int | None = None
    """When how it stands changed last: it left, or that ended; it was recorded, corrected, or taken back."""
    changed_until: int | None = None
    before: str | None = None
    """An id: only what comes after it in the list."""
    limit: int = 50


async def page(hub: Hub, wanted: Wanted) -> list[dict[str, Any]]:
    """Newest first. Raises `Malformed` for a word that is not known here."""
    _check(wanted)
    return await _views(hub, await _rows(hub, wanted))


async def stream(hub: Hub, wanted: Wanted) -> AsyncIterator[dict[str, Any]]:
    """All that are wanted, newest first, in constant memory; `limit` does not count."""
    _check(wanted)
    wanted = msgspec.structs.replace(wanted, limit=BATCH)
    while True:
        rows = await _rows(hub, wanted)
        for view in await _views(hub, rows):
            yield view
        if len(rows) < BATCH:
            return
        wanted = msgspec.structs.replace(wanted, before=rows[-1][0])
        await asyncio.sleep(0)  # a file's rows come without waiting; other callers have their turn here


async def some(hub: Hub, disclosures: Sequence[str], organization: str | None) -> dict[str, dict[str, Any]]:
    """Those of these disclosures that are this organization's (none: anybody's), as they stand in the log, by id."""
    statement = _select().where(col(Disclosure.id).in_(disclosures))
    if organization is not None:
        statement = statement.where(col(Disclosure.discloser) == organization)
    return {view["id"]: view for view in await _views(hub, await hub.database.query(statement))}


def _select() -> Question:
    columns = [col(getattr(Disclosure, name)) for name in _NAMES]
    decided = col(Decision.id) == col(Disclosure.decision_id)
    return select(*columns, col(Decision.body)).join(Decision, decided, isouter=True)


async def _rows(hub: Hub, wanted: Wanted) -> list[Row]:
    """The rows of a page. From an instant on they stand in two places, and nothing before it is walked through: ids
    begin with about that moment, or, of what changed late, their index says when.
    """
    # What happened since an instant has changed since.
    since = max((each for each in (wanted.since, wanted.changed_since) if each is not None), default=None)
    if since is None:
        return await hub.database.query(_statement(wanted).limit(wanted.limit))
    begins = f"{max(since // 1000 - LATE_MS, 0):012x}"
    recent = _statement(wanted).where(col(Disclosure.id) >= begins)
    rows = await hub.database.survey(recent.limit(wanted.limit))
    if len(rows) < wanted.limit:
        changed = func.coalesce(col(Disclosure.concluded_at), col(Disclosure.intended_at)) >= since
        # Put in order afterwards: in the key's own, PostgreSQL would walk the whole key for the few of them.
        older = _statement(wanted, _ID + "").where(late(hub.database.dialect), changed, col(Disclosure.id) < begins)
        rows += await hub.database.survey(older.limit(wanted.limit - len(rows)))
    return rows


def _statement(wanted: Wanted, order: ColumnElement[str] = _ID) -> Question:
    return _select().where(*_conditions(wanted)).order_by(order.desc())


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found = _whose(wanted)
    for name in ("discloser", "recipient", "purpose", "state"):
        if getattr(wanted, name) is not None:
            found.append(col(getattr(Disclosure, name)) == getattr(wanted, name))
    if wanted.states:
        found.append(col(Disclosure.state).in_(wanted.states))
    if wanted.since is not None:
        found.append(col(Disclosure.intended_at) >= wanted.since)
    if wanted.until is not None:
        found += [col(Disclosure.intended_at) < wanted.until, _handed_in_before(wanted.until)]
    changed = func.coalesce(col(Disclosure.concluded_at), col(Disclosure.intended_at))
    if wanted.changed_since is not None:
        found.append(changed >= wanted.changed_since)
    if wanted.changed_until is not None:
        found += [changed < wanted.changed_until, _handed_in_before(wanted.changed_until)]
    if wanted.before is not None:
        found.append(col(Disclosure.id) < wanted.before)
    if wanted.channel is not None:
        found.append(_went_by(wanted.channel).exists())
    # The decision is kept whole, as JSON without spaces; what is looked for in it is one quoted word.
    basis = wanted.basis and f'"basis":"{wanted.basis}"'
    quoted = [each and f'"{each}"' for each in (wanted.paragraph, wanted.consent)]
    return found + [col(Decision.body).contains(each, autoescape=True) for each in (basis, *quoted) if each]


def _handed_in_before(at: int) -> ColumnElement[bool]:
    """An id begins with its milliseconds, and is never younger than the intent: the key's own order narrows too."""
    return col(Disclosure.id) < f"{at // 1000 + 1:012x}"


def _went_by(channel: str) -> Question:
    if channel in _WAYS:
        return select(col(OutsideDisclosure.id)).where(
            col(OutsideDisclosure.id) == col(Disclosure.id), col(OutsideDisclosure.way) == channel
        )
    return select(col(Attempt.disclosure_id)).where(
        col(Attempt.disclosure_id) == col(Disclosure.id), col(Attempt.channel) == channel
    )


def _whose(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Whom it is about, and who made or received it."""
    found: list[ColumnElement[bool]] = []
    if wanted.member is not None:
        found.append(about(wanted.member))
    if wanted.organization is not None:
        found.append(col(Disclosure.discloser) == wanted.organization)
    if wanted.agent is not None:
        found.append(or_(col(Disclosure.discloser) == wanted.agent, col(Disclosure.recipient) == wanted.agent))
    if wanted.party is not None:
        received = (col(Disclosure.recipient) == wanted.party) & (col(Disclosure.state) == "disclosed")
        found.append(or_(col(Disclosure.discloser) == wanted.party, received))
    return found


async def _views(hub: Hub, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    attempts = await _attempts(hub, [row[0] for row in rows])
    recorded = await outside.some(hub, [row[0] for row in rows if row[_STATE] in outside.STATES])
    organizations = (await hub.directory.current()).organizations
    found = []
    for *values, body in rows:
        view = dict(zip(_NAMES, values, strict=True))
        decision = msgspec.json.decode(body) if body else {}
        items = [item for item in decision.get("items", ()) if item["permitted"]]
        recipient = organizations.get(view["recipient"])
        found.append({
            **view,
            "accounting": bool(view["accounting"]),
            "counts": view["state"] in COUNTS,
            "recipient_name": recipient.name if recipient else _NAMED.get(view["recipient"], view["recipient"]),
            "bases": sorted({item["basis"] for item in items if item["basis"]}),
            "laws": decision.get("laws", []),
            "consents": decision.get("consents", []),
            "by": decision.get("by", ""),
            "outside": recorded.get(view["id"]),
            # Through the hub nothing else goes; what went outside of it may have been anything.
            "permitted": view["id"] not in recorded or decision["outcome"] not in ("deny", "partial"),
            "attempts": attempts.get(view["id"], []),
        })  # fmt: skip
    return found


async def _attempts(hub: Hub, disclosures: list[str]) -> dict[str, list[dict[str, Any]]]:
    statement = (
        select(*(col(getattr(Attempt, name)) for name in _ATTEMPT))
        .where(col(Attempt.disclosure_id).in_(disclosures))
        .order_by(col(Attempt.disclosure_id), col(Attempt.number))
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for disclosure, *values in await hub.database.query(statement) if disclosures else []:
        attempt = dict(zip(_ATTEMPT[1:], values, strict=True))
        attempt["receipt"] = attempt["receipt"] and msgspec.json.decode(attempt["receipt"])
        found.setdefault(disclosure, []).append(attempt)
    return found


def _check(wanted: Wanted) -> None:
    known = (("purpose", PURPOSES), ("state", STATES), ("channel", _WAYS | frozenset(ChannelKind)))
    for name, words in known:
        value = getattr(wanted, name)
        if value is not None and value not in words:
            raise Malformed("A word that is not known here.", field=name)
