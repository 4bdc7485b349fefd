"""Wires what partners name and sign: their addresses (guarded, over https, public ones only) and their requests."""

from collections.abc import Awaitable, Callable

from hub.ports import Fetch, Post, SignatureReader
from hub.settings import Settings


def fetching(settings: Settings) -> tuple[Fetch, Callable[[], Awaitable[None]]]:
    """How to fetch a partner's public keys, and how to end that."""
    from adapters.email.fetch import Fetcher, FetchFailed  # noqa: PLC0415 - loaded when wired
    from adapters.guard import Guard  # noqa: PLC0415

    fetcher = Fetcher(Guard(loopback=settings.direct.loopback))

    async def fetch(url: str) -> bytes:
        try:
            return await fetcher.get(url, https_only=True)
        except FetchFailed:
            raise OSError from None

    return fetch, fetcher.close


def posting(settings: Settings) -> tuple[Post, Callable[[], Awaitable[None]]]:
    """How to post a webhook, and how to end that."""
    from adapters.api.webhook import Poster  # noqa: PLC0415 - loaded when wired
    from adapters.guard import Guard  # noqa: PLC0415

    poster = Poster(Guard(loopback=settings.direct.loopback))
    return poster.post, poster.close


def signatures() -> SignatureReader:
    """How signed requests are read."""
    from adapters.api.incoming import RequestSignatures  # noqa: PLC0415 - loaded when wired

    return RequestSignatures()
