"""Proofs of delivery by mail that are forged, somebody else's, repeated, late or contradictory: sealed and signed as
mail, read by the intake, settled by the hub. Each changes nothing, or is kept for a person."""

import itertools
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.email.cms.addressee import Addressee
from adapters.email.cms.signer import Signer
from adapters.email.intake.content import Readers
from adapters.email.intake.reading import MailReader
from adapters.email.layers import sealed
from adapters.email.notices.build import About, addressing, disposition
from adapters.email.trust.trust import Trust
from adapters.loopback import LoopbackChannel
from hub import exchange, outbox
from hub.context import Hub
from hub.deliver import attempt_of
from hub.inbound.keep import keep
from hub.inbound.settle import settle
from hub.inbound.unanswered import Waits, time_out
from hub.model import ChannelKind, Deferred, Outcome, Unknown
from hub.storage.tables import Disclosure, Inbound, LedgerEntry, Outbox, Proof, WorkItem
from tests.direct import AT, Holder, certificate, rsa_holder
from tests.direct_town import put_mail_entry, rows, settle_in
from tests.hubs import a_hub
from tests.scenes import handed
from tests.statuses import delivery_failure

HUB, LANTERN, SUNRISE = "hub.example", "intake@lantern.example", "desk@sunrise.example"
ROOT = certificate("Direct root", ca=True)
OURS = rsa_holder(HUB, ROOT)
LANTERNS, SUNRISES, STRANGERS = ROOT.issue("lantern.example"), ROOT.issue("sunrise.example"), ROOT.issue("x.example")
COLLEAGUES = ROOT.issue("colleague@lantern.example")
SELF_SIGNED = certificate("lantern.example")
HOUR = 3_600_000_000
numbers = itertools.count(1)


def _delivery(message_id: str) -> str:
    local, _, at = message_id.rpartition("@")
    return local if at == HUB and attempt_of(local) else ""


READER = MailReader(
    keys=[OURS.opening],
    trust=lambda _: Trust((ROOT.certificate,)),
    now=lambda: AT,
    delivery=_delivery,
    readers=Readers(v2=lambda _: None, organization=lambda _: ""),
)


@pytest.fixture
async def hub(migrated_url: str) -> AsyncIterator[Hub]:
    async with a_hub(migrated_url, {ChannelKind.EMAIL: LoopbackChannel(ChannelKind.EMAIL)}) as hub:
        yield hub


async def mailed(hub: Hub, *answers: Outcome) -> str:
    """The delivery id of one packet that was mailed to Lantern; Sunrise is a partner, too."""
    channel: Any = hub.channels[ChannelKind.EMAIL]
    channel.answers.extend(answers)
    member = await settle_in(hub, ("sunrise", SUNRISE, b""), ("lantern", LANTERN, b""))
    await exchange.submit(hub, handed(member))
    for _ in range(len(answers) or 1):
        for ticket in await outbox.claim(hub.database, hub.clock.now(), 10):
            await exchange.dispatch(hub, ticket)
        hub.clock.ahead += HOUR
    (disclosure,) = await rows(hub, Disclosure)
    return f"{disclosure['id']}01"


def notice(kind: str, delivery: str, recipient: str, sender: str = "") -> bytes:
    """An MDN, or with `dsn` a delivery status, about this delivery; `sender` is whom it says it comes from."""
    about = About(f"{delivery}@{HUB}", f"exchange@{HUB}", recipient, f"n{next(numbers)}@lantern.example", AT)
    written = delivery_failure(about) if kind == "dsn" else disposition(about, kind)
    if sender:
        return re.sub(rb"\AFrom: <[^>]*>", b"From: <" + sender.encode() + b">", written)
    return written


def by(holder: Holder, written: bytes) -> bytes:
    outer = addressing(About("o", f"exchange@{HUB}", "sender@any.example", f"o{next(numbers)}@any.example", AT))
    return sealed(written, outer, Signer(holder.key, holder.certificate), [Addressee(OURS.certificate)], AT)


async def arrives(hub: Hub, mail: bytes) -> str:
    """The state that the arrival comes to."""
    kept = await keep(hub, await READER.read(mail, f"exchange@{HUB}"))
    return await settle(hub, kept.id)


async def works(hub: Hub, kind: str = "undelivered") -> list[str]:
    return [item["code"] for item in await rows(hub, WorkItem) if (item["kind"], item["state"]) == (kind, "open")]


async def stands(hub: Hub) -> tuple[str, str, int, int]:
    """Disclosure, outbox row, how many proofs, how many of them on the ledger."""
    (disclosure,), (row,) = await rows(hub, Disclosure), await rows(hub, Outbox)
    proved = [each for each in await rows(hub, LedgerEntry) if each["kind"] == "disclosure.proved"]
    return disclosure["state"], row["state"], len(await rows(hub, Proof)), len(proved)


@pytest.mark.parametrize("kind", ["processed", "dispatched", "failed", "dsn"])
@pytest.mark.parametrize(
    ("holder", "recipient", "sender", "state"),
    [
        pytest.param(SUNRISES, SUNRISE, "", "closed", id="another-partner-about-itself"),
        pytest.param(SUNRISES, LANTERN, SUNRISE, "closed", id="another-partner-in-lanterns-name"),
        pytest.param(SUNRISES, LANTERN, "", "waiting", id="another-partner-posing-as-lantern"),
        pytest.param(STRANGERS, "a@x.example", "", "waiting", id="a-trusted-stranger"),
        pytest.param(COLLEAGUES, LANTERN, "colleague@lantern.example", "waiting", id="a-colleague-of-the-recipient"),
        pytest.param(SELF_SIGNED, LANTERN, "", "waiting", id="nobody-vouches-for-the-key"),
    ],
)
async def test_a_notice_by_anybody_but_the_recipient_changes_nothing(
    hub: Hub, kind: str, holder: Holder, recipient: str, sender: str, state: str
) -> None:
    delivery = await mailed(hub, Unknown(code="smtp-lost"))
    assert await arrives(hub, by(holder, notice(kind, delivery, recipient, sender))) == state
    assert await stands(hub) == ("unknown", "unknown", 0, 0)
    assert await works(hub) == []
    # what waits, a person sees
    assert len(await works(hub, "inbound")) == (state == "waiting")


