"""The evidence behind a disclosure: sealed with it, dated when it has left, bound by the ledger.

INVARIANT: metadata-is-content. The ledger holds kinds and the digest of each ciphertext; names, docket numbers and
free text are inside the seal only.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from hub.bases.manifests import Bases, papers, stated
from hub.context import Hub
from hub.crypto import envelope
from hub.crypto.envelope import Sealed
from hub.crypto.keyring import KeyRing
from hub.model import Frozen
from hub.record import entry
from hub.storage.database import Step
from hub.storage.statements import Change, Insert, Lookup, columns_of
from hub.storage.tables import Evidence

OUTSIDE = "outside"
"""The kind of what was told outside of the hub."""
_ADD = Insert(Evidence, columns_of(Evidence))
_DISCLOSED = Change(Evidence, ("disclosed_at",), ("disclosure_id",))
_OF = Lookup(Evidence, ("kind", "disclosed_at", "key_id", "wrapped_key", "sealed"), "disclosure_id")
_MEMBER = Lookup(Evidence, ("member_id",), "disclosure_id")
_encode = msgspec.json.Encoder().encode


def keep(
    ring: KeyRing,
    disclosure: str,
    member: str,
    bases: Bases,
    documents: Mapping[str, bytes],
    now: int,
    *,
    by: str,
    told: Frozen | None = None,
    disclosed_at: int | None = None,
) -> list[Step]:
    """The rows of the evidence of one disclosure (its outbox row's id), and the ledger entry that binds them and names
    who stated it: an officer may hand in for each program of their scope.

    `told`: of one made outside of the hub at `disclosed_at` (microseconds UTC), what was told, to whom and by whom.
    """
    steps, digests = [], {}
    for kind, plain in (*_plain(bases, documents), *([(OUTSIDE, _encode(told))] if told else ())):
        sealed = envelope.seal(ring, _place(disclosure, kind), plain)
        row = (disclosure, kind, member, disclosed_at, sealed.key_id, sealed.wrapped_key, sealed.ciphertext)
        steps.append(Step(_ADD, row))
        digests[kind] = hashlib.sha256(sealed.ciphertext).hexdigest()
    return [*steps, entry("basis.stated", now, {"evidence": digests, "by": by}, member=member, reference=disclosure)]


async def again(hub: Hub, disclosure: str, to: str, now: int) -> list[Step]:
    """The same evidence for another disclosure of the same packet, and the ledger entry that binds it; nothing if none
    was stated. Raises `IntegrityFailed`.
    """
    steps, digests, member = [], {}, await member_of(hub, disclosure)
    for kind, _, *kept in await hub.database.lookup(_OF, disclosure):
        if kept[1] is None:
            continue
        sealed = envelope.seal(
            hub.ring, _place(to, kind), envelope.open(hub.ring, _place(disclosure, kind), Sealed(*kept))
        )
        steps.append(Step(_ADD, (to, kind, member, None, sealed.key_id, sealed.wrapped_key, sealed.ciphertext)))
        digests[kind] = hashlib.sha256(sealed.ciphertext).hexdigest()
    if not digests:
        return []
    return [*steps, entry("basis.stated", now, {"evidence": digests}, member=member, reference=to)]


def disclosed(disclosure: str, at: int | None) -> Step:
    """The date and time of the disclosure, for the patient's record (§2.51(c)(3)); microseconds UTC, none: never."""
    return Step(_DISCLOSED, (at, disclosure))


async def read(hub: Hub, disclosure: str) -> dict[str, Any]:
    """What was stated for a disclosure, by kind, opened for a reviewer; papers by their size only."""
    found: dict[str, Any] = {}
    for kind, disclosed_at, *sealed in await hub.database.lookup(_OF, disclosure):
        if sealed[1] is None:
            found[kind] = {"destroyed": True}
            continue
        plain = envelope.open(hub.ring, _place(disclosure, kind), Sealed(*sealed))
        if kind.endswith(".document"):
            found[kind] = {"bytes": len(plain), "digest": hashlib.sha256(plain).hexdigest()}
        else:
            found[kind] = msgspec.json.decode(plain)
        found["disclosed_at"] = disclosed_at
    return found


async def member_of(hub: Hub, disclosure: str) -> str | None:
    """Whom the evidence is about; none if there is none."""
    rows = await hub.database.lookup(_MEMBER, disclosure)
    return rows[0][0] if rows else None


def _plain(bases: Bases, documents: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for kind, form in stated(bases).items():
        yield kind, _encode(form)
    for kind, part in papers(bases).items():
        # Of a packet all are there; of what was made outside of the hub one may lie in the program's own files.
        if part in documents:
            yield f"{kind}.document", documents[part]


def _place(disclosure: str, kind: str) -> str:
    return f"evidence/{disclosure}/{kind}"
