"""Opens secure mail: decrypts with the recipient's key, then verifies who signed it; says which check failed.

Every refusal is `IntegrityFailed` with one of these codes:
    mail-not-encrypted   no CMS envelope in the mail
    mail-weak-cipher     encrypted with anything but AES
    mail-cannot-open     not for this key, damaged, or padded wrongly: one code, so that a sender cannot use
    the
                         difference as a decryption oracle (Bleichenbacher, Vaudenay)
    mail-not-signed      nothing signed inside, or the signer's certificate is not enclosed
    mail-weak-digest     SHA-1 or MD5
    mail-altered         the content is not what was signed
    mail-bad-signature   the signature does not verify under the enclosed certificate
    mail-wrong-signer    the certificate was not issued by an authority trusted here
    mail-wrong-sender    the certificate does not name the sender's mailbox or domain
    certificate-expired, certificate-weak

Rules kept: the signed part is hashed as received, never re-serialised; reads BER; only SHA-256 and longer
digests.
"""

import hashlib
import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses
from typing import Any, NoReturn

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.email import certificates
from adapters.email.decrypt import decrypt
from hub.errors import IntegrityFailed

_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class OpenedMail:
    """A mail that verified: the inner message as sent, who signed it, and the address it speaks for."""

    inner: bytes
    sender: str
    signer: x509.Certificate


def open_mail(
    raw: bytes,
    key: rsa.RSAPrivateKey,
    certificate: x509.Certificate,
    authorities: tuple[x509.Certificate, ...],
    at: int,
) -> OpenedMail:
    """Decrypts `raw` with `key` and verifies it at `at` microseconds. Raises `IntegrityFailed`; see the
    module's list.

    `certificate` is the recipient's own; the signer's certificate must be issued by one of `authorities`.
    """
    inner, signer = verify(decrypt(_envelope(raw), key, certificate), authorities, at)
    senders = getaddresses([str(line) for line in _parse(inner).get_all("From", [])])
    sender = senders[0][1] if len(senders) == 1 else ""  # a second From is how one poses as another
    if not certificates.bound_to(signer, sender):
        _refuse("mail-wrong-sender", "The signer's certificate does not name the sender.")
    return OpenedMail(inner=inner, sender=sender, signer=signer)


def verify(entity: bytes, authorities: tuple[x509.Certificate, ...], at: int) -> tuple[bytes, x509.Certificate]:
    """The message inside a multipart/signed entity, and who signed it. Raises `IntegrityFailed`."""
    signed, signature = _two_parts(entity)
    info, certificate = _signer(signature)
    _check_signature(signed, info, certificate)
    certificates.require_usable(certificate, at)
    if not any(_issued(certificate, authority) for authority in authorities):
        _refuse("mail-wrong-signer", "The signer's certificate is not from an authority trusted here.")
    head, _, message = signed.partition(b"\r\n\r\n")
    return (message if b"message/rfc822" in head.lower() else signed), certificate


def _envelope(raw: bytes) -> bytes:
    mail = _parse(raw)
    if mail.get_content_type() not in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
        _refuse("mail-not-encrypted", "The mail is not encrypted.")
    return _payload(mail)


def _parse(raw: bytes) -> Message:
    return BytesParser().parsebytes(raw)


def _two_parts(entity: bytes) -> tuple[bytes, bytes]:
    head, _, body = entity.partition(b"\r\n\r\n")
    boundary = re.search(rb'boundary="?([^";\r\n]{1,70})"?', head)
    if b"multipart/signed" not in head.lower() or boundary is None:
        _refuse("mail-not-signed", "The mail is not signed.")
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary[1])
    if len(parts) != 4 or not parts[3].startswith(b"--"):
        _refuse("mail-not-signed", "The signed mail does not have exactly two parts.")
    return parts[1].removeprefix(b"\r\n"), _payload(_parse(parts[2].lstrip(b"\r\n")))


def _payload(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _signer(signature: bytes) -> tuple[Any, x509.Certificate]:
    try:
        content = cms.ContentInfo.load(signature)["content"]
        (info,) = content["signer_infos"]
        wanted = info["sid"].chosen
        enclosed = [choice.chosen for choice in content["certificates"]]
        (match,) = [
            one
            for one in enclosed
            if one.issuer == wanted["issuer"] and one.serial_number == wanted["serial_number"].native
        ]
        return info, x509.load_der_x509_certificate(match.dump())
    except Exception:  # noqa: BLE001  fed hostile bytes, the two parsers raise errors of many families
        _refuse("mail-not-signed", "The signature is not CMS with its one signer's certificate enclosed.")


def _check_signature(signed: bytes, info: Any, certificate: x509.Certificate) -> None:
    try:
        name = info["digest_algorithm"]["algorithm"].native
        scheme = info["signature_algorithm"]["algorithm"].native
        attributes = {one["type"].native: one["values"] for one in info["signed_attrs"]}
        claimed = attributes["message_digest"][0].native
        covered = info["signed_attrs"].untag().dump(force=True)
        signature = info["signature"].native
    except Exception:  # noqa: BLE001  as above
        _refuse("mail-not-signed", "The signature lacks what it must state.")
    if name not in _DIGESTS or scheme.startswith(("sha1", "md5")):
        _refuse("mail-weak-digest", "The mail is signed with a digest that is no longer safe.")
    if hashlib.new(name, signed).digest() != claimed:
        _refuse("mail-altered", "The mail was changed after it was signed.")
    certificates.require_strong(certificate)
    if not _verifies(certificate, signature, covered, _DIGESTS[name]):
        _refuse("mail-bad-signature", "The signature does not verify.")


def _verifies(certificate: x509.Certificate, signature: bytes, covered: bytes, digest: hashes.HashAlgorithm) -> bool:
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, covered, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, covered, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    if certificate.public_bytes(Encoding.DER) == authority.public_bytes(Encoding.DER):
        return True
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _refuse(code: str, message: str) -> NoReturn:
    raise IntegrityFailed(message, code=code)
