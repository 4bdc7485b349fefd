"""A browser without a screen: somebody at the desk over plain HTTP, with cookies and forms as a page has them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any, NamedTuple

import aiohttp
import pyotp
import pytest
from argon2 import PasswordHasher
from yarl import URL

from hub.context import Hub
from hub.people import accounts, factors, passwords
from hub.people.accounts import EVERYBODY
from hub.web import make_app
from hub.web.app import listening

PASSWORD = "a quiet river at noon"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""What a hash costs on purpose is tested in tests/unit/people; here each account would pay it."""
TOKEN = re.compile(r'name="form_token" value="([0-9a-f]*)"')


class Seen(NamedTuple):
    """What a browser got."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def token(self) -> str:
        found = TOKEN.search(self.text)
        return found[1] if found else ""

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    @property
    def words(self) -> str:
        """What is read on it."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.text)).split())


class Browser:
    """One person's browser; follows nothing by itself."""

    def __init__(self, hub: Hub, base: str, session: aiohttp.ClientSession) -> None:
        self.hub = hub
        self.base = base
        self.session = session
        self.person = ""
        self.secret = ""
        self.form_token = ""

    async def get(self, path: str, **headers: str) -> Seen:
        return await self._seen("GET", path, headers=headers)

    async def post(self, path: str, fields: dict[str, Any] | None = None, **headers: str) -> Seen:
        """Send a form as the page before would: with its token, from its own site."""
        data = {"form_token": self.form_token} | (fields or {})
        return await self._seen("POST", path, data=data, headers={"Sec-Fetch-Site": "same-origin"} | headers)

    async def sign_in(self, email: str, password: str = PASSWORD, *, code: str | None = None) -> Seen:
        """Through both steps; the last answer."""
        first = await self.post("/desk/sign-in", {"email": email, "password": password})
        if first.status != 303:
            return first
        await self.get(first.location)
        seen = await self.post("/desk/second", {"code": code or self.code(), "next": "/desk/me"})
        if seen.status == 303:
            await self.get("/desk/me")
        return seen

    def code(self) -> str:
        """What the authenticator shows now; the clock moves on so that each is used once."""
        self.hub.clock.ahead += factors.STEP_S * 1_000_000
        return pyotp.TOTP(self.secret).at(self.hub.clock.now() // 1_000_000)

    def cookie(self) -> str:
        return next((each.value for each in self.session.cookie_jar if each.key == "desk"), "")

    def set_cookie(self, value: str) -> None:
        self.session.cookie_jar.update_cookies({"desk": value}, URL(self.base))

    async def _seen(self, method: str, path: str, **options: Any) -> Seen:
        async with self.session.request(method, self.base + path, allow_redirects=False, **options) as response:
            seen = Seen(response.status, await response.text(errors="replace"), dict(response.headers))
        self.form_token = seen.token or self.form_token
        return seen


class Desk:
    """The served pages, and browsers for people with accounts."""

    def __init__(self, hub: Hub, port: int, sessions: list[aiohttp.ClientSession]) -> None:
        self.hub = hub
        self.base = f"http://127.0.0.1:{port}"
        self._sessions = sessions

    def browser(self) -> Browser:
        """A fresh one: no cookies."""
        session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self._sessions.append(session)
        return Browser(self.hub, self.base, session)

    async def somebody(self, name: str, *roles: str, organizations: tuple[str, ...] = ("county", EVERYBODY)) -> Browser:
        """An account that accepted its invitation, and its browser, signed in."""
        invitation = await accounts.add(
            self.hub,
            email=f"{name}@desk.test",
            name=name.title(),
            roles=roles,
            organizations=organizations,
            by="county",
        )
        browser = self.browser()
        browser.person = invitation.person
        chosen = {"code": invitation.code, "password": PASSWORD, "repeat": PASSWORD}
        assert (await browser.post("/desk/join", chosen)).status == 303
        await browser.get("/desk/enrol")
        browser.secret = (await accounts.find(self.hub, invitation.person)).totp
        assert (await browser.post("/desk/enrol", {"code": browser.code()})).status == 200
        await browser.get("/desk/me")
        return browser


@asynccontextmanager
async def a_desk(hub: Hub) -> AsyncIterator[Desk]:
    """Serve the hub's pages on a free port of the loopback."""
    sessions: list[aiohttp.ClientSession] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: CHEAP)
        async with listening(make_app(hub, rate_per_minute=0), "127.0.0.1", 0) as port:
            try:
                yield Desk(hub, port, sessions)
            finally:
                for session in sessions:
                    await session.close()
