"""Private servers for tests and benchmarks: PostgreSQL, Redis and slapd, each in its own folder, gone afterwards.

Rules kept here:
- Loopback only, behind a random password: an open database lets anybody on the machine become its user.
- Never as root: a server started by root runs as the system's `postgres` user, or `nobody`.
- The server dies with the process that started it, even when that one is killed.
- The system's own servers and data are never touched.
"""

import asyncio
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import redis

USER = "part2hub"
START_SECONDS = 60
STOP_SECONDS = 20


class MissingServerError(Exception):
    """The server's program is not on this machine; the text says which package has it."""


@dataclass(frozen=True)
class PostgresServer:
    """A running PostgreSQL."""

    programs: Path
    port: int
    password: str = field(repr=False)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The URL of a fresh copy of `template`; dropped afterwards, whoever is still connected."""
        name = f"t{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, sql: str) -> None:
        """Run one administrative statement. Raises `asyncpg.PostgresError`."""
        asyncio.run(self._execute(sql))

    async def _execute(self, sql: str) -> None:
        connection = await asyncpg.connect(self.url(), timeout=START_SECONDS)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A private PostgreSQL; `durable` keeps fsync on, as benchmarks and crash tests need.

    Raises `MissingServerError`; `RuntimeError` with the server's own log if it does not come up.
    """
    programs = _postgres_programs()
    server = PostgresServer(programs, free_port(), secrets.token_hex(16))
    with _folder("postgres") as (folder, user):
        password_file = folder / "password"
        password_file.write_text(server.password)
        shutil.chown(password_file, user)
        data = folder / "data"
        initdb: list[object] = [programs / "initdb", f"--pgdata={data}", f"--pwfile={password_file}"]
        initdb += [f"--username={USER}", "--auth=password", "--encoding=UTF8", "--locale=C", "--no-sync"]
        made = _as(user, initdb)
        subprocess.run(made, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=START_SECONDS)
        settings: dict[str, object] = {"listen_addresses": "127.0.0.1", "port": server.port}
        settings |= {"unix_socket_directories": folder, "max_connections": 200}
        if not durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = [programs / "postgres", "-D", data, *options]
        ready = [str(programs / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={server.port}"]
        with _running(_as(user, command), folder, lambda: subprocess.run(ready, check=False).returncode == 0):
            yield server


@contextmanager
def postgres_url(*, durable: bool = False) -> Iterator[str]:
    """The URL of an empty database on a private server of its own."""
    with postgres(durable=durable) as server, server.database() as url:
        yield url


@contextmanager
def redis_url() -> Iterator[str]:
    """The URL of a private, empty Redis that keeps nothing on disk. Raises as `postgres` does."""
    program = shutil.which("redis-server")
    if program is None:
        raise MissingServerError("redis-server is missing (Debian: apt-get install redis-server)")
    port, password = free_port(), secrets.token_hex(16)
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    with _folder("redis") as (folder, user):
        config = folder / "redis.conf"
        settings = ["bind 127.0.0.1", f"port {port}", f"dir {folder}", 'save ""', "appendonly no"]
        config.write_text("\n".join([*settings, f"requirepass {password}", ""]))
        shutil.chown(config, user)
        with _running(_as(user, [program, config]), folder, lambda: _answers(url)):
            yield url


@contextmanager
def slapd(suffix: str, ldif: str) -> Iterator[int]:
    """The port of a private LDAP directory that holds `ldif` below `suffix`, open to anonymous readers.

    Raises as `postgres` does.
    """
    program, schemas = shutil.which("slapd") or "/usr/sbin/slapd", Path("/etc/ldap/schema")
    if not Path(program).exists() or not schemas.exists():
        raise MissingServerError("slapd is missing (Debian: apt-get install slapd)")
    port = free_port()
    with _folder("openldap") as (folder, user):
        data, entries, config = folder / "data", folder / "entries.ldif", folder / "slapd.conf"
        data.mkdir()
        entries.write_text(ldif)
        lines = [f"include {schemas / name}.schema" for name in ("core", "cosine", "inetorgperson")]
        lines += ["modulepath /usr/lib/ldap", "moduleload back_mdb", f"pidfile {folder / 'pid'}", "database mdb"]
        config.write_text("\n".join([*lines, f'suffix "{suffix}"', f"directory {data}", ""]))
        for path in (data, entries, config):
            shutil.chown(path, user)
        add = [Path(program).with_name("slapadd"), "-f", config, "-l", entries]
        subprocess.run(_as(user, add), check=True, cwd=folder, capture_output=True, timeout=START_SECONDS)
        command = [program, "-f", config, "-h", f"ldap://127.0.0.1:{port}/", "-d", "0"]
        with _running(_as(user, command), folder, lambda: _listens(port)):
            yield port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def flush(url: str) -> None:
    """Empty the Redis at `url`."""
    with redis.Redis.from_url(url) as client:
        client.flushall()


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=1) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def _postgres_programs() -> Path:
    """Debian keeps the server's programs off the path, one folder a version."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=shutil.which("initdb"))
    if newest is None:
        raise MissingServerError("PostgreSQL is missing (Debian: apt-get install postgresql)")
    return Path(newest).resolve().parent


def free_port() -> int:
    """A port of this machine that nobody listens on.

    Of those below the range from which the system takes ports for whoever asks for any (Linux: from 32768 on): until
    the port is used, no connection and no listener of another test gets it by chance.
    """
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@contextmanager
def _folder(user: str) -> Iterator[tuple[Path, str]]:
    """A private folder, and the user that a server in it must run as."""
    own = pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        own = user if user in {entry.pw_name for entry in pwd.getpwall()} else "nobody"
    with tempfile.TemporaryDirectory(prefix="part2hub-", ignore_cleanup_errors=True) as name:
        shutil.chown(name, own)
        yield Path(name), own


def _as(user: str, command: Sequence[object]) -> list[str]:
    """The command as `user`, interrupted when its parent dies."""
    prefix = ["setpriv", "--pdeathsig=INT"]
    if os.geteuid() == 0:
        prefix += [f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]
    return [*prefix, *map(str, command)]


@contextmanager
def _running(command: list[str], folder: Path, is_up: Callable[[], bool]) -> Iterator[None]:
    """The process from its first answer to its end; in its own session, so that Ctrl-C reaches only us."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not is_up():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
