"""The signed paper of a consent: kept sealed, once, and its digest on the ledger."""

import hashlib
from typing import NamedTuple

from hub.contents import media_type
from hub.context import Hub
from hub.crypto import envelope
from hub.crypto.envelope import Sealed
from hub.errors import Conflict, NotAvailable, Stale, TooLarge, Unsupported
from hub.record import entry
from hub.storage.consents import member_of
from hub.storage.database import Step, Unit
from hub.storage.statements import InsertNew, Lookup, columns_of
from hub.storage.tables import ConsentDocument

MAX_BYTES = 20 * 1024 * 1024
_KINDS = ("application/pdf", "image/tiff", "image/png", "image/jpeg")
_ADD = InsertNew(ConsentDocument, columns_of(ConsentDocument), ("consent_id",))
_PAPER = Lookup(ConsentDocument, ("media_type", "key_id", "wrapped_key", "sealed"), "consent_id")


class Paper(NamedTuple):
    media_type: str
    content: bytes


async def keep(hub: Hub, consent: str, content: bytes, *, by: str) -> None:
    """Keep the scan. Raises `Unsupported`, `TooLarge`, `Conflict` if there is one, `NotAvailable`."""
    await _keep(hub, consent, kind_of(content), content, by=by)


def kind_of(content: bytes) -> str:
    """The scan's media type. Raises `Unsupported` if it is none."""
    kind = media_type(content)
    if kind not in _KINDS:
        raise Unsupported("A signed consent is a PDF or an image.")
    return kind


async def keep_resource(hub: Hub, consent: str, content: bytes, *, by: str) -> None:
    """Keep the FHIR resource that a consent was read from, as it came. Raises as `keep`."""
    await _keep(hub, consent, "application/fhir+json", content, by=by)


async def _keep(hub: Hub, consent: str, kind: str, content: bytes, *, by: str) -> None:
    member = await member_of(hub, consent)
    if len(content) > MAX_BYTES:
        raise TooLarge(f"A signed consent has at most {MAX_BYTES >> 20} MiB.")
    sealed = envelope.seal(hub.ring, _record(consent), content)
    row = (consent, member, kind, sealed.key_id, sealed.wrapped_key, sealed.ciphertext)
    body = {"consent": consent, "by": by, "digest": hashlib.sha256(content).hexdigest()}
    trace = entry("consent.documented", hub.clock.now(), body, member=member, reference=consent)
    try:
        await hub.database.commit(Unit((Step(_ADD, row, "paper"),), (trace,)))
    except Stale:
        # A signed paper is evidence: another one is another consent.
        raise Conflict("This consent has its signed paper already.") from None


async def paper_of(hub: Hub, consent: str) -> Paper:
    """The scan. Raises `NotAvailable`, or `IntegrityFailed` if it does not open."""
    rows = await hub.database.lookup(_PAPER, consent)
    if not rows:
        raise NotAvailable
    kind, *sealed = rows[0]
    return Paper(kind, envelope.open(hub.ring, _record(consent), Sealed(*sealed)))


def _record(consent: str) -> str:
    return f"consent-document/{consent}"
