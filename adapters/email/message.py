"""Writes the mail that carries a parcel, layer by layer (Direct Applicability Statement, wrapped content).

    outer mail, neutral headers ─ application/pkcs7-mime, enveloped
      └ multipart/signed
          ├ message/rfc822: the complete inner mail
          │   └ multipart/mixed: cover text (notice and consent copy first, §2.32), then document-1.pdf, …
          └ application/pkcs7-signature, detached

Rules kept: MIME is written by hand, so that the signed bytes are the sent bytes; lines end CRLF and stay
under 77 characters; the outer headers say nothing about a person or a program (metadata-is-content); the
Message-ID derives from the delivery id alone.
"""

import binascii
import re
import struct
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import chain

from adapters.accompaniment import KIND_IN_WORDS, cover_text
from adapters.email.cms import Addressee, Signer
from hub.errors import Unrenderable
from hub.model import Document, Parcel

OUTER_SUBJECT = "Secure message"
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
_LINE = 76
_LINES = struct.Struct(f"{_LINE}s" * 64)  # cuts 64 lines in one call: twice as fast as slicing each


def write_mail(parcel: Parcel, sender: str, signer: Signer, addressee: Addressee, at: int) -> bytes:
    """The complete outer mail, ready for SMTP DATA except dot-stuffing, dated `at` microseconds.

    `sender` is the hub's own address. Raises `Unrenderable` for a document without a proper media type.
    """
    signed = _signed(_inner(parcel, sender, at), signer, at)
    kind = "authEnveloped-data" if addressee.authenticated else "enveloped-data"
    head = (
        f"{_addressing(parcel, sender, at)}"
        f"Subject: {OUTER_SUBJECT}\r\n"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: application/pkcs7-mime; smime-type={kind}; name="smime.p7m"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="smime.p7m"\r\n\r\n'
    )
    return head.encode("ascii") + _base64(addressee.enveloped(signed))


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


def _signed(entity: bytes, signer: Signer, at: int) -> bytes:
    boundary = b"=_signed"  # neither base64 nor quoted-printable can contain "=_"
    return b"\r\n".join(
        (
            b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";',
            b' micalg=sha256; boundary="' + boundary + b'"',
            b"",
            b"--" + boundary,
            entity,
            b"--" + boundary,
            b'Content-Type: application/pkcs7-signature; name="smime.p7s"',
            b"Content-Transfer-Encoding: base64",
            b'Content-Disposition: attachment; filename="smime.p7s"',
            b"",
            _base64(signer.detached(entity, at)) + b"--" + boundary + b"--",
            b"",
        )
    )


def _inner(parcel: Parcel, sender: str, at: int) -> bytes:
    head = (
        "Content-Type: message/rfc822\r\n\r\n"
        f"{_addressing(parcel, sender, at)}"
        f"Subject: {KIND_IN_WORDS[parcel.kind]}\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="=_packet"\r\n\r\n'
    )
    parts = [_cover(parcel), *(_attachment(n, document) for n, document in enumerate(parcel.documents, 1))]
    return head.encode("ascii") + b"".join(b"--=_packet\r\n" + part for part in parts) + b"--=_packet--\r\n"


def _cover(parcel: Parcel) -> bytes:
    text = binascii.b2a_qp(cover_text(parcel).encode(), istext=True)
    return (
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n"
        b"Content-Disposition: inline\r\n\r\n" + text.replace(b"\n", b"\r\n") + b"\r\n"
    )


def _attachment(number: int, document: Document) -> bytes:
    if not _MEDIA_TYPE.fullmatch(document.media_type):  # else a line break in it would write headers
        raise Unrenderable("A document's media type is not of the form type/subtype.")
    extension = _EXTENSIONS.get(document.media_type.partition(";")[0].strip().lower(), "bin")
    head = (
        f"Content-Type: {document.media_type}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="document-{number}.{extension}"\r\n\r\n'
    )
    return head.encode("ascii") + _base64(document.content)


def _base64(content: bytes) -> bytes:
    text = binascii.b2a_base64(content, newline=False)
    whole = len(text) - len(text) % _LINES.size
    lines = list(chain.from_iterable(_LINES.iter_unpack(memoryview(text)[:whole])))
    lines += [text[at : at + _LINE] for at in range(whole, len(text), _LINE)]
    return b"\r\n".join([*lines, b""])
