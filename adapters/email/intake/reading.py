"""A mail as received, read as an arrival: opened, verified, and what it is; or kept with its trouble, for a person.

Rules kept: nothing of a mail that was not accepted is believed, not even whose it is; a notice counts only if its
signer speaks for the recipient it is about; a repeat is known by the protected message, whatever envelope it comes in
(a sender's software may seal anew what it sends again), or by its bytes if it did not open. The trace headers of each
delivery are left out, since they alone differ in a repeat.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.email.certificates import bound_to
from adapters.email.cms.opening import OpeningKey
from adapters.email.intake.content import Delivery, Readers, Unread, content_of
from adapters.email.mime import Entity, MimeError, read_entity
from adapters.email.notices.build import answers, asks_for_delivery
from adapters.email.notices.fields import message_id_of
from adapters.email.notices.form import is_notice
from adapters.email.notices.read import Notice, read_notices
from adapters.email.open import Opened, open_message
from adapters.email.trust.trust import Trust
from hub.arrivals import Acknowledge, Arrival, ArrivedNote, ArrivedPacket, ArrivedProof, Says

MEDIA_TYPE = "message/rfc822"
_TRACE = re.compile(
    rb"(?:(?:return-path|received|delivered-to|x-original-to):[^\n]*\n(?:[ \t][^\n]*\n)*)+", re.IGNORECASE
)
_SAYS: dict[str, Says] = {
    "processed": "processed",
    "displayed": "processed",
    "dispatched": "dispatched",
    "delivered": "delivered",
    "failed": "failed",
}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class MailReader:
    """Reads mail to our addresses. `trust` is asked anew for each mail: anchors change while the hub runs."""

    keys: Sequence[OpeningKey]
    trust: Callable[[str], Trust]
    """What a domain of ours believes of incoming mail."""
    now: Callable[[], int]
    delivery: Delivery
    """The delivery of ours that a Message-ID is of; empty for another's."""
    readers: Readers

    async def read(self, raw: bytes, recipient: str) -> Arrival:
        """The arrival; never raises for what a mail contains."""
        raw = without_trace(raw)
        opened = await open_message(raw, self.keys, self.trust(recipient.rpartition("@")[2].lower()), self.now())
        if not isinstance(opened, Opened):
            if opened.code == "failed-inside":
                _log.error("a mail made the reader fail")
            return _kept(raw, _unproved(raw) or opened.code)
        try:
            return self._accepted(raw, recipient, opened)
        except Exception as error:  # noqa: BLE001 - a reader that fails loses no mail; its words may quote a patient
            _log.error("a mail could not be read", code=type(error).__name__)
            return _kept(raw, "failed-inside")

    def _accepted(self, raw: bytes, recipient: str, opened: Opened) -> Arrival:
        message = read_entity(opened.message)
        identity = message_id_of(message.field("message-id"))
        address, content = opened.sender, self._content(message, recipient, opened)
        if isinstance(content, ArrivedProof):
            address = next(each.recipient for each in read_notices(message) if bound_to(opened.signer, each.recipient))
        owed = answers(message, opened.sender) and not isinstance(content, ArrivedProof | ArrivedNote)
        return Arrival(
            channel="email",
            key=f"{opened.sender.lower()} {recipient.lower()} {_digest(without_trace(opened.message))}",
            raw=raw,
            media_type=MEDIA_TYPE,
            address=address,
            claimed=opened.sender,
            content=None if isinstance(content, Unread) else content,
            trouble=" ".join(content.codes) if isinstance(content, Unread) else "",
            acknowledge=Acknowledge(
                sender=opened.sender,
                recipient=recipient.lower(),
                message_id=identity,
                certificate=opened.signer.public_bytes(Encoding.PEM),
                delivery=asks_for_delivery(message),
            )
            if owed
            else None,
        )

    def _content(
        self, message: Entity, recipient: str, opened: Opened
    ) -> ArrivedPacket | ArrivedProof | ArrivedNote | Unread:
        if not is_notice(message):
            return content_of(message, recipient, self.delivery, self.readers, wrapped=opened.wrapped)
        for notice in read_notices(message):
            delivery, says = self.delivery(notice.message_id), _SAYS.get(notice.said)
            if delivery and says and bound_to(opened.signer, notice.recipient):
                return _proof(notice, delivery, says)
        return ArrivedNote(code="notice.not-ours")


def _proof(notice: Notice, delivery: str, says: Says) -> ArrivedProof:
    detail = (("status", notice.status),) if re.fullmatch(r"[245](\.[0-9]{1,3}){2}", notice.status) else ()
    return ArrivedProof(delivery=delivery, kind=f"{notice.kind}-{says}", says=says, detail=detail)


def without_trace(raw: bytes) -> bytes:
    """The mail without the lines that each mail server on the way wrote above it."""
    found = _TRACE.match(raw)
    return raw[found.end() :] if found else raw


def _unproved(raw: bytes) -> str:
    """The code of a notice that is not signed: a mail server on the way that gave up, or somebody who says so."""
    try:
        return "notice.unproved" if is_notice(read_entity(raw)) else ""
    except MimeError:
        return ""


def _kept(raw: bytes, trouble: str) -> Arrival:
    return Arrival(channel="email", key=_digest(raw), raw=raw, media_type=MEDIA_TYPE, trouble=trouble)


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
