"""Wires the feed to an audit repository: TLS towards `HUB_ATNA`, mutual where a certificate is set."""

import ssl

from adapters.syslog import TlsSyslog
from hub.errors import ConfigurationError
from hub.ports import AuditSink
from hub.settings import Settings


def audit_sink(settings: Settings) -> AuditSink | None:
    """The collector of the settings, if there is one. Raises `ConfigurationError` for certificates that do not fit."""
    if settings.atna is None:
        return None
    try:
        context = ssl.create_default_context(cafile=str(settings.atna_ca) if settings.atna_ca else None)
        if settings.atna_certificate is not None:
            context.load_cert_chain(settings.atna_certificate, settings.atna_key)
    except (OSError, ssl.SSLError):
        raise ConfigurationError("HUB_ATNA_CA, HUB_ATNA_CERT or HUB_ATNA_KEY cannot be used.") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return TlsSyslog(*settings.atna, context)
