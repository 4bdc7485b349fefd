"""Direct mail as other software writes it: CMS put together by hand, from the standards alone, byte for byte."""

import base64
import hashlib
import os
from collections.abc import Callable, Sequence

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.direct import MESSAGE, NOW, OUTER, Holder
from tests.unit.adapters.email.opening import CLINIC, HUB, HUB_EC

WRAPPED = b"Content-Type: message/rfc822\r\n\r\n" + MESSAGE
_HASHES = {"sha256": hashes.SHA256(), "sha512": hashes.SHA512(), "sha3_256": hashes.SHA3_256()}
Parts = list[bytes]
Key = Callable[[bytes], bytes]


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    long = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, size) if size < 0x80 else (tag, 0x80 | len(long), *long)) + content


def indefinite(tag: int, *parts: bytes) -> bytes:
    return bytes((tag, 0x80)) + b"".join(parts) + b"\0\0"


def oid(dotted: str) -> bytes:
    return core.ObjectIdentifier(dotted).dump()


def number(value: int) -> bytes:
    return core.Integer(value).dump()


DATA, SIGNED, ENVELOPED, AUTHENTICATED, COMPRESSED, TIME_STAMP = map(
    oid,
    (
        "1.2.840.113549.1.7.1",
        "1.2.840.113549.1.7.2",
        "1.2.840.113549.1.7.3",
        "1.2.840.113549.1.9.16.1.23",
        "1.2.840.113549.1.9.16.1.9",
        "1.2.840.113549.1.9.16.1.4",
    ),
)


def attribute(name: str, value: object) -> bytes:
    return cms.CMSAttribute({"type": name, "values": [value]}).dump()


def who(holder: Holder) -> bytes:
    parsed = asn1_x509.Certificate.load(holder.der)
    return cms.IssuerAndSerialNumber({"issuer": parsed.issuer, "serial_number": parsed.serial_number}).dump()


def key_id(holder: Holder) -> bytes:
    return asn1_x509.Certificate.load(holder.der).key_identifier


# Signing


def signer_info(
    content: bytes = WRAPPED,
    holder: Holder = CLINIC,
    digest: str = "sha256",
    *,
    extra: Sequence[bytes] = (),
    without: str = "",
    by_key: bool = False,
    kind: bytes = DATA,
    carried: Callable[[Parts], Parts] = lambda parts: parts,
    signed: Callable[[Parts], Parts] = lambda parts: parts,
    sign: Callable[[bytes], tuple[bytes, bytes]] | None = None,
) -> bytes:
    """SignerInfo; `carried` and `signed` say in which order the attributes go along, and are signed."""
    found = {
        "content_type": tlv(0x30, oid("1.2.840.113549.1.9.3"), tlv(0x31, kind)),
        "signing_time": attribute("signing_time", cms.Time({"utc_time": NOW})),
        "message_digest": attribute("message_digest", hashlib.new(digest, content).digest()),
    }
    attributes = sorted([*(each for name, each in found.items() if name != without), *extra])
    covered = tlv(0x31, *signed(attributes))
    algorithm, signature = (sign or (lambda text: _signature(holder, digest, text)))(covered)
    return tlv(
        0x30,
        number(3 if by_key else 1),
        tlv(0x80, key_id(holder)) if by_key else who(holder),
        algos.DigestAlgorithm({"algorithm": digest}).dump(),
        tlv(0xA0, *carried(attributes)),
        algorithm,
        tlv(0x04, signature),
    )


def _signature(holder: Holder, digest: str, text: bytes) -> tuple[bytes, bytes]:
    if isinstance(holder.key, rsa.RSAPrivateKey):
        scheme = tlv(0x30, oid("1.2.840.113549.1.1.1"), b"\5\0")
        return scheme, holder.key.sign(text, padding.PKCS1v15(), _HASHES[digest])
    scheme = cms.SignedDigestAlgorithm({"algorithm": f"{digest}_ecdsa"}).dump()
    return scheme, holder.key.sign(text, ec.ECDSA(_HASHES[digest]))


def signed_data(
    *infos: bytes, beside: Sequence[bytes] = (CLINIC.der,), content: bytes | None = None, kind: bytes = DATA
) -> bytes:
    """SignedData; `beside` are the certificates of the set, whatever choice each is."""
    digests = tlv(0x31, algos.DigestAlgorithm({"algorithm": "sha256"}).dump())
    inside = tlv(0x30, kind, *([tlv(0xA0, tlv(0x04, content))] if content is not None else []))
    body = tlv(0x30, number(1), digests, inside, tlv(0xA0, *beside) if beside else b"", tlv(0x31, *infos))
    return tlv(0x30, SIGNED, tlv(0xA0, body))


def clear(der: bytes, content: bytes = WRAPPED, micalg: str = "micalg=sha-256; ") -> bytes:
    """multipart/signed."""
    head = f'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; {micalg}boundary="b1"\r\n\r\n'
    tail = "Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    text = base64.encodebytes(der).replace(b"\n", b"\r\n")
    return b"".join((head.encode(), b"--b1\r\n", content, b"\r\n--b1\r\n", tail.encode(), text, b"--b1--\r\n"))


