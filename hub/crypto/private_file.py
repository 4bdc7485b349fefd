"""A file of secrets: read only if it is ours alone, replaced only as a whole.

Rules kept here:
- Ownership and mode are asked of the open file, not its path, so it cannot be swapped in between.
- A new version is written beside the old, flushed to disk, then renamed over it: a crash leaves either.
- Refusals are one line of fixed words, without the path.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hub.errors import ConfigurationError
from hub.model import new_id


def read_private(path: Path, limit: int) -> bytes:
    """The content, at most `limit` bytes. Raises `ConfigurationError` if absent or not ours alone."""
    try:
        # Not blocking: a named pipe in this place must not hang the start.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        raise ConfigurationError("The key file cannot be read; make one with `part2hub keys init`.") from None
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size > limit:
            raise ConfigurationError("The key file is not a file of keys.")
        if about.st_uid != os.geteuid():
            raise ConfigurationError("The key file must belong to the user that runs the hub.")
        if about.st_mode & 0o077:
            raise ConfigurationError("The key file must be closed to other users (chmod 600).")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit)
    finally:
        os.close(descriptor)


@contextmanager
def locked_folder(path: Path) -> Iterator[int]:
    """The folder of `path`, locked against another writer within the block; yields its descriptor."""
    try:
        folder = os.open(path.absolute().parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        raise ConfigurationError("The folder of the key file cannot be opened.") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(folder)


def write_private(path: Path, folder: int, content: bytes) -> None:
    """Put `content` at `path`, mode 0600, durable when this returns; `folder` is from `locked_folder`."""
    beside = f".{path.name}.{new_id()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(beside, flags, 0o600, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            os.replace(beside, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside, dir_fd=folder)
            raise
        os.fsync(folder)
    except OSError:
        raise ConfigurationError("The key file cannot be written.") from None
