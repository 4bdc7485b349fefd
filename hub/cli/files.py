"""Files that are named on the command line: read within a size, written for nobody else to read."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from hub.crypto.notes import Verifier
from hub.errors import Malformed


def read_file(path: Path, most: int) -> bytes:
    """The content. Raises `Malformed`."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError:
        raise Malformed("A file cannot be read.", field=path.name) from None
    if len(content) > most:
        raise Malformed(f"A file has at most {most >> 20} MiB.", field=path.name)
    return content


def read_text(path: Path, most: int) -> str:
    """The content as UTF-8. Raises `Malformed`."""
    try:
        return read_file(path, most).decode()
    except UnicodeDecodeError:
        raise Malformed("A file is not text.", field=path.name) from None


def create_closed(path: Path) -> BinaryIO:
    """A new or emptied file, to write and to read again, closed to other users. Raises `OSError`."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb+")
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # one that stood there keeps its mode otherwise
        os.fchmod(file.fileno(), 0o600)
    return file


def write_closed(path: Path, content: bytes) -> None:
    """What may name a patient. Raises `OSError`."""
    with create_closed(path) as file:
        file.write(content)


def read_keys(texts: Iterable[str]) -> tuple[Verifier, ...]:
    """Public keys of a ledger as they are typed. Raises `Malformed`."""
    try:
        return tuple(Verifier.parse(text) for text in texts)
    except Malformed:
        raise Malformed("A key is NAME+ID+BASE64, as `part2hub keys list` shows it.", field="--key") from None
