"""Direct mail between an invented clinic and the hub, whole or spoiled, for the tests beside this file."""

import asyncio
import base64
import binascii

from adapters.email.cms.addressee import Addressee, enveloped
from adapters.email.cms.signer import Signer
from adapters.email.layers import sealed, signed
from adapters.email.open import Opened, Refused, open_message
from adapters.email.transfer import base64_lines
from adapters.email.trust.trust import Trust
from tests.direct import AT, MESSAGE, OUTER, Holder, authority, rsa_holder

ROOT = authority()
CLINIC = ROOT.issue("clinic.example")
HUB = rsa_holder("hub.example", ROOT)
HUB_EC = ROOT.issue("hub.example")
TRUST = Trust((ROOT.certificate,))


def signer(holder: Holder = CLINIC, **options) -> Signer:
    return Signer(holder.key, holder.certificate, **options)


def mail(
    holder: Holder = CLINIC, recipient: Holder = HUB, form: str = "", message: bytes = MESSAGE, **options
) -> bytes:
    return sealed(message, OUTER, signer(holder, **options), [Addressee(recipient.certificate, form)], AT)


def around(
    entity: bytes, recipient: Holder = HUB, form: str = "", content_type: str = "application/pkcs7-mime"
) -> bytes:
    """Any entity, encrypted as mail."""
    head = f"{OUTER}Content-Type: {content_type}; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + base64_lines(enveloped(entity, [Addressee(recipient.certificate, form)]))


def signed_entity(holder: Holder = CLINIC, message: bytes = MESSAGE, **options) -> bytes:
    return signed(b"Content-Type: message/rfc822\r\n\r\n" + message, signer(holder, **options), AT)


def signature_in(entity: bytes) -> bytes:
    return base64.b64decode(entity.partition(b'filename="smime.p7s"\r\n\r\n')[2].partition(b"\r\n--")[0])


def with_signature(entity: bytes, der: bytes) -> bytes:
    head, marker, tail = entity.partition(b'filename="smime.p7s"\r\n\r\n')
    return head + marker + binascii.b2a_base64(der).rstrip() + b"\r\n--" + tail.partition(b"\r\n--")[2]


def read(raw: bytes, keys=(HUB,), trust: Trust = TRUST, at: int = AT, **options) -> Opened | Refused:
    return asyncio.run(open_message(raw, [key.opening for key in keys], trust, at, **options))


def opened(raw: bytes, **options) -> Opened:
    found = read(raw, **options)
    assert isinstance(found, Opened), found
    return found


def reason(raw: bytes, **options) -> str:
    found = read(raw, **options)
    assert isinstance(found, Refused), found
    return found.code
