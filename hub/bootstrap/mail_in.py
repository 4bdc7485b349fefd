"""Wires the mail intake: our addresses, the keys that open mail, whom we believe, and who reads what is in it."""

from pathlib import Path

import structlog

from adapters.email.certificates import bound_to
from adapters.email.check import read_certificates, read_keys
from adapters.email.cms.opening import OpeningKey
from adapters.email.intake.content import Readers
from adapters.email.intake.listener import MailIntake
from adapters.email.intake.reading import MailReader
from hub.arrivals import ArrivedPacket
from hub.bootstrap.direct import make_trust_service, published_signers
from hub.bootstrap.mail import domain_of, signer
from hub.bootstrap.secrets import content
from hub.context import Hub
from hub.deliver import attempt_of
from hub.errors import ConfigurationError, Malformed
from hub.settings import Settings

_log = structlog.get_logger()


def intake(settings: Settings, hub: Hub, listen: tuple[str, int]) -> MailIntake:
    """The listener of `HUB_MAIL_LISTEN`. Raises `ConfigurationError` naming what is missing or refused."""
    domain, own = domain_of(settings), signer(settings)
    service = make_trust_service(settings, hub.database, published_signers(settings))

    async def ours(address: str) -> bool:
        """The hub's own mailbox, or ORGANIZATION@ its domain; and only what the hub's certificate can answer for."""
        local, _, at = address.lower().rpartition("@")
        if at != domain or not bound_to(own.certificate, address):
            return False
        own_name = address.lower() == settings.relay.sender.lower()
        return own_name or local in (await hub.directory.current()).organizations

    def organization(address: str) -> str:
        return "" if address.lower() == settings.relay.sender.lower() else address.lower().rpartition("@")[0]

    def delivery(message_id: str) -> str:
        local, _, at = message_id.rpartition("@")
        return local if at.lower() == domain and attempt_of(local) else ""

    reader = MailReader(
        keys=_keys(settings),
        trust=lambda where: service.trust(where, "incoming"),
        now=hub.clock.now,
        delivery=delivery,
        readers=Readers(v2=lambda raw: _v2(settings, hub, raw), organization=organization),
    )
    return MailIntake(
        *listen,
        reader.read,
        ours,
        peers=settings.mail.peers,
        listening=lambda port: _log.info("listening for mail", port=port),
        closing=service.close,
    )


def _v2(settings: Settings, hub: Hub, raw: bytes) -> ArrivedPacket | None:
    """An enclosed HL7 v2 message, as the listener for these would read it."""
    from adapters.mllp.message import Message  # noqa: PLC0415 - most mail has none
    from adapters.mllp.peers import Peer  # noqa: PLC0415
    from adapters.mllp.reading import read  # noqa: PLC0415
    from hub.bootstrap.v2 import manners  # noqa: PLC0415

    how = manners(settings)
    peer = Peer(organization="", purpose="treatment")
    found = read(
        Message.read(raw), raw, zone=how.zone, now=hub.clock.now(), peer=peer, processing=how.processing
    ).arrival
    content = found.content if found is not None and not found.trouble else None
    return content if isinstance(content, ArrivedPacket) else None


def _keys(settings: Settings) -> tuple[OpeningKey, ...]:
    assert settings.smime_key is not None
    assert settings.smime_certificate is not None  # `signer` has asked for both
    pairs = [(settings.smime_key, settings.smime_certificate)]
    if settings.mail.opens is not None:
        pairs += [(key, key.with_suffix(".crt")) for key in sorted(settings.mail.opens.glob("*.key"))]
    return tuple(each for key, certificate in pairs for each in _pair(key, certificate))


def _pair(key: Path, certificate: Path) -> list[OpeningKey]:
    try:
        certificates = read_certificates(content(certificate, "HUB_SMIME_CERT or HUB_SMIME_OPENS"))
        return read_keys(content(key, "HUB_SMIME_KEY or HUB_SMIME_OPENS", secret=True), None, certificates)
    except Malformed:
        raise ConfigurationError(
            "HUB_SMIME_KEY or HUB_SMIME_OPENS holds what is no key with its certificate."
        ) from None
