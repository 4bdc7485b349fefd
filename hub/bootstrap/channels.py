"""Wires the channels: which adapter stands behind `Channel`, from the settings."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nacl.signing import SigningKey

from hub.bootstrap.secrets import readable, secret
from hub.crypto.keyring import KeyKind, KeyRing
from hub.errors import ConfigurationError
from hub.model import ChannelKind
from hub.ports import Acknowledger, Channel, Pickup, ReportReader
from hub.settings import Settings
from hub.storage.database import Database

if TYPE_CHECKING:
    from adapters.api.smart import SmartTokens
    from adapters.fax.hylafax import HylaFaxServer
    from adapters.fax.transport import FaxTransport


def channels(settings: Settings, ring: KeyRing, database: Database) -> Mapping[ChannelKind, Channel]:
    """The channels that are configured; a recipient reachable only by another one becomes a dead letter."""
    from adapters.api.channel import ApiChannel  # noqa: PLC0415 - loaded when wired

    delivery = ring.active(KeyKind.DELIVERY)
    wired: dict[ChannelKind, Channel] = {
        ChannelKind.API: ApiChannel(SigningKey(delivery.secret), delivery.id, tokens=_tokens(settings)),
    }
    if (transport := _fax_transport(settings, database)) is not None:
        from adapters.fax.channel import FaxChannel  # noqa: PLC0415 - loaded when wired

        wired[ChannelKind.FAX] = FaxChannel(transport)
    if settings.sftp_key:
        from hub.bootstrap.files import channel  # noqa: PLC0415 - loaded when wired

        wired[ChannelKind.FILE] = channel(settings.sftp_key)
    if settings.mllp.certificate and settings.mllp.key:
        from adapters.mllp.channel import MllpChannel  # noqa: PLC0415 - loaded when wired

        wired[ChannelKind.MLLP] = MllpChannel(
            readable(settings.mllp.certificate, "HUB_MLLP_CERT"),
            readable(settings.mllp.key, "HUB_MLLP_KEY", secret=True),
        )
    if settings.relay.host:
        from hub.bootstrap import mail  # noqa: PLC0415 - loaded when wired

        wired[ChannelKind.EMAIL] = mail.direct(settings, settings.relay.host, database)
        if settings.public_url:
            wired[ChannelKind.PICKUP] = mail.pickup_notice(settings, settings.relay.host, ring, settings.public_url)
    return wired


def _tokens(settings: Settings) -> "SmartTokens | None":
    if settings.smart is None:
        return None
    from hub.bootstrap.smart import smart_tokens  # noqa: PLC0415 - loaded when wired

    return smart_tokens(settings.smart)


def pickup(settings: Settings) -> Pickup | None:
    """Codes and hand-overs; none without a relay and an address. Raises `ConfigurationError`."""
    if not settings.relay.host or not settings.public_url:
        return None
    from hub.bootstrap import mail  # noqa: PLC0415 - loaded when wired

    return mail.pickup_desk(settings, settings.relay.host)


def acknowledger(settings: Settings, database: Database) -> Acknowledger | None:
    """Who tells senders of mail that it arrived; none where no mail comes in. Raises `ConfigurationError`."""
    if not settings.mail.listen:
        return None
    if not settings.relay.host:
        raise ConfigurationError("HUB_MAIL_LISTEN needs HUB_SMTP_HOST: senders are told that their mail arrived.")
    from hub.bootstrap import mail  # noqa: PLC0415 - loaded when wired

    return mail.acknowledger(settings, settings.relay.host, database)


def _fax_transport(settings: Settings, database: Database) -> "FaxTransport | None":
    """A provider, HylaFAX at `hylafax://user:password@host:port`, or the spool folder when neither is configured.

    None where there is no such folder either: a fax that nobody would send is a dead letter, not a delivery.
    """
    if settings.fax.cloud is not None:
        from hub.bootstrap import fax_cloud  # noqa: PLC0415 - loaded when wired

        return fax_cloud.transport(settings.fax.cloud, database)
    if settings.fax.hylafax is None:
        if settings.fax.spool is None:
            return None
        from adapters.fax.spool import SpoolFax  # noqa: PLC0415 - loaded when wired

        return SpoolFax(settings.fax.spool)
    from adapters.fax.hylafax import HylaFax  # noqa: PLC0415 - loaded when wired

    return HylaFax(fax_server(settings))


def report_readers(settings: Settings) -> Mapping[str, ReportReader]:
    """Who reads the reports of the providers that are configured. Raises `ConfigurationError`."""
    if settings.fax.cloud is None:
        return {}
    from hub.bootstrap import fax_cloud  # noqa: PLC0415 - loaded when wired

    return fax_cloud.readers(settings.fax.cloud)


def fax_server(settings: Settings) -> "HylaFaxServer":
    """Where the HylaFAX server is. Raises `ConfigurationError` for an address that is none."""
    from adapters.fax.hylafax import HylaFaxServer  # noqa: PLC0415 - loaded when wired

    url = urlsplit(settings.fax.hylafax or "")
    if url.scheme != "hylafax" or not url.hostname or not url.username:
        raise ConfigurationError("HUB_HYLAFAX_URL is hylafax://user:password@host:port.")
    return HylaFaxServer(
        host=url.hostname,
        port=url.port or 4559,
        user=url.username,
        password=url.password or "",
        admin=secret(settings.fax.admin, "HUB_HYLAFAX_ADMIN_FILE") if settings.fax.admin else "",
    )
