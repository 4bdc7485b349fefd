"""Builds notifications: the complete message, to be signed and encrypted like any other (`layers.sealed`).

Rules kept: two parts and no third, so that nothing of the original comes back (ETT DTS 452-466); fixed words that say
nothing about a person; never a notification about a notification (`answers`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from adapters.email.mime import Entity
from adapters.email.notices.fields import one_line
from adapters.email.notices.form import is_notice

FINAL_DESTINATION = "X-DIRECT-FINAL-DESTINATION-DELIVERY"
_TEXTS = {
    "processed": "Your message was received, opened and verified by this system.",
    "dispatched": "Your message was delivered to its final destination.",
    "failed": "Your message could not be delivered.",
}
_AGENT = "Part2 Hub"


@dataclass(frozen=True, slots=True)
class About:
    """The mail that a notification is about, as its protected headers say; and who answers.

    `recipient` is the address of ours the mail came to, `sender` the one it came from. `message_id` is without angle
    brackets. `notice_id` is the notification's own Message-ID; `at` is microseconds.
    """

    message_id: str
    sender: str
    recipient: str
    notice_id: str
    at: int


def answers(message: Entity, sender: str) -> bool:
    """Whether a message may be answered with a notification at all.

    Not if it is a notification itself, however it says so: two systems would answer each other for ever (RFC 8098
    §2.1).
    """
    if is_notice(message):
        return False
    automatic = message.field("auto-submitted").lower()
    local = sender.rpartition("@")[0].lower()
    return automatic in {"", "no"} and bool(message.field("message-id")) and local not in {"", "mailer-daemon"}


def asks_for_delivery(message: Entity) -> bool:
    """Whether the sender asked to be told of the delivery to the final destination (`dispatched`, or a failure)."""
    asked = message.field("disposition-notification-options").lower()
    for option in asked.split(";"):
        name, _, value = option.partition("=")
        if name.strip().upper() == FINAL_DESTINATION:
            return value.rpartition(",")[2].strip() == "true"
    return False


def disposition(about: About, kind: str) -> bytes:
    """An MDN: `processed`, `dispatched` or `failed` (RFC 8098; Direct §3). Raises `KeyError` for another kind."""
    words = _TEXTS[kind]
    recipient, domain = one_line(about.recipient), about.recipient.rpartition("@")[2]
    lines = [
        f"Reporting-UA: {one_line(domain)}; {_AGENT}",
        f"Original-Recipient: rfc822; {recipient}",
        f"Final-Recipient: rfc822; {recipient}",
        f"Original-Message-ID: <{one_line(about.message_id)}>",
        *([f"{FINAL_DESTINATION}:"] if kind == "dispatched" else []),
        f"Disposition: automatic-action/MDN-sent-automatically;{kind}",
    ]
    return _head(about, f"Message {kind}") + _parts(words, lines)


def addressing(about: About) -> str:
    """The From, To, Date and Message-ID lines, also for the outer mail."""
    date = format_datetime(datetime.fromtimestamp(about.at // 1_000_000, UTC))
    return (
        f"From: <{one_line(about.recipient)}>\r\nTo: <{one_line(about.sender)}>\r\n"
        f"Date: {date}\r\nMessage-ID: <{one_line(about.notice_id)}>\r\n"
    )


def _head(about: About, subject: str) -> bytes:
    lines = (
        f"{addressing(about)}Subject: {subject}\r\n"
        f"In-Reply-To: <{one_line(about.message_id)}>\r\n"
        "Auto-Submitted: auto-replied\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="=_report"\r\n\r\n'
    )
    return lines.encode("ascii")


def _parts(words: str, lines: list[str]) -> bytes:
    text = "\r\n".join(lines)
    return (
        f"--=_report\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n{words}\r\n"
        f"--=_report\r\nContent-Type: message/disposition-notification\r\n\r\n{text}\r\n\r\n"
        "--=_report--\r\n"
    ).encode("ascii")
