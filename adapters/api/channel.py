"""The API channel: a parcel POSTed over HTTPS as a FHIR message bundle or as a sealed envelope, signed by the
hub.

Rules kept: form, address and keys come from the parcel's endpoint alone; the signature binds the delivery id,
the time, the address and the digest of the body (`adapters.api.signature`); what the answer proves decides
the outcome (`adapters.api.outcome`).
"""

import asyncio
import hashlib
from collections.abc import Callable

from nacl.signing import SigningKey

from adapters.api import envelope, fhir
from adapters.api.http import Answered, HttpPool
from adapters.api.outcome import conclude
from adapters.api.signature import KEY_ID, content_digest, sign_delivery
from adapters.api.smart import SmartTokens, TokenFailed
from adapters.api.target import Target, parse_target
from adapters.tls import client_context
from hub.errors import ConfigurationError, Unrenderable
from hub.model import ChannelKind, Deferred, Endpoint, Outcome, Parcel, Prepared, now_us

_LARGE = 256 * 1024
"""Bytes that take about a millisecond to seal; a hop to a thread and back costs as much as sealing 10 KiB."""
_UNAUTHORIZED = 401
_FORMS = {
    "fhir": (fhir.MEDIA_TYPE, fhir.OPERATION),
    **{form: (version.media_type, "") for form, version in envelope.FORMS.items()},
}


class ApiChannel:
    """HTTPS delivery; see `hub.ports.Channel`.

    `signing_key` signs every delivery under the name `key_id`, by which partners know it. `connections` are
    per endpoint, `deadline` is in seconds for one whole exchange. `allow_plain_loopback` permits http:// to
    this machine, for tests and benchmarks alone. `tokens` are
    for endpoints that ask for one (SMART). Raises `ConfigurationError` for a key id that could not
    stand in a header.
    """

    kind = ChannelKind.API
    carries_sealed = True
    gives_receipt = True
    max_bytes = 20 * 1024 * 1024

    def __init__(
        self,
        signing_key: SigningKey,
        key_id: str,
        *,
        connections: int = 8,
        deadline: float = 30.0,
        allow_plain_loopback: bool = False,
        tokens: SmartTokens | None = None,
        now: Callable[[], int] = now_us,
    ) -> None:
        if not KEY_ID.fullmatch(key_id):
            raise ConfigurationError("The API signing key's id may hold letters, digits and ._:/@- only.")
        self._key = signing_key
        self._key_id = key_id
        self._now = now
        self._tokens = tokens
        self._plain = allow_plain_loopback
        self._pool = HttpPool(connections, deadline)

    async def prepare(self, parcel: Parcel) -> Prepared:
        """Body and signed headers. Raises `Unrenderable`: too large, or an endpoint of no usable form,
        address or key.
        """
        size = sum(len(document.content) for document in parcel.documents)
        if size > self.max_bytes:
            raise Unrenderable("The packet is larger than this channel carries.", code="too-large")
        # What holds the loop up for long is done in a thread: sealing and signing let go of the interpreter lock.
        return self._prepare(parcel) if size < _LARGE else await asyncio.to_thread(self._prepare, parcel)

    async def deliver(self, prepared: Prepared) -> Outcome:
        """POSTs the body once; never raises for what a peer does."""
        endpoint = prepared.parcel.endpoint
        try:
            bearer = await self._tokens.bearer(endpoint.id) if self._tokens else None
        except TokenFailed:
            return Deferred(code="api-token")
        headers = (*prepared.headers, ("Authorization", f"Bearer {bearer}")) if bearer else prepared.headers
        result = await self._pool.post(self._target(endpoint), endpoint.tls_ca, headers, prepared.body)
        if self._tokens and isinstance(result, Answered) and result.answer.status == _UNAUTHORIZED:
            self._tokens.forget(endpoint.id)
        return conclude(result, prepared, self._now())

    async def close(self) -> None:
        """Closes idle connections."""
        await self._pool.close()
        if self._tokens:
            await self._tokens.close()

    def _prepare(self, parcel: Parcel) -> Prepared:
        target = self._target(parcel.endpoint)
        client_context(parcel.endpoint.tls_ca)
        sealed = parcel.endpoint.form in envelope.FORMS
        body = envelope.seal_parcel(parcel, self._key_id) if sealed else fhir.message_bundle(parcel)
        digest = hashlib.sha256(body).digest()
        media_type, _ = _FORMS[parcel.endpoint.form]
        stated = content_digest(digest)
        signature = sign_delivery(
            self._key,
            self._key_id,
            authority=target.authority,
            path=target.path,
            digest=stated,
            media_type=media_type,
            delivery=parcel.delivery,
            created=self._now() // 1_000_000,
        )
        headers = (("Content-Type", media_type), ("Content-Digest", stated), *signature)
        return Prepared(parcel=parcel, body=body, digest=digest, headers=headers)

    def _target(self, endpoint: Endpoint) -> Target:
        if endpoint.form not in _FORMS:
            raise Unrenderable("The endpoint's form is neither fhir nor that of an envelope.", code="endpoint-unusable")
        return parse_target(endpoint.address, _FORMS[endpoint.form][1], allow_plain_loopback=self._plain)
