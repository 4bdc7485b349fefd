"""Two thousand v2 messages through the live listener, the hub killed in the middle: nothing lost, nothing doubled."""

import asyncio
import contextlib
import json
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
import yaml

from adapters.mllp.frames import FrameReader, frame
from adapters.mllp.message import Message
from adapters.mllp.repeats import digest
from tests.e2e.county import NORA, OTIS
from tests.e2e.shape import Deployed, deployed
from tests.servers import free_port
from tests.unit.adapters.mllp.messages import adt

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
MESSAGES = 2000
CONNECTIONS = 8
KILL_AFTER = 700
PEERS = {
    "peers": [
        {
            "organization": "harbor",
            "facilities": ["HARBOR"],
            "purpose": "treatment",
            "recipients": {"admit": ["sunrise"]},
        }
    ]
}


def message(number: int) -> bytes:
    """Every tenth is of a member with a consent, the others' notices wait for one."""
    cin, name, born = (NORA, "QUILL^NORA", "19880411") if number % 10 == 0 else (OTIS, "FARROW^OTIS", "19790930")
    return adt(control=f"M{number}", cin=cin, name=name, born=born, visit=f"V-{number}")


class Hospital:
    """Sends until each message is acknowledged, as an interface engine does."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.waiting = list(range(MESSAGES))
        self.codes: Counter[str] = Counter()
        self.sent = 0
        self.reached = asyncio.Event()

    async def work(self) -> None:
        while self.waiting:
            number = self.waiting.pop()
            while not await self._sent(number):  # noqa: ASYNC110 - the hub is being started
                await asyncio.sleep(0.1)

    async def _sent(self, number: int) -> bool:
        """On the connection of its own for each: the next try after a broken one is the same message."""
        with contextlib.suppress(OSError, EOFError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            with contextlib.closing(writer):
                writer.write(frame(message(number)))
                self.sent += 1
                frames: list[bytes] = []
                incoming = FrameReader()
                while not frames:
                    data = await reader.read(4096)
                    if not data:
                        return False
                    frames += [each.content for each in incoming.feed(data)]
            msa = Message.read(frames[0]).first("MSA")
            if msa.get(1) != "AA":
                return False
            assert msa.get(2) == f"M{number}"
            self.codes[msa.get(1)] += 1
            if sum(self.codes.values()) == KILL_AFTER:
                self.reached.set()
            return True
        return False


async def test_two_thousand_messages_and_a_kill_lose_and_double_nothing(tmp_path: Path) -> None:
    async with deployed(tmp_path, None) as (hub, _):
        port = free_port()
        (tmp_path / "peers.yaml").write_text(yaml.safe_dump(PEERS))
        hub.environment |= {
            "HUB_MLLP_LISTEN": f"127.0.0.1:{port}",
            "HUB_MLLP_TLS": "off",
            "HUB_MLLP_PEERS": str(tmp_path / "peers.yaml"),
        }
        await again(hub)
        hospital = Hospital(port)
        work = [asyncio.create_task(hospital.work()) for _ in range(CONNECTIONS)]
        await hospital.reached.wait()
        await again(hub)
        await asyncio.gather(*work)
        arrived = await everything_settled(hub)
        received = [each.delivery for each in hub.around.plan.received]
        ledger = await hub.ledger()
        assert (await hub.command("ledger", "verify")).code == 0
    assert hospital.codes == {"AA": MESSAGES}
    assert hospital.sent > MESSAGES, "something must have been sent twice, or nothing was tested"
    assert {known for known, _, _ in arrived} == {digest(message(n)).hex() for n in range(MESSAGES)}
    assert Counter(state for _, state, _ in arrived) == {"submitted": MESSAGES}
    assert len({submission for _, _, submission in arrived}) == MESSAGES, "each became one submission"
    assert hub.around.plan.repeats == 0
    attempts = {attempt for made in ledger.intents.values() for attempt in made}
    assert set(received) <= attempts, "nothing left without an intent"
    assert len(ledger.intents) == MESSAGES // 10
    assert all(len(made) == 1 for made in ledger.intents.values()), "nothing was told twice"


async def again(hub: Deployed) -> None:
    """SIGKILL, and what a supervisor does then."""
    await hub.kill_workers()
    hub.start_worker()
    await hub.up()


async def everything_settled(hub: Deployed) -> list[tuple[str, str, str]]:
    """Digest, state and submission of every arrival, once nothing moves."""
    path = Path(hub.environment["HUB_DATA"]) / "hub.sqlite"
    moving = (
        "SELECT (SELECT count(*) FROM inbound WHERE state = 'taken') + (SELECT count(*) FROM outbox WHERE state IN {})"
    )
    states = json.dumps(["queued", "claimed", "in_flight"]).replace("[", "(").replace("]", ")").replace('"', "'")
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        while database.execute(moving.format(states)).fetchone() != (0,):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)
        return database.execute(
            "SELECT lower(hex(digest)), state, reference FROM inbound WHERE channel = 'mllp'"
        ).fetchall()
