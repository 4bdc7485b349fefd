"""Lists by the page: newest first, `limit` and `before` in the address, `next` in the answer."""

from typing import Any, NamedTuple

from aiohttp import web

from hub.errors import Malformed
from hub.model import is_id

NO_CURSOR = "invalid-cursor"
_MOST = 200
_USUAL = 50


class Page(NamedTuple):
    limit: int
    before: str | None

    def of(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """The rows, and where the next page begins (null: this was the last)."""
        return {"items": rows, "next": rows[-1]["id"] if len(rows) == self.limit else None}


def page_of(request: web.Request) -> Page:
    """The page asked for. Raises `Malformed`; with the code `invalid-cursor` for a beginning that no page named, which
    would be read as the first page's.
    """
    before = request.query.get("before")
    if before is not None and not is_id(before):
        raise Malformed("The next page begins at the `next` of the one before.", code=NO_CURSOR, field="before")
    return Page(_limit_of(request), before)


def only_page_of(request: web.Request) -> int:
    """The limit of a list that has no second page. Raises `Malformed` as `page_of` does."""
    if "before" in request.query:
        raise Malformed("This list has no other page.", code=NO_CURSOR, field="before")
    return _limit_of(request)


def _limit_of(request: web.Request) -> int:
    text = request.query.get("limit", str(_USUAL))
    if not (text.isascii() and text.isdigit() and 0 < int(text[:4]) <= _MOST):
        raise Malformed(f"A page has 1 to {_MOST} entries.", field="limit")
    return int(text)
