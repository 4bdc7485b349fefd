"""A session that names no context trusts nobody, neither by the system's authorities nor without any."""

import ssl

import aiohttp
import pytest
from aiohttp import connector, web
from aiohttp.test_utils import TestServer

from adapters.api.webhook import Poster
from adapters.email.fetch import Fetcher
from adapters.fax.cloud.provider import Client
from adapters.guard import Guard
from adapters.tls import client_context, trust_nobody_unnamed
from deploy.demo.authority import Authority

OK = 200
REFUSED = aiohttp.ClientConnectorCertificateError


async def answered(_request: web.Request) -> web.Response:
    return web.Response(text="here")


@pytest.fixture
def nobody_trusted(monkeypatch):
    for name in ("_SSL_CONTEXT_VERIFIED", "_SSL_CONTEXT_UNVERIFIED"):
        monkeypatch.setattr(connector, name, getattr(connector, name))
    trust_nobody_unnamed()


@pytest.fixture
async def served(tmp_path):
    """The address of a server with TLS, and its authority."""
    authority = Authority()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.server("127.0.0.1").write(tmp_path, "tls"))
    app = web.Application()
    app.router.add_route("*", "/", answered)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(ssl=context)
    yield f"https://127.0.0.1:{server.port}/", authority
    await server.close()


@pytest.mark.usefixtures("nobody_trusted")
async def test_who_turns_verification_off_is_refused_as_well(served):
    address, authority = served
    async with aiohttp.ClientSession() as session:
        for unnamed in (True, False):
            with pytest.raises(REFUSED):
                await session.get(address, ssl=unnamed)
        async with session.get(address, ssl=client_context(authority.pem)) as answer:
            assert answer.status == OK


@pytest.mark.usefixtures("nobody_trusted")
async def test_partners_that_an_authority_of_the_system_vouches_for_are_reached(served, tmp_path, monkeypatch):
    address, authority = served
    (tmp_path / "system.pem").write_bytes(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
    client_context.cache_clear()
    here = Guard(loopback=True)
    fax, webhooks, certificates = Client(address, {}), Poster(here), Fetcher(here)
    assert (await fax.ask("GET", "/")).status == (await webhooks.post(address, {}, b"")).status == OK
    assert await certificates.get(address) == b"here"
    for each in (fax, webhooks, certificates):
        await each.close()
    client_context.cache_clear()
