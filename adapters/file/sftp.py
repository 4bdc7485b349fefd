"""SFTP to a partner's server: verified by its host key, known to it by the hub's own key, bounded in time.

Rules kept: no password, no agent, no setting of whoever runs the hub; a host key that differs ends the connection
before anything is sent; files appear under their name only when they are whole.
"""

import asyncio
import posixpath
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncssh

from adapters.file.place import PARTIAL, Entry, proper
from hub.errors import ConfigurationError, TooLarge
from hub.model import Frozen

CONNECT_S = 15.0
OPERATION_S = 120.0
GOODBYE_S = 1.0


class SftpTarget(Frozen, frozen=True, kw_only=True):
    """An address `sftp://user@host:port/folder`; the folder is below the account's own unless it begins with //."""

    host: str
    port: int
    user: str
    folder: str


def parse_target(address: str) -> SftpTarget:
    """Raises `ValueError` for what is no such address."""
    url = urlsplit(address)
    if url.scheme != "sftp" or not url.hostname or not url.username or url.password is not None:
        raise ValueError
    folder = unquote(url.path).removeprefix("/") or "."
    return SftpTarget(host=url.hostname, port=url.port or 22, user=unquote(url.username), folder=folder)


def load_key(path: Path) -> asyncssh.SSHKey:
    """The hub's private key. Raises `ConfigurationError`."""
    try:
        return asyncssh.read_private_key(path)
    except asyncssh.KeyImportError:
        raise ConfigurationError("HUB_SFTP_KEY is a private SSH key without a passphrase.") from None


@asynccontextmanager
async def connected(target: SftpTarget, host_key: str, key: asyncssh.SSHKey) -> AsyncIterator[asyncssh.SFTPClient]:
    """A session at the partner's server. Raises `OSError`, `asyncssh.Error`, `TimeoutError`."""
    trusted = asyncssh.import_public_key(host_key)
    connection = await asyncssh.connect(
        target.host,
        target.port,
        username=target.user,
        client_keys=[key],
        known_hosts=([trusted], [], []),
        config=None,
        agent_path=None,
        preferred_auth="publickey",
        connect_timeout=CONNECT_S,
        login_timeout=CONNECT_S,
    )
    try:
        session = await connection.start_sftp_client()
        yield session
        session.exit()
        connection.close()
    except BaseException:
        # A goodbye would wait for whoever does not answer.
        connection.abort()
        raise
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await connection.wait_closed()


async def put(session: asyncssh.SFTPClient, path: str, content: bytes) -> None:
    """Write a file whole: under another name first, then renamed over what is there."""
    partial = path + PARTIAL
    # Not as a context: its end would wait for a server that does not answer; the session's end closes the file.
    file = await session.open(partial, "wb")
    await file.write(content)
    await file.close()
    try:
        await session.posix_rename(partial, path)
    except asyncssh.SFTPOpUnsupported:
        # Without the extension of OpenSSH, a rename does not replace.
        with suppress(asyncssh.SFTPNoSuchFile):
            await session.remove(path)
        await session.rename(partial, path)


class SftpPlace:
    """A partner's folder, looked into from here; each call is a session of its own."""

    def __init__(self, address: str, host_key: str, key: asyncssh.SSHKey) -> None:
        self._target = parse_target(address)
        self._host_key = host_key
        self._key = key

    async def entries(self) -> list[Entry]:
        async with self._session() as session:
            found = [entry async for entry in session.scandir(self._target.folder)]
        listed = []
        for entry in found:
            name, attributes = str(entry.filename), entry.attrs
            plain = stat.S_ISREG(attributes.permissions or stat.S_IFREG)
            if proper(name) and plain:
                listed.append(Entry(name=name, size=attributes.size or 0, modified=float(attributes.mtime or 0)))
        return sorted(listed, key=lambda each: each.name)

    async def read(self, name: str, most: int) -> bytes:
        async with self._session() as session:
            file = await session.open(self._path(name), "rb")
            content = await file.read(most + 1)
            await file.close()
        assert isinstance(content, bytes)
        if len(content) > most:
            raise TooLarge("The file is larger than what is taken.")
        return content

    async def write(self, folder: str, name: str, content: bytes) -> None:
        async with self._session() as session:
            await session.makedirs(self._path(folder), exist_ok=True)
            await put(session, self._path(folder, name), content)

    async def move(self, name: str, folder: str) -> None:
        async with self._session() as session:
            await session.makedirs(self._path(folder), exist_ok=True)
            with suppress(asyncssh.SFTPNoSuchFile):
                await session.remove(self._path(folder, name))
            await session.rename(self._path(name), self._path(folder, name))

    def _path(self, *names: str) -> str:
        return posixpath.join(self._target.folder, *names)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[asyncssh.SFTPClient]:
        try:
            async with asyncio.timeout(OPERATION_S), connected(self._target, self._host_key, self._key) as session:
                yield session
        except (asyncssh.Error, TimeoutError) as error:
            # One kind of failure for whoever polls; a library's words may quote a name.
            raise OSError(type(error).__name__) from None
