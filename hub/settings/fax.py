"""Settings of faxes: a server of one's own, a provider, or a folder that stands for both."""

from collections.abc import Mapping
from pathlib import Path

from hub.model import Frozen
from hub.settings import values


class FaxSettings(Frozen, frozen=True, kw_only=True):
    """How faxes leave and come in."""

    hylafax: str | None
    """`hylafax://user:password@host:4559`"""
    admin: Path | None
    """File with the fax server's administrator password, for session logs and the receive queue."""
    inbound: bool
    """Whether the faxes that come in at the fax server are the hub's to fetch."""
    mark: Path | None
    """A file that the fax server's hook touches at each fax that came in."""
    cloud: Path | None
    """File (mode 600) with the account at a fax provider; used instead of HylaFAX and of the folder."""
    spool: Path | None
    """The folder that stands for a fax server where there is none; none where nobody empties one."""


def read_fax(environ: Mapping[str, str], data: Path) -> FaxSettings:
    """Raises `ConfigurationError` naming the variable."""
    return FaxSettings(
        hylafax=environ.get("HUB_HYLAFAX_URL") or None,
        admin=values.path(environ.get("HUB_HYLAFAX_ADMIN_FILE")),
        inbound=values.switch(environ, "HUB_FAX_INBOUND"),
        mark=values.path(environ.get("HUB_FAX_MARK")),
        cloud=values.path(environ.get("HUB_FAX_CLOUD")),
        spool=values.path(environ.get("HUB_FAX_SPOOL", str(data / "fax-spool"))),
    )
