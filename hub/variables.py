"""The environment variables that mean something to the hub and its command line.

One that is mistyped would be passed over, and a hub would run by a default that nobody chose: on an empty SQLite file
beside its database, or without the county's own rules.
"""

from collections.abc import Iterable

from hub.errors import ConfigurationError

PREFIX = "HUB_"
TOKEN = "HUB_TOKEN"  # noqa: S105 - the name of the variable, no token
"""The bearer token of whoever sends to a hub (`part2hub send --to-url`); no setting of a hub."""
KNOWN = frozenset(
    (
        "HUB_ATNA", "HUB_ATNA_CA", "HUB_ATNA_CERT", "HUB_ATNA_KEY", "HUB_BREAK_GLASS", "HUB_BREAK_GLASS_MINUTES",
        "HUB_CHOICES", "HUB_CLOCKS", "HUB_COUNTY_PACK", "HUB_DATA", "HUB_DATABASE_URL", "HUB_DEMO", "HUB_DIRECT_DNS",
        "HUB_DIRECT_LOOPBACK", "HUB_DIRECT_REVOCATION", "HUB_DIRECT_TRUST", "HUB_DROPS", "HUB_FAX_CLOUD",
        "HUB_FAX_INBOUND", "HUB_FAX_MARK", "HUB_FAX_SPOOL", "HUB_FREIGHT_MIB", "HUB_HOLIDAYS",
        "HUB_HYLAFAX_ADMIN_FILE", "HUB_HYLAFAX_URL", "HUB_KEYS", "HUB_LEASE_S", "HUB_LEGAL_ROLE", "HUB_LETTERHEAD",
        "HUB_LISTEN", "HUB_MAIL_LISTEN", "HUB_MAIL_PEERS", "HUB_MDN_DISPATCHED_MINUTES", "HUB_MDN_PROCESSED_MINUTES",
        "HUB_MLLP_CERT", "HUB_MLLP_CLIENT_CA", "HUB_MLLP_KEY", "HUB_MLLP_LISTEN", "HUB_MLLP_MAX_MB", "HUB_MLLP_PEERS",
        "HUB_MLLP_TLS", "HUB_NO_CONSENT_H", "HUB_OPERATOR", "HUB_PROBES", "HUB_PUBLIC_URL", "HUB_REDIS_URL",
        "HUB_RETENTION", "HUB_SFTP_KEY", "HUB_SMART", "HUB_SMIME_CERT", "HUB_SMIME_KEY", "HUB_SMIME_OPENS",
        "HUB_SMTP_CA", "HUB_SMTP_FROM", "HUB_SMTP_HOST", "HUB_SMTP_PASSWORD_FILE", "HUB_SMTP_PORT", "HUB_SMTP_TLS",
        "HUB_SMTP_USER", "HUB_TELL_REVOCATIONS", "HUB_WITNESSES", "HUB_ZONE", TOKEN,
    )
)  # fmt: skip


def check(names: Iterable[str]) -> None:
    """Raises `ConfigurationError` naming each variable with the hub's prefix that nobody reads, and what is nearest."""
    unknown = sorted(name for name in names if name.startswith(PREFIX) and name not in KNOWN)
    if unknown:
        raise ConfigurationError(f"{', '.join(map(_said, unknown))}. All are in deploy/OPERATOR.md.")


def _said(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - so that every other command starts without it

    # Without what all have in common, or everything would be near.
    rests = [each.removeprefix(PREFIX) for each in sorted(KNOWN)]
    nearest = get_close_matches(name.removeprefix(PREFIX), rests, n=1)
    return f"{name} is no setting ({PREFIX}{nearest[0]} is)" if nearest else f"{name} is no setting"
