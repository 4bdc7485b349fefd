"""Reads SignedData (RFC 5652 §5): which certificates signed exactly these bytes, and when they say they did.

Rules kept: SHA-256 and longer, at every place a digest is named; signed attributes required, each once, naming the
content type and the digest; every signer's certificate enclosed or at hand; every signature must verify, not just one
of them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding

from adapters.email.certificates import require_strong
from adapters.email.cms.der import asn1_certificate, set_of
from adapters.email.cms.identifiers import Meant
from adapters.email.reasons import NotAccepted, refuse

_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_VERSIONS = {"v1", "v3"}
_MOST_SIGNERS = 4
_MOST_CERTIFICATES = 50


@dataclass(frozen=True, slots=True)
class Signature:
    """What was signed and by whom. `signers` is never empty; `signed_at` is the signer's own claim, microseconds."""

    content: bytes
    content_type: str
    """`data` for mail; an OID for what has no name."""
    signers: tuple[x509.Certificate, ...]
    """Of one signer several, if the certificate was renewed for the same key and the signature names the key."""
    enclosed: tuple[x509.Certificate, ...]
    """Every certificate in the signature, for building the chain."""
    digests: tuple[str, ...]
    signed_at: int | None


def verify(
    info: cms.ContentInfo, readings: Sequence[bytes] | None, known: Sequence[x509.Certificate] = ()
) -> Signature:
    """Verifies a signature over one of `readings` of a detached content; `None` when the signature carries it itself.

    Among `known` a signer's certificate is looked for that is not enclosed. Raises `NotAccepted`.
    """
    try:
        data = info["content"]
        carried = data["encap_content_info"]["content"].native
        content_type = data["encap_content_info"]["content_type"].native
        infos = [*data["signer_infos"]]
        enclosed = _certificates(data["certificates"])
    except Exception:  # noqa: BLE001 - fed hostile bytes, the parser raises errors of many families
        refuse("malformed-signature")
    if readings is not None and carried is not None:
        refuse("content-present")
    if readings is None:
        readings = (carried,) if isinstance(carried, bytes) else ()
    if not 0 < len(infos) <= _MOST_SIGNERS:
        refuse("not-signed" if not infos else "malformed-signature")
    signers = [_Signer.of(each, content_type) for each in infos]
    if not readings:
        refuse("no-content")
    content = next((each for each in readings if signers[0].digests_to(each)), None)
    if content is None or not all(signer.digests_to(content) for signer in signers):
        refuse("altered")
    return Signature(
        content=content,
        content_type=content_type,
        signers=tuple(each for signer in signers for each in signer.verified(enclosed, known)),
        enclosed=tuple(certificate for _, certificate in enclosed),
        digests=tuple(signer.digest for signer in signers),
        signed_at=signers[0].signed_at,
    )


@dataclass(frozen=True, slots=True)
class _Signer:
    digest: str
    hash: hashes.HashAlgorithm
    claimed: bytes
    covered: tuple[bytes, ...]
    """The attributes as they came, and in DER's order, which is what should have been signed (RFC 5652 §5.4)."""
    signature: bytes
    padding: AsymmetricPadding
    elliptic: bool
    meant: Meant
    signed_at: int | None

    @classmethod
    def of(cls, info: Any, content_type: str) -> "_Signer":
        try:
            digest = info["digest_algorithm"]["algorithm"].native
            scheme = info["signature_algorithm"]
            named = _named_digest(scheme, digest)
            _require_version(info)
            if digest not in _DIGESTS or named not in _DIGESTS:
                refuse("weak-digest")
            if not info["signed_attrs"]:
                refuse("no-signed-attributes")
            attributes = _attributes(info["signed_attrs"])
            if attributes["content_type"].native != content_type:
                refuse("altered")
            signing_time = attributes.get("signing_time")
            return cls(
                digest=digest,
                hash=_DIGESTS[named],
                claimed=attributes["message_digest"].native,
                covered=_readings(info["signed_attrs"]),
                signature=info["signature"].native,
                padding=_padding(scheme, named),
                elliptic=scheme["algorithm"].native.endswith("_ecdsa"),
                meant=Meant.by(info["sid"]),
                signed_at=int(signing_time.native.timestamp()) * 1_000_000 if signing_time is not None else None,
            )
        except NotAccepted:
            raise
        except Exception:  # noqa: BLE001 - as above
            refuse("malformed-signature")

    def digests_to(self, content: bytes) -> bool:
        return hashlib.new(self.digest, content).digest() == self.claimed

    def verified(
        self, enclosed: Sequence[tuple[Any, x509.Certificate]], known: Sequence[x509.Certificate]
    ) -> tuple[x509.Certificate, ...]:
        """The certificates under which the signature verifies, at least one."""
        meant = [each for parsed, each in enclosed if self.meant.is_of(parsed)]
        meant = meant or [each for each in known if self.meant.is_of(asn1_certificate(each))]
        if not meant:
            refuse("no-signer-certificate")
        found = tuple(each for each in meant if self._is_by(each))
        if not found:
            require_strong(meant[0])
            refuse("bad-signature")
        return found

    def _is_by(self, certificate: x509.Certificate) -> bool:
        try:
            require_strong(certificate)
        except NotAccepted:
            return False
        key = certificate.public_key()
        return isinstance(key, ec.EllipticCurvePublicKey) is self.elliptic and any(
            self._verifies(key, covered) for covered in self.covered
        )

    def _verifies(self, key: object, covered: bytes) -> bool:
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(self.signature, covered, self.padding, self.hash)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(self.signature, covered, ec.ECDSA(self.hash))
            else:
                return False
        except (InvalidSignature, ValueError):
            return False
        return True


