"""Settings of the HL7 v2 listener."""

from collections.abc import Mapping
from pathlib import Path

from hub.errors import ConfigurationError
from hub.model import Frozen
from hub.settings import values


class MllpSettings(Frozen, frozen=True, kw_only=True):
    """The HL7 v2 listener, and the hub's own certificate towards v2 partners."""

    listen: tuple[str, int] | None
    plain: bool
    """Without TLS; on a loopback address only."""
    certificate: Path | None
    key: Path | None
    client_ca: Path | None
    """Who must have issued a partner's client certificate."""
    peers: Path | None
    max_bytes: int


def read_mllp(environ: Mapping[str, str]) -> MllpSettings:
    """Raises `ConfigurationError` naming the variable."""
    address, plain = environ.get("HUB_MLLP_LISTEN", ""), environ.get("HUB_MLLP_TLS", "required")
    host, _, port = address.rpartition(":")
    if plain not in ("required", "off"):
        raise ConfigurationError("HUB_MLLP_TLS is required, or off on a loopback address.")
    if plain == "off" and address and host not in ("127.0.0.1", "[::1]", "localhost"):
        raise ConfigurationError("HUB_MLLP_TLS=off is for a loopback address; records never cross a network in clear.")
    megabytes = environ.get("HUB_MLLP_MAX_MB", "1")
    if megabytes not in map(str, range(1, 21)):
        raise ConfigurationError("HUB_MLLP_MAX_MB is 1 to 20.")
    return MllpSettings(
        listen=(host.strip("[]"), values.port_number(port, "HUB_MLLP_LISTEN")) if address else None,
        plain=plain == "off",
        certificate=values.path(environ.get("HUB_MLLP_CERT")),
        key=values.path(environ.get("HUB_MLLP_KEY")),
        client_ca=values.path(environ.get("HUB_MLLP_CLIENT_CA")),
        peers=values.path(environ.get("HUB_MLLP_PEERS")),
        max_bytes=int(megabytes) << 20,
    )
