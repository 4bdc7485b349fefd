"""Wires a fax provider on the Internet, from one closed file."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from adapters.fax.cloud import sinch, telnyx
from adapters.fax.cloud.inbox import SinchInbox, TelnyxInbox
from adapters.fax.cloud.reports import SinchReports, TelnyxReports
from adapters.fax.cloud.sinch import Sinch, SinchAccount
from adapters.fax.cloud.telnyx import Telnyx, TelnyxAccount
from adapters.fax.inbox import Inbox
from hub import jsontext
from hub.bootstrap.secrets import content
from hub.errors import ConfigurationError, Malformed
from hub.ports import ReportReader
from hub.reports import ReportLog
from hub.storage.database import Database


class TelnyxFile(msgspec.Struct, forbid_unknown_fields=True, tag_field="provider", tag=telnyx.PROVIDER):
    account: TelnyxAccount
    report_key: str
    """The provider's public key for reports, base64."""


class SinchFile(msgspec.Struct, forbid_unknown_fields=True, tag_field="provider", tag=sinch.PROVIDER):
    account: SinchAccount
    report_user: str
    report_password: str


def transport(file: Path, database: Database) -> Telnyx | Sinch:
    """Raises `ConfigurationError` for a file that is open to others, or says what no provider needs."""
    read, log = _read(file), ReportLog(database)
    return Telnyx(read.account, log) if isinstance(read, TelnyxFile) else Sinch(read.account, log)


def inbox(file: Path, database: Database) -> Inbox:
    """Where the provider keeps faxes that came in. Raises as `transport`."""
    provider = transport(file, database)
    return TelnyxInbox(provider) if isinstance(provider, Telnyx) else SinchInbox(provider)


def readers(file: Path) -> Mapping[str, ReportReader]:
    """Who reads the provider's reports. Raises as `transport`."""
    read = _read(file)
    if isinstance(read, TelnyxFile):
        return {telnyx.PROVIDER: TelnyxReports(read.report_key)}
    return {sinch.PROVIDER: SinchReports(read.report_user, read.report_password)}


def _read(file: Path) -> TelnyxFile | SinchFile:
    try:
        raw = content(file, "HUB_FAX_CLOUD", secret=True)
        found: TelnyxFile | SinchFile = msgspec.json.decode(raw, type=TelnyxFile | SinchFile)
        jsontext.check(raw)
    except (msgspec.MsgspecError, Malformed) as error:
        _, at, path = str(error).rpartition(" - at `")
        where = path.rstrip("`") if at else "$"
        raise ConfigurationError(f"HUB_FAX_CLOUD is JSON as deploy/OPERATOR.md shows; look at {where}.") from None
    return found
