"""One value of a setting, read and checked. Each function raises `ConfigurationError` naming the variable."""

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.errors import ConfigurationError


def path(text: str | None) -> Path | None:
    """A file or folder, or none."""
    return Path(text) if text else None


def port_number(text: str, name: str) -> int:
    """A port; 0 lets the system choose, which only trials want."""
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise ConfigurationError(f"{name} needs a port number, at most 65535.")
    return int(text)


def address(text: str | None, name: str) -> tuple[str, int] | None:
    """Host and port, or none."""
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host:  # nothing would mean every address of the machine
        raise ConfigurationError(f"{name} is HOST:PORT.")
    return host.strip("[]"), port_number(port, name)


def switch(environ: Mapping[str, str], name: str) -> bool:
    """Whether a switch is on."""
    # "yes" taken for "no" would be noticed on the day it matters.
    text = environ.get(name, "")
    if text not in ("", "0", "1"):
        raise ConfigurationError(f"{name} is 1 for on, 0 for off.")
    return text == "1"


def redis_url(url: str | None) -> str | None:
    """Redis's address, or none."""
    if url and not url.startswith(("redis://", "rediss://")):
        raise ConfigurationError("HUB_REDIS_URL starts with redis:// or rediss://.")
    return url or None


def dns_server(text: str | None) -> str | None:
    """`HOST:PORT` of a DNS server, or none."""
    if text:
        port_number(text.rpartition(":")[2], "HUB_DIRECT_DNS")
    return text or None


def zone(name: str) -> ZoneInfo:
    """A zone of the tz database."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError("HUB_ZONE is not a known time zone.") from None


def public_url(text: str | None) -> str | None:
    """Where people reach the hub, or none."""
    # Links that people follow: over TLS, but on this machine.
    if text and not text.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise ConfigurationError("HUB_PUBLIC_URL starts with https://.")
    return text or None


def database_url(url: str) -> str:
    """`sqlite:///PATH` or `postgresql://...`"""
    if not url.startswith(("sqlite:///", "postgresql://")):
        raise ConfigurationError("HUB_DATABASE_URL starts with sqlite:/// or postgresql://.")
    return url
