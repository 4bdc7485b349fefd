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
import struct
from collections.abc import Sequence
from functools import lru_cache

from adapters.email.cms.addressee import Addressee, enveloped, smime_type
from adapters.email.cms.signer import Signer

OUTER_SUBJECT = "Secure message"
_LINE = 76
_BLOCK = _LINE * 512


def sealed(message: bytes, addressing: str, signer: Signer, addressees: Sequence[Addressee], at: int) -> bytes:
    """The outer mail around `message`, ready for SMTP DATA except dot-stuffing.

    `message` is complete, with its headers, CRLF throughout; `addressing` are the From, To, Date and Message-ID lines
    of the outer mail; `at` is the signing time, microseconds. Raises `ValueError` if there is no addressee.
    """
    entity = signed(b"Content-Type: message/rfc822\r\n\r\n" + message, signer, at)
    head = (
        f"{addressing}"
        f"Subject: {OUTER_SUBJECT}\r\n"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: application/pkcs7-mime; smime-type={smime_type(addressees)}; name="smime.p7m"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="smime.p7m"\r\n\r\n'
    )
    return head.encode("ascii") + base64_lines(enveloped(entity, addressees))


def signed(entity: bytes, signer: Signer, at: int) -> bytes:
    """The multipart/signed entity over exactly these bytes."""
    boundary = b"=_signed"  # neither base64 nor quoted-printable can contain "=_"
    if b"--" + boundary in entity:  # 7bit content of others can, and so can a mail around another mail
        boundary = b"=_signed-" + binascii.hexlify(os.urandom(16))
    before, between, after = _around(signer.micalg, boundary)
    return b"".join((before, entity, between, base64_lines(signer.detached(entity, at)), after))


@lru_cache(maxsize=8)
def _around(micalg: str, boundary: bytes) -> tuple[bytes, bytes, bytes]:
    """What stands before the signed part, between it and the signature, and after that."""
    delimiter = b"--" + boundary
    before = (
        b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
        b" micalg=" + micalg.encode() + b'; boundary="' + boundary + b'"\r\n\r\n' + delimiter + b"\r\n"
    )
    between = (
        b"\r\n" + delimiter + b"\r\n"
        b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
    )
    return before, between, delimiter + b"--\r\n"


def base64_lines(content: bytes) -> bytes:
    """Base64 in lines of 76 characters, each ending CRLF."""
    text = binascii.b2a_base64(content, newline=False)
    if not text:
        return b""
    lines: list[bytes] = []
    for at in range(0, len(text), _BLOCK):
        lines += _cut(min(_BLOCK, len(text) - at)).unpack_from(text, at)
    return b"\r\n".join(lines) + b"\r\n"


@lru_cache(maxsize=64)
def _cut(size: int) -> struct.Struct:
    """Cuts so many characters into lines in one call: twice as fast as slicing each."""
    whole, rest = divmod(size, _LINE)
    return struct.Struct(f"{_LINE}s" * whole + (f"{rest}s" if rest else ""))
