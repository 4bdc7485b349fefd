"""Direct mail both ways through a real Postfix: openssl on the other side, and a second hub."""

import asyncio
import base64
import smtplib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub import exchange
from hub.context import Hub
from hub.storage.tables import Acknowledgement, Disclosure, Inbound, Item, Outbox, Proof, Submission, WorkItem
from tests.conftest import missing
from tests.direct import DAY
from tests.direct_town import (
    CLINIC,
    HUB,
    NURSE,
    Community,
    Town,
    a_mail_hub,
    a_town,
    environment,
    living,
    packet,
    post,
    put_mail_entry,
    rows,
    settle_in,
    until,
    write,
)
from tests.nameserver import Zone, nameserver
from tests.postfix import postfix
from tests.scenes import handed
from tests.servers import MissingServerError, free_port

pytestmark = pytest.mark.timeout(180)
WANTS_DELIVERY = "Disposition-Notification-Options: X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,true"


@pytest.fixture(scope="module")
def community() -> Community:
    return Community()


@pytest.fixture
async def town(tmp_path: Path, community: Community) -> AsyncIterator[Town]:
    async with a_town(tmp_path, community) as town:
        yield town


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


async def test_what_cannot_be_believed_waits_for_a_person_and_its_sender_hears_nothing(town: Town) -> None:
    stranger = Community()
    write(town.keys, "stranger", stranger.clinic)
    write(
        town.keys,
        "expired",
        town.community.root.issue(CLINIC, end=living()["start"], start=living()["start"] - 9 * DAY),
    )
    write(town.keys, "elsewhere", town.community.root.issue("elsewhere.example", **living()))
    good = town.openssl.sealed(packet("m5"))
    at = len(good) * 3 // 4
    flipped = bytes([good[at] ^ 1]) if good[at : at + 1].isalnum() else b"A"
    bad = {
        "untrusted": town.openssl.sealed(packet("m2"), signer="stranger"),
        "expired": town.openssl.sealed(packet("m3"), signer="expired"),
        "wrong-domain": town.openssl.sealed(packet("m4"), signer="elsewhere"),
        "cannot-open": good[:at] + flipped + good[at + 1 :],
        "not-encrypted": packet("m6"),
    }
    async with a_mail_hub(town.environment(), town.community) as hub:
        await town.settle_in(hub)
        for mail in bad.values():
            await post(town.relay, mail)

        async def all_waiting() -> bool:
            return [row["state"] for row in await rows(hub, Inbound)] == ["waiting"] * len(bad)

        await until(all_waiting)
        codes = {row["code"] for row in await rows(hub, Inbound)}
        assert codes - {"bad-signature", "altered", "malformed-signature"} >= set(bad) - {"cannot-open"}
        assert len([item for item in await rows(hub, WorkItem) if item["kind"] == "inbound"]) == len(bad)
        assert await rows(hub, Submission) == []
        assert await rows(hub, Acknowledgement) == []
    assert town.inbox.mails == []


async def test_the_answer_to_the_network_is_the_same_for_good_and_bad_mail(town: Town) -> None:
    async with a_mail_hub(town.environment(), town.community) as hub:
        await town.settle_in(hub)
        answers = set()
        for mail in (town.openssl.sealed(packet("m7")), packet("m8"), b"Subject: nothing\r\n\r\n"):
            answers.add(await lmtp(town.lmtp, mail, f"lantern@{HUB}"))
        assert answers == {(250, "2.0.0 Taken")}
        assert (await lmtp(town.lmtp, packet("m9"), f"nobody@{HUB}"))[0] == 550


async def test_a_mail_sent_again_is_one_submission_and_one_notice(town: Town) -> None:
    message = packet("m10")
    async with a_mail_hub(town.environment(), town.community) as hub:
        await town.settle_in(hub)
        await post(town.relay, town.openssl.sealed(message))
        await until(lambda: rows(hub, Submission))
        await post(town.relay, town.openssl.sealed(message))  # signed and encrypted anew

        async def handed_over() -> bool:
            return town.relay.log.count("status=sent (250 2.0.0 Taken)") == 2

        await until(handed_over)
        assert len(await rows(hub, Submission)) == len(await rows(hub, Inbound)) == 1
        await until(lambda: notices(town, "processed"))
        assert [row["kind"] for row in await rows(hub, Acknowledgement)] == ["processed"]


async def test_a_hub_that_is_away_finds_its_mail_when_it_is_back(town: Town) -> None:
    for number in range(3):
        await post(town.relay, town.openssl.sealed(packet(f"w{number}")))
    assert town.relay.waiting() == 3
    async with a_mail_hub(town.environment(), town.community) as hub:
        await town.settle_in(hub)

        async def all_there() -> bool:
            return len(await rows(hub, Inbound)) == 3

        await until(all_there)

        async def none_left() -> bool:
            return town.relay.waiting() == 0

        await until(none_left)