def entity(content: bytes = WRAPPED, micalg: str = "micalg=sha-256; ", **options) -> bytes:
    """A signed entity with one signer."""
    return clear(signed_data(signer_info(content, **options)), content, micalg)


def opaque(der: bytes) -> bytes:
    head = b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + base64.encodebytes(der)


# Encrypting


def transported(key: bytes, holder: Holder = HUB, *, by_key: bool = False) -> bytes:
    """KeyTransRecipientInfo, OAEP with SHA-1 by leaving everything out."""
    public = holder.certificate.public_key()
    sealed = public.encrypt(key, padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None))
    scheme = tlv(0x30, oid("1.2.840.113549.1.1.7"), tlv(0x30))
    meant = tlv(0x80, key_id(holder)) if by_key else who(holder)
    return tlv(0x30, number(2 if by_key else 0), meant, scheme, tlv(0x04, sealed))


def agreed(key: bytes, scheme: str, digest: hashes.HashAlgorithm, *, material: bytes = b"") -> bytes:
    """KeyAgreeRecipientInfo for the hub's EC certificate (RFC 5753), with NULL parameters as some write them."""
    ephemeral = ec.generate_private_key(HUB_EC.key.curve)
    wrap = tlv(0x30, oid("2.16.840.1.101.3.4.1.45"), b"\5\0")
    noted = tlv(0xA0, tlv(0x04, material)) if material else b""
    info = tlv(0x30, wrap, noted, tlv(0xA2, tlv(0x04, (256).to_bytes(4))))
    kek = X963KDF(digest, 32, info).derive(ephemeral.exchange(ec.ECDH(), HUB_EC.certificate.public_key()))
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    origin = tlv(0xA0, tlv(0xA1, tlv(0x30, oid("1.2.840.10045.2.1")), tlv(0x03, b"\0", point)))
    given = tlv(0xA1, tlv(0x04, material)) if material else b""
    sealed = tlv(0x30, tlv(0x30, tlv(0xA0, tlv(0x04, key_id(HUB_EC))), tlv(0x04, aes_key_wrap(kek, key))))
    return tlv(0xA1, number(3), origin, given, tlv(0x30, oid(scheme), wrap), sealed)


def enveloped(content: bytes, recipients: Key = transported, *, pieces: int = 0, inside: bytes = DATA) -> bytes:
    """EnvelopedData, AES-256-CBC; in `pieces` of so many bytes with every length indefinite, as streams are written."""
    key, vector = os.urandom(32), os.urandom(16)
    fill = 16 - len(content) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    text = encryptor.update(content + bytes([fill]) * fill)
    wrap = indefinite if pieces else tlv
    algorithm = tlv(0x30, oid("2.16.840.1.101.3.4.1.42"), tlv(0x04, vector))
    cut = [tlv(0x04, text[at : at + pieces]) for at in range(0, len(text), pieces or len(text))]
    sealed = wrap(0x30, inside, algorithm, indefinite(0xA0, *cut) if pieces else tlv(0x80, text))
    return wrap(0x30, ENVELOPED, wrap(0xA0, wrap(0x30, number(0), wrap(0x31, recipients(key)), sealed)))


def authenticated(content: bytes, tag: int, *, stated: bool = True, attributes: bytes = b"") -> bytes:
    """AuthEnvelopedData, AES-256-GCM with a tag of so many bytes, `stated` or left to the default of 12 (RFC 5084)."""
    key, nonce = os.urandom(32), os.urandom(12)
    encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(tlv(0x31, attributes) if attributes else b"")
    text = encryptor.update(content) + encryptor.finalize()
    parameters = tlv(0x30, tlv(0x04, nonce), number(tag) if stated else b"")
    sealed = tlv(0x30, DATA, tlv(0x30, oid("2.16.840.1.101.3.4.1.46"), parameters), tlv(0x80, text))
    covered = tlv(0xA1, attributes) if attributes else b""
    body = tlv(0x30, number(0), tlv(0x31, transported(key)), sealed, covered, tlv(0x04, encryptor.tag[:tag]))
    return tlv(0x30, AUTHENTICATED, tlv(0xA0, body))


def mail(
    der: bytes,
    content_type: str = "application/pkcs7-mime; smime-type=enveloped-data",
    encoding: str = "Content-Transfer-Encoding: base64\r\n",
    body: bytes | None = None,
) -> bytes:
    """The outer mail."""
    text = base64.encodebytes(der).replace(b"\n", b"\r\n") if body is None else body
    return f"{OUTER}Content-Type: {content_type}\r\n{encoding}\r\n".encode() + text


def broken_certificate() -> bytes:
    return tlv(0x30, tlv(0x30, number(1)), tlv(0x30), tlv(0x03, b"\0"))


def of_another_kind(key: object, issuer: Holder) -> Holder:
    """A certificate for a key that this mail does not use (EdDSA, DSA)."""
    name = [x509.NameAttribute(x509.NameOID.COMMON_NAME, "clinic.example")]
    builder = x509.CertificateBuilder().subject_name(x509.Name(name)).issuer_name(issuer.certificate.subject)
    builder = builder.public_key(key.public_key()).serial_number(77).not_valid_before(NOW).not_valid_after(NOW)
    return Holder(key, builder.sign(issuer.key, hashes.SHA256()))
