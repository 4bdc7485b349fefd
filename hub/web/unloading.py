"""How many bytes of large bodies a process has in memory at a time: they wait for each other, small ones for none.

A body is read, taken apart, checked and sealed whole, so what N senders hand in at once would all be there before
anything is decided. It waits unread, briefly: the sender's connection fills up, and nothing here does. An organization
may have half of what there is for all, so that its own large ones shut out nobody else's.
"""

import asyncio
from typing import NamedTuple

from aiohttp import web

from hub.errors import TooOften, Unavailable
from hub.model import new_id
from hub.web.access import WHO
from hub.workers.freight import Freight

WAIT_S = 5.0
"""For room; whoever finds none is told to come again."""


class Body(NamedTuple):
    """One that is here, or waits for room."""

    party: str
    size: int
    """Bytes, as announced."""
    taking: str
    entered: "asyncio.Future[None]"


class Unloading:
    """What of large bodies is here."""

    def __init__(self, most_bytes: int) -> None:
        self._freight = Freight[Body](most_bytes)

    async def enter(self, party: str, size: int) -> Body:
        """Room for a body, until `leave`. Raises `TooOften` if the party's own fill its share, `Unavailable` if there
        is no room otherwise.
        """
        body = Body(party, size, new_id(), asyncio.get_running_loop().create_future())
        own = party in self._freight.crowded
        if own or self._freight.full:
            raise _refused(own=own)
        if self._freight.enter(body):
            return body
        try:
            async with asyncio.timeout(WAIT_S):
                await body.entered
        except TimeoutError:
            own = self._freight.has_its_share(body)
            self.leave(body)
            raise _refused(own=own) from None
        except asyncio.CancelledError:
            self.leave(body)
            raise
        return body

    def leave(self, body: Body) -> None:
        """It is no longer here, or waits no longer."""
        for following in self._freight.leave(body):
            if not following.entered.done():  # else it has just given up, and leaves as soon as it is its turn
                following.entered.set_result(None)


UNLOADING = web.AppKey("unloading", Unloading)
_BODY = web.RequestKey("body", Body)


async def unload(request: web.Request, party: str, size: int) -> None:
    """Room for this request's body, until it is answered; `party` where no token names the caller's.

    Raises as `Unloading.enter`.
    """
    who = request.get(WHO)
    request[_BODY] = await request.app[UNLOADING].enter(who.organization if who else party, size)


def unloaded(request: web.Request) -> None:
    """The request is answered."""
    if body := request.get(_BODY):
        request.app[UNLOADING].leave(body)


def _refused(*, own: bool) -> Exception:
    if own:
        return TooOften("Your organization hands in too many large bodies at once.", code="too-much-at-once")
    return Unavailable("No room for a large body.", code="no-room-now")
