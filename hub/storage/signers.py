"""The keys that sign what an organization hands in: added, listed, removed; and signatures used once."""

import re
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.crypto.identifiers import hash_secret
from hub.errors import Malformed, NotAvailable, Stale, Unauthorized
from hub.model import new_id
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Delete, Insert, InsertNew, Lookup, columns_of
from hub.storage.tables import Signer, SmartAssertion

FRESH_S = 300
_KEY_ID = re.compile(r"[A-Za-z0-9._:/@-]{1,100}")
_KEY_BYTES = 32
_ADD = Insert(Signer, columns_of(Signer))
_BY_ID = Lookup(Signer, ("organization_id",), "id")
_REMOVE = Delete(Signer, ("id",))
_USE = InsertNew(SmartAssertion, columns_of(SmartAssertion), ("hash",))


async def add(hub: Hub, organization: str, key_id: str, verify_key: bytes, *, by: str) -> str:
    """The entry's id. Raises `Malformed`: no such organization, no key id, no Ed25519 key."""
    if organization not in (await hub.directory.current()).organizations:
        raise Malformed("The directory has no such organization.", field="organization")
    if not _KEY_ID.fullmatch(key_id):
        raise Malformed("A key id is 1 to 100 letters, digits and ._:/@-.", field="key_id")
    if len(verify_key) != _KEY_BYTES:
        raise Malformed("The key is an Ed25519 public key of 32 bytes.", field="key")
    signer, now = new_id(), hub.clock.now()
    body = {"signer": signer, "organization": organization, "by": by}
    row = (signer, organization, key_id, verify_key, now)
    await hub.database.commit(Unit((), (Step(_ADD, row), entry("signer.added", now, body, reference=signer))))
    return signer


async def remove(hub: Hub, signer: str, *, by: str) -> None:
    """Raises `NotAvailable` if there is none."""
    if not await hub.database.lookup(_BY_ID, signer):
        raise NotAvailable
    trace = entry("signer.removed", hub.clock.now(), {"signer": signer, "by": by}, reference=signer)
    await hub.database.commit(Unit((), (Step(_REMOVE, (signer,)), trace)))


async def list_all(hub: Hub) -> list[dict[str, Any]]:
    """Every key's id, organization and name."""
    names = ("id", "organization_id", "key_id", "created_at")
    columns = (col(getattr(Signer, name)) for name in names)
    rows = await hub.database.query(select(*columns).order_by(col(Signer.id)))
    return [dict(zip(names, row, strict=True)) for row in rows]


async def use_once(hub: Hub, organization: str, key_id: str, nonce: str, created_s: int) -> None:
    """Raises `Unauthorized` for a signature that is stale, of the future, or was used before."""
    now = hub.clock.now()
    if abs(now // 1_000_000 - created_s) > FRESH_S:
        raise Unauthorized("The signature is too old, or of the future.", code="signature-stale")
    used = hash_secret(hub.ring, f"signature/{organization}/{key_id}", nonce)
    # Kept as long as any signature with this nonce could still be fresh.
    row = (used, (created_s + 2 * FRESH_S) * 1_000_000)
    try:
        await hub.database.commit(Unit((Step(_USE, row, "nonce"),), ()))
    except Stale:
        raise Unauthorized("This signature was used before.", code="signature-used") from None
