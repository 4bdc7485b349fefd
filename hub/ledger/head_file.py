"""The ledger's newest head, kept outside of the database: what tells when an old copy of the database was put back.

Rules kept here:
- It is durable and whole at every moment, and never goes back to a smaller head.
- Whoever would sign heads first sees whether the database still holds what this head says; if not, nothing is signed,
  for a second history would begin that every witness sees.
"""

from pathlib import Path

from hub.crypto.checkpoint import Checkpoint, open_checkpoint
from hub.crypto.notes import Note, Verifier
from hub.crypto.private_file import locked_folder, write_private
from hub.errors import HubError, IntegrityFailed, Malformed
from hub.storage import tables
from hub.storage.database import Database
from hub.storage.statements import Lookup

_ROOT = Lookup(tables.Checkpoint, ("root",), "size")


class HeadFile:
    """One file; several processes of one machine may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, keys: tuple[Verifier, ...]) -> Checkpoint | None:
        """The head, or none if none was kept yet. Raises `HubError` if no key of this ledger signed it."""
        try:
            note = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeError):
            raise HubError("The head kept outside the database cannot be read.") from None
        return signed_head(note, keys)

    def keep(self, note: str) -> None:
        """Put a newer head in its place; a smaller one changes nothing. Raises `ConfigurationError`."""
        with locked_folder(self._path) as folder:
            if self._size() < Checkpoint.parse(Note.parse(note).text).size:
                write_private(self._path, folder, note.encode())

    def _size(self) -> int:
        try:
            return Checkpoint.parse(Note.parse(self._path.read_bytes()).text).size
        except (OSError, Malformed):
            return -1


def signed_head(note: str, keys: tuple[Verifier, ...]) -> Checkpoint:
    """A head that was kept outside. Raises `HubError` if no key of this ledger signed it."""
    try:
        return open_checkpoint(note, keys)
    except (Malformed, IntegrityFailed) as error:
        raise HubError("The head kept outside the database is not signed by a key of this ledger.") from error


async def check_holds(database: Database, head: Checkpoint) -> None:
    """Raises `IntegrityFailed` if the database does not hold what this head says: an old copy was put back."""
    rows = await database.lookup(_ROOT, head.size)
    if not rows or rows[0][0] != head.root:
        raise IntegrityFailed("The database is older than the head kept outside of it.", code="restored-copy")
