"""Seals mail to its recipients' certificates: EnvelopedData (RFC 5652 §6) or AuthEnvelopedData (RFC 5083).

Rules kept: a fresh content key for each message; AES-256 unless a peer reads only AES-128; RSA-OAEP with SHA-256
unless the peer needs PKCS#1 v1.5; an EC certificate by key agreement (RFC 5753).
"""

import os
from collections.abc import Sequence
from typing import NamedTuple

from asn1crypto import algos, cms, core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.email.cms.agreement import agreed_recipient
from adapters.email.cms.der import (
    INTEGERS,
    KINDS,
    content_info,
    header,
    issuer_and_serial,
    octets,
    opening,
    sequence,
    set_of,
    tlv,
)

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
FORMS = ("gcm", "pkcs1", "aes128")
"""What a directory entry's `form` may say of the partner's mail software, words apart by spaces."""
_AES_BLOCK = 16
_GCM_TAG = 16


class Manner(NamedTuple):
    """How a mail is sealed: length of the content key, by GCM or CBC, and the version of EnvelopedData.

    The version is 2 where a key is agreed on (EC) rather than transported (RFC 5652 §6.1), and 0 else; as DER.
    """

    key_bytes: int
    authenticated: bool
    version: bytes


class Addressee:
    """A recipient's RSA or EC certificate and the forms its mail software reads: words among `FORMS`."""

    def __init__(self, certificate: x509.Certificate, form: str = "") -> None:
        self.certificate = certificate
        words = form.split()
        pkcs1 = "pkcs1" in words
        key = certificate.public_key()
        self._rsa = key if isinstance(key, rsa.RSAPublicKey) else None
        self._ec = key if isinstance(key, ec.EllipticCurvePublicKey) else None
        self.manner = Manner(
            key_bytes=16 if "aes128" in words else 32,
            authenticated="gcm" in words,
            version=INTEGERS[0 if self._ec is None else 2],
        )
        self._padding: AsymmetricPadding = padding.PKCS1v15() if pkcs1 else OAEP
        self._who = issuer_and_serial(certificate)
        algorithm = _key_transport("rsaes_pkcs1v15" if pkcs1 else "rsaes_oaep")
        self._transport = b"".join((INTEGERS[0], self._who, algorithm))
        self._before_key = b""

    def recipient_info(self, content_key: bytes) -> bytes:
        """The content key, for this certificate alone. Raises `TypeError` for a key that cannot receive one."""
        if self._ec is not None:
            return agreed_recipient(self._ec, self._who, content_key)
        if self._rsa is None:
            raise TypeError(self.certificate.public_key_algorithm_oid)
        sealed = self._rsa.encrypt(content_key, self._padding)
        if not self._before_key:  # as long as the modulus, always
            self._before_key = sequence(self._transport, octets(sealed)).removesuffix(sealed)
        return self._before_key + sealed


def enveloped(content: bytes, addressees: Sequence[Addressee]) -> bytes:
    """`content` for all of them, one RecipientInfo per certificate.

    Authenticated (GCM) or AES-256 only as far as every one of them reads it. Raises `ValueError` for none.
    """
    manner = _manner(addressees)
    key = os.urandom(manner.key_bytes)
    recipients = set_of(*[addressee.recipient_info(key) for addressee in addressees])
    if manner.authenticated:
        info, tag = _gcm(key, content)
        return content_info("authenticated_enveloped_data", sequence(INTEGERS[0], recipients, info, octets(tag)))
    algorithm, sealed = _cbc(key, content)
    size = len(sealed)
    before = opening(0x30, algorithm + header(0x80, size), size)
    before = opening(0x30, manner.version + recipients + before, size)
    before = opening(0xA0, before, size)
    return opening(0x30, KINDS["enveloped_data"] + before, size) + sealed


def smime_type(addressees: Sequence[Addressee]) -> str:
    """The `smime-type` parameter that goes with `enveloped`."""
    return "authEnveloped-data" if _manner(addressees).authenticated else "enveloped-data"


def _manner(addressees: Sequence[Addressee]) -> Manner:
    """What all of them read. Raises `ValueError` for none."""
    if len(addressees) == 1:
        return addressees[0].manner
    manners = [addressee.manner for addressee in addressees]
    return Manner(
        key_bytes=min(manner.key_bytes for manner in manners),
        authenticated=all(manner.authenticated for manner in manners),
        version=max(manner.version for manner in manners),
    )


def _key_transport(name: str) -> bytes:
    if name == "rsaes_pkcs1v15":
        return bytes(cms.KeyEncryptionAlgorithm({"algorithm": name, "parameters": core.Null()}).dump())
    sha256 = {"algorithm": "sha256"}
    parameters = {
        "hash_algorithm": sha256,
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": sha256},
    }
    return bytes(cms.KeyEncryptionAlgorithm({"algorithm": name, "parameters": parameters}).dump())


def _cbc(key: bytes, content: bytes) -> tuple[bytes, bytes]:
    """Content type and algorithm with its vector, and the ciphertext."""
    vector = os.urandom(_AES_BLOCK)
    fill = _AES_BLOCK - len(content) % _AES_BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    sealed = encryptor.update(content + bytes((fill,)) * fill) + encryptor.finalize()
    return _CBC_BEFORE[len(key)] + vector, sealed


def _gcm(key: bytes, content: bytes) -> tuple[bytes, bytes]:
    nonce = os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, content, None)
    algorithm = sequence(_CIPHERS["gcm", len(key)], sequence(octets(nonce), INTEGERS[_GCM_TAG]))
    return sequence(KINDS["data"], algorithm, tlv(0x80, sealed[:-_GCM_TAG])), sealed[-_GCM_TAG:]


_CIPHERS = {
    (mode, size): bytes(algos.EncryptionAlgorithmId(f"aes{size * 8}_{mode}").dump())
    for mode in ("cbc", "gcm")
    for size in (16, 32)
}
_CBC_BEFORE = {
    size: KINDS["data"] + sequence(_CIPHERS["cbc", size], octets(bytes(_AES_BLOCK)))[:-_AES_BLOCK] for size in (16, 32)
}
"""All that stands before the vector."""
