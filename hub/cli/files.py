"""Files that are named on the command line, read within a size."""

from collections.abc import Iterable
from pathlib import Path

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


def read_keys(texts: Iterable[str]) -> tuple[Verifier, ...]:
    """Public keys of a ledger as they are typed. Raises `Malformed`."""
    try:
        return tuple(Verifier.parse(text) for text in texts)
    except Malformed:
        raise Malformed("A key is NAME+ID+BASE64, as `part2hub keys list` shows it.", field="--key") from None
