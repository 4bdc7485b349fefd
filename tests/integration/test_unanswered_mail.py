"""What nobody answers for, and what senders are owed: the clocks and queues of disposition notices."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from adapters.loopback import LoopbackChannel
from hub import exchange, outbox
from hub.arrivals import Acknowledge, Arrival, ArrivedPacket, ArrivedProof
from hub.context import Hub
from hub.errors import Unavailable
from hub.inbound import people
from hub.inbound.acknowledge import send_due
from hub.inbound.keep import keep
from hub.inbound.settle import settle
from hub.inbound.unanswered import Waits, time_out
from hub.model import (
    ChannelKind,
    Deferred,
    Delivered,
    Document,
    Endpoint,
    MemberIdentity,
    MessageKind,
    Outcome,
    Receipt,
)
from hub.storage.tables import Acknowledgement, Disclosure, LedgerEntry, Proof, WorkItem
from tests.direct_town import put_mail_entry, rows, settle_in
from tests.hubs import a_hub
from tests.scenes import BORN, NAME, handed

WAITS = Waits(3_600_000_000, 7_200_000_000)
HOUR = 3_600_000_000
ADDRESS = "intake@lantern.example"


@pytest.fixture
async def hub(migrated_url: str) -> AsyncIterator[Hub]:
    async with a_hub(migrated_url, {ChannelKind.EMAIL: LoopbackChannel(ChannelKind.EMAIL)}) as hub:
        yield hub


async def mailed(hub: Hub, form: str = "") -> str:
    """The delivery id of one packet that was mailed to Lantern."""
    member = await settle_in(hub, ("harbor", "nurse@harbor.example", b""), ("lantern", ADDRESS, b""))
    await put_mail_entry(hub, "lantern", ADDRESS, b"", form)
    await exchange.submit(hub, handed(member))
    for ticket in await outbox.claim(hub.database, hub.clock.now(), 10):
        await exchange.dispatch(hub, ticket)
    channel: Any = hub.channels[ChannelKind.EMAIL]
    return str(channel.received[-1].parcel.delivery)


async def said(hub: Hub, delivery: str, says: Any) -> str:
    content = ArrivedProof(delivery=delivery, kind=f"mdn-{says}", says=says)
    raw = f"{delivery} {says}".encode()
    arrival = Arrival(
        channel="email", key=raw.decode(), raw=raw, media_type="message/rfc822", address=ADDRESS, content=content
    )
    return await settle(hub, (await keep(hub, arrival)).id)


async def undelivered(hub: Hub) -> list[str]:
    return [item["code"] for item in await rows(hub, WorkItem) if item["kind"] == "undelivered"]


async def test_silence_is_told_once_and_stays_a_disclosure(hub: Hub) -> None:
    await mailed(hub)
    assert await time_out(hub, WAITS) == 0
    hub.clock.ahead += HOUR + 1
    assert [await time_out(hub, WAITS) for _ in range(2)] == [1, 0]
    assert await undelivered(hub) == ["mdn-timed-out-processed"]
    assert [row["state"] for row in await rows(hub, Disclosure)] == ["disclosed"]
    assert len([e for e in await rows(hub, LedgerEntry) if e["kind"] == "disclosure.unanswered"]) == 1


async def test_a_notice_in_time_stops_the_clock(hub: Hub) -> None:
    assert await said(hub, await mailed(hub), "processed") == "proved"
    hub.clock.ahead += 9 * HOUR
    assert await time_out(hub, WAITS) == 0


async def test_a_notice_after_the_time_is_recorded_and_takes_nothing_back(hub: Hub) -> None:
    delivery = await mailed(hub)
    hub.clock.ahead += HOUR + 1
    await time_out(hub, WAITS)
    assert await said(hub, delivery, "processed") == "proved"
    assert [item["state"] for item in await rows(hub, WorkItem) if item["kind"] == "undelivered"] == ["open"]
    assert sorted(row["kind"] for row in await rows(hub, Proof)) == ["mdn-processed", "mdn-timed-out-processed"]


async def test_a_delivery_that_was_to_be_told_and_was_not_is_told(hub: Hub) -> None:
    await said(hub, await mailed(hub, "dispatched"), "processed")
    hub.clock.ahead += HOUR + 1
    assert await time_out(hub, WAITS) == 0
    hub.clock.ahead += HOUR
    assert await time_out(hub, WAITS) == 1
    assert await undelivered(hub) == ["mdn-timed-out-dispatched"]


async def test_a_partner_whose_software_tells_of_nothing_is_not_waited_for(hub: Hub) -> None:
    await mailed(hub, "no-mdn")
    hub.clock.ahead += 9 * HOUR
    assert await time_out(hub, WAITS) == 0


class Post:
    """A relay that answers as told, and what it was given."""

    def __init__(self, *answers: Outcome) -> None:
        self.answers = list(answers)
        self.written: list[tuple[str, str]] = []

    async def write(self, owed: Acknowledge, kind: str, notice: str, endpoint: Endpoint | None) -> bytes:
        self.written.append((kind, notice))
        return kind.encode()

    async def send(self, owed: Acknowledge, mail: bytes) -> Outcome:
        return self.answers.pop(0) if self.answers else Delivered(receipt=Receipt(kind="smtp-250", reference="", at=0))

    async def close(self) -> None: ...


OWED = Acknowledge(
    sender="nurse@harbor.example", recipient="lantern@hub.example", message_id="m1", certificate=b"", delivery=True
)


def arrival(family: str = NAME[1]) -> Arrival:
    packet = ArrivedPacket(
        kind=MessageKind.REFERRAL_PACKET,
        purpose="treatment",
        person=MemberIdentity(given=NAME[0], family=family, born=BORN),
        documents=(Document(id="d", title="t", information="summary", media_type="text/plain", content=b"x"),),
        recipients=("valley-clinic",),
    )
    return Arrival(
        channel="email", key="k", raw=b"mail", media_type="message/rfc822", address="nurse@harbor.example",
        content=packet, acknowledge=OWED,
    )  # fmt: skip


async def owed(hub: Hub) -> dict[str, str]:
    return {row["kind"]: row["state"] for row in await rows(hub, Acknowledgement)}


async def test_what_is_refused_for_lack_of_consent_is_dispatched_like_what_is_permitted(hub: Hub) -> None:
    await settle_in(hub, ("harbor", "nurse@harbor.example", b""), ("lantern", ADDRESS, b""))
    refused = arrival()
    assert isinstance(refused.content, ArrivedPacket)
    # Sunrise is no recipient of the consent.
    refused = msgspec.structs.replace(
        refused, content=msgspec.structs.replace(refused.content, recipients=("sunrise",))
    )
    assert await settle(hub, (await keep(hub, refused)).id) == "submitted"
    assert await owed(hub) == {"processed": "queued", "dispatched": "queued"}


async def test_what_a_person_closes_as_misdirected_has_failed(hub: Hub) -> None:
    await settle_in(hub, ("harbor", "nurse@harbor.example", b""), ("lantern", ADDRESS, b""))
    kept = (await keep(hub, arrival("Somebody"))).id
    assert await settle(hub, kept) == "waiting"
    assert await owed(hub) == {"processed": "queued"}
    await people.close(hub, kept, "misdirected", organization="harbor", by="harbor/desk")
    assert await owed(hub) == {"processed": "queued", "failed": "queued"}


async def test_a_notice_that_the_relay_does_not_take_is_tried_again_under_the_same_id(hub: Hub) -> None:
    kept, post = (await keep(hub, arrival())).id, Post(Deferred(code="smtp-lost"))
    assert [await send_due(hub, post) for _ in range(2)] == [1, 0]
    assert await owed(hub) == {"processed": "queued"}
    hub.clock.ahead += 61_000_000
    await send_due(hub, post)
    assert await owed(hub) == {"processed": "sent"}
    assert post.written == [("processed", f"{kept}.processed")] * 2
    (entry,) = [e for e in await rows(hub, LedgerEntry) if e["kind"] == "inbound.acknowledged"]
    assert msgspec.json.decode(entry["body"])["says"] == "processed"


async def test_who_cannot_be_told_within_a_day_is_given_up(hub: Hub) -> None:
    await keep(hub, arrival())

    class Away(Post):
        async def write(self, owed: Acknowledge, kind: str, notice: str, endpoint: Endpoint | None) -> bytes:
            raise Unavailable("Away.")

    hub.clock.ahead += 25 * HOUR
    await send_due(hub, Away())
    assert await owed(hub) == {"processed": "given_up"}
