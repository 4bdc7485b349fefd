"""Puts discovery together from what an operator sets, and says in words what it found."""

from typing import Any

from adapters.email.discovery.discover import Discovery
from adapters.email.discovery.dns import DnsCertificates
from adapters.email.discovery.found import Discovered
from adapters.email.discovery.ldap import LdapCertificates
from adapters.email.reasons import REASONS
from adapters.email.trust.store import fingerprint, pem
from adapters.guard import Guard
from hub.errors import ConfigurationError

_WORDS = {"ok": "found, and may be used", "none": "publishes nothing", "unreachable": "could not be asked"}


def make_discovery(guard: Guard, dns_server: str | None) -> Discovery:
    """Discovery over the system's resolver, or `HOST:PORT`. Raises `ConfigurationError`."""
    server = None
    if dns_server is not None:
        host, _, port = dns_server.rpartition(":")
        if not host or not port.isdigit():
            raise ConfigurationError("HUB_DIRECT_DNS is HOST:PORT.")
        server = (host.strip("[]"), int(port))
    dns = DnsCertificates(guard, server)
    return Discovery(dns, LdapCertificates(dns))


def described(found: Discovered) -> dict[str, Any]:
    """For a program or a terminal; nothing in it is personal beyond the address that was asked."""
    return {
        "source": found.source,
        "findings": [
            {"source": each.source, "code": each.code, "words": _WORDS.get(each.code) or REASONS[each.code]}
            for each in found.findings
        ],
        "certificates": [
            {
                "sha256": fingerprint(each),
                "subject": each.subject.rfc4514_string(),
                "until": each.not_valid_after_utc.isoformat(),
                "pem": pem(each),
            }
            for each in found.certificates
        ],
    }
