"""The application: routes, one boundary around all of them, and the listening socket.

INVARIANT: metadata-is-content. There is no access log; the library's own log, which quotes requests, goes nowhere.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator

import aiohttp.web_response
from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict

from hub import cadence
from hub.context import Hub
from hub.errors import ConfigurationError, Malformed, NotAvailable
from hub.intake import MAX_SUBMISSION_BYTES
from hub.settings import Settings
from hub.smart.keys import KeyCache
from hub.storage.tokens import Role, TokenReader
from hub.telemetry import count_request, time_request
from hub.web import (
    audit_events,
    consents,
    decisions,
    directory,
    exports,
    express,
    fhir,
    fhir_exchange,
    forms,
    glass,
    health,
    inbound,
    inquiries,
    log,
    members,
    messages,
    notices,
    outside,
    policy,
    registers,
    reports,
    signed,
    signing,
    smart,
    submissions,
    tlog,
    webhooks,
    work,
)
from hub.web.access import HUB, RATE, TOKENS, Route, admit
from hub.web.desk import routes as desk
from hub.web.express import CLOSE_S, FIRST_REQUEST_S, KEEPALIVE_S
from hub.web.outcomes import FHIR, as_outcome, check_accept
from hub.web.pickup import routes as pickup
from hub.web.problems import problem_of
from hub.web.unloading import UNLOADING, Unloading, unloaded

RATE_PER_MINUTE = 12_000
"""Of one token: a runaway client, not a busy county (Los Angeles: 5,250 messages a day)."""
MAX_BODY_BYTES = MAX_SUBMISSION_BYTES * 4 // 3 + 4 * 1024 * 1024
"""Of one request: the documents in base64, and part headers around them. A proxy's limit is this one."""

ROUTES: tuple[Route, ...] = (
    *submissions.ROUTES,
    *members.ROUTES,
    *consents.ROUTES,
    *directory.ROUTES,
    *decisions.ROUTES,
    *outside.ROUTES,
    *policy.ROUTES,
    *forms.ROUTES,
    *glass.ROUTES,
    *signing.ROUTES,
    *fhir.ROUTES,
    *inquiries.ROUTES,
    *reports.ROUTES,
    *notices.ROUTES,
    *work.ROUTES,
    *log.ROUTES,
    *registers.ROUTES,
    *exports.ROUTES,
    *audit_events.ROUTES,
    *messages.ROUTES,
    *fhir_exchange.ROUTES,
    *inbound.ROUTES,
    *smart.ROUTES,
    *signed.ROUTES,
    *webhooks.ROUTES,
    *tlog.ROUTES,
    *health.ROUTES,
    *desk.ROUTES,
    *pickup.ROUTES,
)
_SECURE = CIMultiDict(
    {
        "Server": "part2hub",
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": "max-age=31536000",
        "X-Content-Type-Options": "nosniff",
    }
)
_SILENT = web.AppKey("silent", set[web.RequestHandler])
"""Connections that have not finished the head of a first request."""
_ROLES = web.AppKey("roles", dict[tuple[str, str], tuple[Role, ...]])


def make_app(
    hub: Hub, *, rate_per_minute: int = RATE_PER_MINUTE, routes: tuple[Route, ...] = ROUTES
) -> web.Application:
    """The application around a hub; `rate_per_minute` 0 lifts the limit."""
    app = web.Application(middlewares=[_boundary], client_max_size=MAX_BODY_BYTES)
    app[HUB] = hub
    app[TOKENS] = TokenReader(hub)
    app[RATE] = rate_per_minute
    app[UNLOADING] = Unloading(hub.freight_bytes)
    app[smart.KEYS] = KeyCache(hub.fetch)
    app[_SILENT] = set()
    app[_ROLES] = {(route.method, route.described): route.roles for route in routes}
    for route in routes:
        app.router.add_route(route.method, route.path, route.handler)
        if route in health.ROUTES:
            # Balancers and monitors ask so; what needs a token keeps its one method and its one check of roles.
            app.router.add_route("HEAD", route.path, route.handler)
            app[_ROLES]["HEAD", route.described] = route.roles
    return app


@contextlib.asynccontextmanager
async def serving(
    hub: Hub, settings: Settings, tls: ssl.SSLContext | None = None, *, rate_per_minute: int = RATE_PER_MINUTE
) -> AsyncIterator[int]:
    """Listen where the settings say until left; yields the port (of use when the settings say 0)."""
    app = make_app(hub, rate_per_minute=rate_per_minute)
    async with listening(app, settings.listen_host, settings.listen_port, tls) as port:
        yield port


def silent_runner(app: web.Application) -> web.AppRunner:
    """What serves an application, without its library's version in the answers or its words in a log."""
    # What aiohttp answers by itself, before any handler, would carry its version.
    aiohttp.web_response.SERVER_SOFTWARE = _SECURE["Server"]  # type: ignore[attr-defined]
    silent = logging.Logger("part2hub.http")  # noqa: LOG001 - outside the logging tree on purpose: no handlers
    silent.disabled = True
    return web.AppRunner(
        app, access_log=None, logger=silent, keepalive_timeout=KEEPALIVE_S, auto_decompress=False,
        shutdown_timeout=CLOSE_S,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def listening(
    app: web.Application, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve an application there until left; yields the port."""
    runner = silent_runner(app)
    await runner.setup()
    loop = asyncio.get_running_loop()

    def framework() -> asyncio.Protocol:
        assert runner.server is not None
        protocol = runner.server()
        # A peer that connects and never finishes its first request's head holds a connection for nothing.
        app[_SILENT].add(protocol)
        loop.call_later(FIRST_REQUEST_S, _drop_if_silent, app[_SILENT], protocol)
        return protocol

    lane = express.Lane(app[HUB], app[TOKENS], app[RATE], dict(_SECURE), framework)
    try:
        server = await loop.create_server(lambda: express.Connection(lane), host, port, ssl=tls, backlog=512)
    except OSError as error:
        await runner.cleanup()
        raise ConfigurationError(
            "The hub cannot listen on the address of HUB_LISTEN or --listen; is it taken?"
        ) from error
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await lane.close()
        await runner.cleanup()


def _drop_if_silent(silent: set[web.RequestHandler], protocol: web.RequestHandler) -> None:
    if protocol in silent:
        silent.discard(protocol)
        protocol.force_close()


def _check_address(request: web.Request) -> None:
    """A NUL names nothing, and PostgreSQL fails a question that holds it. Raises `Malformed`."""
    if "%00" in request.raw_path:
        raise Malformed("An address holds no NUL.")


@web.middleware
async def _boundary(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The one place where callers are admitted, errors become responses and requests are counted."""
    started = cadence.clock()
    app = request.app
    app[_SILENT].discard(request.protocol)
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "unmatched"
    method, is_fhir = request.method, f"{request.path}/".startswith(FHIR)
    response: web.StreamResponse
    try:
        roles = app[_ROLES].get((method, route))
        if is_fhir:
            check_accept(request)
        if roles:
            await admit(request, roles)
            _check_address(request)
        response = await handler(request)
    except asyncio.CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - the boundary: whatever it is, the caller gets fixed words
        if isinstance(error, NotAvailable):
            await cadence.until_beat(started)
        response = problem_of(error)
        if is_fhir:  # also what no route has
            response = as_outcome(response)
    finally:
        unloaded(request)
    signed.acknowledge(request, response)
    for name, value in _SECURE.items():
        response.headers.setdefault(name, value)
    count_request(route, method if roles is not None else "other", str(response.status)).inc()
    time_request(route).observe(cadence.clock() - started)
    return response
