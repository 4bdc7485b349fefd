"""The limit: what the machine needs for one message if nothing but the unavoidable is done, step by step.

Steps and their sum as in the performance goals: accept, decode, consent look-up, decide, re-encode, seal, hash,
commit with ledger entry, deliver, commit the receipt. Each is the bare primitive, without the hub around it, and all
are processor time, as the hub's own cost is: waiting for the disk is in neither.

Two steps were made what the goals' own table says they are: accepting reads the request's head with a real parser and
answers with the hub's answer (a bare search for the length accepts nothing), and the commits write the hub's
pages and copy the log back as seldom as it does (at SQLite's own settings part of each commit would be avoidable). The
first makes the limit larger, the second smaller. Besides: each step is measured alone, two thousand times in a row
with everything at hand in the processor's caches. In a hub the steps follow each other, message by message, and the
interpreter's share of each takes twice as long; the limit knows nothing of that, so a share of 1 is out of reach for
any program.

    python -m tests.bench.limit     the steps as one JSON line
"""

import asyncio
import hashlib
import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as encrypt
from nacl.bindings import crypto_box_seal, crypto_sign
from nacl.public import PrivateKey
from nacl.signing import SigningKey

from hub.bootstrap import loop_factory
from hub.storage.sqlite import BUSY_PAGES, PAGE_BYTES
from hub.web.express import read
from policies.kernel import decide
from policies.model import Consent, Item, Patient, Request
from policies.world import Party, World
from tests.bench.forms import Form
from tests.bench.http import Client, request
from tests.bench.load import peer as _peer
from tests.bench.message import bundle

TURNS = 2048
GROUP = 64
CONNECTIONS = 16
_ENTRY = "INSERT INTO ledger (at, salt, body) VALUES (?, ?, ?)"
_DECIDED = "INSERT INTO decision VALUES (?, ?, ?, ?)"
_DECISION = "x" * 500
"""A decision with one item is stored in as many bytes."""
_HEADERS = {
    "Authorization": "Bearer p2h_" + "0" * 64,
    "Content-Type": "multipart/form-data; boundary=part2hub-bench",
    "Idempotency-Key": "r0-1234",
}
_TAKEN = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json; charset=utf-8\r\nCache-Control: no-store\r\n"
    b"Server: part2hub\r\nContent-Length: 105\r\n\r\n" + b"x" * 105
)


async def of(form: Form) -> float:
    """The limit in this form, in microseconds a message; measured in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.limit", env=form.environ, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return sum(json.loads(said).values())


def measure() -> dict[str, float]:
    """Microseconds a message for each step, in order."""
    raw = bundle()
    decoded = msgspec.json.decode(raw)
    steps = {
        "accept": _accept(raw),
        "decode": _timed(lambda: msgspec.json.decode(raw)),
        "look-up": _look_up(),
        "decide": _decide(),
        "re-encode": _timed(lambda: msgspec.json.encode(decoded)),
        "seal": _seal(raw),
        "hash": _timed(lambda: (hashlib.sha256(raw).digest(), hashlib.sha256(b"\0" + raw[:200]).digest())),
        "commit": _commit(raw),
        "deliver": _deliver(raw),
        "receipt": _receipt(),
    }
    return {name: seconds * 1e6 for name, seconds in steps.items()}


def _timed(work: Callable[[], object], turns: int = TURNS) -> float:
    started = time.process_time()
    for _ in range(turns):
        work()
    return (time.process_time() - started) / turns


class _Door(asyncio.Protocol):
    """Reads each request with the hub's own parser and answers as the hub does."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (found := read(self._received)) is not None:
            self._received = self._received[found.size :]
            self._transport.write(_TAKEN)  # type: ignore[attr-defined]


def _accept(raw: bytes) -> float:
    """A bare server while another process asks."""

    async def run() -> float:
        server = await asyncio.get_running_loop().create_server(_Door, "127.0.0.1", 0)
        async with _peer() as peer:
            port = server.sockets[0].getsockname()[1]
            started = time.process_time()
            await peer.ask({"ask": port, "headers": _HEADERS, "size": len(raw), "count": TURNS})
            used = time.process_time() - started
        server.close()
        return used / TURNS

    return _run(run())


