"""Who may break the glass, and for how long: `HUB_BREAK_GLASS`, `HUB_BREAK_GLASS_MINUTES`."""

import re
from collections.abc import Mapping

from hub.errors import ConfigurationError
from hub.model import Frozen

ROLES = ("compliance", "privacy", "auditor", "administrator", "staff")
_DEFAULT = "compliance,privacy,administrator"
_NAMED = re.compile(r"([a-z]+)(?:@([A-Za-z0-9._-]+))?")
_MOST_MINUTES = 480


class Glass(Frozen, frozen=True, kw_only=True):
    """`who`: a role, with an organization, or empty for the hub's own (`HUB_OPERATOR`)."""

    who: frozenset[tuple[str, str]] = frozenset((role, "") for role in _DEFAULT.split(","))
    minutes: int = 60


def read_glass(environ: Mapping[str, str]) -> Glass:
    """Raises `ConfigurationError`."""
    found = set()
    for text in filter(None, (each.strip() for each in environ.get("HUB_BREAK_GLASS", _DEFAULT).split(","))):
        named = _NAMED.fullmatch(text)
        if named is None or named[1] not in ROLES:
            raise ConfigurationError(f"HUB_BREAK_GLASS lists roles ({', '.join(ROLES)}), as role or role@organization.")
        found.add((named[1], named[2] or ""))
    minutes = environ.get("HUB_BREAK_GLASS_MINUTES", "60")
    if not (minutes.isascii() and minutes.isdigit() and 0 < int(minutes) <= _MOST_MINUTES):
        raise ConfigurationError(f"HUB_BREAK_GLASS_MINUTES is 1 to {_MOST_MINUTES}.")
    return Glass(who=frozenset(found), minutes=int(minutes))
