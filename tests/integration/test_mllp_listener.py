"""The listener over real sockets: TLS with client certificates, any chunking, patience, limits, and other people's
clients.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import hl7
import hl7.mllp
import pytest

from adapters.mllp.conversation import Manners
from adapters.mllp.frames import FrameReader, frame
from adapters.mllp.limits import Limits
from adapters.mllp.message import Message
from adapters.mllp.peers import Peer
from adapters.mllp.server import MllpListener
from deploy.demo.authority import Authority
from hub.arrivals import Arrival, Taken
from hub.errors import Conflict, StorageFailed
from tests.unit.adapters.mllp.messages import adt, samples

MANNERS = Manners(zone=ZoneInfo("America/Los_Angeles"))
HARBOR = Peer(organization="harbor", certificate="ehr.harbor.example", facilities=("HARBOR",))


class Keeper:
    """Stands for the hub: keeps what it is given, the same key once."""

    def __init__(self) -> None:
        self.kept: dict[str, Arrival] = {}
        self.fails = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, arrival: Arrival) -> Taken:
        await self.gate.wait()
        if self.fails:
            raise StorageFailed("The database is away.")
        known = self.kept.setdefault(arrival.key, arrival)
        if known.raw != arrival.raw:
            raise Conflict("Used for another message.")
        return Taken(id="1", repeated=known is not arrival)


class Client:
    """Half a dozen lines that send and read frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self._frames, self._ready = reader, writer, FrameReader(), []

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    async def answer(self) -> Message | None:
        """The next acknowledgement; none at the end of the connection."""
        while not self._ready:
            try:
                data = await self.reader.read(65536)
            except ConnectionResetError:  # it hung up while we were still sending
                data = b""
            if not data:
                return None
            self._ready += self._frames.feed(data)
        return Message.read(self._ready.pop(0).content)


@contextlib.asynccontextmanager
async def listening(
    keeper: Keeper,
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
    *,
    manners: Manners = MANNERS,
) -> AsyncIterator[Callable[..., "contextlib.AbstractAsyncContextManager[Client]"]]:
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    listener = MllpListener("127.0.0.1", 0, tls, (HARBOR,), manners, limits, listening=port.set_result)
    task = asyncio.create_task(listener.run(keeper))

    @contextlib.asynccontextmanager
    async def connect(context: ssl.SSLContext | None = None) -> AsyncIterator[Client]:
        reader, writer = await asyncio.open_connection("127.0.0.1", await port, ssl=context)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    connect.port = port  # type: ignore[attr-defined]
    try:
        yield connect
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def codes(message: Message | None) -> tuple[str, str]:
    assert message is not None
    return message.first("MSA").get(1), message.first("MSA").get(2)


@pytest.mark.parametrize("path", samples(), ids=lambda path: path and path.stem)
@pytest.mark.parametrize("size", [1, 7, 4096, 10**9])
async def test_a_third_partys_message_is_acknowledged_however_it_arrives(path, size):
    raw = path.read_bytes()
    stream = b"junk\r\n" + frame(raw) + b"\r\n" + frame(raw.replace(b"|MSG000", b"|MSG999", 1))
    keeper = Keeper()
    async with listening(keeper) as connect, connect() as client:
        sending = asyncio.create_task(client.send(*(stream[at : at + size] for at in range(0, len(stream), size))))
        control = Message.read(raw).control_id
        assert codes(await client.answer()) == ("AA", control)
        assert codes(await client.answer()) == ("AA", control.replace("MSG000", "MSG999"))
        await sending
    assert next(each.raw for each in keeper.kept.values()) == raw
    assert len(keeper.kept) == 2


async def test_nothing_is_acknowledged_before_it_is_durable():
    keeper = Keeper()
    keeper.gate.clear()
    async with listening(keeper) as connect, connect() as client:
        await client.send(frame(adt()))
        waiting = asyncio.create_task(client.answer())
        done, _ = await asyncio.wait({waiting}, timeout=0.05)
        assert not done
        keeper.gate.set()
        assert codes(await waiting) == ("AA", "M1")


async def test_what_could_not_be_kept_is_refused_and_the_connection_stays():
    keeper = Keeper()
    async with listening(keeper) as connect, connect() as client:
        keeper.fails = True
        await client.send(frame(adt()))
        answer = await client.answer()
        assert codes(answer) == ("AR", "M1")
        assert answer.first("ERR").get(3) == "207"
        keeper.fails = False
        await client.send(frame(adt()))
        assert codes(await client.answer()) == ("AA", "M1")
    assert len(keeper.kept) == 1


