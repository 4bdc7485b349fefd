"""How a letter is asked for and handed over."""

from typing import Any

from aiohttp import web

from hub.errors import Malformed
from hub.forms.own import LANGUAGES, Language


def language_of(request: web.Request) -> Language:
    """The language asked for, English unless said. Raises `Malformed`."""
    language: Any = request.query.get("language", "en")
    if language not in LANGUAGES:
        raise Malformed("Letters are in en or es.", field="language")
    found: Language = language
    return found


def pdf_response(pdf: bytes, digest: str) -> web.Response:
    """The letter, named by nothing: a file name is read over shoulders."""
    headers = {"Content-Disposition": 'attachment; filename="letter.pdf"', "Digest-SHA-256": digest}
    return web.Response(body=pdf, content_type="application/pdf", headers=headers)
