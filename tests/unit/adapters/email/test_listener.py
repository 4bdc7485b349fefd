"""Who may hand mail to the intake: the mail server, from the networks that were named, and nobody else."""

import asyncio
import contextlib
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from adapters.email.intake.listener import MailIntake
from hub.arrivals import Arrival, Taken


@asynccontextmanager
async def listening(*peers: str) -> AsyncIterator[tuple[int, list[Arrival]]]:
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
    intake = MailIntake("127.0.0.1", 0, read, ours, peers=networks, listening=port.set_result)
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