async def test_a_repeat_is_answered_as_the_first_time_and_taken_once():
    keeper = Keeper()
    async with listening(keeper) as connect, connect() as client:
        for _ in range(3):
            await client.send(frame(adt()))
            assert codes(await client.answer()) == ("AA", "M1")
    assert len(keeper.kept) == 1


async def test_a_control_id_used_for_another_message_is_refused_and_kept_for_a_person():
    keeper = Keeper()
    async with listening(keeper) as connect, connect() as client:
        for visit, expected in (("V-1", "AA"), ("V-2", "AR"), ("V-2", "AR"), ("V-1", "AA")):
            await client.send(frame(adt(visit=visit)))
            answer = await client.answer()
            assert codes(answer) == (expected, "M1")
        await client.send(frame(adt("A03")))
        assert codes(await client.answer()) == ("AA", "M1")
    assert [each.trouble for each in keeper.kept.values()] == ["", "message-id-reused", ""]


async def test_control_ids_that_began_again_are_other_messages_and_a_message_sent_again_is_the_same():
    keeper = Keeper()
    first, later = adt(), adt(visit="V-2").replace(b"20260306224500", b"20260801090000", 1)
    async with listening(keeper) as connect, connect() as client:
        for message in (first, later, first, later):
            await client.send(frame(message))
            assert codes(await client.answer()) == ("AA", "M1")
    assert [(each.raw, each.trouble) for each in keeper.kept.values()] == [(first, ""), (later, "")]


async def test_enhanced_mode_gives_the_commit_and_the_application_acknowledgement_in_order():
    async with listening(Keeper()) as connect, connect() as client:
        await client.send(frame(adt(header="|||AL|AL")))
        assert [codes(await client.answer()) for _ in range(2)] == [("CA", "M1"), ("AA", "M1")]


async def test_an_acknowledgement_gets_no_answer():
    keeper = Keeper()
    async with listening(keeper) as connect, connect() as client:
        await client.send(frame(b"MSH|^~\\&|A|B|C|D|2026||ACK|9|P|2.5.1\rMSA|AA|M1\r"), frame(adt()))
        assert codes(await client.answer()) == ("AA", "M1")
    assert len(keeper.kept) == 1


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(b"not a message"), ("AE", "")),
        (frame(b""), ("AE", "")),
        (frame(b"\x00\xff\xfe"), ("AE", "")),
        (b"\x0b" + adt()[:200] + frame(adt(control="M2")), ("AE", "M1")),
        (frame(adt() + b"NTE|1||" + b"x" * 5000 + b"\r"), ("AR", "M1")),
    ],
)
async def test_what_is_no_message_is_answered_and_the_next_one_is_taken(sent, code):
    async with listening(Keeper(), Limits(max_bytes=4096)) as connect, connect() as client:
        await client.send(sent)
        assert codes(await client.answer()) == code
        await client.send(frame(adt(control="M2")))
        assert codes(await client.answer()) == ("AA", "M2")


async def test_a_negative_answer_holds_nothing_about_the_patient():
    async with listening(Keeper()) as connect, connect() as client:
        await client.send(frame(adt(header="||||||KLINGON", name="QUINTA\u00d1AR^MARISOL")))
        text = (await client.answer()).text
    assert "AE|M1" in text
    for secret in ("QUINTA", "MARISOL", "01234567A", "19880411", "V-1001"):
        assert secret not in text


async def test_a_frame_that_dribbles_in_is_answered_and_its_connection_closed():
    async with listening(Keeper(), Limits(frame=0.2, idle=60)) as connect, connect() as client:

        async def dribble() -> None:
            for byte in b"\x0b" + adt():
                await client.send(bytes([byte]))
                await asyncio.sleep(0.01)

        task = asyncio.create_task(dribble())
        answer = await client.answer()
        assert (answer.first("MSA").get(1), answer.first("ERR").get(3)) == ("AE", "100")
        assert await client.answer() is None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_idle_connection_is_closed_and_junk_does_not_keep_it_open():
    async with listening(Keeper(), Limits(idle=0.2)) as connect, connect() as client:

        async def chatter() -> None:
            while True:
                await client.send(b"junk")
                await asyncio.sleep(0.02)

        task = asyncio.create_task(chatter())
        assert await client.answer() is None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_frame_without_end_is_cut_off():
    async with listening(Keeper(), Limits(max_bytes=4096)) as connect, connect() as client:

        async def flood() -> None:
            await client.send(b"\x0b" + adt())
            while True:
                await client.send(b"y" * 4096)

        task = asyncio.create_task(flood())
        assert codes(await client.answer()) == ("AR", "M1")
        assert await client.answer() is None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_one_peer_cannot_take_every_connection():
    limits = Limits(connections=3, connections_of_peer=2)
    async with listening(Keeper(), limits) as connect, connect() as one, connect() as two:
        for client in (one, two):
            await client.send(frame(adt()))
            assert codes(await client.answer())[0] == "AA"
        async with connect() as third:
            assert await third.answer() is None
        await one.send(frame(adt()))
        assert codes(await one.answer())[0] == "AA"


