"""Writes DER: an object tree per message costs more than its cryptography (performance.md 5)."""

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.errors import IntegrityFailed


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER element: tag, definite length, the parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | octets)) + size.to_bytes(octets, "big") + content


def nested(layers: tuple[tuple[int, bytes], ...], *content: bytes) -> bytes:
    """Elements inside one another, outermost first, each with what stands in it before the next; one copy of all."""
    size = sum(map(len, content))
    parts: list[bytes] = list(reversed(content))
    for tag, before in reversed(layers):
        size += len(before)
        octets_of_size = (size.bit_length() + 7) // 8
        head = (
            bytes((tag, size)) if size < 0x80 else bytes((tag, 0x80 | octets_of_size)) + size.to_bytes(octets_of_size)
        )
        parts += (before, head)
        size += len(head)
    parts.reverse()
    return b"".join(parts)


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    return tlv(0x31, *sorted(parts))  # DER orders a SET OF by encoding


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
