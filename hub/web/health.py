"""For machines that look after the hub: alive, ready, counted, described."""

import asyncio

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from hub import telemetry
from hub.errors import Unavailable
from hub.telemetry import REGISTRY
from hub.web.access import HUB, PUBLIC, Route
from hub.web.body import json_response
from hub.web.openapi import document_json
from hub.workers.backlog import measure

_READY_WITHIN_S = 2.0


async def alive(_request: web.Request) -> web.Response:
    """`GET /healthz`: the process answers."""
    return json_response({"status": "ok"})


async def ready(request: web.Request) -> web.Response:
    """`GET /readyz`: the database answers too, else 503."""
    try:
        async with asyncio.timeout(_READY_WITHIN_S):
            await request.app[HUB].directory.current()
    except TimeoutError:
        raise Unavailable("The database does not answer in time.") from None
    return json_response({"status": "ready"})


async def metrics(request: web.Request) -> web.Response:
    """`GET /metrics`: counts in the Prometheus format; labels are codes, never anything about a person."""
    try:
        await measure(request.app[HUB])
        telemetry.DATABASE_UP.set(1)
    except Unavailable:  # then the last figures stand
        telemetry.DATABASE_UP.set(0)
    return web.Response(body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def description(_request: web.Request) -> web.Response:
    """`GET /openapi.json`: this API in OpenAPI 3.1."""
    return web.Response(body=document_json(), content_type="application/json")


PROBES = (
    Route("GET", "/healthz", alive, PUBLIC),
    Route("GET", "/readyz", ready, PUBLIC),
    Route("GET", "/metrics", metrics, PUBLIC),
)
"""All that a process without the API answers (`HUB_PROBES`)."""
ROUTES = (*PROBES, Route("GET", "/openapi.json", description, PUBLIC))
