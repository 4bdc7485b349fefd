"""Wires the feed to an audit repository: TLS towards `HUB_ATNA`, mutual where a certificate is set."""

import ssl

from adapters.syslog import TlsSyslog
from hub.bootstrap.secrets import readable
from hub.errors import ConfigurationError
from hub.ports import AuditSink
from hub.settings import Settings


def audit_sink(settings: Settings) -> AuditSink | None:
    """The collector of the settings, if there is one. Raises `ConfigurationError` for certificates that do not fit."""
    if settings.audit.repository is None:
        return None
    authority = readable(settings.audit.ca, "HUB_ATNA_CA") if settings.audit.ca else None
    key = readable(settings.audit.key, "HUB_ATNA_KEY", secret=True) if settings.audit.key else None
    try:
        context = ssl.create_default_context(cafile=authority)
        if settings.audit.certificate is not None:
            context.load_cert_chain(readable(settings.audit.certificate, "HUB_ATNA_CERT"), key)
    except ssl.SSLError:
        raise ConfigurationError("HUB_ATNA_CA, HUB_ATNA_CERT or HUB_ATNA_KEY cannot be used.") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return TlsSyslog(*settings.audit.repository, context)
