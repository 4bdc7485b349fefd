"""TLS towards a partner: required, verified, and to the very authority its directory entry names.

Rules kept: no context here ever skips verification; a directory entry that names an authority trusts that one
alone; a session that names no context trusts nobody.
"""

import ssl
from functools import lru_cache

from aiohttp import connector

from hub.errors import Unrenderable


@lru_cache(maxsize=256)
def client_context(authority: bytes | None) -> ssl.SSLContext:
    """A verifying client context, TLS 1.2 or later, for `authority` in PEM, or the system's if none.

    Cached, since loading the system's authorities takes milliseconds. Raises `Unrenderable` if the PEM does
    not parse.
    """
    try:
        context = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
    except (ssl.SSLError, UnicodeDecodeError, ValueError):
        message = "The directory entry's TLS authority is not a PEM certificate."
        raise Unrenderable(message, code="endpoint-unusable") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def trust_nobody_unnamed() -> None:
    """Leave a session of aiohttp that names no context with one that trusts nobody, in place of the two that it makes
    as it is imported: one verifies by the system's authorities, one not at all, 1.8 MiB that no session here uses.
    """
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name in ("_SSL_CONTEXT_VERIFIED", "_SSL_CONTEXT_UNVERIFIED"):
        setattr(connector, name, nobody)
