"""Puts a complete message under signature and encryption, layer by layer (Direct Applicability Statement, wrapped).

    outer mail, neutral headers ─ application/pkcs7-mime, enveloped
      └ multipart/signed
          ├ message/rfc822: the complete inner message
          └ application/pkcs7-signature, detached

Rules kept: MIME is written by hand, so that the signed bytes are the sent bytes (and `protocol` is the registered
name, ETT DTS 205); lines end CRLF and stay under 77 characters; the outer headers say nothing about a person or a
program (metadata-is-content).
"""

import binascii
import os
from collections.abc import Sequence
from functools import lru_cache

from adapters.email.cms.addressee import Addressee, enveloped, smime_type
from adapters.email.cms.signer import Signer
from adapters.email.transfer import base64_lines

OUTER_SUBJECT = "Secure message"


def sealed(message: bytes, addressing: str, signer: Signer, addressees: Sequence[Addressee], at: int) -> bytes:
    """The outer mail around `message`, ready for SMTP DATA except dot-stuffing.

    `message` is complete, with its headers, CRLF throughout; `addressing` are the From, To, Date and Message-ID lines
    of the outer mail; `at` is the signing time, microseconds. Raises `ValueError` if there is no addressee.
    """
    entity = signed(b"Content-Type: message/rfc822\r\n\r\n" + message, signer, at)
    envelope = base64_lines(enveloped(entity, addressees))
    return b"".join((addressing.encode("ascii"), _outer_head(smime_type(addressees)), envelope))


@lru_cache(maxsize=4)
def _outer_head(kind: str) -> bytes:
    """The headers of the outer mail after those that address it."""
    return (
        f"Subject: {OUTER_SUBJECT}\r\n"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: application/pkcs7-mime; smime-type={kind}; name="smime.p7m"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="smime.p7m"\r\n\r\n'
    ).encode("ascii")


def signed(entity: bytes, signer: Signer, at: int) -> bytes:
    """The multipart/signed entity over exactly these bytes."""
    boundary = b"=_signed-" + binascii.hexlify(os.urandom(16))  # which no content holds: nobody knew it before
    return b"".join(
        (
            _BEFORE[signer.micalg], boundary, b'"\r\n\r\n--', boundary, b"\r\n", entity,
            b"\r\n--", boundary, _BETWEEN, signer.detached(entity, at),
            b"--", boundary, b"--\r\n",
        )
    )  # fmt: skip


_BEFORE = {
    micalg: b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
    b" micalg=" + micalg.encode() + b'; boundary="'
    for micalg in ("sha256", "sha384", "sha512")
}
_BETWEEN = (
    b"\r\n"
    b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
    b"Content-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
)
