"""Settings of the audit repository that disclosures and views are fed to (RFC 5425)."""

from collections.abc import Mapping
from pathlib import Path

from hub.model import Frozen
from hub.settings import values


class AuditSettings(Frozen, frozen=True, kw_only=True):
    """Where it is, and the hub's own certificate towards it."""

    repository: tuple[str, int] | None
    """Host and port."""
    ca: Path | None
    certificate: Path | None
    key: Path | None


def read_audit(environ: Mapping[str, str]) -> AuditSettings:
    """Raises `ConfigurationError` naming the variable."""
    return AuditSettings(
        repository=values.address(environ.get("HUB_ATNA"), "HUB_ATNA"),
        ca=values.path(environ.get("HUB_ATNA_CA")),
        certificate=values.path(environ.get("HUB_ATNA_CERT")),
        key=values.path(environ.get("HUB_ATNA_KEY")),
    )
