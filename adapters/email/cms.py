"""Writes CMS (RFC 5652) for secure mail: a detached signature, and content enveloped to one recipient.

Everything that depends on a key alone is encoded once by asn1crypto; per message only digests, times and
ciphertexts are new, and they are joined here as DER: an object tree per message costs more than the
cryptography (performance.md 5).

Rules kept: SHA-256; signed attributes always; AES-256; RSA-OAEP with SHA-256 unless the directory entry says
`pkcs1`; EnvelopedData with CBC unless it says `gcm` (AuthEnvelopedData, RFC 5083 and 5084).
"""

import hashlib
import os
from datetime import UTC, datetime

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding

SignerKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_AES_BLOCK = 16
_GCM_TAG = 16


def _tlv(tag: int, *parts: bytes) -> bytes:
    """One DER element: tag, definite length, the parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | octets)) + size.to_bytes(octets, "big") + content


def _sequence(*parts: bytes) -> bytes:
    return _tlv(0x30, *parts)


def _set(*parts: bytes) -> bytes:
    return _tlv(0x31, *sorted(parts))  # DER orders a SET OF by encoding


def _octets(content: bytes) -> bytes:
    return _tlv(0x04, content)


def _content(kind: str, content: bytes) -> bytes:
    return _sequence(_KINDS[kind], _tlv(0xA0, content))


def _attribute(name: str, value: bytes) -> bytes:
    return _sequence(_ATTRIBUTES[name], _set(value))


_KINDS = {
    kind: bytes(cms.ContentType(kind).dump())
    for kind in ("data", "signed_data", "enveloped_data", "authenticated_enveloped_data")
}
_ATTRIBUTES = {
    name: bytes(cms.CMSAttributeType(name).dump()) for name in ("content_type", "message_digest", "signing_time")
}
_INTEGER = tuple(bytes(core.Integer(number).dump()) for number in range(_GCM_TAG + 1))
_SHA256 = bytes(algos.DigestAlgorithm({"algorithm": "sha256"}).dump())
_CIPHERS = {name: bytes(algos.EncryptionAlgorithmId(name).dump()) for name in ("aes256_cbc", "aes256_gcm")}
_TYPE_IS_DATA = _attribute("content_type", _KINDS["data"])


def _issuer_and_serial(certificate: x509.Certificate) -> bytes:
    parsed = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    name = cms.IssuerAndSerialNumber({"issuer": parsed.issuer, "serial_number": parsed.serial_number})
    return bytes(name.dump())


class Signer:
    """A signing key with its certificate: ECDSA P-256 or RSA, three times slower."""

    def __init__(self, key: SignerKey, certificate: x509.Certificate) -> None:
        self.certificate = certificate
        self._key = key
        is_rsa = isinstance(key, rsa.RSAPrivateKey)
        algorithm = algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa" if is_rsa else "sha256_ecdsa"})
        self._algorithm = bytes(algorithm.dump())
        self._who = _issuer_and_serial(certificate)
        self._certificates = _tlv(0xA0, certificate.public_bytes(Encoding.DER))

    def detached(self, content: bytes, at: int) -> bytes:
        """SignedData over `content` without it (RFC 5652 §5), signing time `at` microseconds."""
        signed_at = _tlv(0x17, f"{datetime.fromtimestamp(at // 1_000_000, UTC):%y%m%d%H%M%SZ}".encode())
        attributes = _set(
            _TYPE_IS_DATA,
            _attribute("message_digest", _octets(hashlib.sha256(content).digest())),
            _attribute("signing_time", signed_at),
        )
        # Signed as a SET (tag 31), carried with an implicit tag A0 (RFC 5652 §5.4).
        carried = b"\xa0" + attributes[1:]
        signature = _octets(self._sign(attributes))
        info = _sequence(_INTEGER[1], self._who, _SHA256, carried, self._algorithm, signature)
        parts = (_INTEGER[1], _set(_SHA256), _sequence(_KINDS["data"]), self._certificates, _set(info))
        return _content("signed_data", _sequence(*parts))

    def _sign(self, attributes: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(attributes, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(attributes, ec.ECDSA(hashes.SHA256()))


class Addressee:
    """A recipient's RSA certificate and the forms its mail software reads: words among `gcm` and `pkcs1`."""

    def __init__(self, certificate: x509.Certificate, key: rsa.RSAPublicKey, form: str) -> None:
        self.certificate = certificate
        self.authenticated = "gcm" in form.split()
        pkcs1 = "pkcs1" in form.split()
        self._key = key
        self._padding: AsymmetricPadding = padding.PKCS1v15() if pkcs1 else OAEP
        self._who = _issuer_and_serial(certificate)
        self._algorithm = _key_transport("rsaes_pkcs1v15" if pkcs1 else "rsaes_oaep")

    def enveloped(self, content: bytes) -> bytes:
        """EnvelopedData or AuthEnvelopedData of `content` for this one recipient."""
        key = os.urandom(32)
        transport = (_INTEGER[0], self._who, self._algorithm, _octets(self._key.encrypt(key, self._padding)))
        head = (_INTEGER[0], _set(_sequence(*transport)))
        if self.authenticated:
            info, tag = _gcm(key, content)
            return _content("authenticated_enveloped_data", _sequence(*head, info, _octets(tag)))
        return _content("enveloped_data", _sequence(*head, _cbc(key, content)))


def _key_transport(name: str) -> bytes:
    if name == "rsaes_pkcs1v15":
        return bytes(cms.KeyEncryptionAlgorithm({"algorithm": name, "parameters": core.Null()}).dump())
    sha256 = {"algorithm": "sha256"}
    parameters = {
        "hash_algorithm": sha256,
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": sha256},
    }
    return bytes(cms.KeyEncryptionAlgorithm({"algorithm": name, "parameters": parameters}).dump())


def _cbc(key: bytes, content: bytes) -> bytes:
    vector = os.urandom(_AES_BLOCK)
    fill = _AES_BLOCK - len(content) % _AES_BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    sealed = encryptor.update(content + bytes((fill,)) * fill) + encryptor.finalize()
    return _sequence(_KINDS["data"], _sequence(_CIPHERS["aes256_cbc"], _octets(vector)), _tlv(0x80, sealed))


def _gcm(key: bytes, content: bytes) -> tuple[bytes, bytes]:
    nonce = os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, content, None)
    parameters = _sequence(_octets(nonce), _INTEGER[_GCM_TAG])
    algorithm = _sequence(_CIPHERS["aes256_gcm"], parameters)
    return _sequence(_KINDS["data"], algorithm, _tlv(0x80, sealed[:-_GCM_TAG])), sealed[-_GCM_TAG:]