@pytest.mark.parametrize("kind", ["processed", "dispatched", "failed", "dsn"])
async def test_a_notice_that_nobody_signed_is_kept_for_a_person(hub: Hub, kind: str) -> None:
    delivery = await mailed(hub, Unknown(code="smtp-lost"))
    assert await arrives(hub, notice(kind, delivery, LANTERN)) == "waiting"
    assert await stands(hub) == ("unknown", "unknown", 0, 0)
    assert await works(hub, "inbound") == ["email notice.unproved"]


async def test_the_recipients_own_notice_counts(hub: Hub) -> None:
    delivery = await mailed(hub, Unknown(code="smtp-lost"))
    assert await arrives(hub, by(LANTERNS, notice("processed", delivery, LANTERN))) == "proved"
    assert await stands(hub) == ("disclosed", "delivered", 1, 1)


async def test_a_notice_replayed_in_whatever_envelope_counts_once(hub: Hub) -> None:
    delivery = await mailed(hub)
    written = notice("failed", delivery, LANTERN)
    mail = by(LANTERNS, written)
    assert await arrives(hub, mail) == "proved"
    assert (await keep(hub, await READER.read(b"Received: from a by b; now\r\n" + mail, f"exchange@{HUB}"))).repeated
    # sealed anew it is another mail with the same content, and the intake takes it for what it is
    again = await READER.read(by(LANTERNS, written), f"exchange@{HUB}")
    assert again.key == (await READER.read(mail, f"exchange@{HUB}")).key
    # and one that its sender wrote anew says nothing new
    assert await arrives(hub, by(LANTERNS, notice("failed", delivery, LANTERN))) == "closed"
    assert await stands(hub) == ("disclosed", "delivered", 1, 1)
    assert await works(hub) == ["mdn-failed"]


async def test_a_notice_of_one_delivery_proves_no_other(hub: Hub) -> None:
    delivery = await mailed(hub, Unknown(code="smtp-lost"))
    for other in (f"{delivery[:32]}02", "0" * 34, f"{'f' * 32}01", delivery[:32]):
        assert await arrives(hub, by(LANTERNS, notice("processed", other, LANTERN))) == "closed"
    assert await stands(hub) == ("unknown", "unknown", 0, 0)


CONTRADICTIONS = (
    (("processed", "failed", "dispatched"), "mdn-failed mdn-dispatched"),
    (("failed", "processed"), "mdn-failed mdn-processed"),
    (("dispatched", "failed"), "mdn-failed"),
    (("dsn", "failed", "dispatched", "processed"), "dsn-failed mdn-failed mdn-dispatched mdn-processed"),
)


@pytest.mark.parametrize(("kinds", "code"), CONTRADICTIONS)
async def test_contradictory_notices_are_all_kept_and_one_person_is_asked_once(
    hub: Hub, kinds: tuple[str, ...], code: str
) -> None:
    delivery = await mailed(hub)
    for kind in kinds:
        assert await arrives(hub, by(LANTERNS, notice(kind, delivery, LANTERN))) == "proved"
    assert await stands(hub) == ("disclosed", "delivered", len(kinds), len(kinds))
    assert await works(hub) == [code]


async def test_a_notice_after_the_time_stands_with_the_work_that_the_silence_made(hub: Hub) -> None:
    delivery = await mailed(hub)
    hub.clock.ahead += 2 * HOUR
    assert await time_out(hub, Waits(HOUR, HOUR)) == 1
    assert await arrives(hub, by(LANTERNS, notice("dispatched", delivery, LANTERN))) == "proved"
    assert await works(hub) == ["mdn-timed-out-processed mdn-dispatched"]
    assert (await stands(hub))[:2] == ("disclosed", "delivered")


async def test_a_receipt_for_what_never_left_is_a_persons_to_explain(hub: Hub) -> None:
    delivery = await mailed(hub, Deferred(code="smtp-lost"), Unknown(code="smtp-lost"))
    assert await arrives(hub, by(LANTERNS, notice("processed", delivery, LANTERN))) == "proved"
    assert (await stands(hub))[:2] == ("unknown", "unknown")
    assert await works(hub, "late_proof") == ["mdn-processed"]
    assert len(await works(hub, "unknown_outcome")) == 1


async def test_a_failure_of_what_never_left_changes_nothing(hub: Hub) -> None:
    delivery = await mailed(hub, Deferred(code="smtp-lost"), Unknown(code="smtp-lost"))
    assert await arrives(hub, by(LANTERNS, notice("dsn", delivery, LANTERN))) == "proved"
    assert (await stands(hub))[:2] == ("unknown", "unknown")
    assert await works(hub) == []


async def test_a_partner_whose_address_was_taken_from_the_directory_proves_nothing_by_itself(hub: Hub) -> None:
    delivery = await mailed(hub, Unknown(code="smtp-lost"))
    await put_mail_entry(hub, "lantern", "new@lantern.example", b"")
    assert await arrives(hub, by(LANTERNS, notice("processed", delivery, LANTERN))) == "waiting"
    assert (await stands(hub))[:2] == ("unknown", "unknown")
    assert [each["code"] for each in await rows(hub, Inbound)] == ["sender.unknown"]
