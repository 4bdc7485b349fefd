"""Opens the CMS envelope of a mail (RFC 5652 §6, RFC 5083) with the keys at hand.

Rules kept: OAEP (SHA-1 to SHA-512), PKCS#1 v1.5 and EC key agreement; AES-128/192/256 in CBC or GCM. Another cipher is
`weak-cipher`, and other recipients `not-for-this-key`, both told from the outside before a key is used; every other
failure is the same `cannot-open`, so that no answer serves as a decryption oracle (Bleichenbacher, Vaudenay).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from adapters.email.cms.agreement import agreed_key
from adapters.email.cms.der import asn1_certificate
from adapters.email.cms.identifiers import Meant
from adapters.email.reasons import NotAccepted, refuse

_SIZES = {f"aes{bits}_{mode}": bits // 8 for bits in (128, 192, 256) for mode in ("cbc", "gcm")}
_GCM_TAGS = range(12, 17)
"""Bytes (RFC 5084 §3.2, SP 800-38D §5.2.1.2): a shorter tag can be guessed."""
_VERSIONS = {"v0", "v2", "v3", "v4"}
_TRANSPORT_VERSIONS, _AGREEMENT_VERSION = {"v0", "v2"}, "v3"
_TRIED_AT_MOST = 64
"""Recipient entries that a key is tried on: a mail to thousands of them must not cost thousands of decryptions."""
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - the hash of an OAEP mask needs no collision resistance (RFC 8017 B.1)
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """A private key of the recipient's; without its certificate it is tried on every recipient entry."""

    key: PrivateKey
    certificate: x509.Certificate | None = None


def open_envelope(info: cms.ContentInfo, keys: Sequence[OpeningKey]) -> tuple[bytes, OpeningKey]:
    """The entity inside an EnvelopedData or AuthEnvelopedData, and the key that opened it.

    Whether that key is strong is the caller's question. Raises `NotAccepted`, see the module.
    """
    try:
        sealed = _Sealed.of(info)
        offered = [*_offered(info["content"]["recipient_infos"])]
    except NotAccepted:
        raise
    except Exception:  # noqa: BLE001 - fed hostile bytes, the parser raises errors of many families
        refuse("cannot-open")
    if not keys:
        refuse("no-key")
    meant = [(recipient, own) for own in keys for recipient in offered if recipient.is_for(own)]
    if not meant:
        refuse("not-for-this-key")
    for recipient, own in meant[:_TRIED_AT_MOST]:
        try:
            return sealed.opened(recipient.content_key(own.key, sealed.key_bytes)), own
        except Exception:  # noqa: BLE001, S112 - as above; another entry may open
            continue
    raise NotAccepted("cannot-open")


@dataclass(frozen=True, slots=True)
class _Recipient:
    """One entry: the certificate it means, and what seals the content key."""

    meant: Meant
    info: Any
    encrypted_key: bytes
    agreed: bool

    def is_for(self, own: OpeningKey) -> bool:
        if isinstance(own.key, ec.EllipticCurvePrivateKey) is not self.agreed:
            return False
        return own.certificate is None or self.meant.is_of(asn1_certificate(own.certificate))

    def content_key(self, key: PrivateKey, size: int) -> bytes:
        if isinstance(key, ec.EllipticCurvePrivateKey):
            found = agreed_key(self.info, self.encrypted_key, key)
        else:
            found = key.decrypt(self.encrypted_key, _padding(self.info["key_encryption_algorithm"]))
        if len(found) != size:
            raise ValueError(len(found))
        return found


def _offered(infos: Any) -> Iterator[_Recipient]:
    for choice in infos:
        info = choice.chosen
        if choice.name == "ktri":
            if info["version"].native not in _TRANSPORT_VERSIONS:
                raise ValueError(info["version"].native)
            yield _Recipient(Meant.by(info["rid"]), info, info["encrypted_key"].native, agreed=False)
        elif choice.name == "kari":
            if info["version"].native != _AGREEMENT_VERSION:
                raise ValueError(info["version"].native)
            for one in info["recipient_encrypted_keys"]:
                yield _Recipient(Meant.by(one["rid"]), info, one["encrypted_key"].native, agreed=True)


def _padding(algorithm: Any) -> AsymmetricPadding:
    if algorithm["algorithm"].native == "rsaes_pkcs1v15":
        return padding.PKCS1v15()
    parameters = algorithm["parameters"]
    digest = _HASHES[parameters["hash_algorithm"]["algorithm"].native]
    mask = _HASHES[parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native]
    return padding.OAEP(padding.MGF1(mask), digest, None)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """The content as sealed: cipher, its nonce or initialization vector, and the tag if authenticated."""

    key_bytes: int
    vector: bytes
    ciphertext: bytes
    tag: bytes | None
    covered: bytes
    """What the tag covers beside the content: the authenticated attributes (RFC 5083 §2.2)."""

    @classmethod
    def of(cls, info: cms.ContentInfo) -> "_Sealed":
        content = info["content"]
        authenticated = info["content_type"].native == "authenticated_enveloped_data"
        sealed = content["auth_encrypted_content_info" if authenticated else "encrypted_content_info"]
        algorithm = sealed["content_encryption_algorithm"]
        name = algorithm["algorithm"].native
        if name not in _SIZES or name.endswith("gcm") is not authenticated:
            refuse("weak-cipher")
        parameters, ciphertext = algorithm["parameters"].native, sealed["encrypted_content"].native
        if content["version"].native not in _VERSIONS or sealed["content_type"].native != "data":
            raise ValueError(content["version"].native)
        if not authenticated:
            return cls(_SIZES[name], parameters, ciphertext, None, b"")
        tag, attributes = content["mac"].native, content["auth_attrs"]
        if len(tag) not in _GCM_TAGS or len(tag) != parameters.get("1", _GCM_TAGS[0]):
            raise ValueError(len(tag))
        covered = attributes.untag().dump(force=True) if attributes else b""
        return cls(_SIZES[name], parameters["0"], ciphertext, tag, covered)

    def opened(self, key: bytes) -> bytes:
        if self.tag is None:
            cipher = Cipher(algorithms.AES(key), modes.CBC(self.vector)).decryptor()
            unpadder = PKCS7(128).unpadder()
            return unpadder.update(cipher.update(self.ciphertext) + cipher.finalize()) + unpadder.finalize()
        opener = Cipher(algorithms.AES(key), modes.GCM(self.vector, self.tag, _GCM_TAGS[0])).decryptor()
        opener.authenticate_additional_data(self.covered)
        return opener.update(self.ciphertext) + opener.finalize()
