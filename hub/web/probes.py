"""`HUB_PROBES`: a worker or an intake, which have no API, tell whether they live and what they count.

No token is asked for, as at the API's own three addresses: where this listens belongs on a private network.
"""

import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from hub.context import Hub
from hub.errors import ConfigurationError
from hub.web.app import make_app, silent_runner
from hub.web.health import PROBES


@contextlib.asynccontextmanager
async def probing(hub: Hub, address: tuple[str, int]) -> AsyncIterator[int]:
    """Answer `/healthz`, `/readyz` and `/metrics` there, and nothing else, until left; yields the port.

    Raises `ConfigurationError` where it cannot listen.
    """
    runner = silent_runner(make_app(hub, routes=PROBES))
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, *address).start()
        except OSError:
            raise ConfigurationError(
                "The hub cannot listen on the address of HUB_PROBES; is it taken? Each process needs one of its own."
            ) from None
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
