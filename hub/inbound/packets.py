"""An arrived packet as the submission that it is: in the sender's name, by the one way in."""

import hashlib
from datetime import UTC, datetime

import msgspec

from hub import exchange
from hub.arrivals import ArrivedPacket
from hub.context import Hub
from hub.errors import Malformed
from hub.inbound.keep import Kept
from hub.intake import read_manifest
from hub.manifest import EventManifest, Handed, ItemManifest, Manifest, MemberRef, RecipientManifest
from hub.model import CONTROLS, Event

_encode = msgspec.json.Encoder().encode


async def submit(
    hub: Hub, content: ArrivedPacket, kept: Kept, sender: str, member: str, recipients: tuple[str, ...], by: str = ""
) -> str:
    """The submission's id; the same one if it was handed in before. Raises as `exchange.submit`."""
    manifest = Manifest(
        kind=content.kind,
        member=MemberRef(id=member),
        purpose=content.purpose,
        recipients=tuple(RecipientManifest(organization=recipient) for recipient in recipients),
        items=tuple(
            # Of a feed in another code page than it says, a title may hold what no line may: that holds nobody up.
            ItemManifest(
                document=document.id, title=document.title.translate(CONTROLS), information=document.information
            )
            for document in content.documents
        ),
        priority=content.priority,
        event=None if content.event is None else _event(content.event),
    )
    raw = _encode(manifest)
    documents = {document.id: document.content for document in content.documents}
    if len(documents) < len(content.documents):
        raise Malformed("Two items name the same document.", field="$.items")
    handed = Handed(
        sender=sender,
        key=f"inbound:{kept.id}",
        manifest=read_manifest(raw),
        documents=documents,
        body_digest=hashlib.sha256(raw + kept.arrival.raw).digest(),
        by=by or f"{sender}/{kept.arrival.channel}",
    )
    return await exchange.submit(hub, handed)


def _event(event: Event) -> EventManifest:
    at = datetime.fromtimestamp(event.at / 1_000_000, UTC).isoformat()
    stated = {"kind": event.kind, "at": at, "setting": event.setting, "contact": event.contact}
    return msgspec.convert(stated, EventManifest)
