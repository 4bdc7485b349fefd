"""The demonstration's folder: made anew at each start, in use by one at a time.

Rules kept: only a folder that an earlier demonstration made (it has the mark), or an empty one, is ever removed; one
that is in use is left alone.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.errors import ConfigurationError

MARK = ".part2hub-demo"


@contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    """The folder (its absolute path), empty but for its mark. Raises `ConfigurationError` if it may not be removed."""
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} holds something that no demonstration made; it is left as it is.")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / MARK).open("w") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigurationError(f"Another demonstration is using {folder}; stop it first.") from None
        for old in folder.iterdir():
            if old.is_dir() and not old.is_symlink():
                shutil.rmtree(old)
            elif old.name != MARK:
                old.unlink()
        yield folder.resolve()
