"""A submission is answered alike in the express lane and by the framework; whatever is not plain gets there whole."""

import asyncio
import contextlib
import inspect
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from hub import exchange
from hub.storage import tokens
from hub.web import express
from tests.api import MANIFEST, NORA, TPO, Api, an_api, noting_what_is_handed_over
from tests.hubs import a_hub


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


class Peer:
    """A connection that writes what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def reply(self) -> Reply:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        body = await self.reader.readexactly(int(headers["Content-Length"]))
        return Reply(int(head[0].split(" ")[1]), headers, json.loads(body))

    async def ask(self, *pieces: bytes) -> Reply:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0.01)
        return await self.reply()


class Sender:
    """Writes submissions as an organization's system does."""

    def __init__(self, api: Api, token: str) -> None:
        self.api, self.token = api, token
        self.peers: list[Peer] = []

    async def connect(self) -> Peer:
        self.peers.append(Peer(*await asyncio.open_connection("127.0.0.1", self.api.port)))
        return self.peers[-1]

    async def close(self) -> None:
        for peer in self.peers:
            peer.writer.close()
            with contextlib.suppress(ConnectionError):
                await peer.writer.wait_closed()

    def request(self, key: str, body: bytes | None = None, **changed: str) -> bytes:
        lean = {"manifest": MANIFEST, "documents": {"summary": "YSBzdW1tYXJ5"}}
        body = json.dumps(lean).encode() if body is None else body
        headers = {
            "Host": "hub.example",
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": key,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        } | {name.replace("_", "-"): value for name, value in changed.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST /v1/submissions HTTP/1.1\r\n{lines}\r\n".encode() + body


@pytest.fixture
async def sender(tmp_path: Any) -> AsyncIterator[Sender]:
    async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub, an_api(hub) as api:
        harbor = await api.caller("harbor", "staff")
        member = (await harbor("POST", "/v1/members", NORA | {"relations": {"program": ["harbor"]}})).json["id"]
        await harbor("POST", "/v1/consents", {"member": member, "consent": TPO})
        made = Sender(api, (await tokens.issue(hub, "harbor", "sender", by="county")).token)
        yield made
        await made.close()


@pytest.fixture
def taken_over(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    return noting_what_is_handed_over(monkeypatch)


def alike(reply: Reply) -> tuple[int, set[str], Any]:
    """Without what differs each time."""
    volatile = ("id", "status") if reply.status == 202 else ("id",)
    return reply.status, set(reply.headers), {k: v for k, v in reply.body.items() if k not in volatile}


CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"body": b"{not json"},
    {"body": b'{"manifest": {}, "documents": {}}'},
    {"Authorization": "Bearer p2h_wrong"},
    {"Authorization": "Basic x"},
    {"Content_Type": "text/plain"},
    {"Content_Type": "multipart/form-data; boundary=B"},
    {"Idempotency_Key": "with space"},
)


@pytest.mark.parametrize("changed", CHANGES)
async def test_both_lanes_answer_alike(sender: Sender, taken_over: list[bytes], changed: dict[str, Any]) -> None:
    key = changed.get("Idempotency_Key", "k")
    rest = {name: value for name, value in changed.items() if name != "Idempotency_Key"}
    plain = await (await sender.connect()).ask(sender.request(key, **rest))
    assert taken_over == []
    framework = await (await sender.connect()).ask(sender.request(key, **rest, X_Other="1"))
    assert len(taken_over) == 1
    assert alike(plain) == alike(framework)
    assert plain.headers["Cache-Control"] == "no-store"
    assert plain.headers["Server"] == "part2hub"


@pytest.mark.parametrize("lane", [{}, {"X_Other": "1"}])
async def test_while_a_submission_is_taken_nobody_keeps_the_body_that_it_came_in(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, lane: dict[str, str]
) -> None:
    kept: list[str] = []
    submit = exchange.submit

    async def looking_around(*given: Any) -> str:
        frame = inspect.currentframe()
        while frame := frame and frame.f_back:
            kept.extend(name for name, value in frame.f_locals.items() if b'"documents"' in _bytes_of(value))
        return await submit(*given)

    monkeypatch.setattr(exchange, "submit", looking_around)
    reply = await (await sender.connect()).ask(sender.request("k", **lane))
    assert (reply.status, kept) == (202, [])


def _bytes_of(value: Any) -> bytes:
    found = (each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, bytes))
    return b"".join(found)


async def test_the_same_key_and_body_is_one_submission_whichever_lane_takes_it(sender: Sender) -> None:
    first = await (await sender.connect()).ask(sender.request("k"))
    second = await (await sender.connect()).ask(sender.request("k", X_Other="1"))
    assert (first.status, second.status) == (202, 202)
    assert first.body == second.body
    assert first.headers["Location"] == first.body["status"]


async def test_requests_sent_together_are_answered_one_after_another(sender: Sender, taken_over: list[bytes]) -> None:
    peer = await sender.connect()
    peer.writer.write(sender.request("k-1") + sender.request("k-2") + sender.request("k-1"))
    first, second, third = [await peer.reply() for _ in range(3)]
    assert first.body == third.body != second.body
    assert taken_over == []


async def test_a_request_that_comes_in_pieces_is_answered(sender: Sender, taken_over: list[bytes]) -> None:
    request = sender.request("k")
    peer = await sender.connect()
    reply = await peer.ask(request[:10], request[10:100], request[100:-5], request[-5:])
    assert reply.status == 202
    assert taken_over == []


async def test_a_connection_goes_over_to_the_framework_with_every_byte(sender: Sender, taken_over: list[bytes]) -> None:
    """After an answer, in the middle of what has been sent already: nothing is lost, nothing answered twice."""
    peer = await sender.connect()
    peer.writer.write(sender.request("k") + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + sender.request("k"))
    replies = [await peer.reply() for _ in range(3)]
    assert [reply.status for reply in replies] == [202, 200, 202]
    assert replies[0].body == replies[2].body
    assert len(taken_over) == 1


async def test_half_a_request_is_waited_for_by_the_framework(
    sender: Sender, taken_over: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(express, "FIRST_REQUEST_S", 0.05)
    request = sender.request("k")
    peer = await sender.connect()
    peer.writer.write(request[:-5])
    await asyncio.sleep(0.2)
    assert taken_over == [request[:-5]]
    assert (await peer.ask(request[-5:])).status == 202


async def test_a_connection_that_asks_nothing_is_closed(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(express, "FIRST_REQUEST_S", 0.05)
    peer = await sender.connect()
    async with asyncio.timeout(5):
        assert await peer.reader.read() == b""


async def test_a_request_under_way_is_answered_before_the_hub_goes(tmp_path: Any) -> None:
    async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub:
        async with an_api(hub) as api:
            sender = Sender(api, (await tokens.issue(hub, "harbor", "sender", by="county")).token)
            peer, idle = await sender.connect(), await sender.connect()
            peer.writer.write(sender.request("k"))
            await asyncio.sleep(0.01)
        assert (await peer.reply()).status == 202
        assert await peer.reader.read() == b""
        assert await idle.reader.read() == b""
        await sender.close()
