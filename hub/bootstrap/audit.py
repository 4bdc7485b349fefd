"""Wires the feed to an audit repository: TLS towards `HUB_ATNA`, mutual where a certificate is set."""

import ssl

from adapters.syslog import TlsSyslog
from hub.bootstrap.secrets import readable
from hub.errors import ConfigurationError
from hub.ports import AuditSink
from hub.settings import Settings


def audit_sink(settings: Settings) -> AuditSink | None:
    """The collector of the settings, if there is one. Raises `ConfigurationError` for certificates that do not fit."""
    if settings.atna is None:
        return None
    authority = readable(settings.atna_ca, "HUB_ATNA_CA") if settings.atna_ca else None
    key = readable(settings.atna_key, "HUB_ATNA_KEY", secret=True) if settings.atna_key else None
    try:
        context = ssl.create_default_context(cafile=authority)
        if settings.atna_certificate is not None:
            context.load_cert_chain(readable(settings.atna_certificate, "HUB_ATNA_CERT"), key)
    except ssl.SSLError:
        raise ConfigurationError("HUB_ATNA_CA, HUB_ATNA_CERT or HUB_ATNA_KEY cannot be used.") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return TlsSyslog(*settings.atna, context)
