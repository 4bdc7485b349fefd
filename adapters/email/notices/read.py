"""Reads notifications: what they say about which mail, to which recipient, in one form for MDN and DSN.

Correlation (tolerant, in this order): Original-Message-ID in the report, In-Reply-To or References of the message,
X-Original-Message-ID in the report or the message, the Message-ID of what is returned (all that Postfix gives).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from adapters.email.mime import Entity, MimeError, read_entity, without_comments
from adapters.email.notices.build import FINAL_DESTINATION
from adapters.email.notices.fields import Fields, address_of, groups_of, message_id_of
from adapters.email.notices.form import DSN, MDN, is_notice, report_parts

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
_UNDONE = {"error", "failure", "failed"}
"""Modifiers after which a disposition did not come about, whatever it is (RFC 8098 §3.2.6.3)."""
_RETURNED = {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}


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


def _notices(message: Entity) -> Iterator[Notice]:
    if not is_notice(message):
        return
    parts = report_parts(message)
    stated = (*_referred(message), *map(_returned, parts))
    for part in parts:
        if part.media_type in MDN:
            yield _disposition(part, stated)
        elif part.media_type in DSN:
            yield from _delivery(part, stated)


def _disposition(part: Entity, stated: tuple[str, ...]) -> Notice:
    fields: Fields = {}
    for group in groups_of(part.decoded()):  # some systems put an empty line between the fields
        fields = {**group, **fields}
    return Notice(
        kind="mdn",
        said=_disposed(without_comments(fields.get("disposition", "")).lower()),
        message_id=_original(fields, stated),
        recipient=_recipient(fields),
        final=FINAL_DESTINATION.lower() in fields,
    )


def _disposed(value: str) -> Said:
    """`mode; type/modifier,modifier` as a word of ours."""
    kind, _, modifiers = value.rpartition(";")[2].partition("/")
    undone = any(each.partition(":")[0].strip() in _UNDONE for each in modifiers.split(","))
    return "failed" if undone else _DISPOSITIONS.get(kind.strip(), "unknown")


def _delivery(part: Entity, stated: tuple[str, ...]) -> Iterator[Notice]:
    groups = groups_of(part.decoded())
    whole = groups[0] if groups else {}
    for each in groups if "final-recipient" in whole else groups[1:]:
        yield Notice(
            kind="dsn",
            said=_ACTIONS.get(without_comments(each.get("action", "")).strip().lower(), "unknown"),
            message_id=_original({**each, **whole}, stated),
            recipient=_recipient(each),
            status=each.get("status", "").split(" ")[0],
        )


def _recipient(fields: Fields) -> str:
    named = (address_of(without_comments(fields.get(f"{which}-recipient", ""))) for which in ("final", "original"))
    return next(filter(None, named), "")


def _original(fields: Fields, stated: tuple[str, ...]) -> str:
    replied, *others = stated
    named = (fields.get("original-message-id", ""), replied, fields.get("x-original-message-id", ""), *others)
    return next(filter(None, (message_id_of(without_comments(each)) for each in named)), "")


def _referred(message: Entity) -> tuple[str, str]:
    """What the message says it answers, and what its X-Original-Message-ID says."""
    references = message.field("references").split()
    replied = message.field("in-reply-to").split(" ")[0] or (references[-1] if references else "")
    return replied, message.field("x-original-message-id")


def _returned(part: Entity) -> str:
    """The Message-ID of a mail that comes back in this part, whole or its headers; empty if none does."""
    if part.media_type not in _RETURNED:
        return ""
    try:
        return read_entity(part.decoded()).field("message-id")
    except MimeError:
        return ""
