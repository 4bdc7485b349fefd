"""Settings of the mail relay that the hub's own mail goes out through."""

from collections.abc import Mapping
from pathlib import Path

from hub.errors import ConfigurationError
from hub.model import Frozen
from hub.settings import values


class RelaySettings(Frozen, frozen=True, kw_only=True):
    """Where it is, and as whom the hub speaks to it."""

    host: str | None
    """None: no mail leaves."""
    port: int
    ca: Path | None
    implicit_tls: bool
    """TLS from the first byte (port 465) instead of STARTTLS; one of the two is always required."""
    user: str | None
    password: Path | None
    sender: str
    """The address that the hub's mail is from."""


def read_relay(environ: Mapping[str, str]) -> RelaySettings:
    """Raises `ConfigurationError` naming the variable."""
    implicit = _implicit_tls(environ.get("HUB_SMTP_TLS", "starttls"))
    return RelaySettings(
        host=environ.get("HUB_SMTP_HOST") or None,
        port=values.port_number(environ.get("HUB_SMTP_PORT", "465" if implicit else "587"), "HUB_SMTP_PORT"),
        ca=values.path(environ.get("HUB_SMTP_CA")),
        implicit_tls=implicit,
        user=environ.get("HUB_SMTP_USER") or None,
        password=values.path(environ.get("HUB_SMTP_PASSWORD_FILE")),
        sender=environ.get("HUB_SMTP_FROM", "exchange@hub.test"),
    )


def _implicit_tls(text: str) -> bool:
    if text not in ("starttls", "implicit"):
        raise ConfigurationError("HUB_SMTP_TLS is starttls or implicit; there is no way without TLS.")
    return text == "implicit"
