"""Settings of mail that comes in, and of what partners say about ours."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from hub.errors import ConfigurationError
from hub.model import Frozen

Network = IPv4Network | IPv6Network
LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_MINUTE_US = 60_000_000


class MailSettings(Frozen, frozen=True, kw_only=True):
    """The intake, and how long partners may take to answer."""

    listen: tuple[str, int] | None
    """Where the mail server in front hands over what comes in (LMTP)."""
    peers: tuple[Network, ...]
    """Who may: this machine, or the private networks that were named."""
    opens: Path | None
    """Folder of further keys (`NAME.key`) with certificates (`NAME.crt`) that open mail: former ones, separate ones."""
    processed_us: int
    """How long a partner's system may take to say that it opened a mail; microseconds."""
    dispatched_us: int
    """And then to say that it reached its final destination, where that was asked for."""


def read_mail(environ: Mapping[str, str]) -> MailSettings:
    """Raises `ConfigurationError` naming the variable."""
    opens = environ.get("HUB_SMIME_OPENS")
    peers = _peers(environ.get("HUB_MAIL_PEERS", ""))
    return MailSettings(
        listen=_listen(environ.get("HUB_MAIL_LISTEN", ""), named=bool(peers)),
        peers=peers or LOOPBACK,
        opens=Path(opens) if opens else None,
        processed_us=_minutes(environ.get("HUB_MDN_PROCESSED_MINUTES", "60"), "HUB_MDN_PROCESSED_MINUTES"),
        dispatched_us=_minutes(environ.get("HUB_MDN_DISPATCHED_MINUTES", "60"), "HUB_MDN_DISPATCHED_MINUTES"),
    )


def _listen(address: str, *, named: bool) -> tuple[str, int] | None:
    if not address:
        return None
    host, _, port = address.rpartition(":")
    try:
        at = ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        at = None
    if at is None or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ConfigurationError("HUB_MAIL_LISTEN is an IP address and port, as 127.0.0.1:2424.")
    if not at.is_loopback and not named:
        raise ConfigurationError(
            "HUB_MAIL_LISTEN is a loopback address, as LMTP has neither TLS nor a password; "
            "on another one HUB_MAIL_PEERS names the mail server's own network."
        )
    return str(at), int(port)


def _peers(text: str) -> tuple[Network, ...]:
    try:
        found = tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())
    except ValueError:
        found = None
    # What crosses a public network would show who writes to whom.
    if found is None or not all(each.is_private for each in found):
        raise ConfigurationError("HUB_MAIL_PEERS is a list of private networks, as 172.28.5.10/32,127.0.0.0/8.")
    return found


def _minutes(text: str, name: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 10_080:
        raise ConfigurationError(f"{name} is 1 to 10080 minutes.")
    return int(text) * _MINUTE_US