def _run(measured: Coroutine[Any, Any, float]) -> float:
    """On the hub's own event loop."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(measured)


def _deliver(raw: bytes) -> float:
    """A bare client while another process answers."""
    asked = request("POST", "/", {"Content-Type": "application/octet-stream"}, raw)

    async def run() -> float:
        loop = asyncio.get_running_loop()
        async with _peer() as peer:
            port = int(peer.hello["port"])
            clients = [(await loop.create_connection(Client, "127.0.0.1", port))[1] for _ in range(CONNECTIONS)]

            async def one(client: Client) -> None:
                for _ in range(TURNS // CONNECTIONS):
                    await client.ask(asked)

            started = time.process_time()
            await asyncio.gather(*(one(client) for client in clients))
            return (time.process_time() - started) / (TURNS // CONNECTIONS * CONNECTIONS)

    return _run(run())


def _look_up() -> float:
    connection = sqlite3.connect(":memory:")
    columns = ", ".join(f"c{n} TEXT" for n in range(30))
    key = "PRIMARY KEY (member, id)"
    connection.execute(f"CREATE TABLE consent (member TEXT, id TEXT, {columns}, {key}) WITHOUT ROWID")
    marks = ", ".join("?" * 32)
    for member in range(1000):
        for number in range(5):
            row = [f"m{member}", f"c{number}", *(f"value {n} of some length" for n in range(30))]
            connection.execute(f"INSERT INTO consent VALUES ({marks})", row)
    return _timed(lambda: connection.execute("SELECT * FROM consent WHERE member = ?", ("m500",)).fetchall())


def _decide() -> float:
    names = ("harbor", "lantern")
    roles = frozenset({"provider", "covered_entity"})
    parties = {name: Party(name, name.title(), roles, sud_program="holds_out") for name in names}
    asked = Request(
        world=World(parties, {}, ZoneInfo("America/Los_Angeles")),
        patient=Patient("ana", born=datetime(1988, 4, 11, tzinfo=UTC).date(), programs=frozenset({"harbor"})),
        at=datetime(2026, 3, 2, tzinfo=UTC),
        discloser="harbor",
        recipient="lantern",
        purpose="treatment",
        packet=(Item("item-1"),),
        consents=tuple(_consent(number) for number in range(5)),
    )
    assert decide(asked).outcome == "permit"
    return _timed(lambda: decide(asked))


def _consent(number: int) -> Consent:
    return Consent(
        id=f"c{number}", kind="specific", patient="ana", discloser=("harbor",), recipients=("lantern",),
        information=frozenset({"complete_record"}), states_redisclosure_rule=True, purposes=frozenset({"treatment"}),
        states_right_to_revoke=True, states_how_to_revoke=True, expires=datetime(2026, 12, 31, tzinfo=UTC).date(),
        signed_by=frozenset({"ana"}), signature="handwritten", signed_on=datetime(2026, 1, 15, tzinfo=UTC).date(),
        states_redisclosure_risk=True, states_refusal_consequences=True,
    )  # fmt: skip


def _seal(raw: bytes) -> float:
    """At rest under a data key, the data key under the key ring's, sealed to the recipient, signed."""
    key, recipient = os.urandom(32), bytes(PrivateKey.generate().public_key)
    signer = bytes(SigningKey.generate()._signing_key)

    def work() -> None:
        data_key = os.urandom(32)
        encrypt(raw, b"label", os.urandom(24), data_key)
        encrypt(data_key, b"label", os.urandom(24), key)
        sealed = crypto_box_seal(raw, recipient)
        crypto_sign(hashlib.sha256(sealed).digest(), signer)

    return _timed(work, TURNS // 2)


def _database(folder: str) -> sqlite3.Connection:
    connection = sqlite3.connect(Path(folder) / "limit.sqlite", isolation_level=None)
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {BUSY_PAGES}")
    connection.execute("CREATE TABLE message (id TEXT PRIMARY KEY, at INTEGER, body BLOB)")
    connection.execute("CREATE TABLE decision (id TEXT PRIMARY KEY, message TEXT, at INTEGER, body TEXT)")
    connection.execute("CREATE TABLE outbox (id TEXT PRIMARY KEY, state TEXT, due INTEGER, receipt TEXT)")
    connection.execute("CREATE TABLE ledger (id INTEGER PRIMARY KEY, at INTEGER, salt BLOB, body BLOB)")
    return connection


def _commit(raw: bytes) -> float:
    with tempfile.TemporaryDirectory() as folder:
        connection = _database(folder)
        numbers = iter(range(10**9))

        def group() -> None:
            connection.execute("BEGIN IMMEDIATE")
            for _ in range(GROUP):
                name = f"{next(numbers):032x}"
                connection.execute("INSERT INTO message VALUES (?, ?, ?)", (name, 1, raw))
                connection.execute(_DECIDED, (name, name, 1, _DECISION))
                connection.execute("INSERT INTO outbox VALUES (?, ?, ?, ?)", (name, "queued", 1, None))
                connection.execute(_ENTRY, (1, os.urandom(16), raw[:300]))
            connection.execute("COMMIT")

        seconds = _timed(group, TURNS // GROUP) / GROUP
        connection.close()
        return seconds


def _receipt() -> float:
    with tempfile.TemporaryDirectory() as folder:
        connection = _database(folder)
        names = [f"{number:032x}" for number in range(TURNS)]
        connection.executemany("INSERT INTO outbox VALUES (?, 'queued', 1, NULL)", [(name,) for name in names])
        left = iter(names)

        def group() -> None:
            connection.execute("BEGIN IMMEDIATE")
            for _ in range(GROUP):
                connection.execute(
                    "UPDATE outbox SET state = 'done', receipt = ? WHERE id = ?", ("receipt", next(left))
                )
                connection.execute(_ENTRY, (1, os.urandom(16), b"{}" * 60))
            connection.execute("COMMIT")

        seconds = _timed(group, TURNS // GROUP) / GROUP
        connection.close()
        return seconds


if __name__ == "__main__":
    print(json.dumps(measure()))
