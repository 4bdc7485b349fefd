"""Access tokens for partners that ask for them: got with a signed assertion, kept, and never guessed.

The token server here checks assertions with `cryptography`, not with the library that makes them.
"""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.jwk import ECKey
from nacl.signing import SigningKey

from adapters.api.channel import ApiChannel
from adapters.api.smart import SmartEndpoint, SmartTokens, TokenFailed
from hub.model import ChannelKind, Deferred, Delivered, Endpoint
from tests.contract.channel_parcel import sample_parcel

KEY = ECKey.generate_key("P-384")
NOW = 1_793_000_000


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


class Partner:
    """A token server and a FHIR endpoint of a partner."""

    def __init__(self) -> None:
        self.assertions: list[dict[str, Any]] = []
        self.bearers: list[str | None] = []
        self.answer: tuple[int, Any] = (200, None)
        self.taken = 200
        self.url = ""

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        head, body, signature = str(form["client_assertion"]).split(".")
        raw = unb64(signature)
        der = encode_dss_signature(int.from_bytes(raw[:48]), int.from_bytes(raw[48:]))
        KEY.public_key.verify(der, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA384()))
        assert json.loads(unb64(head)) == {"alg": "ES384", "kid": "hub-1", "typ": "JWT"}
        self.assertions.append(json.loads(unb64(body)) | {"scope": form["scope"]})
        status, answer = self.answer
        granted = {"access_token": f"t{len(self.assertions)}", "token_type": "bearer", "expires_in": 300}
        return web.json_response(granted if answer is None else answer, status=status)

    async def message(self, request: web.Request) -> web.Response:
        self.bearers.append(request.headers.get("Authorization"))
        await request.read()
        return web.Response(status=self.taken)


@asynccontextmanager
async def a_partner() -> AsyncIterator[Partner]:
    partner, app = Partner(), web.Application()
    app.router.add_post("/token", partner.token)
    app.router.add_post("/fhir/$process-message", partner.message)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    partner.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield partner
    finally:
        await runner.cleanup()


def tokens(partner: Partner, clock: list[float]) -> SmartTokens:
    wanted = SmartEndpoint(token_url=f"{partner.url}/token", client_id="hub", scope="system/MessageHeader.c")
    return SmartTokens({"e-1": wanted}, KEY, "hub-1", allow_plain_loopback=True, clock=lambda: clock[0])


async def deliver(partner: Partner, found: SmartTokens, *, again: bool = False) -> Any:
    endpoint = Endpoint(id="e-1", organization="o", channel=ChannelKind.API, address=f"{partner.url}/fhir", form="fhir")
    channel = ApiChannel(SigningKey.generate(), "k", allow_plain_loopback=True, tokens=found)
    try:
        if again:
            await channel.deliver(await channel.prepare(sample_parcel(endpoint)))
        return await channel.deliver(await channel.prepare(sample_parcel(endpoint)))
    finally:
        await channel.close()


async def test_a_delivery_carries_a_token_got_with_the_hubs_key():
    async with a_partner() as partner:
        assert isinstance(await deliver(partner, tokens(partner, [NOW])), Delivered)
        (claims,) = partner.assertions
        assert (claims["iss"], claims["sub"], claims["aud"]) == ("hub", "hub", f"{partner.url}/token")
        assert NOW < claims["exp"] <= NOW + 300
        assert claims["scope"] == "system/MessageHeader.c"
        assert partner.bearers == ["Bearer t1"]


async def test_a_token_is_kept_until_shortly_before_it_ends_and_no_assertion_is_used_twice():
    async with a_partner() as partner:
        clock = [float(NOW)]
        found = tokens(partner, clock)
        assert [await found.bearer("e-1") for _ in range(3)] == ["t1"] * 3
        clock[0] += 269
        assert await found.bearer("e-1") == "t1"
        clock[0] += 2
        assert await found.bearer("e-1") == "t2"
        await found.close()
        assert len({claims["jti"] for claims in partner.assertions}) == 2


@pytest.mark.parametrize(
    "answer",
    [
        (401, {"error": "invalid_client"}),
        (503, {}),
        (302, {}),
        (200, {}),
        (200, []),
        (200, {"access_token": "a\r\nX: y", "token_type": "bearer"}),
        (200, {"access_token": "a", "token_type": "mac"}),
    ],
)
async def test_without_a_token_nothing_is_sent_and_it_is_tried_again(answer: tuple[int, Any]):
    async with a_partner() as partner:
        partner.answer = answer
        assert await deliver(partner, tokens(partner, [NOW])) == Deferred(code="api-token")
        assert partner.bearers == []


async def test_a_token_that_the_partner_refuses_is_forgotten():
    async with a_partner() as partner:
        found = tokens(partner, [NOW])
        assert await found.bearer("e-1") == "t1"
        partner.taken = 401
        await deliver(partner, found, again=True)
        assert partner.bearers == ["Bearer t1", "Bearer t2"]


async def test_an_endpoint_that_asks_for_none_gets_none():
    async with a_partner() as partner:
        assert await tokens(partner, [NOW]).bearer("other") is None
        assert partner.assertions == []


async def test_a_token_is_never_fetched_in_clear():
    wanted = SmartEndpoint(token_url="http://partner.example/token", client_id="hub", scope="system/*.c")
    with pytest.raises(TokenFailed):
        await SmartTokens({"e-1": wanted}, KEY, "hub-1").bearer("e-1")
