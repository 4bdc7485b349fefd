"""Settings of whom Direct mail believes, and of how partners are found."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from hub.errors import ConfigurationError
from hub.model import Frozen
from hub.settings import values


class DirectSettings(Frozen, frozen=True, kw_only=True):
    """Trust and discovery."""

    trust: Path
    """Folder of the trust anchors and bundles for Direct mail."""
    revocation: Literal["refuse", "accept"]
    """What it means when nobody can say whether a certificate is revoked."""
    dns: str | None
    """`HOST:PORT` of the DNS server that discovery asks, instead of the system's."""
    loopback: bool
    """Lets discovery and fetching reach this machine itself: tests alone."""


def read_direct(environ: Mapping[str, str], data: Path) -> DirectSettings:
    """Raises `ConfigurationError` naming the variable."""
    return DirectSettings(
        trust=Path(environ.get("HUB_DIRECT_TRUST", data / "direct")),
        revocation=_revocation(environ.get("HUB_DIRECT_REVOCATION", "refuse")),
        dns=values.dns_server(environ.get("HUB_DIRECT_DNS")),
        loopback=values.switch(environ, "HUB_DIRECT_LOOPBACK"),
    )


def _revocation(text: str) -> Literal["refuse", "accept"]:
    if text == "refuse":
        return "refuse"
    if text == "accept":
        return "accept"
    raise ConfigurationError("HUB_DIRECT_REVOCATION is refuse or accept.")
