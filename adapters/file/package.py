"""A parcel as one file for a person and a program: a zip whose first page carries the notice and the consent copies.

    READ-FIRST.txt   the §2.32 notice, consent copies, labels, the letter: what every channel shows first
    notice.csv       the same notice for a program, in the layout of deploy/CSV.md
    document-N.EXT   the documents

Rules kept: names in the archive and of the file say nothing; the same parcel gives the same bytes; a cell that a
spreadsheet would calculate is defused.
"""

import csv
import io
import zipfile
from datetime import UTC, datetime

from adapters.accompaniment import cover_text
from hub.model import Parcel

READ_FIRST, ROW = "READ-FIRST.txt", "notice.csv"
COLUMNS = ("row_id", "kind", "event", "event_at", "cin", "family", "given", "born", "setting", "contact", "sender")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ENDINGS = {
    "application/pdf": "pdf",
    "image/tiff": "tif",
    "image/png": "png",
    "image/jpeg": "jpg",
    "application/json": "json",
    "application/fhir+json": "json",
    "application/xml": "xml",
    "text/plain": "txt",
}
_CALCULATES = ("=", "+", "-", "@", "\t", "\r")


def package(parcel: Parcel) -> bytes:
    """The zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, READ_FIRST, cover_text(parcel).encode())
        _add(archive, ROW, _row(parcel))
        for number, document in enumerate(parcel.documents, 1):
            ending = _ENDINGS.get(document.media_type.partition(";")[0].strip(), "bin")
            _add(archive, f"document-{number}.{ending}", document.content)
    return file.getvalue()


def _row(parcel: Parcel) -> bytes:
    member, event = parcel.member, parcel.event
    at = event.at if event else parcel.created_at
    values = (
        parcel.disclosure, parcel.kind, event.kind if event else "", _time(at), member.cin, member.family, member.given,
        member.born, event.setting if event else "", event.contact if event else "", parcel.sender.name,
    )  # fmt: skip
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerow([f"'{value}" if str(value).startswith(_CALCULATES) else str(value) for value in values])
    return text.getvalue().encode()


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat(timespec="seconds")


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # No clock and no user of this machine in the archive.
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