async def test_messages_wait_in_the_socket_while_the_disk_is_slow():
    keeper = Keeper()
    keeper.gate.clear()
    async with listening(keeper) as connect, connect() as client:
        big = adt(more=("NTE|1||" + "x" * 900_000,))

        async def send() -> None:
            for number in range(40):
                await client.send(frame(big.replace(b"|M1|", b"|N%d|" % number)))

        task = asyncio.create_task(send())
        await asyncio.sleep(0.2)
        assert not task.done(), "36 MB do not fit into buffers: the sender waits"
        keeper.gate.set()
        for number in range(40):
            assert codes(await client.answer()) == ("AA", f"N{number}")
        await task


# TLS


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def server_context(authority: Authority, folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server("localhost", "127.0.0.1").write(folder, "server"))
    context.load_verify_locations(cadata=authority.pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(authority: Authority, folder: Path, own: Authority | None, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority.pem.decode())
    if own:
        context.load_cert_chain(*own.client(name).write(folder, "client"))
    return context


async def test_the_client_certificate_says_who_it_is_whatever_the_message_says(authority, tmp_path):
    keeper = Keeper()
    async with listening(keeper, tls=server_context(authority, tmp_path)) as connect:
        for name, facility in (
            ("ehr.harbor.example", "HARBOR"),
            ("ehr.harbor.example", "LANTERN"),
            ("other.example", "HARBOR"),
        ):
            async with connect(client_context(authority, tmp_path, authority, name)) as client:
                await client.send(frame(adt(facility=facility)))
                assert codes(await client.answer()) == ("AA", "M1")
    assert [(each.organization, each.trouble) for each in keeper.kept.values()] == [
        ("harbor", ""),
        ("harbor", "facility-differs"),
        ("", ""),
    ]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_both_versions_of_tls_are_spoken_and_the_certificate_counts_in_each(authority, tmp_path, version):
    keeper = Keeper()
    context = client_context(authority, tmp_path, authority, "ehr.harbor.example")
    context.minimum_version = context.maximum_version = version
    async with listening(keeper, tls=server_context(authority, tmp_path)) as connect, connect(context) as client:
        await client.send(frame(adt()))
        assert codes(await client.answer()) == ("AA", "M1")
    assert [each.organization for each in keeper.kept.values()] == ["harbor"]


@pytest.mark.parametrize("stranger", [True, False], ids=["another authority's certificate", "no certificate"])
async def test_who_shows_no_certificate_of_ours_gets_nothing_taken(authority, tmp_path, stranger):
    keeper = Keeper()
    own = Authority("stranger") if stranger else None
    async with listening(keeper, tls=server_context(authority, tmp_path)) as connect:
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            async with connect(client_context(authority, tmp_path, own, "x.example")) as client:
                await client.send(frame(adt()))
                assert await client.answer() is None
    assert keeper.kept == {}


async def test_a_client_that_is_not_ours_sends_over_tls_and_reads_our_answer(authority, tmp_path):
    keeper = Keeper()
    async with listening(keeper, tls=server_context(authority, tmp_path)) as connect:
        reader, writer = await hl7.mllp.open_hl7_connection(
            "127.0.0.1",
            await connect.port,
            ssl=client_context(authority, tmp_path, authority, "ehr.harbor.example"),
        )
        for number in range(3):
            writer.writemessage(hl7.parse(adt(control=f"P{number}").decode()))
            await writer.drain()
            answer = await reader.readmessage()
            assert str(answer.segment("MSA")[1]) == "AA"
            assert str(answer.segment("MSA")[2]) == f"P{number}"
        writer.close()
        await writer.wait_closed()
    assert len(keeper.kept) == 3
