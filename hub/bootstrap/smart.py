"""Wires access tokens for partners that ask for them: the file of `HUB_SMART` and the hub's own key."""

from pathlib import Path

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from adapters.api.smart import SmartEndpoint, SmartTokens
from hub import jsontext
from hub.bootstrap.secrets import content
from hub.errors import ConfigurationError, Malformed


class SmartFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`key`: file (mode 600) with a P-384 private key in PEM; `endpoints` by the directory's endpoint id."""

    key: str
    key_id: str
    endpoints: dict[str, SmartEndpoint]


def smart_tokens(path: Path) -> SmartTokens:
    """Raises `ConfigurationError` naming what is wrong with the file or the key."""
    found = _read(path)
    try:
        key = ECKey.import_key(content(Path(found.key), "The key of HUB_SMART", secret=True))
    except (JoseError, ValueError):
        raise ConfigurationError("The key of HUB_SMART is a P-384 private key in PEM.") from None
    if key.curve_name != "P-384" or not key.is_private:
        raise ConfigurationError("The key of HUB_SMART is a P-384 private key in PEM.")
    if any(not each.token_url.startswith("https://") for each in found.endpoints.values()):
        raise ConfigurationError("A token_url of HUB_SMART starts with https://.")
    return SmartTokens(found.endpoints, key, found.key_id)


def _read(path: Path) -> SmartFile:
    try:
        raw = path.read_bytes()
        found = msgspec.json.decode(raw, type=SmartFile, strict=False)
        jsontext.check(raw)
    except (OSError, ValueError, RecursionError, Malformed):
        raise ConfigurationError("HUB_SMART is a JSON file with key, key_id and endpoints.") from None
    return found
