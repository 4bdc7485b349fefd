"""The mail server is away for a while, in either direction, on each database: nothing is lost, nothing goes twice, and
partners who are reached another way wait for nobody."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import exchange
from hub.context import Hub
from hub.model import ChannelKind, Endpoint
from hub.storage.tables import Attempt, Disclosure, Inbound, Outbox, Submission
from tests.conftest import missing
from tests.direct_town import (
    CLINIC,
    HUB,
    NURSE,
    Community,
    Openssl,
    a_mail_hub,
    an_inbox,
    environment,
    packet,
    post,
    put_mail_entry,
    rows,
    settle_in,
    until,
)
from tests.postfix import postfix
from tests.scenes import handed
from tests.servers import MissingServerError, free_port

pytestmark = pytest.mark.timeout(240)
PACKETS = 3


@pytest.fixture(scope="module")
def community() -> Community:
    return Community()


@pytest.fixture
def place() -> Iterator[Path]:
    """Where a mail server's queue outlives it; its parts, of other users, pass through."""
    folder = Path(tempfile.mkdtemp(prefix="part2hub-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def settled(hub: Hub, community: Community) -> str:
    """Lantern is reached by mail, Valley Clinic by fax; the member."""
    pem = community.clinic.pem
    member = await settle_in(hub, ("harbor", NURSE, pem), ("lantern", f"lantern@{CLINIC}", pem))
    await put_mail_entry(hub, "lantern", f"lantern@{CLINIC}", pem, "no-mdn")
    fax = Endpoint(
        id="valley-fax", organization="valley-clinic", channel=ChannelKind.FAX, address="+17075550142",
        verified_at=hub.clock.now(),
    )  # fmt: skip
    await hub.directory.put_endpoint(fax, verified_by="county", by="county", at=hub.clock.now())
    return member


async def states(hub: Hub, recipient: str) -> set[str]:
    return {str(each["state"]) for each in await rows(hub, Outbox) if each["recipient"] == recipient}


async def test_what_leaves_waits_for_the_mail_server_and_goes_once_when_it_is_back(
    migrated_url: str, tmp_path: Path, place: Path, community: Community
) -> None:
    lmtp, keys = free_port(), tmp_path / "keys"
    community.write(keys)
    async with an_inbox() as inbox:
        to = {HUB: f"lmtp:inet:127.0.0.1:{lmtp}", CLINIC: f"smtp:[127.0.0.1]:{inbox.port}"}
        try:
            with postfix(to, folder=place) as relay:
                pass  # it was there, and has gone
        except MissingServerError as error:
            missing(error)
        environ = environment(tmp_path / "hub", relay, lmtp) | {"HUB_DATABASE_URL": migrated_url}
        async with a_mail_hub(environ, community) as hub:
            member = await settled(hub, community)
            for number in range(PACKETS):
                await exchange.submit(hub, handed(member, f"k{number}", recipients=("lantern", "valley-clinic")))

            async def others_have_theirs() -> bool:
                return await states(hub, "valley-clinic") == {"delivered"}

            async def tried() -> bool:
                return len([each for each in await rows(hub, Attempt) if each["channel"] == "email"]) >= PACKETS

            await until(others_have_theirs)
            await until(tried)
            assert "delivered" not in await states(hub, "lantern")
            assert {each["outcome"] for each in await rows(hub, Attempt) if each["channel"] == "email"} <= {
                "deferred",
                None,
            }
            with postfix(to, again=relay):

                async def arrived() -> bool:
                    return len(inbox.mails) >= PACKETS and await states(hub, "lantern") == {"delivered"}

                await until(arrived)
            assert len(inbox.mails) == PACKETS
            openssl = Openssl(keys, tmp_path)
            numbers = {openssl.opened(mail).partition(b"Message-ID: <")[2][:32].decode() for mail in inbox.mails}
            mailed = [each for each in await rows(hub, Disclosure) if each["recipient"] == "lantern"]
            assert numbers == {str(each["id"]) for each in mailed}
            assert {each["state"] for each in mailed} == {"disclosed"}


async def test_what_comes_in_waits_with_the_mail_server_though_both_were_away(
    migrated_url: str, tmp_path: Path, place: Path, community: Community
) -> None:
    lmtp, keys = free_port(), tmp_path / "keys"
    community.write(keys)
    openssl = Openssl(keys, tmp_path)
    async with an_inbox() as inbox:
        to = {HUB: f"lmtp:inet:127.0.0.1:{lmtp}", CLINIC: f"smtp:[127.0.0.1]:{inbox.port}"}
        try:
            with postfix(to, folder=place) as relay:
                for number in range(PACKETS):
                    await post(relay, openssl.sealed(packet(f"o{number}")))
        except MissingServerError as error:
            missing(error)
        environ = environment(tmp_path / "hub", relay, lmtp) | {"HUB_DATABASE_URL": migrated_url}
        async with a_mail_hub(environ, community) as hub:
            await settled(hub, community)
            with postfix(to, again=relay):

                async def all_there() -> bool:
                    states = [each["state"] for each in await rows(hub, Inbound)]
                    return states == ["submitted"] * PACKETS and relay.waiting() == 0

                await until(all_there)
                assert len(await rows(hub, Submission)) == PACKETS
