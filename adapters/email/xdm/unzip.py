"""Unpacks a partner's zip without trusting any of it.

Attacks stopped: paths that leave the package (zip slip), a few bytes that unpack to gigabytes (bomb: what comes out is
counted, not what the directory claims), two files of one name, links, passwords, a million entries.
"""

import io
import stat
import struct
import zipfile
import zlib

from adapters.email.xdm.model import MAX_BYTES, XdmError

_MOST_ENTRIES = 1_000
_PIECE = 65_536
_UNREADABLE: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # a password, or a method that is not implemented
)
_DIRECTORY_NAMES = ("", ".")


def unzipped(content: bytes) -> dict[str, bytes]:
    """Each file by its path, `/` between folders. Raises `XdmError`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _files(archive)
    except _UNREADABLE:
        raise XdmError("The package is not a zip file that can be read.", code="xdm-not-zip") from None


def _files(archive: zipfile.ZipFile) -> dict[str, bytes]:
    members = archive.infolist()
    if len(members) > _MOST_ENTRIES:
        raise _too_large()
    files: dict[str, bytes] = {}
    seen: set[str] = set()
    left = MAX_BYTES
    for member in members:
        path = safe_path(member.filename)
        if member.is_dir() or not path:
            continue
        encrypted = member.flag_bits & 0x1
        if encrypted or stat.S_ISLNK(member.external_attr >> 16) or path.lower() in seen:
            raise _unsafe()
        seen.add(path.lower())
        files[path] = _read(archive, member, left)
        left -= len(files[path])
    return files


def safe_path(name: str) -> str:
    """The path inside the package, without a leading slash. Raises `XdmError` for one that leads out of it."""
    steps = [step for step in name.replace("\\", "/").split("/") if step not in _DIRECTORY_NAMES]
    if ".." in steps or any(":" in step or "\0" in step for step in steps):
        raise _unsafe()
    return "/".join(steps)


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> bytes:
    content = bytearray()
    with archive.open(member) as file:
        while piece := file.read(_PIECE):
            content += piece
            if len(content) > left:
                raise _too_large()
    return bytes(content)


def _too_large() -> XdmError:
    return XdmError("The package is larger than 20 MB, or has too many files.", code="xdm-too-large")


def _unsafe() -> XdmError:
    return XdmError("The package has a path, link, password or name that is not safe.", code="xdm-unsafe")
