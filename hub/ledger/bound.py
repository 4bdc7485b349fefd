"""Whether the hub's own tables still say what the ledger recorded of them: decisions, disclosures with their attempts,
consents with their history.

An entry cannot be changed unseen. The row beside it could be, and it is what people read and what the rules rest on.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Boolean, func, select
from sqlmodel import col

from hub.crypto.ledger import LedgerEntry
from hub.storage import tables
from hub.storage.consents import digest_of
from hub.storage.database import Database
from hub.storage.statements import columns_of, table_of

_DECIDED = ("submission.decided", "dispatch.withheld")
_PARTIES = ("disclosure.intended", "disclosure.recorded")
_ENDED = ("disclosure.concluded", "disclosure.confirmed")
_EVENTS = ("recorded", "verified", "revoked", "entered_in_error", "event_noted")
_CONSENTS = tuple(f"consent.{what}" for what in _EVENTS)
_BATCH = 500
_COLUMNS = columns_of(tables.Consent)
_FLAGS = {column.name for column in table_of(tables.Consent).columns if isinstance(column.type, Boolean)}
_HISTORY = ("id", "consent_id", "member_id", "at", "what", "by", "detail")
_MOST_LISTED = 20
_NAMES = ("decisions", "disclosures", "consents")
_WORDS = (
    "A stored decision is not the one that was recorded",
    "A disclosure is not as it was recorded: by whom, to whom, about whom, what left, or that it arrived",
    "A consent, or its history, is not as it was recorded",
)


class _Said(NamedTuple):
    """An entry and what its body says."""

    entry: LedgerEntry
    body: dict[str, Any]


class Bound(msgspec.Struct):
    """What is not as it was recorded, by the number of the entry that says otherwise; `unrecorded`: how many consents,
    or events of their history, no entry records.
    """

    decisions: set[int]
    disclosures: set[int]
    consents: set[int]
    unrecorded: int = 0

    def words(self) -> list[str]:
        """A sentence for each kind of fault."""
        found = [f"{what} ({_numbers(each)})." for what, each in zip(_WORDS, self._all(), strict=True) if each]
        if self.unrecorded:
            found.append(f"Consents or their history: {self.unrecorded:,} that the ledger never recorded.")
        return found

    def counts(self) -> dict[str, Any]:
        """How many entries of each kind do not fit, and which, of each the first few."""
        numbers = {name: len(each) for name, each in zip(_NAMES, self._all(), strict=True)}
        listed = sorted({number for each in self._all() for number in sorted(each)[:_MOST_LISTED]})
        return {**numbers, "unrecorded_consents": self.unrecorded, "differing_entries": listed}

    def _all(self) -> tuple[set[int], ...]:
        return self.decisions, self.disclosures, self.consents


async def compare(database: Database) -> Bound:
    """Go through all that the ledger binds. Raises `StorageFailed`."""
    found = Bound(set(), set(), set())
    # Asked first: what is recorded meanwhile has its entry among those that are read afterwards.
    event, consent = tables.ConsentEvent, tables.Consent
    of = select(col(event.id)).where(col(event.consent_id) == col(consent.id), col(event.what) == "recorded")
    ((unheard,),) = await database.query(select(func.count()).select_from(consent).where(~of.exists()))
    ((events,),) = await database.query(select(func.count()).select_from(event))
    heard = 0
    async for batch in _entries(database):
        found.decisions |= await _decisions(database, batch)
        found.disclosures |= await _disclosures(database, batch)
        history = [each for each in batch if each.entry.kind in _CONSENTS]
        found.consents |= await _consents(database, history)
        heard += len(history)
    found.unrecorded = int(unheard) + max(0, int(events) - heard)
    return found


async def _entries(database: Database) -> AsyncIterator[list[_Said]]:
    entry: Any = tables.LedgerEntry
    kinds = (*_DECIDED, *_PARTIES, *_ENDED, *_CONSENTS)
    columns = (entry.id, entry.at, entry.kind, entry.member_id, entry.reference, entry.body, entry.salt)
    after = -1
    while True:
        page = select(*columns).where(entry.id > after, entry.kind.in_(kinds)).order_by(entry.id).limit(_BATCH)
        rows = await database.query(page)
        if not rows:
            return
        after = rows[-1][0]
        yield [each for row in rows if (each := _said(LedgerEntry(*row)))]


def _said(entry: LedgerEntry) -> _Said | None:
    """None for an entry that was spoilt: its leaf tells."""
    body = _decoded(entry.body)
    return _Said(entry, body) if isinstance(body, dict) else None


async def _decisions(database: Database, batch: Sequence[_Said]) -> set[int]:
    row = tables.Decision
    wanted = {
        entry.id: (body.get("decision"), body.get("digest" if entry.kind in _DECIDED else "decision_digest"))
        for entry, body in batch
        if entry.kind in (*_DECIDED, *_PARTIES)
    }
    statement: Any = select(col(row.id), col(row.body)).where(col(row.id).in_({each for each, _ in wanted.values()}))
    stored = {name: hashlib.sha256(str(text).encode()).hexdigest() for name, text in await database.query(statement)}
    return {number for number, (decision, digest) in wanted.items() if digest and stored.get(decision) != digest}


async def _disclosures(database: Database, batch: Sequence[_Said]) -> set[int]:
    row, attempt = tables.Disclosure, tables.Attempt
    about = [each for each in batch if each.entry.kind in (*_PARTIES, *_ENDED)]
    wanted = {each.entry.reference for each in about}
    parties: Any = select(
        *(col(getattr(row, name)) for name in ("id", "member_id", "discloser", "recipient", "purpose", "state"))
    )
    stored = {name: tuple(rest) for name, *rest in await database.query(parties.where(col(row.id).in_(wanted)))}
    left: Any = select(col(attempt.id), col(attempt.digest)).where(col(attempt.disclosure_id).in_(wanted))
    digests: dict[str, bytes] = dict(await database.query(left))
    return {each.entry.id for each in about if not _fits(each, stored.get(each.entry.reference), digests)}


def _fits(said: _Said, row: tuple[Any, ...] | None, digests: dict[str, bytes]) -> bool:
    entry, body = said
    if entry.kind in _ENDED:
        # INVARIANT: unknown-is-disclosed. What an entry says has arrived is never taken back.
        arrived = body.get("outcome") == "delivered" or body.get("to") == "disclosed"
        return not arrived or (row is not None and row[-1] != "not_disclosed")
    if row is None or row[:-1] != (entry.member, body.get("discloser"), body.get("recipient"), body.get("purpose")):
        return False
    return "attempt" not in body or digests.get(body["attempt"], b"").hex() == body.get("digest")


async def _consents(database: Database, history: Sequence[_Said]) -> set[int]:
    """Each event as its entry says, and each consent as its events leave it; both read at one moment."""
    event, consent = tables.ConsentEvent, tables.Consent
    columns = [*(col(getattr(event, name)) for name in _HISTORY), *(col(getattr(consent, name)) for name in _COLUMNS)]
    own = (col(consent.member_id) == col(event.member_id)) & (col(consent.id) == col(event.consent_id))
    wanted = {each.entry.reference for each in history}
    statement: Any = select(*columns).join(consent, own, isouter=True).where(col(event.consent_id).in_(wanted))
    kept: dict[str, list[dict[str, Any]]] = {}
    rows: dict[str, dict[str, Any]] = {}
    for row in await database.query(statement):
        told = dict(zip(_HISTORY, row, strict=False))
        kept.setdefault(told["consent_id"], []).append(told)
        rows[told["consent_id"]] = dict(zip(_COLUMNS, row[len(_HISTORY) :], strict=True))
    sound = {name for name, events in kept.items() if _left_by(events, rows[name])}
    return {
        each.entry.id
        for each in history
        if each.entry.reference not in sound or not any(_tells(each, told) for told in kept[each.entry.reference])
    }


def _tells(said: _Said, told: dict[str, Any]) -> bool:
    entry, body = said
    stands = (entry.kind, entry.at, entry.member) == (f"consent.{told['what']}", told["at"], told["member_id"])
    return stands and body == {"consent": told["consent_id"], "by": told["by"], **_detail(told)}


def _left_by(events: list[dict[str, Any]], row: dict[str, Any]) -> bool:
    """Whether the consent is what was recorded first, and has become since what its events say."""
    events = sorted(events, key=lambda each: (each["at"], each["id"]))
    by_kind = {what: [each for each in events if each["what"] == what] for what in _EVENTS}
    if row["id"] is None or len(by_kind["recorded"]) != 1:
        return False
    became = {"verified": bool(by_kind["verified"]), "verified_by": None, "state": "active"}
    if by_kind["verified"]:
        became["verified_by"] = by_kind["verified"][0]["by"]
    for each in events:
        if each["what"] == "entered_in_error" or (each["what"] == "revoked" and _detail(each).get("as_to") is None):
            became["state"] = each["what"]
    row = {name: bool(value) if name in _FLAGS else value for name, value in row.items()}
    revoked = [_detail(each) for each in by_kind["revoked"]]
    noted = [_detail(each) for each in by_kind["event_noted"]]
    if any(row[name] != value for name, value in became.items()) or _decoded(row["revoked"]) != revoked:
        return False
    if noted and row["event_status"] != noted[-1].get("status"):
        return False
    first = row | {"verified": False, "verified_by": None, "state": "active", "revoked": "[]"}
    digest = _detail(by_kind["recorded"][0]).get("digest")
    return digest in {digest_of(first | {"event_status": status}) for status in _at_first(row, noted)}


def _at_first(row: dict[str, Any], noted: Sequence[dict[str, Any]]) -> Iterable[str | None]:
    """Where the event may have stood when the consent was recorded."""
    return (noted[0].get("from"), None, "not_yet") if noted else (row["event_status"],)


def _detail(event: dict[str, Any]) -> dict[str, Any]:
    found = _decoded(event["detail"])
    return found if isinstance(found, dict) else {}


def _decoded(text: Any) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, TypeError):
        return None  # was spoilt, and fits no entry


def _numbers(entries: set[int]) -> str:
    listed = ", ".join(f"{each}" for each in sorted(entries)[:_MOST_LISTED])
    more = f" and {len(entries) - _MOST_LISTED:,} more" if len(entries) > _MOST_LISTED else ""
    return f"{'entry' if len(entries) == 1 else 'entries'} {listed}{more}"
