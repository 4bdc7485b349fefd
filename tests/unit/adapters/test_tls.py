"""A session that names no context trusts nobody, neither by the system's authorities nor without any."""

import ssl

import aiohttp
import pytest
from aiohttp import connector, web
from aiohttp.test_utils import TestServer

from adapters.tls import client_context, trust_nobody_unnamed
from deploy.demo.authority import Authority

REFUSED = aiohttp.ClientConnectorCertificateError


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
    server = TestServer(web.Application(), host="127.0.0.1")
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
            assert answer.status == web.HTTPNotFound.status_code
