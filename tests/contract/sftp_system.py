"""A partner's SFTP server: asyncssh's own, on a private folder, which can be told to fail."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import asyncssh


class SftpFault(StrEnum):
    """What it can do wrong."""

    NONE = "none"
    HANGS_UP = "hangs-up"
    DENIES = "denies"
    STRANGER = "stranger"
    NO_BANNER = "no-banner"
    DROPS = "drops"
    NO_RENAME = "no-rename"
    DISK_FULL = "disk-full"
    SILENT = "silent"
    SHORT = "short"
    NO_EXTENSIONS = "no-extensions"
    """Not wrong: a server without the extensions of OpenSSH, where a rename does not replace."""


@dataclass
class SftpSystem:
    folder: Path
    client: asyncssh.SSHKey
    host: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    fault: SftpFault = SftpFault.NONE
    contents_seen: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)

    @property
    def host_key(self) -> str:
        return self.host.export_public_key().decode().strip()

    def delivered(self) -> list[Path]:
        """Whole files, each with its checksum beside it, in the order of arrival."""
        found = [path for path in self.folder.rglob("*") if path.with_name(path.name + ".sha256").exists()]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)


class _Server(asyncssh.SSHServer):
    def __init__(self, system: SftpSystem) -> None:
        self._system = system

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._system.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return self._system.fault is not SftpFault.DENIES and key == self._system.client.convert_to_public()


class _Files(asyncssh.SFTPServer):
    def __init__(self, system: SftpSystem, channel: asyncssh.SSHServerChannel) -> None:
        super().__init__(channel, chroot=str(system.folder))
        self._system = system
        self._connection = channel.get_connection()

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        fault = self._system.fault
        if offset == 0 and len(data) > 150:
            self._system.contents_seen += 1
        if fault is SftpFault.DROPS:
            self._connection.abort()
        if fault is SftpFault.DISK_FULL:
            raise asyncssh.SFTPFailure("No space left")
        if fault is SftpFault.SILENT:
            await self._system.over.wait()
            raise asyncssh.SFTPFailure("Over")
        return super().write(file_obj, offset, data[:10] if fault is SftpFault.SHORT else data)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        if self._system.fault is SftpFault.NO_RENAME:
            raise asyncssh.SFTPPermissionDenied("No")
        if self._system.fault is SftpFault.NO_EXTENSIONS:
            raise asyncssh.SFTPOpUnsupported("Not known here")
        super().posix_rename(oldpath, newpath)


@contextlib.asynccontextmanager
async def sftp_server(system: SftpSystem) -> AsyncIterator[int]:
    """The server on a port of this machine, behind a front that can fail before it is reached."""
    async with contextlib.AsyncExitStack() as stack:
        own, stranger = [
            await asyncssh.listen(
                "127.0.0.1",
                0,
                server_factory=lambda: _Server(system),
                server_host_keys=[key],
                sftp_factory=lambda channel: _Files(system, channel),
                gss_host=None,  # else it asks the name service for its own name, at each connection
            )
            for key in (system.host, asyncssh.generate_private_key("ssh-ed25519"))
        ]

        talks: list[asyncio.Task[None]] = []

        async def front(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talks.append(asyncio.current_task())
            with contextlib.suppress(OSError, asyncio.CancelledError):
                if system.fault is SftpFault.NO_BANNER:
                    await reader.read(-1)
                elif system.fault is not SftpFault.HANGS_UP:
                    behind = stranger if system.fault is SftpFault.STRANGER else own
                    inner, outer = await asyncio.open_connection("127.0.0.1", behind.get_port())
                    await asyncio.gather(_pump(reader, outer), _pump(inner, writer))
            writer.close()

        server = await asyncio.start_server(front, "127.0.0.1", 0)
        for each in (server, own, stranger):
            stack.callback(each.close)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            system.over.set()
            await asyncio.sleep(0.01)
            for connection in system.connections:
                connection.abort()
            for talk in talks:
                talk.cancel()
            await asyncio.gather(*talks, return_exceptions=True)
            await asyncio.gather(*(each.wait_closed() for each in system.connections), return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()
