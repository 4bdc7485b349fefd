"""FHIR search: what is asked, a page at a time, and the searchset that answers; nowhere a total.

A parameter that is not understood is refused: dropping it would widen the result.
"""

import re
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from hub.errors import Malformed
from hub.model import is_id
from hub.web.outcomes import fhir
from hub.web.paging import NO_CURSOR

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_MOST = 200
COMMON = ("_id", "_count", "_cursor", "_format")


class Asked:
    """The parameters of a search, each known and given once. Raises `Malformed` naming the one that is not."""

    def __init__(self, request: web.Request, known: Collection[str]) -> None:
        query = request.query
        for name in query:
            if name not in known and name not in COMMON:
                raise Malformed("A search parameter that is not supported here.", field=_safe(name))
            if len(query.getall(name)) > 1:
                raise Malformed("A search parameter is given once.", field=name)
        self._query = query
        self._path = request.path

    def id(self, name: str, kind: str = "") -> str | None:
        """An id, with `KIND/` before it or not."""
        text = self._query.get(name)
        if text is None:
            return None
        found = text.removeprefix(f"{kind}/") if kind else text
        if not _ID.fullmatch(found):
            raise Malformed("This parameter takes an id.", field=name)
        return found

    @property
    def cursor(self) -> str | None:
        """Where the page begins; none: it is the first."""
        found = self._query.get("_cursor")
        if found is not None and not is_id(found):
            raise Malformed("The next page is the link of the one before.", code=NO_CURSOR, field="_cursor")
        return found

    def codes(self, name: str, known: Collection[str]) -> frozenset[str]:
        """Codes of a token parameter; empty: all."""
        found = frozenset(self._query.get(name, "").split(",")) - {""}
        if name in self._query and (not found or not found <= frozenset(known)):
            raise Malformed("A code that this parameter does not have.", field=name)
        return found

    @property
    def count(self) -> int:
        text = self._query.get("_count", "50")
        if not (text.isascii() and text.isdigit() and 0 < int(text[:4]) <= _MOST):
            raise Malformed(f"A page has 1 to {_MOST} entries.", field="_count")
        return int(text)

    def searchset(self, rows: list[Any], resource: Callable[[Any], dict[str, Any] | None], last: str) -> web.Response:
        """The page: what `resource` makes of each row, none of some; `last` is the id of the last row."""
        found = [each for each in map(resource, rows) if each is not None]
        links = [{"relation": "self", "url": self._url(dict(self._query))}]
        if len(rows) == self.count:
            links.append({"relation": "next", "url": self._url(dict(self._query) | {"_cursor": last})})
        bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
        if found:
            base = self._path
            bundle["entry"] = [
                {"fullUrl": f"{base}/{each['id']}", "resource": each, "search": {"mode": "match"}} for each in found
            ]
        return fhir(bundle)

    def _url(self, query: dict[str, str]) -> str:
        return f"{self._path}?{urlencode(query)}" if query else self._path


def _safe(name: str) -> str:
    """A parameter's name is the caller's text: shown only if it looks like one."""
    return name if re.fullmatch(r"[A-Za-z_.:\-]{1,40}", name) else "query"
