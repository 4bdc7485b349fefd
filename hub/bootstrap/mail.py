"""Wires what leaves by the mail relay: Direct mail, and the notices and codes of a secure pick-up."""

from adapters.email.acknowledger import MailAcknowledger
from adapters.email.channel import EmailChannel, signer_of
from adapters.email.cms.signer import Signer
from adapters.email.intake.patients import CIN_SYSTEM
from adapters.email.packed import Enclosed
from adapters.email.smtp import Relay, SmtpSessions
from adapters.pickup.channel import Mailbox, PickupDesk, PickupNotice
from hub.bootstrap.direct import make_trust_service
from hub.bootstrap.secrets import content, secret
from hub.crypto.keyring import KeyRing
from hub.errors import ConfigurationError
from hub.model import Parcel
from hub.pickup.collect import LIFE_US
from hub.pickup.links import token_of
from hub.ports import Acknowledger, Channel, Pickup
from hub.settings import Settings
from hub.storage.database import Database

_DAY_US = 86_400_000_000


def direct(settings: Settings, relay: str, database: Database) -> Channel:
    """Direct mail through the relay. Raises `ConfigurationError` naming what is missing or refused."""
    if not settings.smime_key or not settings.smime_certificate:
        raise ConfigurationError("HUB_SMTP_HOST needs HUB_SMIME_KEY and HUB_SMIME_CERT: nothing leaves unsigned.")
    return EmailChannel(
        content(settings.smime_key, "HUB_SMIME_KEY", secret=True),
        content(settings.smime_certificate, "HUB_SMIME_CERT"),
        settings.relay.sender,
        relay,
        settings.relay.port,
        implicit_tls=settings.relay.implicit_tls,
        credentials=_credentials(settings),
        tls_ca=_authority(settings),
        trust=make_trust_service(settings, database),
        loop=_closed_loop,
    )


def _closed_loop(parcel: Parcel, address: str) -> Enclosed | None:
    """The message that 360X puts beside the documents of a referral."""
    from adapters.mllp.closed_loop import REFERRALS, closed_loop  # noqa: PLC0415 - few partners read it

    found = closed_loop(parcel, address, CIN_SYSTEM)
    return found and Enclosed(found.message, found.format_code, found.number, REFERRALS)


def acknowledger(settings: Settings, relay: str, database: Database) -> Acknowledger:
    """Who tells senders of mail that it arrived. Raises as `direct`."""
    here = domain_of(settings)
    through = Relay(relay, settings.relay.port, here, settings.relay.implicit_tls, _credentials(settings))
    return MailAcknowledger(
        signer(settings),
        SmtpSessions(through, limit=4, deadline=60.0),
        authority=_authority(settings),
        trust=make_trust_service(settings, database),
    )


def signer(settings: Settings) -> Signer:
    """The hub's key and certificate for mail. Raises `ConfigurationError`."""
    if not settings.smime_key or not settings.smime_certificate:
        raise ConfigurationError("Mail needs HUB_SMIME_KEY and HUB_SMIME_CERT.")
    key = content(settings.smime_key, "HUB_SMIME_KEY", secret=True)
    return signer_of(key, content(settings.smime_certificate, "HUB_SMIME_CERT"), settings.relay.sender)


def domain_of(settings: Settings) -> str:
    """The hub's own mail domain."""
    return settings.relay.sender.rpartition("@")[2].lower()


def pickup_notice(settings: Settings, relay: str, ring: KeyRing, public_url: str) -> Channel:
    """The notice that something waits; `public_url` is the hub's address as partners reach it."""
    base = public_url.rstrip("/")

    def link(delivery: str) -> str:
        return f"{base}/pickup/{token_of(ring, delivery)}"

    return PickupNotice(_mailbox(settings, relay), link, LIFE_US // _DAY_US)


def pickup_desk(settings: Settings, relay: str) -> Pickup:
    """Codes and hand-overs, where the pages are served."""
    return PickupDesk(_mailbox(settings, relay))


def _mailbox(settings: Settings, relay: str) -> Mailbox:
    hello = settings.relay.sender.rpartition("@")[2]
    through = Relay(relay, settings.relay.port, hello, settings.relay.implicit_tls, _credentials(settings))
    return Mailbox(settings.relay.sender, through, _authority(settings))


def _credentials(settings: Settings) -> tuple[str, str] | None:
    if bool(settings.relay.user) != bool(settings.relay.password):
        raise ConfigurationError("HUB_SMTP_USER and HUB_SMTP_PASSWORD_FILE need each other.")
    if settings.relay.user and settings.relay.password:
        return settings.relay.user, secret(settings.relay.password, "HUB_SMTP_PASSWORD_FILE")
    return None


def _authority(settings: Settings) -> bytes | None:
    return content(settings.relay.ca, "HUB_SMTP_CA") if settings.relay.ca else None
