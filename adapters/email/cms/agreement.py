"""Key agreement with an EC certificate: ECDH, the X9.63 function, AES key wrap (RFC 5753 §3.1, §7.2).

Written with SHA-256 and AES-256 wrap; read with each digest and size of wrap, and as cofactor agreement, which is the
same on curves of cofactor 1.
"""

from typing import Any

from asn1crypto import algos, cms, core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.email.cms.der import INTEGERS, octets, sequence, tlv

_SCHEMES: dict[str, hashes.HashAlgorithm] = {
    f"1.3.132.1.{cofactor}.{number}": digest
    for cofactor in (11, 14)
    for number, digest in enumerate((hashes.SHA224(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()))
}
"""dhSinglePass-stdDH and -cofactorDH, each with its digest."""
for _older in ("1.3.133.16.840.63.0.2", "1.3.133.16.840.63.0.3"):
    _SCHEMES[_older] = hashes.SHA1()  # noqa: S303 - a key derivation, the default of older OpenSSL
_WRAPS = {"aes128_wrap": 16, "aes192_wrap": 24, "aes256_wrap": 32}
_AES256_WRAP = bytes(algos.EncryptionAlgorithm({"algorithm": "2.16.840.1.101.3.4.1.45"}).dump())
_STANDARD_SHA256 = bytes(core.ObjectIdentifier("1.3.132.1.11.1").dump())
_EC_PUBLIC_KEY = bytes(core.ObjectIdentifier("1.2.840.10045.2.1").dump())


def agreed_recipient(key: ec.EllipticCurvePublicKey, who: bytes, content_key: bytes) -> bytes:
    """KeyAgreeRecipientInfo for `who` (IssuerAndSerialNumber), with an ephemeral key of its own."""
    ephemeral = ec.generate_private_key(key.curve)
    wrapping = _derived(hashes.SHA256(), ephemeral.exchange(ec.ECDH(), key), _AES256_WRAP, 32, None)
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    # Absent curve parameters: the recipient's own curve is meant (RFC 5753 §7.1.2).
    originator = tlv(0xA0, tlv(0xA1, sequence(_EC_PUBLIC_KEY), tlv(0x03, b"\0", point)))
    sealed = sequence(who, octets(aes_key_wrap(wrapping, content_key)))
    return tlv(0xA1, INTEGERS[3], originator, sequence(_STANDARD_SHA256, _AES256_WRAP), sequence(sealed))


def agreed_key(info: Any, encrypted_key: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """The content key in a KeyAgreeRecipientInfo, from asn1crypto. Raises whatever the primitives raise."""
    algorithm = info["key_encryption_algorithm"]
    digest = _SCHEMES[algorithm["algorithm"].dotted]
    wrap = cms.KeyEncryptionAlgorithm.load(algorithm["parameters"].dump())
    size = _WRAPS[wrap["algorithm"].native]
    point = bytes(info["originator"].chosen["public_key"])
    peer = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, point)
    material = info["ukm"].native
    wrapping = _derived(digest, key.exchange(ec.ECDH(), peer), wrap.dump(), size, material)
    return aes_key_unwrap(wrapping, encrypted_key)


def _derived(digest: hashes.HashAlgorithm, secret: bytes, wrap: bytes, size: int, material: bytes | None) -> bytes:
    parts = [wrap, *([tlv(0xA0, octets(material))] if material else [])]
    shared = sequence(*parts, tlv(0xA2, octets((size * 8).to_bytes(4, "big"))))  # ECC-CMS-SharedInfo
    return X963KDF(digest, size, shared).derive(secret)
