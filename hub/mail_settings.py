"""Settings of mail that comes in, and of what partners say about ours."""

from collections.abc import Mapping
from pathlib import Path

from hub.errors import ConfigurationError
from hub.model import Frozen

_LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
_MINUTE_US = 60_000_000


class MailSettings(Frozen, frozen=True, kw_only=True):
    """The intake, and how long partners may take to answer."""

    listen: tuple[str, int] | None
    """Where the mail server in front hands over what comes in (LMTP), a loopback address."""
    opens: Path | None
    """Folder of further keys (`NAME.key`) with certificates (`NAME.crt`) that open mail: former ones, separate ones."""
    processed_us: int
    """How long a partner's system may take to say that it opened a mail; microseconds."""
    dispatched_us: int
    """And then to say that it reached its final destination, where that was asked for."""


def read_mail(environ: Mapping[str, str]) -> MailSettings:
    """Raises `ConfigurationError` naming the variable."""
    opens = environ.get("HUB_SMIME_OPENS")
    return MailSettings(
        listen=_listen(environ.get("HUB_MAIL_LISTEN", "")),
        opens=Path(opens) if opens else None,
        processed_us=_minutes(environ.get("HUB_MDN_PROCESSED_MINUTES", "60"), "HUB_MDN_PROCESSED_MINUTES"),
        dispatched_us=_minutes(environ.get("HUB_MDN_DISPATCHED_MINUTES", "60"), "HUB_MDN_DISPATCHED_MINUTES"),
    )


def _listen(address: str) -> tuple[str, int] | None:
    if not address:
        return None
    host, _, port = address.rpartition(":")
    if host not in _LOOPBACK or not port.isdigit():
        raise ConfigurationError("HUB_MAIL_LISTEN is a loopback address and port: LMTP has neither TLS nor a password.")
    return host.strip("[]"), int(port)


def _minutes(text: str, name: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 10_080:
        raise ConfigurationError(f"{name} is 1 to 10080 minutes.")
    return int(text) * _MINUTE_US
