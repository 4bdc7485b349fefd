"""Wires the channels: which adapter stands behind `Channel`, from the settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nacl.signing import SigningKey

from hub.crypto.keyring import KeyKind, KeyRing
from hub.errors import ConfigurationError
from hub.model import ChannelKind
from hub.ports import Channel
from hub.settings import Settings

if TYPE_CHECKING:
    from adapters.fax.hylafax import HylaFaxServer
    from adapters.fax.transport import FaxTransport


def channels(settings: Settings, ring: KeyRing) -> Mapping[ChannelKind, Channel]:
    """The channels that are configured; a recipient reachable only by another one becomes a dead letter."""
    from adapters.api.channel import ApiChannel  # noqa: PLC0415 - loaded when wired
    from adapters.fax.channel import FaxChannel  # noqa: PLC0415 - loaded when wired

    delivery = ring.active(KeyKind.DELIVERY)
    wired: dict[ChannelKind, Channel] = {
        ChannelKind.API: ApiChannel(SigningKey(delivery.secret), delivery.id),
        ChannelKind.FAX: FaxChannel(_fax_transport(settings)),
    }
    if settings.sftp_key:
        from hub.bootstrap.files import channel  # noqa: PLC0415 - loaded when wired

        wired[ChannelKind.FILE] = channel(settings.sftp_key)
    if settings.mllp.certificate and settings.mllp.key:
        from adapters.mllp.channel import MllpChannel  # noqa: PLC0415 - loaded when wired

        wired[ChannelKind.MLLP] = MllpChannel(settings.mllp.certificate, settings.mllp.key)
    if settings.smtp_host:
        wired[ChannelKind.EMAIL] = _email(settings, settings.smtp_host)
    return wired


def _email(settings: Settings, relay: str) -> Channel:
    """Direct mail through the relay. Raises `ConfigurationError` naming what is missing or refused."""
    from adapters.email.channel import EmailChannel  # noqa: PLC0415

    if not settings.smime_key or not settings.smime_certificate:
        raise ConfigurationError("HUB_SMTP_HOST needs HUB_SMIME_KEY and HUB_SMIME_CERT: nothing leaves unsigned.")
    if bool(settings.smtp_user) != bool(settings.smtp_password):
        raise ConfigurationError("HUB_SMTP_USER and HUB_SMTP_PASSWORD_FILE need each other.")
    credentials = None
    if settings.smtp_user and settings.smtp_password:
        credentials = (settings.smtp_user, _secret(settings.smtp_password, "HUB_SMTP_PASSWORD_FILE"))
    return EmailChannel(
        _content(settings.smime_key, "HUB_SMIME_KEY", secret=True),
        _content(settings.smime_certificate, "HUB_SMIME_CERT"),
        settings.smtp_from,
        relay,
        settings.smtp_port,
        implicit_tls=settings.smtp_implicit_tls,
        credentials=credentials,
        tls_ca=_content(settings.smtp_ca, "HUB_SMTP_CA") if settings.smtp_ca else None,
    )


def _secret(path: Path, variable: str) -> str:
    return _content(path, variable, secret=True).decode(errors="replace").rstrip("\r\n")


def _content(path: Path, variable: str, *, secret: bool = False) -> bytes:
    try:
        if secret and path.stat().st_mode & 0o077:
            raise ConfigurationError(f"{variable} names a file that other users may read (chmod 600).")
        return path.read_bytes()
    except OSError:
        raise ConfigurationError(f"{variable} names a file that cannot be read.") from None


def _fax_transport(settings: Settings) -> "FaxTransport":
    """HylaFAX at `hylafax://user:password@host:port`, or the spool folder when none is configured."""
    if settings.hylafax_url is None:
        from adapters.fax.spool import SpoolFax  # noqa: PLC0415 - loaded when wired

        return SpoolFax(settings.fax_spool)
    from adapters.fax.hylafax import HylaFax  # noqa: PLC0415 - loaded when wired

    return HylaFax(fax_server(settings))


def fax_server(settings: Settings) -> "HylaFaxServer":
    """Where the HylaFAX server is. Raises `ConfigurationError` for an address that is none."""
    from adapters.fax.hylafax import HylaFaxServer  # noqa: PLC0415 - loaded when wired

    url = urlsplit(settings.hylafax_url or "")
    if url.scheme != "hylafax" or not url.hostname or not url.username:
        raise ConfigurationError("HUB_HYLAFAX_URL is hylafax://user:password@host:port.")
    return HylaFaxServer(
        host=url.hostname,
        port=url.port or 4559,
        user=url.username,
        password=url.password or "",
        admin=_secret(settings.hylafax_admin, "HUB_HYLAFAX_ADMIN_FILE") if settings.hylafax_admin else "",
    )
