"""Wires HL7 v2: the listener with its TLS and its peers; what a message would become, without taking it."""

import ssl
from pathlib import Path
from typing import Any

import msgspec
import structlog

from adapters.mllp.accept import PRODUCTION, REHEARSAL
from adapters.mllp.check import examine
from adapters.mllp.conversation import Manners
from adapters.mllp.limits import Limits
from adapters.mllp.peers import Peer
from adapters.mllp.server import MllpListener
from hub.bootstrap.secrets import readable
from hub.casebook.yamltext import load_file
from hub.errors import ConfigurationError, Malformed
from hub.settings import Settings
from hub.settings.mllp import MllpSettings

_log = structlog.get_logger()


def listener(settings: Settings) -> MllpListener:
    """The listener of `HUB_MLLP_LISTEN`. Raises `ConfigurationError` naming what is missing or refused."""
    mllp = settings.mllp
    assert mllp.listen is not None
    return MllpListener(
        *mllp.listen,
        None if mllp.plain else _server_tls(mllp),
        peers(mllp.peers),
        manners(settings),
        Limits(max_bytes=mllp.max_bytes),
        listening=lambda port: _log.info("listening for HL7 v2", port=port, tls=not mllp.plain),
    )


def manners(settings: Settings) -> Manners:
    """How messages are read here: training and debugging ones only where no real person's are."""
    return Manners(zone=settings.zone, processing=REHEARSAL if settings.demo else PRODUCTION)


def peers(path: Path | None) -> tuple[Peer, ...]:
    """The file of peers, `peers:` a list. Raises `ConfigurationError` naming the entry and field."""
    if path is None:
        return ()
    try:
        raw = load_file(path)
        found = msgspec.convert(
            raw["peers"] if isinstance(raw, dict) and set(raw) == {"peers"} else None, tuple[Peer, ...]
        )
    except Malformed as error:
        raise ConfigurationError(f"HUB_MLLP_PEERS: {error.message}") from None
    except msgspec.ValidationError as error:
        place = str(error).rpartition(" - at `$")[2].strip("`") or "peers"
        raise ConfigurationError(f"HUB_MLLP_PEERS: the entry does not follow the format ({place}).") from None
    if any(not each.certificate and not each.facilities for each in found):
        raise ConfigurationError("HUB_MLLP_PEERS: a peer is known by its certificate or, on loopback, its facilities.")
    return found


def check(settings: Settings, content: bytes) -> list[dict[str, Any]]:
    """What the messages in these bytes would become here (`adapters.mllp.check`). Raises `ConfigurationError`."""
    return [msgspec.to_builtins(each) for each in examine(content, manners(settings), peers(settings.mllp.peers))]


def _server_tls(mllp: MllpSettings) -> ssl.SSLContext:
    """TLS in which every partner shows a certificate."""
    if not (mllp.certificate and mllp.key and mllp.client_ca):
        raise ConfigurationError("HUB_MLLP_LISTEN needs HUB_MLLP_CERT, HUB_MLLP_KEY and HUB_MLLP_CLIENT_CA.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    certificate = readable(mllp.certificate, "HUB_MLLP_CERT")
    key, authority = readable(mllp.key, "HUB_MLLP_KEY", secret=True), readable(mllp.client_ca, "HUB_MLLP_CLIENT_CA")
    try:
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(authority)
    except ssl.SSLError:
        raise ConfigurationError("HUB_MLLP_CERT, HUB_MLLP_KEY or HUB_MLLP_CLIENT_CA cannot be used.") from None
    return context
