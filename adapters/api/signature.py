"""HTTP message signatures (RFC 9421, Ed25519) on a delivery and on its acknowledgement.

A delivery covers  @method @authority @path content-digest content-type; its nonce is the delivery id.
An acknowledgement covers  @status  and the delivery's  content-digest;req, and between them its own  content-digest
if it has a body that it speaks for; its nonce is the delivery id again, its `created` the time of receipt. So an
acknowledgement says: this key took (or, by its status, refused) exactly these bytes of exactly this delivery.

Rules kept: one signature per message, one order of components, one tag for each use; anything else does not
verify. The delivery id with `created` is the guard against replay: a receiver refuses a `created` more than
300 s off, and answers a repeated delivery id with the same acknowledgement, without taking it again.
"""

import base64
import re
from collections.abc import Mapping
from functools import cache

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from hub.errors import IntegrityFailed
from hub.model import Frozen

DELIVERY_TAG = "part2hub/delivery/v1"
ACKNOWLEDGEMENT_TAG = "part2hub/ack/v1"
FRESH_SECONDS = 300
KEY_ID = re.compile(r"[A-Za-z0-9._:/@-]{1,100}")

_DELIVERY = ("@method", "@authority", "@path", "content-digest", "content-type")
_ACKNOWLEDGEMENT = ("@status", "content-digest;req")
_WITH_BODY = ("@status", "content-digest", "content-digest;req")
_INPUT = re.compile(
    r"(?P<label>[a-z][a-z0-9_-]{0,31})=(?P<params>\((?P<covered>[^()]*)\);created=(?P<created>\d{1,12})"
    r';keyid="(?P<key_id>[A-Za-z0-9._:/@-]{1,100})";nonce="(?P<nonce>[A-Za-z0-9._-]{1,64})"'
    r';alg="ed25519";tag="(?P<tag>[a-z0-9/]{1,64})")'
)
_SIGNATURE = re.compile(r"([a-z][a-z0-9_-]{0,31})=:([A-Za-z0-9+/]{86}==):")


class Signed(Frozen, frozen=True):
    """What a verified signature states. `created` is in seconds since the epoch."""

    delivery: str
    created: int
    key_id: str
    signature: str
    params: str


def content_digest(sha256: bytes) -> str:
    """The Content-Digest header's value (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def signature_base(components: tuple[tuple[str, str], ...], params: str) -> bytes:
    """What is signed (RFC 9421 §2.5); a component is named as `name` or `name;req`."""
    lines = [f"{_identifier(name)}: {value}" for name, value in components]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode()


def sign_delivery(
    key: SigningKey,
    key_id: str,
    *,
    authority: str,
    path: str,
    digest: str,
    media_type: str,
    delivery: str,
    created: int,
) -> tuple[tuple[str, str], ...]:
    """The Signature-Input and Signature headers of a POST; `digest` is the Content-Digest value, `created` in
    seconds.
    """
    values = ("POST", authority, path, digest, media_type)
    return _sign(
        key, key_id, tuple(zip(_DELIVERY, values, strict=True)), nonce=delivery, created=created, tag=DELIVERY_TAG
    )


def sign_acknowledgement(
    key: SigningKey, key_id: str, *, status: int, digest: str, delivery: str, created: int, own: str = ""
) -> tuple[tuple[str, str], ...]:
    """The headers with which a receiver acknowledges, or by its status refuses, a delivery it got; `own` is the
    Content-Digest value of its own body.
    """
    components = _acknowledgement(status, own, digest)
    return _sign(key, key_id, components, nonce=delivery, created=created, tag=ACKNOWLEDGEMENT_TAG)


def verify_delivery(
    headers: Mapping[str, str], authority: str, path: str, digest: str, keys: Mapping[str, bytes]
) -> Signed:
    """Who signed a POST whose body has this Content-Digest value; raises `IntegrityFailed` if no key of
    `keys` did.

    `headers` has lower-case names. The caller still has to refuse a stale `created` and a repeated delivery
    id.
    """
    values = ("POST", authority, path, digest, headers.get("content-type", ""))
    return _verify(headers, tuple(zip(_DELIVERY, values, strict=True)), DELIVERY_TAG, keys)


def verify_acknowledgement(
    headers: Mapping[str, str], status: int, digest: str, delivery: str, verify_key: bytes, own: str = ""
) -> Signed:
    """The acknowledgement of this delivery by the holder of `verify_key`; `own` is the Content-Digest value of the body
    that came with it. Raises `IntegrityFailed`.
    """
    speaks = f"({_covered(_WITH_BODY)});" in headers.get("signature-input", "")
    if speaks and headers.get("content-digest", "") != own:
        raise IntegrityFailed("The Content-Digest is not the body's.", code="signature-digest")
    signed = _verify(headers, _acknowledgement(status, own if speaks else "", digest), ACKNOWLEDGEMENT_TAG, verify_key)
    if signed.delivery != delivery:
        raise IntegrityFailed("The acknowledgement is of another delivery.", code="signature-other-delivery")
    return signed


def _acknowledgement(status: int, own: str, digest: str) -> tuple[tuple[str, str], ...]:
    if own:
        return tuple(zip(_WITH_BODY, (str(status), own, digest), strict=True))
    return tuple(zip(_ACKNOWLEDGEMENT, (str(status), digest), strict=True))


@cache
def _covered(names: tuple[str, ...]) -> str:
    return " ".join(_identifier(name) for name in names)


@cache
def _identifier(name: str) -> str:
    plain, _, parameter = name.partition(";")
    return f'"{plain}";{parameter}' if parameter else f'"{plain}"'


def _sign(
    key: SigningKey, key_id: str, components: tuple[tuple[str, str], ...], *, nonce: str, created: int, tag: str
) -> tuple[tuple[str, str], ...]:
    covered = _covered(tuple([name for name, _ in components]))
    params = f'({covered});created={created};keyid="{key_id}";nonce="{nonce}";alg="ed25519";tag="{tag}"'
    signature = key.sign(signature_base(components, params)).signature
    return (
        ("Signature-Input", f"sig={params}"),
        ("Signature", f"sig=:{base64.b64encode(signature).decode()}:"),
    )


def _verify(
    headers: Mapping[str, str], components: tuple[tuple[str, str], ...], tag: str, keys: Mapping[str, bytes] | bytes
) -> Signed:
    stated = _INPUT.fullmatch(headers.get("signature-input", ""))
    given = _SIGNATURE.fullmatch(headers.get("signature", ""))
    if stated is None or given is None or stated["label"] != given[1]:
        raise IntegrityFailed("The message is not signed in the agreed form.", code="signature-absent")
    covered = _covered(tuple([name for name, _ in components]))
    if stated["covered"] != covered or stated["tag"] != tag:
        raise IntegrityFailed("The signature does not cover what it must.", code="signature-scope")
    key = keys if isinstance(keys, bytes) else keys.get(stated["key_id"])
    if key is None:
        raise IntegrityFailed("The signing key is not known here.", code="signature-unknown-key")
    try:
        VerifyKey(key).verify(signature_base(components, stated["params"]), base64.b64decode(given[2]))
    except (BadSignatureError, ValueError, TypeError):
        raise IntegrityFailed("The signature does not verify.", code="signature-bad") from None
    return Signed(
        delivery=stated["nonce"],
        created=int(stated["created"]),
        key_id=stated["key_id"],
        signature=given[2],
        params=stated["params"],
    )
