"""Partners of every temper on real sockets: the slow one does not hold up the good one, the liar is never
believed.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from nacl.public import PrivateKey
from nacl.signing import SigningKey

from adapters.api.channel import ApiChannel
from deploy.demo.authority import Authority
from deploy.demo.mailserver import server_tls
from deploy.demo.planapi import PlanApi, PlanFault, plan_api
from hub.errors import ConfigurationError, Unrenderable
from hub.model import ChannelKind, Deferred, Delivered, Endpoint, Refused, Unknown
from tests.contract.channel_parcel import sample_parcel

HUB_KEY = SigningKey.generate()
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GO = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def tls(authority, tmp_path_factory) -> ssl.SSLContext:
    return server_tls(*authority.server("localhost").write(tmp_path_factory.mktemp("tls"), "tls"))


@pytest.fixture
async def channel():
    channel = ApiChannel(HUB_KEY, "hub-1", deadline=1.0, connections=2)
    yield channel
    await channel.close()


def endpoint(authority: Authority, port: int, api: PlanApi | None = None, **changes) -> Endpoint:
    known = {
        "id": "e-9",
        "organization": "org-plan",
        "channel": ChannelKind.API,
        "address": f"https://localhost:{port}/envelopes",
        "form": "sealed",
        "seal_key": bytes((api.opening_key if api else PrivateKey.generate()).public_key),
        "verify_key": bytes((api.signing_key if api else SigningKey.generate()).verify_key),
        "tls_ca": authority.pem,
    }
    return Endpoint(**{**known, **changes})


@asynccontextmanager
async def raw_server(tls: ssl.SSLContext | None, handle: Handler) -> AsyncIterator[int]:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handle(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the hub hung up, which is what is tested
        finally:
            writer.close()

    server = await asyncio.start_server(once, "localhost", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def outcome_of(channel, authority, tls, handle: Handler, **changes):
    async with raw_server(tls, handle) as port:
        prepared = await channel.prepare(sample_parcel(endpoint(authority, port, **changes)))
        return await channel.deliver(prepared)


def plan(tmp_path) -> PlanApi:
    return PlanApi(
        tmp_path / "plan", PrivateKey.generate(), SigningKey.generate(), {"hub-1": bytes(HUB_KEY.verify_key)}
    )


async def test_a_silent_partner_does_not_hold_up_another(channel, authority, tls, tmp_path):
    silent, good = plan(tmp_path), plan(tmp_path)
    silent.fault = PlanFault.SILENT
    async with plan_api(silent, tls) as one, plan_api(good, tls) as other:
        stuck = [
            asyncio.ensure_future(
                channel.deliver(await channel.prepare(sample_parcel(endpoint(authority, one, silent))))
            )
            for _ in range(6)
        ]
        await asyncio.sleep(0)
        fine = await channel.deliver(await channel.prepare(sample_parcel(endpoint(authority, other, good))))
        assert isinstance(fine, Delivered)
        assert not any(task.done() for task in stuck)
        assert await asyncio.gather(*stuck) == [Deferred(code="api-timeout")] * 6
    assert silent.contents_seen == 0


async def test_one_partner_never_has_more_connections_than_its_share(channel, authority, tls, tmp_path):
    api = plan(tmp_path)
    async with plan_api(api, tls) as port:
        to = endpoint(authority, port, api)
        prepared = [await channel.prepare(sample_parcel(to)) for _ in range(8)]
        outcomes = await asyncio.gather(*map(channel.deliver, prepared))
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert len(api.connections) == 2


async def test_a_partner_that_drips_its_answer_meets_the_deadline(channel, authority, tls):
    async def drip(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(GO)
        for byte in b"HTTP/1.1 200":
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.12)

    assert await outcome_of(channel, authority, tls, drip) == Unknown(code="api-timeout")


async def test_a_partner_that_promises_more_than_it_sends_is_unknown(channel, authority, tls):
    async def short(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(GO + b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort")
        await writer.drain()

    assert await outcome_of(channel, authority, tls, short) == Unknown(code="api-lost")


async def test_a_redirect_is_not_followed(channel, authority, tls):
    async def redirect(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 307 Go\r\nLocation: https://localhost/other\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    assert await outcome_of(channel, authority, tls, redirect) == Refused(code="api-307")


async def test_success_without_the_content_is_no_success(channel, authority, tls):
    async def eager(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    outcome = await outcome_of(channel, authority, tls, eager, verify_key=None)
    assert outcome == Deferred(code="api-early")


async def test_conflict_means_an_earlier_delivery_may_be_there(channel, authority, tls):
    async def conflict(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    assert await outcome_of(channel, authority, tls, conflict) == Unknown(code="api-409")


async def test_a_partner_that_refuses_to_be_asked_is_not_asked_again(channel, authority, tls):
    heads = []

    async def unasked(reader, writer):
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        asked = b"Expect:" in heads[-1]
        writer.write(b"HTTP/1.1 417 No\r\n\r\n" if asked else b"HTTP/1.1 204 Done\r\n\r\n")
        await writer.drain()

    async with raw_server(tls, unasked) as port:
        to = endpoint(authority, port, verify_key=None)
        first = await channel.deliver(await channel.prepare(sample_parcel(to)))
        second = await channel.deliver(await channel.prepare(sample_parcel(to)))
    assert [b"Expect: 100-continue" in head for head in heads] == [True, False]
    assert first == Deferred(code="api-417")
    assert isinstance(second, Delivered)


async def test_a_server_without_tls_gets_nothing_readable(channel, authority):
    seen = []

    async def plain(reader, _writer):
        seen.append(await reader.read(4096))

    assert await outcome_of(channel, authority, None, plain) in {
        Deferred(code="api-tls"),
        Deferred(code="api-lost"),
    }
    assert b"POST" not in b"".join(seen)


async def test_a_connection_the_partner_closed_while_idle_costs_no_doubt(channel, authority, tls, tmp_path):
    api = plan(tmp_path)
    async with plan_api(api, tls) as port:
        to = endpoint(authority, port, api)
        assert isinstance(await channel.deliver(await channel.prepare(sample_parcel(to))), Delivered)
    async with plan_api(api, tls, port=port):  # restarted: the warm connection is dead
        assert isinstance(await channel.deliver(await channel.prepare(sample_parcel(to))), Delivered)


@pytest.mark.parametrize(
    "changes",
    [
        {"form": ""},
        {"form": "soap"},
        {"seal_key": None},
        {"address": "http://plan.example/in"},
        {"tls_ca": b"not a certificate"},
    ],
)
async def test_an_endpoint_that_cannot_be_used_is_refused_before_anything_is_sealed(channel, authority, changes):
    with pytest.raises(Unrenderable) as refusal:
        await channel.prepare(sample_parcel(endpoint(authority, 443, **changes)))
    assert refusal.value.detail_code == "endpoint-unusable"


def test_a_key_id_that_could_write_a_header_refuses_to_start():
    with pytest.raises(ConfigurationError):
        ApiChannel(HUB_KEY, 'hub"\r\nX: y')
