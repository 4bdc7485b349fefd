"""Style and scripts: a few files of ours and htmx, named by their content, so that a browser asks once for each."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from hub.errors import NotAvailable
from hub.web.access import PUBLIC, Route

_STATIC = Path(__file__).parent / "static"
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOREVER = "public, max-age=31536000, immutable"


class _Asset(NamedTuple):
    body: bytes
    kind: str


def addresses() -> Mapping[str, str]:
    """The address of each file by its name without its ending: `desk`, `keys`, `htmx`."""
    return _loaded()[0]


async def asset(request: web.Request) -> web.Response:
    """`GET /desk/static/{name}`."""
    found = _loaded()[1].get(request.match_info["name"])
    if found is None:
        raise NotAvailable
    return web.Response(body=found.body, content_type=found.kind, headers={"Cache-Control": _FOREVER})


@cache
def _loaded() -> tuple[dict[str, str], dict[str, _Asset]]:
    names: dict[str, str] = {}
    files: dict[str, _Asset] = {}
    for path in sorted(_STATIC.iterdir()):
        if path.suffix in _KINDS:
            body = path.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:12]
            short = path.name.partition(".")[0].partition("-")[0]
            name = f"{short}.{digest}{path.suffix}"
            names[f"{short}{path.suffix}"] = f"/desk/static/{name}"
            files[name] = _Asset(body, _KINDS[path.suffix])
    return names, files


ROUTES = (Route("GET", "/desk/static/{name}", asset, PUBLIC),)
