"""Who may hand mail to the intake: the mail server, from the networks that were named, and nobody else."""

import asyncio
import contextlib
import gc
import smtplib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from adapters.email.intake.listener import MailIntake, MailLimits
from hub.arrivals import Arrival, Taken


@asynccontextmanager
async def listening(*peers: str, limits: MailLimits | None = None) -> AsyncIterator[tuple[int, list[Arrival]]]:
    taken: list[Arrival] = []
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def read(raw: bytes, to: str) -> Arrival:
        return Arrival(channel="email", key=to, raw=raw, media_type="message/rfc822")

    async def ours(_address: str) -> bool:
        return True

    async def take(arrival: Arrival) -> Taken:
        taken.append(arrival)
        return Taken(id="a1")

    networks = [ip_network(each) for each in peers]
    intake = MailIntake("127.0.0.1", 0, read, ours, limits, peers=networks, listening=port.set_result)
    task = asyncio.create_task(intake.run(take))
    try:
        yield await port, taken
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def hand_over(port: int) -> int:
    with smtplib.LMTP("127.0.0.1", port, "localhost", timeout=10) as session:
        session.ehlo()
        session.mail("a@b.example")
        session.rcpt("hub@hub.example")
        return session.data(b"Subject: x\r\n\r\nx\r\n")[0]


async def test_the_mail_server_hands_over_a_mail() -> None:
    async with listening("10.0.0.0/8", "127.0.0.0/8") as (port, taken):
        assert await asyncio.to_thread(hand_over, port) == 250
        assert len(taken) == 1


async def test_whoever_else_connects_is_hung_up_on_before_a_word() -> None:
    async with listening("10.0.0.0/8") as (port, taken):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
            await asyncio.to_thread(hand_over, port)
        assert taken == []


NARROW = MailLimits(max_bytes=4_000, under_way=6_000, small=500)


@contextlib.contextmanager
def announced(port: int, sender: str, size: int) -> Iterator[int]:
    """A connection in which a mail of so many bytes was announced, and the answer's code."""
    with _session(port) as session:
        yield session.mail(sender, [f"SIZE={size}"])[0]
        session.rset()


@contextlib.contextmanager
def _session(port: int) -> Iterator[smtplib.LMTP]:
    with smtplib.LMTP("127.0.0.1", port, "localhost", timeout=10) as session:
        session.ehlo()
        yield session


def talk_of_large_ones(port: int) -> list[int]:
    with (
        announced(port, "x@a.example", 3_000) as first,
        announced(port, "y@A.example", 501) as own,
        announced(port, "x@b.example", 3_000) as other,
        announced(port, "x@c.example", 501) as no_room,
        announced(port, "x@a.example", 500) as small,
    ):
        pass
    with announced(port, "x@c.example", 501) as after:
        return [first, own, other, no_room, small, after]


async def test_large_mails_beyond_what_there_is_room_for_stay_with_the_mail_server_and_small_ones_never() -> None:
    async with listening("127.0.0.0/8", limits=NARROW) as (port, _):
        assert await asyncio.to_thread(talk_of_large_ones, port) == [250, 452, 250, 452, 250, 250]


SAID = {
    "SIZE=": 501,
    "SIZE": 501,
    "SIZE=many": 501,
    "SIZE=-1": 501,
    "SIZE=many SIZE=5": 501,
    "SIZE=5 SIZE=3900": 501,
    f"SIZE={'0' * 20}5": 501,
    f"SIZE={'0' * 19}5": 250,
    "SIZE=4001": 552,
    "SIZE=4000": 250,
    "size=400": 250,
}
"""RFC 1870 section 3: said once, in 1 to 20 digits; section 6.1: what is too large is refused for good."""


def talk_of_what_is_no_size(port: int) -> dict[str, int]:
    found = {}
    with _session(port) as session:
        for said in SAID:
            found[said] = session.docmd("MAIL", f"FROM:<x@a.example> {said}")[0]
            session.rset()
    return found


async def test_a_size_that_is_none_is_refused_for_good_and_not_tried_again() -> None:
    async with listening("127.0.0.0/8", limits=NARROW) as (port, _):
        assert await asyncio.to_thread(talk_of_what_is_no_size, port) == SAID


def talk_of_mails_of_any_size(port: int) -> list[int]:
    with announced(port, "x@a.example", 3_900) as alone, announced(port, "x@b.example", 2_101) as beside:
        pass
    with _session(port) as session:
        session.mail("x@a.example")  # of no stated size: it may be as large as any
        with announced(port, "x@b.example", 2_001) as beside_unstated:
            return [alone, beside, beside_unstated]


async def test_what_does_not_say_how_large_it_is_counts_as_the_largest_and_what_is_large_may_come_alone() -> None:
    limits = MailLimits(max_bytes=4_000, under_way=3_000, small=500)
    async with listening("127.0.0.0/8", limits=limits) as (port, _):
        assert await asyncio.to_thread(talk_of_mails_of_any_size, port) == [250, 452, 452]


async def test_a_mail_that_was_taken_makes_room_in_the_same_connection() -> None:
    large = b"Subject: x\r\n\r\n" + b"x" * 900 + b"\r\n"

    def twice(port: int) -> list[int]:
        with _session(port) as session:
            return [_whole(session, large) for _ in range(2)]

    async with listening("127.0.0.0/8", limits=MailLimits(max_bytes=4_000, under_way=1_000, small=500)) as (port, _):
        assert await asyncio.to_thread(twice, port) == [250, 250]


@pytest.mark.parametrize("begun", [b"", b"RCPT TO:<hub@hub.example>\r\nDATA\r\nSubject: x"])
async def test_a_mail_whose_connection_broke_makes_room_without_waiting_for_the_garbage(begun: bytes) -> None:
    async with listening("127.0.0.0/8", limits=NARROW) as (port, _), uncollected():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"LHLO x\r\nMAIL FROM:<x@a.example> SIZE=3000\r\n" + begun)
        while (await reader.readline()) != b"250 2.1.0 OK\r\n":
            pass
        writer.transport.abort()
        assert 250 in [await asyncio.to_thread(_next, port) for _ in range(20)]


def _next(port: int) -> int:
    with announced(port, "x@a.example", 501) as code:
        return code


@asynccontextmanager
async def uncollected() -> AsyncIterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _whole(session: smtplib.LMTP, content: bytes) -> int:
    session.mail("a@b.example", [f"SIZE={len(content)}"])
    session.rcpt("hub@hub.example")
    return session.data(content)[0]
