"""The two mails of a pick-up. INVARIANT: metadata-is-content: neither says who, what or from whom."""

import base64
from datetime import UTC, datetime
from email.utils import format_datetime

NOTICE = """\
A secure document is waiting for you.

Open this page to read it. It will send a code to this address first.
{link}

The page opens for {days} days. If you do not expect a document, delete this message.

Un documento seguro le espera. Abra la página de arriba para leerlo; primero enviará un código a esta dirección.
"""
CODE = """\
Your code: {code}

It works once, for ten minutes. Nobody will ever ask you for it by telephone.

Su código: {code}. Sirve una vez, durante diez minutos. Nadie se lo pedirá por teléfono.
"""


def notice(sender: str, recipient: str, message_id: str, link: str, days: int, at: int) -> bytes:
    """The complete mail that tells of something that waits; `at` in microseconds UTC."""
    return _mail(sender, recipient, message_id, "Secure message", NOTICE.format(link=link, days=days), at)


def code(sender: str, recipient: str, message_id: str, digits: str, at: int) -> bytes:
    """The complete mail that carries a one-time code."""
    return _mail(sender, recipient, message_id, "Your code", CODE.format(code=digits), at)


def _mail(sender: str, recipient: str, message_id: str, subject: str, text: str, at: int) -> bytes:
    head = (
        f"From: <{sender}>\r\n"
        f"To: <{recipient}>\r\n"
        f"Date: {format_datetime(datetime.fromtimestamp(at // 1_000_000, UTC))}\r\n"
        f"Message-ID: <{message_id}@{sender.rpartition('@')[2]}>\r\n"
        f"Subject: {subject}\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode("ascii") + base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")
