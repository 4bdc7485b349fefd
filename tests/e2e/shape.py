"""A hub as it is deployed, in real processes: small (SQLite, one process) or wide (PostgreSQL, Redis, an API, workers).

Everything is done as an operator or a sender does it: the command line, HTTP with bearer tokens, signals.
"""

import asyncio
import json
import os
import signal
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import yaml

from deploy.demo import authority
from deploy.demo.partners import Partners, partners
from hub.crypto.keyring import KeyKind, KeyRing
from tests import forks
from tests.api import Caller
from tests.e2e.county import SECRET, VALLEY_FAX, county, packet
from tests.servers import free_port

LEASE_S = 3
PATIENCE_S = 40
STOPPED_WITHIN_S = 90
MOVING = {"queued", "claimed", "in_flight"}


class Servers(NamedTuple):
    """What the wide shape stands on; the small one on nothing."""

    database: str
    redis: str


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Deployed:
    """A running hub, seen from outside."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], address: str, around: Partners, wide: bool
    ) -> None:
        self.folder = folder
        self.environment = dict(environment)
        self.around = around
        self.wide = wide
        self.base = f"http://{address}"
        self.log = folder / "log"
        self.workers: list[forks.Fork] = []
        self.probes: list[str] = []
        """Where the workers of the wide shape tell what they count."""
        self._others: list[forks.Fork] = []

    async def command(self, *words: str) -> Done:
        """`part2hub WORDS`, while everything else goes on."""
        done = await asyncio.to_thread(forks.run, "hub", *words, env=self.environment)
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self) -> None:
        """The processes of this shape."""
        if self.wide:
            self._others.append(self._process("--role", "api"))
            self.start_worker()
        self.start_worker()

    def start_worker(self) -> None:
        """One more process that delivers; of the small shape, the whole hub."""
        if not self.wide:
            self.workers.append(self._process())
            return
        probes = _free_address()
        self.probes.append(f"http://{probes}")
        self.workers.append(self._process("--role", "worker", HUB_PROBES=probes))

    async def kill_workers(self) -> None:
        """SIGKILL: whatever a worker holds is left as it is."""
        for process in self.workers:
            process.kill()
            await asyncio.to_thread(process.wait)
        self.workers.clear()

    async def up(self, base: str | None = None) -> None:
        """Wait until the API, or the process whose address is given, answers that it can take work."""
        async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"{base or self.base}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.1)

    async def stop(self) -> list[int]:
        """SIGTERM, as a supervisor does; the exit codes."""
        processes = [*self._others, *self.workers]
        for process in processes:
            process.send_signal(signal.SIGTERM)
        return [await asyncio.to_thread(process.wait, STOPPED_WITHIN_S) for process in processes]

    def kill_all(self) -> None:
        """Leave no process behind, whatever happened."""
        for process in [*self._others, *self.workers]:
            process.kill()
            process.wait()

    async def ledger(self) -> "Told":
        """What the ledger's export tells an auditor: all that has happened, for a command leaves it under a head."""
        assert (await self.command("token", "list")).code == 0
        with tempfile.TemporaryDirectory(dir=self.folder) as out:
            file = Path(out) / "ledger.zip"
            assert (await self.command("ledger", "export", "--out", file)).code == 0
            with zipfile.ZipFile(file) as archive:
                return Told([json.loads(line) for line in archive.read("entries.jsonl").splitlines()])

    def _process(self, *words: str, **settings: str) -> forks.Fork:
        with self.log.open("ab") as log:
            return forks.start("hub", "serve", *words, env=self.environment | settings, out=log, err=log)


class Told:
    """Disclosures as the ledger tells them, by outbox row."""

    def __init__(self, lines: list[Any]) -> None:
        self.kinds = [line[3] for line in lines]
        self.intents: dict[str, list[str]] = defaultdict(list)
        self.outcomes: dict[str, list[str]] = defaultdict(list)
        for _, _, _, kind, _, reference, _, body in lines:
            if kind == "disclosure.intended":
                self.intents[reference].append(body["attempt"])
            elif kind == "disclosure.concluded":
                self.outcomes[body["attempt"]].append(body["outcome"])


class Sender:
    """Harbor House's system at the API."""

    def __init__(self, caller: Caller) -> None:
        self.call = caller

    async def hand_in(self, key: str, manifest: Any, **documents: bytes) -> str:
        answer = await self.call.submit(key, manifest, **(documents or {"summary": SECRET.encode()}))
        assert answer.status in (200, 201, 202), answer.body
        return str(answer.json["id"])

    async def several(self, count: int, *recipients: str, name: str = "k") -> list[str]:
        return [await self.hand_in(f"{name}{n}", packet(*recipients)) for n in range(count)]

    async def settled(self, submissions: list[str]) -> dict[str, list[dict[str, Any]]]:
        """The recipients' rows of each submission, once nothing moves any more."""
        found: dict[str, list[dict[str, Any]]] = {}
        async with asyncio.timeout(PATIENCE_S):
            for submission in submissions:
                while True:
                    found[submission] = (await self.call("GET", f"/v1/submissions/{submission}")).json["recipients"]
                    if not any(row["state"] in MOVING for row in found[submission]):
                        break
                    await asyncio.sleep(0.1)
        return found


@asynccontextmanager
async def deployed(folder: Path, servers: Servers | None) -> AsyncIterator[tuple[Deployed, Sender]]:
    """The county loaded, partners listening, the hub serving; every process gone afterwards."""
    keys, data, address = folder / "keys", folder / "hub", _free_address()
    authority.make(keys)
    environment = _environment(folder, data, address, servers)
    ring = await asyncio.to_thread(KeyRing.create, data / "keys.json", "hub.county.example/ledger")
    delivery = ring.active(KeyKind.DELIVERY)
    spool, received = data / "fax-spool", folder / "received"
    numbers = {"valley-clinic": VALLEY_FAX}
    async with partners(keys, received, spool, numbers, {delivery.id: delivery.public}) as around:
        environment["HUB_SMTP_PORT"] = str(around.clinic.port)
        hub = Deployed(folder, environment, address, around, servers is not None)
        (folder / "county.yaml").write_text(yaml.safe_dump(county(around.plan_port)))
        loaded = await hub.command("load", str(folder / "county.yaml"), "--keys", str(keys))
        assert loaded.code == 0, loaded.err
        hers = ("--person", "m.ortiz", "--quiet")
        issued = await hub.command("token", "issue", "--for", "harbor", "--role", "staff", *hers)
        try:
            hub.start()
            await hub.up()
            async with aiohttp.ClientSession() as session:
                yield hub, Sender(Caller(hub.base, session, issued.out.strip()))
        finally:
            hub.kill_all()


def _environment(folder: Path, data: Path, address: str, servers: Servers | None) -> dict[str, str]:
    data.mkdir(mode=0o700)
    keys = folder / "keys"
    values = {
        "HUB_DATA": data,
        "HUB_LISTEN": address,
        "HUB_DEMO": "1",
        "HUB_LEASE_S": LEASE_S,
        "HUB_SMTP_HOST": "localhost",
        "HUB_SMTP_CA": keys / "ca.crt",
        "HUB_SMTP_FROM": "relay@hub.example",
        "HUB_SMIME_KEY": keys / "hub-mail.key",
        "HUB_SMIME_CERT": keys / "hub-mail.crt",
    }
    if servers:
        values |= {"HUB_DATABASE_URL": servers.database, "HUB_REDIS_URL": servers.redis}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return inherited | {name: str(value) for name, value in values.items()}


def _free_address() -> str:
    return f"127.0.0.1:{free_port()}"
