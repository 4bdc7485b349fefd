"""Decrypts the CMS envelope of a mail (RFC 5652 §6, RFC 5083) with one RSA key.

Rules kept: OAEP (SHA-1 to SHA-512) and PKCS#1 v1.5 key transport, AES-128/192/256 in CBC or GCM, BER or DER.
Another cipher is `mail-weak-cipher`, told from the outside before the key is used; every other failure is the
same `mail-cannot-open`, so that no answer serves as a decryption oracle (Bleichenbacher, Vaudenay).
"""

from typing import Any

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding

from hub.errors import IntegrityFailed

_CBC = {"aes128_cbc", "aes192_cbc", "aes256_cbc"}
_GCM = {"aes128_gcm", "aes192_gcm", "aes256_gcm"}
_GCM_TAG = 16
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303  the hash of an OAEP mask needs no collision resistance (RFC 8017 B.1)
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def decrypt(envelope: bytes, key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> bytes:
    """The entity inside. Raises `IntegrityFailed` (`mail-weak-cipher`, `mail-cannot-open`)."""
    try:
        info = cms.ContentInfo.load(envelope)
        content = info["content"]
        authenticated = info["content_type"].native == "authenticated_enveloped_data"
        sealed = content["auth_encrypted_content_info" if authenticated else "encrypted_content_info"]
        algorithm = sealed["content_encryption_algorithm"]
        _require_aes(algorithm["algorithm"].native, authenticated)
        content_key = _content_key(content, key, certificate)
        ciphertext = sealed["encrypted_content"].native
        if authenticated:
            return _gcm(content_key, algorithm["parameters"].native, ciphertext, content["mac"].native)
        return _cbc(content_key, algorithm["parameters"].native, ciphertext)
    except IntegrityFailed:
        raise
    except Exception:  # noqa: BLE001  fed hostile bytes, parser and primitives raise errors of many families
        raise IntegrityFailed("The mail cannot be opened with this key.", code="mail-cannot-open") from None


def _require_aes(name: str, authenticated: bool) -> None:
    if name not in (_GCM if authenticated else _CBC):
        raise IntegrityFailed("The mail is encrypted with a cipher that is no longer safe.", code="mail-weak-cipher")


def _content_key(content: Any, key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> bytes:
    own = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    recipient = next(
        info.chosen for info in content["recipient_infos"] if info.name == "ktri" and _names(info.chosen, own)
    )
    algorithm = recipient["key_encryption_algorithm"]
    return key.decrypt(recipient["encrypted_key"].native, _padding(algorithm))


def _names(recipient: Any, own: asn1_x509.Certificate) -> bool:
    choice = recipient["rid"]
    if choice.name == "subject_key_identifier":
        return bool(choice.chosen.native == own.key_identifier)
    return bool(choice.chosen["issuer"] == own.issuer and choice.chosen["serial_number"].native == own.serial_number)


def _padding(algorithm: Any) -> AsymmetricPadding:
    if algorithm["algorithm"].native == "rsaes_pkcs1v15":
        return padding.PKCS1v15()
    parameters = algorithm["parameters"]
    digest = _HASHES[parameters["hash_algorithm"]["algorithm"].native]
    mask = _HASHES[parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native]
    return padding.OAEP(padding.MGF1(mask), digest, None)


def _cbc(key: bytes, vector: bytes, ciphertext: bytes) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(cipher.update(ciphertext) + cipher.finalize()) + unpadder.finalize()


def _gcm(key: bytes, parameters: dict[str, bytes], ciphertext: bytes, tag: bytes) -> bytes:
    if len(tag) != _GCM_TAG:  # a short tag can be guessed
        raise ValueError(len(tag))
    return AESGCM(key).decrypt(parameters["0"], ciphertext + tag, None)
