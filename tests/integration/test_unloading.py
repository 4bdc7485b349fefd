"""Large bodies wait for each other on the way in; small ones for none, and one organization's for no other's."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hub.errors import TooOften, Unavailable
from hub.storage import tokens
from hub.web.unloading import Unloading
from hub.workers.freight import LINE
from tests.api import MANIFEST, NORA, Api, an_api
from tests.hubs import a_hub

KIB = 1024
LARGE = b"x" * (300 * KIB)
ROOM = 1_000 * KIB
"""For three large ones, of one organization for one."""


@pytest.fixture
async def api(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    monkeypatch.setattr("hub.web.unloading.WAIT_S", 0.02)
    async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub:
        narrow = dataclasses.replace(hub, freight_bytes=ROOM)
        async with an_api(narrow) as made:
            for organization in ("harbor", "lantern", "valley-clinic", "sunrise"):
                await (await made.caller(organization))("POST", "/v1/members", NORA)
            yield made


class Held:
    """A submission of which the end is still to come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def finish(self, last: bytes = b"}") -> bytes:
        """The status it is answered with."""
        self._writer.write(last)
        return (await self._reader.readline()).split()[1]

    async def answer(self, *, dripping: bool) -> dict[str, Any]:
        """What it is told while it says nothing, or a byte now and then."""
        answered = asyncio.create_task(self._reader.readuntil(b"}"))
        while dripping and not answered.done():
            self._writer.write(b" ")
            await asyncio.wait([answered], timeout=0.02)
        _, _, content = (await answered).partition(b"\r\n\r\n")
        return json.loads(content)

    async def give_up(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


@asynccontextmanager
async def held(api: Api, organization: str, size: int = len(LARGE), left: int = 1) -> AsyncIterator[Held]:
    """Begun by a system of the organization, and known to be under way; so many bytes are still to come."""
    issued = await tokens.issue(api.hub, organization, "sender", by="county")
    body = json.dumps({"manifest": MANIFEST, "documents": {"summary": "YSBkaXNjaGFyZ2U="}}).encode()
    body = body[:-1] + b" " * (size - len(body)) + b"}"
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    head = (
        f"POST /v1/submissions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nIdempotency-Key: held\r\n"
        f"Content-Length: {size}\r\nExpect: 100-continue\r\nAuthorization: Bearer {issued.token}\r\n\r\n"
    )
    writer.write(head.encode())
    assert (await reader.readline()).split()[1] == b"100"
    await reader.readline()
    writer.write(body[:-left])
    await writer.drain()
    yield Held(reader, writer)
    writer.close()


async def test_who_fills_its_share_is_told_to_come_again_and_its_small_ones_are_taken(api: Api) -> None:
    harbor = await api.caller("harbor")
    async with held(api, "harbor", 400 * KIB):
        answer = await harbor.submit("second", summary=LARGE)
        assert (answer.status, answer.json["code"]) == (429, "too-much-at-once")
        assert int(answer.headers["Retry-After"]) > 0
        assert (await harbor.submit("small")).status == 202
        assert (await harbor.submit("small-too", summary=b"x" * 250 * KIB)).status == 202


async def test_one_organizations_large_ones_shut_out_no_other_organizations(api: Api) -> None:
    lantern = await api.caller("lantern")
    async with held(api, "harbor", ROOM // 2):
        assert (await lantern.submit("large", summary=LARGE)).status == 202


async def test_when_all_room_is_taken_by_others_it_is_unavailable_and_small_ones_are_taken(api: Api) -> None:
    sunrise = await api.caller("sunrise")
    async with held(api, "harbor", ROOM // 2), held(api, "lantern", ROOM // 2):
        answer = await sunrise.submit("large", summary=LARGE)
        assert (answer.status, answer.json["code"]) == (503, "no-room-now")
        assert int(answer.headers["Retry-After"]) > 0
        assert (await sunrise.submit("small")).status == 202


async def test_a_large_one_waits_for_room_and_is_taken(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.web.unloading.WAIT_S", 30.0)
    harbor = await api.caller("harbor")
    async with held(api, "harbor", ROOM // 2) as first:
        second = asyncio.create_task(harbor.submit("second", summary=LARGE))
        assert (await harbor.submit("small")).status == 202
        assert not second.done()
        assert await first.finish() == b"202"
        assert (await second).status == 202


@pytest.mark.parametrize("ending", ["refused", "broken off"])
async def test_room_is_given_back_however_a_request_ends(
    api: Api, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr("hub.web.unloading.WAIT_S", 30.0)
    async with held(api, "harbor", ROOM // 2) as first:
        second = asyncio.create_task((await api.caller("harbor")).submit("second", summary=LARGE))
        if ending == "refused":
            assert await first.finish(b"?") == b"400"
        else:
            await first.give_up()
        assert (await second).status == 202


@pytest.mark.parametrize("drips", [False, True])
async def test_who_sends_too_slowly_is_told_so_and_its_room_is_its_organizations_again(
    api: Api, monkeypatch: pytest.MonkeyPatch, drips: bool
) -> None:
    monkeypatch.setattr("hub.web.unloading.WAIT_S", 30.0)
    monkeypatch.setattr("hub.web.body.PATIENCE_S", 0.2)
    monkeypatch.setattr("hub.web.body.PACE", 1 << 40)
    async with held(api, "harbor", ROOM // 2, left=1_000) as slow:
        colleague = asyncio.create_task((await api.caller("harbor")).submit("second", summary=LARGE))
        problem = await slow.answer(dripping=drips)
        assert (problem["status"], problem["code"]) == (408, "too-slow")
        assert "nothing was taken" in problem["detail"]
        monkeypatch.setattr("hub.web.body.PATIENCE_S", 30.0)
        assert (await colleague).status == 202
    assert (await (await api.caller("harbor")).submit("held")).status == 202, "the key is free: nothing was taken"


async def test_a_body_of_unannounced_length_is_bounded_as_well(api: Api) -> None:
    harbor = await api.caller("harbor")

    async def chunks(size: int) -> AsyncIterator[bytes]:
        body = json.dumps({"manifest": MANIFEST, "documents": {"summary": "YSBkaXNjaGFyZ2U="}}).encode()
        yield body
        for _ in range(size // KIB):
            yield b" " * KIB

    async def submit(key: str, size: int) -> int:
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        return (await harbor("POST", "/v1/submissions", data=chunks(size), headers=headers)).status

    async with held(api, "harbor", ROOM // 2):
        assert await submit("large", 400 * KIB) == 429
        assert await submit("small", 100 * KIB) == 202
    assert await submit("large", 400 * KIB) == 202


async def test_a_bundle_of_fhir_is_bounded_as_well_and_told_in_fhirs_words(api: Api) -> None:
    harbor = await api.caller("harbor")
    async with held(api, "harbor", ROOM // 2):
        headers = {"Content-Type": "application/fhir+json"}
        answer = await harbor("POST", "/fhir/$process-message", data=LARGE, headers=headers)
        assert answer.status == 429
        assert answer.json["issue"][0]["details"]["coding"][0]["code"] == "too-much-at-once"
        assert "Retry-After" in answer.headers


async def test_whose_line_is_long_is_told_at_once_and_so_is_everybody_when_the_whole_line_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hub.web.unloading.WAIT_S", 30.0)
    unloading = Unloading(ROOM)
    await unloading.enter("harbor", ROOM)
    waiting = [asyncio.create_task(unloading.enter(f"p{n % 4}", 300 * KIB)) for n in range(LINE)]
    await asyncio.sleep(0)
    with pytest.raises(TooOften):
        await unloading.enter("p1", 300 * KIB)
    with pytest.raises(Unavailable):
        await unloading.enter("lantern", 300 * KIB)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_one_that_gives_up_in_the_moment_it_could_enter_leaves_its_room_to_the_next() -> None:
    unloading = Unloading(ROOM)
    first = await unloading.enter("harbor", ROOM)
    waiting = asyncio.create_task(unloading.enter("lantern", ROOM))
    await asyncio.sleep(0)
    waiting.cancel()
    unloading.leave(first)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await unloading.enter("sunrise", ROOM)
