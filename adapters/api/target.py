"""Where an API delivery goes: the parts of the endpoint's address that the wire and the signature need.

Rules kept: https only, but for a loopback address when tests or benchmarks asked for it; no credentials,
query or fragment in an address, since addresses are logged and signed; nothing that could write a header.
"""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from hub.errors import Unrenderable

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?|[0-9a-f:]{2,45}")
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed address. `authority` is the Host header's value: no port if it is the scheme's own."""

    host: str
    port: int
    authority: str
    path: str
    tls: bool


@lru_cache(maxsize=1024)
def parse_target(address: str, suffix: str = "", *, allow_plain_loopback: bool = False) -> Target:
    """The target of `address` with `suffix` after its path; raises `Unrenderable` (`endpoint-unusable`)."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _unusable() from None
    path = (parts.path.rstrip("/") + suffix) or "/"
    plain = parts.scheme == "http" and allow_plain_loopback and _is_loopback(host)
    extra = parts.query or parts.fragment or parts.username is not None or parts.password is not None
    if extra or not (parts.scheme == "https" or plain) or not _HOST.fullmatch(host) or not _PATH.fullmatch(path):
        raise _unusable()
    default = 80 if plain else 443
    name = f"[{host}]" if ":" in host else host
    authority = name if port in {None, default} else f"{name}:{port}"
    return Target(host=host, port=port or default, authority=authority, path=path, tls=not plain)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unusable() -> Unrenderable:
    return Unrenderable("The endpoint's address is not a plain https URL.", code="endpoint-unusable")
