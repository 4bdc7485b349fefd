"""The file channel: a parcel as one file in the recipient's SFTP folder, with its checksum beside it.

Rules kept: address and host key come from the parcel's endpoint alone; the file appears under its name only when it is
whole, the checksum after it; what failed after the first byte may lie on the partner's disk (unknown-is-disclosed). An
envelope's form writes what only the holder of the endpoint's key can read.
"""

import asyncio
import hashlib
import posixpath
from collections import defaultdict
from collections.abc import Callable

import asyncssh

from adapters.api.envelope import FORMS, seal_parcel
from adapters.file.package import package
from adapters.file.sftp import SftpTarget, connected, parse_target, put
from hub.errors import Unrenderable
from hub.model import (
    ChannelKind,
    Deferred,
    Delivered,
    Endpoint,
    Outcome,
    Parcel,
    Prepared,
    Receipt,
    Refused,
    Unknown,
    now_us,
)

_ENDINGS = {"": "zip", **dict.fromkeys(FORMS, "sealed")}


class FileChannel:
    """Delivery by SFTP; see `hub.ports.Channel`. `key` is the hub's, `deadline` in seconds for one whole delivery."""

    kind = ChannelKind.FILE
    carries_sealed = True
    gives_receipt = True
    max_bytes = 20 * 1024 * 1024

    def __init__(
        self,
        key: asyncssh.SSHKey,
        *,
        connections: int = 2,
        deadline: float = 60.0,
        now: Callable[[], int] = now_us,
    ) -> None:
        self._key = key
        self._deadline = deadline
        self._now = now
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(connections))

    async def prepare(self, parcel: Parcel) -> Prepared:
        """The file. Raises `Unrenderable`: too large, an unusable address, host key or form."""
        _target(parcel.endpoint)
        if sum(len(document.content) for document in parcel.documents) > self.max_bytes:
            raise Unrenderable("The packet is larger than this channel carries.", code="too-large")
        make = seal_parcel_unsigned if parcel.endpoint.form in FORMS else package
        body = await asyncio.to_thread(make, parcel)
        return Prepared(parcel=parcel, body=body, digest=hashlib.sha256(body).digest())

    async def deliver(self, prepared: Prepared) -> Outcome:
        """Writes the file once; never raises for what a peer does."""
        endpoint = prepared.parcel.endpoint
        progress = _Progress()
        try:
            async with asyncio.timeout(self._deadline), self._slots[endpoint.id]:
                return await self._write(endpoint, prepared, progress)
        except asyncssh.PermissionDenied:
            code, refused = "sftp-not-admitted", True
        except asyncssh.HostKeyNotVerifiable:
            code, refused = "sftp-untrusted", False
        except TimeoutError:
            code, refused = "sftp-timeout", False
        except (OSError, asyncssh.Error):
            code, refused = "sftp-lost", False
        if progress.content_left:
            return Unknown(code=code)
        return Refused(code=code) if refused else Deferred(code=code)

    async def close(self) -> None:
        """Every delivery closes its own connection."""

    async def _write(self, endpoint: Endpoint, prepared: Prepared, progress: "_Progress") -> Outcome:
        target = _target(endpoint)
        name = f"{prepared.parcel.delivery}.{_ENDINGS[endpoint.form]}"
        path = posixpath.join(target.folder, name)
        async with connected(target, endpoint.station or "", self._key) as session:
            await session.stat(target.folder)
            progress.content_left = True
            await put(session, path, prepared.body)
            stored = (await session.stat(path)).size
            if stored != len(prepared.body):
                return Unknown(code="sftp-differs")
            mark = f"{prepared.digest.hex()}  {name}\n".encode()
            await put(session, f"{path}.sha256", mark)
        return Delivered(receipt=Receipt(kind="sftp-stored", reference=name, at=self._now()))


class _Progress:
    content_left = False


def seal_parcel_unsigned(parcel: Parcel) -> bytes:
    """An envelope that no signature covers: the partner's own SFTP server says who wrote it."""
    return seal_parcel(parcel, "")


def _target(endpoint: Endpoint) -> SftpTarget:
    try:
        asyncssh.import_public_key(endpoint.station or "")
        if endpoint.form in _ENDINGS:
            return parse_target(endpoint.address)
    except (ValueError, asyncssh.KeyImportError):
        pass
    raise Unrenderable("The endpoint's address, host key or form cannot be used for SFTP.", code="endpoint-unusable")
