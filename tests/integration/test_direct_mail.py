"""Direct mail both ways through a real Postfix: openssl on the other side, and a second hub."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.context import Hub
from hub.storage.tables import Outbox, Submission
from tests.conftest import missing
from tests.direct_town import (
    CLINIC,
    HUB,
    NURSE,
    Community,
    Inbox,
    Openssl,
    a_mail_hub,
    an_inbox,
    environment,
    packet,
    post,
    rows,
    settle_in,
    until,
)
from tests.postfix import Postfix, postfix
from tests.servers import MissingServerError, free_port

pytestmark = pytest.mark.timeout(180)
WANTS_DELIVERY = "Disposition-Notification-Options: X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,true"


@pytest.fixture(scope="module")
def community() -> Community:
    return Community()


class Town:
    """Everything of a test, by name."""

    def __init__(self, folder: Path, relay: Postfix, inbox: Inbox, lmtp: int, community: Community) -> None:
        self.folder, self.relay, self.inbox, self.lmtp, self.community = folder, relay, inbox, lmtp, community
        self.keys = folder / "keys"
        community.write(self.keys)
        self.openssl = Openssl(self.keys, folder)

    def environment(self) -> dict[str, str]:
        return environment(self.folder / "hub", self.relay, self.lmtp)

    async def settle_in(self, hub: Hub) -> str:
        pem = self.community.clinic.pem
        return await settle_in(hub, ("harbor", NURSE, pem), ("lantern", f"lantern@{CLINIC}", pem))


@pytest.fixture
async def town(tmp_path: Path, community: Community) -> AsyncIterator[Town]:
    lmtp = free_port()
    async with an_inbox() as inbox:
        to = {HUB: f"lmtp:inet:127.0.0.1:{lmtp}", CLINIC: f"smtp:[127.0.0.1]:{inbox.port}"}
        try:
            with postfix(to) as relay:
                yield Town(tmp_path, relay, inbox, lmtp, community)
        except MissingServerError as error:
            missing(error)


async def notices(town: Town, said: str) -> list[bytes]:
    """The notices that came to the clinic, as openssl opens them."""
    opened = [town.openssl.opened(mail) for mail in town.inbox.mails]
    return [each for each in opened if f"MDN-sent-automatically;{said}".encode() in each]


async def test_a_mail_of_openssl_becomes_a_submission_and_its_notices_open_with_openssl(town: Town) -> None:
    async with a_mail_hub(town.environment(), town.community) as hub:
        await town.settle_in(hub)
        await post(town.relay, town.openssl.sealed(packet(extra=WANTS_DELIVERY)))
        (submission,) = await until(lambda: rows(hub, Submission))
        assert (submission["sender"], submission["kind"]) == ("harbor", "referral_packet")
        assert [row["recipient"] for row in await rows(hub, Outbox)] == ["lantern"]
        (processed,) = await until(lambda: notices(town, "processed"))
        (dispatched,) = await until(lambda: notices(town, "dispatched"))
    assert f"Original-Message-ID: <m1@{CLINIC}>".encode() in processed
    assert f"Final-Recipient: rfc822; lantern@{HUB}".encode() in processed
    assert b"X-DIRECT-FINAL-DESTINATION-DELIVERY:" in dispatched
    assert b"report-type=disposition-notification" in processed