async def test_a_notice_never_answers_a_notice(town: Town) -> None:
    report = (
        f"From: <{NURSE}>\r\nTo: <exchange@{HUB}>\r\nMessage-ID: <n1@{CLINIC}>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="r"\r\n\r\n'
        "--r\r\nContent-Type: text/plain\r\n\r\nDone\r\n--r\r\nContent-Type: message/disposition-notification\r\n\r\n"
        f"Final-Recipient: rfc822; {NURSE}\r\nOriginal-Message-ID: <{'0' * 34}@{HUB}>\r\n"
        "Disposition: automatic-action/MDN-sent-automatically;processed\r\n\r\n--r--\r\n"
    ).encode()
    async with a_mail_hub(town.environment(), town.community) as hub:
        await town.settle_in(hub)
        await post(town.relay, town.openssl.sealed(report), to=f"exchange@{HUB}")
        (arrival,) = await until(lambda: settled(hub))
        assert (arrival["state"], arrival["code"]) == ("closed", "proof.unknown")
        assert await rows(hub, Acknowledgement) == []


async def settled(hub: Hub) -> list[dict[str, object]]:
    return [row for row in await rows(hub, Inbound) if row["state"] != "taken"]


async def lmtp(port: int, mail: bytes, to: str) -> tuple[int, str]:
    """One transaction, without the mail server in front; the last answer."""

    def talk() -> tuple[int, str]:
        with smtplib.LMTP("127.0.0.1", port, "localhost", timeout=30) as session:
            session.ehlo_or_helo_if_needed()
            session.mail(NURSE)
            code, words = session.rcpt(to)
            if code == 250:
                code, words = session.data(mail)
            return code, words.decode()

    return await asyncio.to_thread(talk)


async def test_two_hubs_exchange_a_packet_and_its_notices(tmp_path: Path, community: Community) -> None:
    ours, theirs, clinic = free_port(), free_port(), "valley.example"
    keys = tmp_path / "keys"
    community.write(keys)
    valley = community.root.issue(clinic, **living())  # an elliptic key: sealed by key agreement
    write(keys, "valley", valley)
    to = {HUB: f"lmtp:inet:127.0.0.1:{ours}", clinic: f"lmtp:inet:127.0.0.1:{theirs}"}
    try:
        with postfix(to) as relay:
            here = environment(tmp_path / "here", relay, ours)
            there = environment(tmp_path / "there", relay, theirs, domain=clinic, key="valley")
            async with a_mail_hub(here, community) as first, a_mail_hub(there, community) as second:
                await exchanged(first, second, community.hub.pem, valley.pem)
    except MissingServerError as error:
        missing(error)


async def exchanged(first: Hub, second: Hub, ours: bytes, theirs: bytes) -> None:
    hub_address = f"exchange@{HUB}"
    member = await settle_in(first, ("harbor", NURSE, ours), ("sunrise", f"sunrise@{HUB}", ours))
    await put_mail_entry(first, "lantern", "lantern@valley.example", theirs, "context xdm dispatched")
    await settle_in(second, ("harbor", hub_address, ours), ("sunrise", f"sunrise@{HUB}", ours))
    await exchange.submit(first, handed(member))

    async def proved() -> list[str] | None:
        kinds = sorted(row["kind"] for row in await rows(first, Proof))
        return kinds if len(kinds) == 2 else None

    assert await until(proved) == ["mdn-dispatched", "mdn-processed"]
    (there,) = await rows(second, Submission)
    assert (there["sender"], there["kind"], there["purpose"]) == ("harbor", "referral_packet", "treatment")
    assert [row["recipient"] for row in await rows(second, Outbox)] == ["lantern"]
    assert [item["information"] for item in await rows(second, Item)] == ["assessment"]
    assert [row["state"] for row in await rows(first, Disclosure)] == ["disclosed"]
    assert [item for item in await rows(first, WorkItem) if item["kind"] == "undelivered"] == []


async def test_a_signer_whose_certificate_the_mail_leaves_out_is_found_where_the_domain_publishes_it(
    town: Town,
) -> None:
    zone = Zone()
    zone.add(CLINIC, "CERT", f"PKIX 0 0 {base64.b64encode(town.community.clinic.der).decode()}")
    async with nameserver(zone) as port:
        environ = town.environment() | {"HUB_DIRECT_DNS": f"127.0.0.1:{port}"}
        async with a_mail_hub(environ, town.community) as hub:
            await town.settle_in(hub)
            await post(town.relay, town.openssl.sealed(packet(), "-nocerts"))
            (submission,) = await until(lambda: rows(hub, Submission))
    assert (submission["sender"], submission["kind"]) == ("harbor", "referral_packet")
    assert zone.asked[f"nurse.{CLINIC}", "CERT", "udp"] >= 1
