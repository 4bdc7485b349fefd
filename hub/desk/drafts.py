"""A packet that somebody puts together at the desk, kept here between two pages and not in the browser.

Rules kept here:
- INVARIANT: metadata-is-content. What was typed and the documents are sealed; nothing of them is on a shared computer.
- It is its maker's alone, for `LIFE_US`; once handed in it is gone, and `hub.workers.expired` forgets the others.
"""

from collections.abc import Mapping

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.crypto import envelope
from hub.crypto.envelope import Sealed
from hub.errors import NotAvailable, Stale
from hub.model import Frozen
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Delete, Insert, columns_of
from hub.storage.tables import PacketDraft

LIFE_US = 4 * 3_600_000_000
_ADD = Insert(PacketDraft, columns_of(PacketDraft))
_CHANGE = Change(
    PacketDraft, ("expires_at", "key_id", "wrapped_key", "sealed"), ("id", "number", "person_id"), must_hit=True
)
_DROP_PART = Delete(PacketDraft, ("id", "number"))
_DROP = Delete(PacketDraft, ("id",))
_TYPED = 0


class Paper(Frozen, frozen=True, kw_only=True):
    """One document of a draft; its content is kept apart."""

    number: int
    """From 1 on; never given twice in a draft."""
    title: str
    information: str
    """Its class; empty: nobody has said it yet."""
    size: int
    guessed: bool = True
    """The class is a guess that nobody has looked at."""


class Draft(Frozen, frozen=True, kw_only=True):
    """What was said so far."""

    id: str
    version: str
    """Another one each time that the form is sent."""
    member: str
    recipients: tuple[str, ...]
    purpose: str
    urgent: bool
    papers: tuple[Paper, ...]
    typed: Mapping[str, tuple[str, ...]] = {}
    """As it was typed, to be shown again."""


async def put(hub: Hub, draft: Draft, contents: Mapping[int, bytes], *, person: str) -> None:
    """Keep what was said, with new documents by number; those that the draft no longer names go at the next `drop`."""
    until = hub.clock.now() + LIFE_US
    parts = {_TYPED: msgspec.json.encode(draft), **contents}
    writes: list[Step] = []
    for number, plain in parts.items():
        sealed = envelope.seal(hub.ring, _place(draft.id, number), plain)
        row = (draft.id, number, person, until, sealed.key_id, sealed.wrapped_key, sealed.ciphertext)
        writes += [Step(_DROP_PART, (draft.id, number)), Step(_ADD, row)]
    await hub.database.commit(Unit((), tuple(writes)))


async def change(hub: Hub, draft: Draft, *, person: str) -> None:
    """Keep what is said otherwise of the same documents. Raises `NotAvailable` if the draft is gone: it stays so."""
    sealed = envelope.seal(hub.ring, _place(draft.id, _TYPED), msgspec.json.encode(draft))
    values = (hub.clock.now() + LIFE_US, sealed.key_id, sealed.wrapped_key, sealed.ciphertext)
    try:
        await hub.database.commit(Unit((Step(_CHANGE, (*values, draft.id, _TYPED, person)),), ()))
    except Stale:
        raise NotAvailable from None


async def read(hub: Hub, draft: str, *, person: str) -> Draft:
    """What was said. Raises `NotAvailable` for somebody else's, and for one that is over."""
    return msgspec.json.decode((await _parts(hub, draft, (_TYPED,), person))[_TYPED], type=Draft)


async def contents(hub: Hub, draft: Draft, *, person: str) -> dict[int, bytes]:
    """Its documents by number. Raises `NotAvailable` as `read` does."""
    return await _parts(hub, draft.id, tuple(each.number for each in draft.papers), person)


async def drop(hub: Hub, draft: str) -> None:
    """Forget all of it."""
    await hub.database.commit(Unit((), (Step(_DROP, (draft,)),)))


async def _parts(hub: Hub, draft: str, numbers: tuple[int, ...], person: str) -> dict[int, bytes]:
    names = ("number", "key_id", "wrapped_key", "sealed")
    statement = select(*(col(getattr(PacketDraft, name)) for name in names)).where(
        col(PacketDraft.id) == draft,
        col(PacketDraft.person_id) == person,
        col(PacketDraft.expires_at) > hub.clock.now(),
        col(PacketDraft.number).in_(numbers),
    )
    rows = await hub.database.query(statement)
    # INVARIANT: no-existence-leak. Somebody else's looks like none.
    if len(rows) < len(numbers):
        raise NotAvailable
    return {number: envelope.open(hub.ring, _place(draft, number), Sealed(*sealed)) for number, *sealed in rows}


def _place(draft: str, number: int) -> str:
    return f"packet-draft/{draft}/{number}"
