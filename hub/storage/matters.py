"""Matters on the registers as stored: written in guarded units with their ledger entry, read back opened.

INVARIANT: metadata-is-content. What a person wrote is sealed to the matter or the event that it belongs to; the ledger
holds registers, codes and ids.
"""

from typing import Any

import msgspec

from hub.context import Hub
from hub.crypto import envelope
from hub.crypto.envelope import Sealed
from hub.crypto.keyring import KeyRing
from hub.model import new_id
from hub.storage.database import Step
from hub.storage.statements import Change, Check, Insert, Lookup, Row, columns_of
from hub.storage.tables import Matter, MatterClock, MatterEvent, MatterPerson

NAMES = columns_of(Matter)
ADD = Insert(Matter, NAMES)
MOVE = Change(
    Matter,
    ("state", "code", "facts", "version", "closed_at", "closed_by", "key_id", "wrapped_key", "sealed"),
    ("id", "version"),
    must_hit=True,
)
STILL = Check(Matter, ("id", "state"))
ASSIGN = Change(Matter, ("assigned_to",), ("id", "state"), must_hit=True)
ADD_CLOCK = Insert(MatterClock, columns_of(MatterClock))
MEET = Change(MatterClock, ("met_at",), ("matter_id", "name"))
LIFT = Change(MatterClock, ("lifted_at",), ("matter_id", "name"))
POSTPONE = Change(MatterClock, ("due_at",), ("matter_id", "name"))
ADD_PERSON = Insert(MatterPerson, columns_of(MatterPerson))
TELL = Change(MatterPerson, ("told_at",), ("matter_id", "member_id"))
_ADD_EVENT = Insert(MatterEvent, columns_of(MatterEvent))
_BY_ID = Lookup(Matter, NAMES, "id")
_CLOCKS = Lookup(MatterClock, ("name", "law", "due_at", "met_at", "lifted_at"), "matter_id")
_EVENTS = Lookup(MatterEvent, ("id", "at", "what", "code", "by", "key_id", "wrapped_key", "sealed"), "matter_id")
_PEOPLE = Lookup(MatterPerson, ("member_id", "told_at"), "matter_id")
_CLEAR = tuple(name for name in NAMES if name not in ("key_id", "wrapped_key", "sealed"))
_LETTER = "letter"
_encode = msgspec.json.Encoder().encode


def seal_words(ring: KeyRing, matter: str, words: dict[str, Any]) -> Sealed:
    """What was written about a matter, under its own data key."""
    return envelope.seal(ring, f"matter/{matter}", _encode(words))


def event(ring: KeyRing, matter: str, at: int, what: str, code: str, by: str, reason: str) -> Step:
    """One line of the matter's history; the reason is sealed."""
    return _event(ring, matter, (at, what, code, by), reason.encode())


def letter_sent(ring: KeyRing, matter: str, at: int, by: str, pdf: bytes) -> Step:
    """Beside the history, the letter as it went out, sealed; it is kept and destroyed as the history is."""
    return _event(ring, matter, (at, _LETTER, _LETTER, by), pdf)


async def read(hub: Hub, matter: str) -> dict[str, Any] | None:
    """A matter with its clocks, `words` still sealed; none if there is no such matter."""
    rows = await hub.database.lookup(_BY_ID, matter)
    if not rows:
        return None
    view = clear(rows[0])
    clocks = await hub.database.lookup(_CLOCKS, matter)
    return view | {"clocks": [dict(zip(_CLOCKS.columns, row, strict=True)) for row in sorted(clocks)]}


async def words(hub: Hub, matter: str) -> dict[str, Any]:
    """What was written about a matter, opened."""
    ((*_, key_id, wrapped, sealed),) = await hub.database.lookup(_BY_ID, matter)
    if wrapped is None:
        return {}
    found: dict[str, Any] = msgspec.json.decode(
        envelope.open(hub.ring, f"matter/{matter}", Sealed(key_id, wrapped, sealed))
    )
    return found


async def history(hub: Hub, matter: str) -> list[dict[str, Any]]:
    """What happened, oldest first, with the reasons opened."""
    found = []
    # By instant: ids made within one millisecond have no order.
    rows = sorted(await hub.database.lookup(_EVENTS, matter), key=lambda row: (row[1], row[0]))
    for made, at, what, code, by, *sealed in rows:
        if what == _LETTER:
            continue
        kept = Sealed(*sealed)
        reason = envelope.open(hub.ring, f"matter-event/{made}", kept).decode() if kept.wrapped_key else ""
        found.append({"at": at, "what": what, "code": code, "by": by, "reason": reason})
    return found


async def letter(hub: Hub, matter: str) -> bytes | None:
    """The PDF that went out; none if none did, or none is left. Raises `IntegrityFailed`."""
    sent = await _sent(hub, matter)
    return envelope.open(hub.ring, *sent) if sent else None


async def has_letter(hub: Hub, matter: str) -> bool:
    """Whether the letter that went out is still kept."""
    return await _sent(hub, matter) is not None


async def people(hub: Hub, matter: str) -> dict[str, int | None]:
    """Whom it concerns, and when each was told."""
    return dict(sorted(await hub.database.lookup(_PEOPLE, matter)))


async def _sent(hub: Hub, matter: str) -> tuple[str, Sealed] | None:
    for made, _, what, _, _, key_id, wrapped, sealed in await hub.database.lookup(_EVENTS, matter):
        if what == _LETTER and wrapped is not None:
            return f"matter-event/{made}", Sealed(key_id, wrapped, sealed)
    return None


def _event(ring: KeyRing, matter: str, line: tuple[int, str, str, str], content: bytes) -> Step:
    made = new_id()
    sealed = envelope.seal(ring, f"matter-event/{made}", content)
    return Step(_ADD_EVENT, (made, matter, *line, sealed.key_id, sealed.wrapped_key, sealed.ciphertext))


def clear(row: Row) -> dict[str, Any]:
    """A row without what is sealed."""
    view = {name: value for name, value in zip(NAMES, row, strict=True) if name in _CLEAR}
    return view | {"facts": msgspec.json.decode(view["facts"])}
