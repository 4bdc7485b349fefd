"""Writes DER: an object tree per message costs more than its cryptography (performance.md 5)."""

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.errors import IntegrityFailed


def header(tag: int, size: int) -> bytes:
    """What stands before `size` bytes of content: the tag and a definite length."""
    if size < 0x80:
        return bytes((tag, size))
    if size < 0x100:
        return bytes((tag, 0x81, size))
    if size < 0x10000:
        return bytes((tag, 0x82, size >> 8, size & 0xFF))
    octets_of_size = (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | octets_of_size)) + size.to_bytes(octets_of_size)


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER element: tag, definite length, the parts."""
    content = b"".join(parts)
    return header(tag, len(content)) + content


def opening(tag: int, before: bytes, size: int) -> bytes:
    """An element of which `before` and `size` bytes more are the content, as far as `before`.

    Put around content from the inside out, so that what is large is not copied at each layer.
    """
    return header(tag, len(before) + size) + before


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    return tlv(0x31, *(sorted(parts) if len(parts) > 1 else parts))  # DER orders a SET OF by encoding


def octets(content: bytes) -> bytes:
    return tlv(0x04, content)


def content_info(kind: str, content: bytes) -> bytes:
    """ContentInfo of a kind in `KINDS`."""
    return sequence(KINDS[kind], tlv(0xA0, content))


KINDS = {
    kind: bytes(cms.ContentType(kind).dump())
    for kind in ("data", "signed_data", "enveloped_data", "authenticated_enveloped_data")
}
INTEGERS = tuple(bytes(core.Integer(number).dump()) for number in range(17))


def issuer_and_serial(certificate: x509.Certificate) -> bytes:
    """Which certificate is meant, as IssuerAndSerialNumber."""
    parsed = asn1_certificate(certificate)
    name = cms.IssuerAndSerialNumber({"issuer": parsed.issuer, "serial_number": parsed.serial_number})
    return bytes(name.dump())


def asn1_certificate(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """The same certificate, as asn1crypto reads it. Raises `IntegrityFailed` where the two readers disagree."""
    try:
        parsed: asn1_x509.Certificate = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    except ValueError:
        raise IntegrityFailed("The certificate is not readable.", code="unreadable") from None
    return parsed
