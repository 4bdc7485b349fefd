"""The HTTP API as a caller sees it: a real server on the loopback, a client with one token."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import pytest
from aiohttp.web_protocol import RequestHandler
from yarl import URL

from hub.context import Hub
from hub.model import new_id
from hub.storage import tokens
from hub.storage.tokens import Role
from hub.web import make_app
from hub.web.app import listening

NORA = {"given": "Nora", "family": "Quill", "born": "1988-04-11", "cin": "01234567A"}
TPO: dict[str, Any] = {
    "kind": "tpo",
    "patient": "the-patient",
    "discloser": ["harbor"],
    "information": ["complete_record"],
    "recipients": ["treating_providers", "health_plans"],
    "states_redisclosure_rule": True,
    "purposes": ["treatment", "payment", "operations"],
    "states_right_to_revoke": True,
    "states_how_to_revoke": True,
    "expires": "none",
    "signed_by": ["the-patient"],
    "signature": "handwritten",
    "signed_on": "2026-01-15",
    "states_redisclosure_risk": True,
    "states_refusal_consequences": True,
}
MANIFEST: dict[str, Any] = {
    "kind": "referral_packet",
    "member": {"cin": "01234567A"},
    "purpose": "treatment",
    "recipients": [{"organization": "valley-clinic"}],
    "items": [{"document": "summary", "title": "Discharge summary"}],
}


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """One token's view of the API."""

    def __init__(self, base: str, session: aiohttp.ClientSession, token: str | None) -> None:
        self._base = base
        self._session = session
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def __call__(self, method: str, path: str | URL, body: Any = None, **options: Any) -> Answer:
        headers = self._headers | options.pop("headers", {})
        if body is not None:
            options["json"] = body
        where = path if isinstance(path, URL) else self._base + path
        async with self._session.request(method, where, headers=headers, **options) as response:
            return Answer(response.status, await response.read(), dict(response.headers))

    async def submit(self, key: str, manifest: Any = MANIFEST, **documents: bytes) -> Answer:
        """Hand in as multipart, as most senders do."""
        form = aiohttp.FormData()
        form.add_field("manifest", json.dumps(manifest), content_type="application/json")
        for name, content in (documents or {"summary": b"a discharge summary"}).items():
            form.add_field(name, content, filename="x.txt", content_type="text/plain")
        return await self("POST", "/v1/submissions", data=form, headers={"Idempotency-Key": key})


class Api:
    """The server, and a caller for any organization and role."""

    def __init__(self, hub: Hub, port: int, session: aiohttp.ClientSession) -> None:
        self.hub = hub
        self.port = port
        self._base = f"http://127.0.0.1:{port}"
        self._session = session
        self.nobody = Caller(self._base, session, None)

    async def caller(self, organization: str, role: Role = "sender") -> Caller:
        person = "" if role == "sender" else new_id()  # each caller is somebody else
        issued = await tokens.issue(self.hub, organization, role, by="county", person=person)
        return Caller(self._base, self._session, issued.token)

    def with_token(self, token: str) -> Caller:
        return Caller(self._base, self._session, token)


@asynccontextmanager
async def an_api(hub: Hub, rate_per_minute: int = 0) -> AsyncIterator[Api]:
    """Serve the hub on a free port of the loopback."""
    async with (
        listening(make_app(hub, rate_per_minute=rate_per_minute), "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as session,
    ):
        yield Api(hub, port, session)


def noting_what_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the framework gets first of each connection that the express lane leaves to it."""
    over: list[bytes] = []
    known: set[RequestHandler] = set()
    received = RequestHandler.data_received

    def noted(self: RequestHandler, data: bytes) -> None:
        if self not in known:
            known.add(self)
            over.append(data)
        received(self, data)

    monkeypatch.setattr(RequestHandler, "data_received", noted)
    return over
