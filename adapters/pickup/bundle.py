"""What the reader takes away: a ZIP whose first file is the notice and the consent's scope (§2.32)."""

import io
import re
import zipfile

from adapters.accompaniment import cover_text
from adapters.email.message import extension_of
from hub.errors import Unrenderable
from hub.model import Document, Parcel

READ_FIRST = "READ-FIRST.txt"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The same parcel is the same bytes: the ledger binds their digest."""
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+(; ?charset=[a-z0-9-]+)?", re.IGNORECASE)


def bundle(parcel: Parcel) -> bytes:
    """The ZIP. File names are numbers: they are read over shoulders and stay in folders (metadata-is-content)."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, READ_FIRST, cover_text(parcel).encode("utf-8-sig"))
        for number, document in enumerate(parcel.documents, 1):
            _add(archive, _name(number, document), document.content)
    return made.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def _name(number: int, document: Document) -> str:
    if not _MEDIA_TYPE.fullmatch(document.media_type):
        raise Unrenderable("A document has no proper media type.", code="media-type")
    return f"document-{number}.{extension_of(document.media_type)}"
