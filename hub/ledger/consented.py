"""Whether consents and their history still say what the ledger recorded of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Boolean, select
from sqlmodel import col

from hub.ledger.said import Said, decoded
from hub.storage import tables
from hub.storage.consents import digest_of
from hub.storage.database import Database
from hub.storage.statements import columns_of, table_of

_EVENTS = ("recorded", "verified", "revoked", "entered_in_error", "event_noted")
KINDS = tuple(f"consent.{what}" for what in _EVENTS)
_COLUMNS = columns_of(tables.Consent)
_FLAGS = {column.name for column in table_of(tables.Consent).columns if isinstance(column.type, Boolean)}
_HISTORY = ("id", "consent_id", "member_id", "at", "what", "by", "detail")


async def differing(database: Database, history: Sequence[Said]) -> set[int]:
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


def _tells(said: Said, told: dict[str, Any]) -> bool:
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
    if any(row[name] != value for name, value in became.items()) or decoded(row["revoked"]) != revoked:
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
    found = decoded(event["detail"])
    return found if isinstance(found, dict) else {}
