"""Reads notifications: what they say about which mail, to which recipient, in one form for MDN and DSN.

Correlation (tolerant, in this order): Original-Message-ID in the report, In-Reply-To or References of the message,
X-Original-Message-ID in the report or the message.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from adapters.email.mime import Entity, MimeError, parts_of, read_part
from adapters.email.notices.build import FINAL_DESTINATION
from adapters.email.notices.fields import Fields, address_of, groups_of, message_id_of

Said = Literal["processed", "dispatched", "displayed", "delivered", "delayed", "failed", "unknown"]
_DISPOSITIONS: dict[str, Said] = {
    "processed": "processed",
    "dispatched": "dispatched",
    "displayed": "displayed",
    "failed": "failed",
    "denied": "failed",
    "deleted": "failed",
}
_ACTIONS: dict[str, Said] = {
    "failed": "failed",
    "delivered": "delivered",
    "relayed": "unknown",
    "expanded": "unknown",
    "delayed": "delayed",
}
_MDN, _DSN = "message/disposition-notification", "message/delivery-status"


@dataclass(frozen=True, slots=True)
class Notice:
    """One statement about one recipient of one mail.

    `message_id` is without angle brackets, empty if the notification does not say which mail it is about; `recipient`
    is in lower case, empty if not stated. `final` says that `dispatched` speaks of the final destination. `status` is a
    DSN's, as `5.1.1`. None of it is proof by itself: the notification must have been signed by the recipient's domain.
    """

    kind: Literal["mdn", "dsn"]
    said: Said
    message_id: str
    recipient: str
    final: bool = False
    status: str = ""


def read_notices(message: Entity) -> list[Notice]:
    """What a message says as a notification, one per recipient; empty if it is none. Never raises."""
    try:
        return list(_notices(message))
    except (MimeError, ValueError):
        return []


def is_notice(message: Entity) -> bool:
    """Whether the message is a notification by its form, even one that says nothing understood."""
    report = message.parameter("report-type").lower()
    return message.media_type in {_MDN, _DSN} or (
        message.media_type == "multipart/report" and report in {"disposition-notification", "delivery-status"}
    )


def _notices(message: Entity) -> Iterator[Notice]:
    if not is_notice(message):
        return
    parts = [message] if message.media_type in {_MDN, _DSN} else [*map(read_part, parts_of(message))]
    for part in parts:
        if part.media_type == _MDN:
            yield from _disposition(part, message)
        elif part.media_type == _DSN:
            yield from _delivery(part, message)


def _disposition(part: Entity, message: Entity) -> Iterator[Notice]:
    fields: Fields = {}
    for group in groups_of(part.decoded()):  # some systems put an empty line between the fields
        fields = {**group, **fields}
    recipient = address_of(fields.get("final-recipient", "")) or address_of(fields.get("original-recipient", ""))
    said = fields.get("disposition", "").rpartition(";")[2].partition("/")
    yield Notice(
        kind="mdn",
        said=_DISPOSITIONS.get(said[0].strip().lower(), "unknown"),
        message_id=_original(fields, message),
        recipient=recipient,
        final=FINAL_DESTINATION.lower() in fields,
    )


def _delivery(part: Entity, message: Entity) -> Iterator[Notice]:
    groups = groups_of(part.decoded())
    whole = groups[0] if groups else {}
    for each in groups if "final-recipient" in whole else groups[1:]:
        yield Notice(
            kind="dsn",
            said=_ACTIONS.get(each.get("action", "").lower(), "unknown"),
            message_id=_original({**each, **whole}, message),
            recipient=address_of(each.get("final-recipient", "")) or address_of(each.get("original-recipient", "")),
            status=each.get("status", "").split(" ")[0],
        )


def _original(fields: Fields, message: Entity) -> str:
    references = message.field("references").split()
    stated = (
        fields.get("original-message-id", ""),
        message.field("in-reply-to").split(" ")[0],
        references[-1] if references else "",
        fields.get("x-original-message-id", ""),
        message.field("x-original-message-id"),
    )
    return next((message_id_of(each) for each in stated if message_id_of(each)), "")