def _readings(attributes: Any) -> tuple[bytes, ...]:
    as_sent: bytes = attributes.untag().dump()
    in_order = set_of(*(each.dump() for each in attributes))
    return (as_sent,) if in_order == as_sent else (as_sent, in_order)


def _require_version(info: Any) -> None:
    if info["version"].native not in _VERSIONS:
        raise ValueError(info["version"].native)


def _certificates(choices: Any) -> list[tuple[Any, x509.Certificate]]:
    """Each enclosed X.509 certificate as both libraries read it; attribute certificates are not looked at."""
    found = [choice.chosen for choice in choices if choice.name == "certificate"] if choices else []
    if len(found) > _MOST_CERTIFICATES:
        raise ValueError(len(found))
    return [(each, certificate) for each in found if (certificate := _loaded(each)) is not None]


def _loaded(parsed: Any) -> x509.Certificate | None:
    """As the other library reads it; none if either cannot: one beside the signer's is no reason to refuse."""
    try:
        certificate = x509.load_der_x509_certificate(parsed.dump())
        # Both libraries read lazily; what does not parse must show here, where a fault is expected.
        _ = parsed.issuer.hashable, parsed.serial_number, parsed.key_identifier
        _ = certificate.subject, certificate.issuer, certificate.not_valid_after_utc, certificate.not_valid_before_utc
    except Exception:  # noqa: BLE001 - as above
        return None
    return certificate


def _attributes(signed: Any) -> dict[str, Any]:
    """Each attribute's one value. Raises `ValueError` for one given twice (RFC 5652 §5.3, §11)."""
    found: dict[str, Any] = {}
    for attribute in signed:
        name, values = attribute["type"].native, attribute["values"]
        if name in found:
            raise ValueError(name)
        if name in {"content_type", "message_digest", "signing_time"}:
            (value,) = values
            found[name] = value.chosen if name == "signing_time" else value
    return found


def _named_digest(scheme: Any, digest: str) -> str:
    """The digest that the signature algorithm names, or else the signer's own."""
    name = str(scheme["algorithm"].native)
    if name == "rsassa_pss":
        return str(scheme["parameters"]["hash_algorithm"]["algorithm"].native)
    if name in {"rsassa_pkcs1v15", "ed25519", "ed448"}:  # RFC 3370 §3.2: the digest is the signer's own
        return digest
    named, _, kind = name.partition("_")
    if kind not in {"rsa", "ecdsa", "dsa"}:
        raise ValueError(name)
    return named


def _padding(scheme: Any, digest: str) -> AsymmetricPadding:
    if scheme["algorithm"].native != "rsassa_pss":
        return padding.PKCS1v15()
    parameters = scheme["parameters"]
    mask = _DIGESTS.get(parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native)
    if mask is None:
        refuse("weak-digest")
    if _DIGESTS[digest].name != mask.name:
        raise ValueError(mask.name)
    return padding.PSS(padding.MGF1(mask), parameters["salt_length"].native)
