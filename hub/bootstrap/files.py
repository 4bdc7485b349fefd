"""Wires the drops: partners' folders, here or at their SFTP servers, and the hub's own key towards them."""

import os
from pathlib import Path

import asyncssh
import msgspec

from adapters.file.channel import FileChannel
from adapters.file.drop import Drop, DropIntake
from adapters.file.place import LocalPlace, Place
from adapters.file.sftp import SftpPlace, load_key, parse_target
from hub.bootstrap.secrets import readable
from hub.casebook.yamltext import load_file
from hub.errors import ConfigurationError, Malformed
from hub.model import Frozen
from hub.settings import Settings


class DropEntry(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One folder of the file of drops: `folder` here, or `sftp` with the server's `host_key`."""

    organization: str
    folder: str | None = None
    sftp: str | None = None
    host_key: str = ""
    purpose: str = "operations"


def drops(settings: Settings) -> DropIntake:
    """The intake of `HUB_DROPS`. Raises `ConfigurationError` naming the entry and field."""
    assert settings.drops is not None
    try:
        raw = load_file(settings.drops)
        given = raw["drops"] if isinstance(raw, dict) and set(raw) == {"drops"} else None
        found = msgspec.convert(given, tuple[DropEntry, ...])
    except Malformed as error:
        raise ConfigurationError(f"HUB_DROPS: {error.message}") from None
    except msgspec.ValidationError as error:
        place = str(error).rpartition(" - at `$")[2].strip("`") or "drops"
        raise ConfigurationError(f"HUB_DROPS: the entry does not follow the format ({place}).") from None
    watched = [Drop(organization=e.organization, place=_place(e, settings), purpose=e.purpose) for e in found]
    return DropIntake(watched, settings.zone)


def channel(key: Path) -> FileChannel:
    """The channel of `HUB_SFTP_KEY`. Raises `ConfigurationError`."""
    return FileChannel(_key(key))


def _place(entry: DropEntry, settings: Settings) -> Place:
    if (entry.folder is None) == (entry.sftp is None):
        raise ConfigurationError("HUB_DROPS: an entry has a folder or an sftp address, one of them.")
    if entry.folder is not None:
        folder = Path(entry.folder)
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise ConfigurationError("HUB_DROPS names a folder that is not there, or that the hub may not write in.")
        return LocalPlace(folder)
    assert entry.sftp is not None
    if settings.sftp_key is None:
        raise ConfigurationError("HUB_DROPS with an sftp address needs HUB_SFTP_KEY.")
    try:
        asyncssh.import_public_key(entry.host_key)
        parse_target(entry.sftp)
    except (ValueError, asyncssh.KeyImportError):
        raise ConfigurationError("HUB_DROPS: sftp is sftp://user@host:port/folder, host_key its public key.") from None
    return SftpPlace(entry.sftp, entry.host_key, _key(settings.sftp_key))


def _key(path: Path) -> asyncssh.SSHKey:
    return load_key(readable(path, "HUB_SFTP_KEY", secret=True))
