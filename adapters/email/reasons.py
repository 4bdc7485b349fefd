"""Why a Direct message is refused: a fixed list of codes with their words, and the error that carries one.

The words never quote the message. What may be told to the sender is the caller's affair: towards the network every
refusal reads the same, so that nobody learns from it what a key opens (Bleichenbacher, Vaudenay).
"""

from typing import NoReturn

from hub.errors import IntegrityFailed

REASONS: dict[str, str] = {
    "unreadable": "The file is neither a mail nor CMS.",
    "too-large": "The message is larger than the hub reads, or nested too deep.",
    "not-encrypted": "The message is not encrypted.",
    "no-key": "The message is encrypted and no key was given to open it.",
    "not-for-this-key": "The message is encrypted to other certificates than those whose keys were given.",
    "cannot-open": "The message does not open with this key: damaged, or sealed wrongly.",
    "weak-cipher": "The message is encrypted with another cipher than AES in CBC or GCM (3DES, RC2, DES).",
    "not-signed": "Nothing in the message is signed.",
    "nested": "The layers are not a signature inside an encryption: another one, or another kind, is around or inside.",
    "malformed-signature": "The signature, or the signed mail around it, is not as RFC 5652 and RFC 8551 write it.",
    "no-content": "The signature is detached, and what it covers is not in the message.",
    "content-present": "The detached signature carries content of its own, which a reader could be shown instead.",
    "no-signed-attributes": "The signature has no signed attributes.",
    "no-signer-certificate": "The signer's certificate is neither enclosed, nor at hand, nor published by its domain.",
    "wrong-micalg": "The micalg parameter names another digest than the signature.",
    "weak-digest": "A signature is made with SHA-1, MD5, or another digest than SHA-256, SHA-384 and SHA-512.",
    "altered": "The content is not what was signed.",
    "bad-signature": "The signature does not verify under the signer's certificate.",
    "weak-key": "A certificate's key is weaker than RSA 2048 or P-256, or of another kind.",
    "no-anchors": "There are no trust anchors for this domain and direction.",
    "untrusted": "The certificate does not lead to a trust anchor.",
    "bad-chain": "The certificate chain breaks a rule: an issuer that is no authority, or a path too long.",
    "name-constraint": "An authority in the chain is not allowed to vouch for this name.",
    "expired": "A certificate has expired.",
    "not-yet-valid": "A certificate is not valid yet.",
    "wrong-usage": "The certificate may not be used for this: signing, or encrypting, mail.",
    "revoked": "A certificate has been revoked.",
    "revocation-unknown": "Whether a certificate is revoked cannot be found out.",
    "failed-inside": "The message made the reader fail; it is not believed, and whoever keeps the hub should see it.",
    "no-sender": "The message has no From address, or more than one.",
    "wrong-domain": "The signer's certificate is for another domain than the sender's.",
    "wrong-address": "The signer's certificate is for another mailbox of the sender's domain.",
}
"""Every code with its words; `part2hub direct check --reasons` prints them."""


class NotAccepted(IntegrityFailed):
    """A message or certificate refused; `detail_code` is one of `REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(REASONS[code], code=code)


def refuse(code: str) -> NoReturn:
    """Raises `NotAccepted` with the code's words."""
    raise NotAccepted(code)
