"""Lists by the page: newest first, `limit` and `before` in the address, `next` in the answer."""

from typing import Any, NamedTuple

from aiohttp import web

from hub.errors import Malformed

_MOST = 200
_USUAL = 50


class Page(NamedTuple):
    limit: int
    before: str | None

    def of(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """The rows, and where the next page begins (null: this was the last)."""
        return {"items": rows, "next": rows[-1]["id"] if len(rows) == self.limit else None}


def page_of(request: web.Request) -> Page:
    """The page asked for. Raises `Malformed`."""
    text = request.query.get("limit", str(_USUAL))
    if not (text.isascii() and text.isdigit() and 0 < int(text[:4]) <= _MOST):
        raise Malformed(f"A page has 1 to {_MOST} entries.", field="limit")
    return Page(int(text), request.query.get("before"))
