"""Writes the message that carries a parcel, and seals it (`layers`).

    multipart/mixed: cover text (notice and consent copy first, §2.32), then document-1.pdf, …

The endpoint's `form` may say `context` (a Direct Context beside the cover), `xdm` (the documents as one package),
`360x` (both, and in the package the v2 message of a closed loop referral), `dispatched` (its software tells of the
final delivery) and `no-mdn` (it tells of nothing, so nothing is asked).

Rules kept: the Message-ID derives from the delivery id alone; documents have neutral names; a media type cannot write
a header.
"""

import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

from adapters.accompaniment import KIND_IN_WORDS, cover_text
from adapters.email.cms.addressee import Addressee
from adapters.email.cms.signer import Signer
from adapters.email.context.write import context_header, context_part
from adapters.email.layers import sealed
from adapters.email.notices.build import FINAL_DESTINATION
from adapters.email.packed import Enclosed, context_of, package_of
from adapters.email.transfer import base64_lines
from hub.errors import Unrenderable
from hub.model import Document, Parcel

_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+(; ?charset=[a-z0-9-]+)?", re.IGNORECASE)
_EXTENSIONS = {
    "application/pdf": "pdf",
    "application/fhir+json": "json",
    "application/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "text/plain": "txt",
    "text/html": "html",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
}


Loop = Callable[[Parcel, str], Enclosed | None]
"""The v2 message of a closed loop referral, its answers to the address; none for a parcel that is none."""


def write_mail(
    parcel: Parcel, sender: str, signer: Signer, addressee: Addressee, at: int, loop: Loop = lambda _p, _s: None
) -> bytes:
    """The complete outer mail, ready for SMTP DATA except dot-stuffing, dated `at` microseconds.

    `sender` is the hub's own address. Raises `Unrenderable` for a document without a proper media type.
    """
    return sealed(_inner(parcel, sender, at, loop), _addressing(parcel, sender, at), signer, (addressee,), at)


def message_id(parcel: Parcel, sender: str) -> str:
    """The Message-ID of a delivery, without angle brackets."""
    return f"{parcel.delivery}@{sender.rpartition('@')[2]}"


def _addressing(parcel: Parcel, sender: str, at: int) -> str:
    return (
        f"From: <{sender}>\r\n"
        f"To: <{parcel.endpoint.address}>\r\n"
        f"Date: {format_datetime(datetime.fromtimestamp(at // 1_000_000, UTC))}\r\n"
        f"Message-ID: <{message_id(parcel, sender)}>\r\n"
    )


def _inner(parcel: Parcel, sender: str, at: int, loop: Loop) -> bytes:
    form = parcel.endpoint.form.split()
    enclosed = loop(parcel, sender) if "360x" in form else None
    context = context_of(parcel) if "context" in form or enclosed else None
    head = (
        f"{_addressing(parcel, sender, at)}"
        f"{_asked(form, sender)}"
        f"{context_header(context, _domain(sender)) if context else ''}"
        f"Subject: {KIND_IN_WORDS[parcel.kind]}\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="=_packet"\r\n\r\n'
    )
    parts = [_cover(parcel)]
    if context is not None:
        parts.append(context_part(context, _domain(sender)) + b"\r\n")
    if parcel.documents and ("xdm" in form or enclosed):
        for document in parcel.documents:
            _require_media_type(document)
        parts.append(_package(package_of(parcel, sender, enclosed)))
    else:
        parts += [_attachment(n, document) for n, document in enumerate(parcel.documents, 1)]
    return head.encode("ascii") + b"".join(b"--=_packet\r\n" + part for part in parts) + b"--=_packet--\r\n"


def _asked(form: list[str], sender: str) -> str:
    """The lines that ask for notices (RFC 8098 §2; Delivery Notification in Direct)."""
    if "no-mdn" in form:
        return ""
    options = f"Disposition-Notification-Options: {FINAL_DESTINATION}=optional,true\r\n" if "dispatched" in form else ""
    return f"Disposition-Notification-To: <{sender}>\r\n{options}"


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2]


def _package(content: bytes) -> bytes:
    head = (
        "Content-Type: application/zip\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="documents.zip"\r\n\r\n'
    )
    return head.encode("ascii") + base64_lines(content)


def _cover(parcel: Parcel) -> bytes:
    text = binascii.b2a_qp(cover_text(parcel).encode(), istext=True)
    return (
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n"
        b"Content-Disposition: inline\r\n\r\n" + text.replace(b"\n", b"\r\n") + b"\r\n"
    )


def extension_of(media_type: str) -> str:
    """The ending of a file of this type; `bin` for what has none."""
    return _EXTENSIONS.get(media_type.partition(";")[0].strip().lower(), "bin")


def _attachment(number: int, document: Document) -> bytes:
    _require_media_type(document)
    extension = extension_of(document.media_type)
    head = (
        f"Content-Type: {document.media_type}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="document-{number}.{extension}"\r\n\r\n'
    )
    return head.encode("ascii") + base64_lines(document.content)


def _require_media_type(document: Document) -> None:
    if not _MEDIA_TYPE.fullmatch(document.media_type):  # else a line break in it would write headers
        raise Unrenderable("A document's media type is not of the form type/subtype.")
