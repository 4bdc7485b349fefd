"""What did not reach its reader goes another way: by itself in the order of the directory, or as a person says; decided
anew each time, and recorded."""

import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from adapters.loopback import LoopbackChannel
from hub.arrivals import Arrival, ArrivedProof
from hub.bases import evidence
from hub.compliance import accounting
from hub.errors import Conflict, Malformed, NotAvailable
from hub.fhir import referrals
from hub.inbound.keep import keep
from hub.inbound.settle import settle
from hub.model import ChannelKind, Deferred, Endpoint, Refused
from hub.storage import consents
from hub.storage.database import Step, Unit
from hub.storage.tables import Disclosure, LedgerEntry, Outbox, WorkItem
from hub.waiting import another_way, approvals, items
from hub.waiting.work import open_work
from tests.api import an_api
from tests.desk import a_desk
from tests.direct_town import rows
from tests.disclosures import EMERGENCY, ORDER, a_county, disclose
from tests.scenes import Scene, a_scene

MAIL, FAX, API = ChannelKind.EMAIL, ChannelKind.FAX, ChannelKind.API
ADDRESSES = {MAIL: "intake@lantern.example", FAX: "+17075550142", API: "https://lantern.example/inbox"}


async def reached_by(scene: Scene, organization: str, *kinds: ChannelKind) -> dict[ChannelKind, LoopbackChannel]:
    """The organization's addresses in this order, and the channels to them."""
    hub, channels = scene.hub, {kind: LoopbackChannel(kind) for kind in kinds}
    old = (await hub.directory.current()).endpoints[organization]
    for rank, kind in enumerate(kinds):
        endpoint = Endpoint(
            id=f"{organization}-{kind.value}", organization=organization, channel=kind, address=ADDRESSES[kind],
            form="sealed", rank=rank, verified_at=hub.clock.now(),
        )  # fmt: skip
        await hub.directory.put_endpoint(endpoint, verified_by="county", by="county", at=hub.clock.now())
    for each in (each for each in old if each.channel not in kinds):
        await hub.directory.put_endpoint(each, verified_by="county", by="county", at=hub.clock.now(), active=False)
    scene.hub = dataclasses.replace(hub, channels=channels)
    return channels


@pytest.fixture
async def scene(migrated_url: str) -> AsyncIterator[Scene]:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        yield scene


async def failed(scene: Scene, channel: LoopbackChannel) -> str:
    """Delivered, as it seemed; then the recipient's system said that it reached nobody. The work item."""
    delivery = channel.received[-1].parcel.delivery
    said = ArrivedProof(delivery=delivery, kind="dsn-failed", says="failed")
    arrival = Arrival(
        channel=channel.kind.value, key=delivery, raw=delivery.encode(), media_type="message/rfc822",
        organization="lantern", content=said,
    )  # fmt: skip
    assert await settle(scene.hub, (await keep(scene.hub, arrival)).id) == "proved"
    return await open_item(scene, "undelivered")


def undelivered(scene: Scene, disclosure: str) -> Step:
    return open_work("undelivered", "harbor", disclosure, ("dsn-failed",), scene.hub.clock.now())


async def open_item(scene: Scene, kind: str) -> str:
    (found,) = [i["id"] for i in await rows(scene.hub, WorkItem) if (i["kind"], i["state"]) == (kind, "open")]
    return str(found)


async def entries(scene: Scene, kind: str) -> list[dict[str, Any]]:
    found = [each for each in await rows(scene.hub, LedgerEntry) if each["kind"] == kind]
    return [msgspec.json.decode(each["body"]) for each in sorted(found, key=lambda each: int(each["id"]))]


@pytest.mark.parametrize(("first", "next_"), [(MAIL, FAX), (FAX, MAIL), (API, MAIL)])
async def test_what_reached_nobody_goes_the_next_way_on_a_decision_of_its_own(
    scene: Scene, first: ChannelKind, next_: ChannelKind
) -> None:
    channels = await reached_by(scene, "lantern", first, next_)
    await scene.submit()
    assert await scene.dispatch_all() == ["delivered"]
    work = await failed(scene, channels[first])
    row = await another_way.choose(scene.hub, work, None, organization="harbor", by="harbor/desk")
    assert [each.received for each in channels.values()][1] == []
    assert await scene.dispatch_all() == ["delivered"]
    (before,), (after,) = channels[first].received, channels[next_].received
    assert (after.parcel.disclosure, after.parcel.documents) == (row, before.parcel.documents)
    assert after.parcel.accompaniment == before.parcel.accompaniment
    assert after.parcel.accompaniment.consent_copies
    intents = await entries(scene, "disclosure.intended")
    assert [each["channel"] for each in intents] == [first.value, next_.value]
    assert len({each["decision"] for each in intents}) == 2
    assert [each["by"] for each in await entries(scene, "work.rerouted")] == ["harbor/desk"]


async def test_a_failure_that_is_reported_after_the_delivery_leaves_it_in_the_accounting_as_one_in_doubt(
    scene: Scene,
) -> None:
    async def told() -> list[tuple[str, int, bool]]:
        now = scene.hub.clock.now() + 1
        lines = (await accounting.account(scene.hub, scene.member, "harbor", at=now, scope="all")).lines
        return [(each.address, each.count, each.certain) for each in lines]

    channels = await reached_by(scene, "lantern", MAIL, FAX)
    await scene.submit()
    await scene.dispatch_all()
    assert await told() == [(ADDRESSES[MAIL], 1, True)]
    work = await failed(scene, channels[MAIL])
    assert await told() == [(ADDRESSES[MAIL], 1, False)]
    assert [each["says"] for each in await entries(scene, "disclosure.proved")] == ["failed"]
    assert [each["outcome"] for each in await entries(scene, "disclosure.concluded")] == ["delivered"]
    await another_way.choose(scene.hub, work, None, organization="harbor", by="harbor/desk")
    await scene.dispatch_all()
    assert await told() == [(ADDRESSES[MAIL], 1, False), (ADDRESSES[FAX], 1, True)]


async def test_both_ways_stand_in_the_accounting(scene: Scene) -> None:
    channels = await reached_by(scene, "lantern", MAIL, FAX)
    await scene.submit()
    await scene.dispatch_all()
    await another_way.choose(scene.hub, await failed(scene, channels[MAIL]), None, organization=None, by="m.ortiz")
    await scene.dispatch_all()
    told = await rows(scene.hub, Disclosure)
    assert sorted((each["address"], each["state"]) for each in told) == [
        (ADDRESSES[FAX], "disclosed"),
        (ADDRESSES[MAIL], "disclosed"),
    ]


@pytest.mark.parametrize(("first", "next_"), [(MAIL, FAX), (FAX, MAIL), (API, MAIL)])
async def test_what_an_address_refuses_goes_to_the_next_by_itself_and_is_decided_anew(
    scene: Scene, first: ChannelKind, next_: ChannelKind
) -> None:
    channels = await reached_by(scene, "lantern", first, next_)
    channels[first].answers.append(Refused(code="no-such-address"))
    await scene.submit()
    assert [await scene.dispatch_all() for _ in range(2)] == [["queued"], ["delivered"]]
    assert (len(channels[first].received), len(channels[next_].received)) == (0, 1)
    intents = await entries(scene, "disclosure.intended")
    assert [each["channel"] for each in intents] == [first.value, next_.value]
    assert len({each["decision"] for each in intents}) == 2


async def test_between_two_ways_a_revocation_counts(scene: Scene) -> None:
    channels = await reached_by(scene, "lantern", MAIL, FAX)
    channels[MAIL].answers.append(Refused(code="no-such-address"))
    await scene.submit()
    assert await scene.dispatch_all() == ["queued"]
    (consent,) = [each.id for each in (await scene.hub.facts.of(scene.member)).consents]
    await consents.revoke(scene.hub, consent, by="harbor", how="written")
    assert await scene.dispatch_all() == ["withheld"]
    assert channels[FAX].received == []


async def test_a_consent_revoked_meanwhile_lets_nothing_go_the_other_way(scene: Scene) -> None:
    channels = await reached_by(scene, "lantern", MAIL, FAX)
    await scene.submit()
    await scene.dispatch_all()
    work = await failed(scene, channels[MAIL])
    (consent,) = [each.id for each in (await scene.hub.facts.of(scene.member)).consents]
    await consents.revoke(scene.hub, consent, by="harbor", how="written")
    await another_way.choose(scene.hub, work, None, organization="harbor", by="harbor/desk")
    assert await scene.dispatch_all() == ["withheld"]
    assert channels[FAX].received == []
    assert [each["state"] for each in await rows(scene.hub, Disclosure)] == ["disclosed"]


async def test_one_item_leads_to_one_more_disclosure_however_often_it_is_asked_for(scene: Scene) -> None:
    channels = await reached_by(scene, "lantern", MAIL, FAX)
    await scene.submit()
    await scene.dispatch_all()
    work = await failed(scene, channels[MAIL])
    await another_way.choose(scene.hub, work, None, organization="harbor", by="harbor/desk")
    with pytest.raises(Conflict):
        await another_way.choose(scene.hub, work, None, organization="harbor", by="harbor/second")
    assert len(await rows(scene.hub, Outbox)) == 2


async def test_only_verified_addresses_of_the_recipient_are_offered(scene: Scene) -> None:
    channels = await reached_by(scene, "lantern", MAIL, FAX, API)
    await scene.submit()
    await scene.dispatch_all()
    work = await failed(scene, channels[MAIL])
    unverified = Endpoint(id="lantern-new", organization="lantern", channel=FAX, address="+17075550199")
    await scene.hub.directory.put_endpoint(unverified, verified_by=None, by="county", at=scene.hub.clock.now())
    seen = await items.show(scene.hub, work, organization="harbor", by="harbor/desk")
    assert [each["endpoint"] for each in seen["ways"]] == ["lantern-fax", "lantern-api"]
    for wrong in ("lantern-new", "lantern-email", "sunrise-api"):
        with pytest.raises(Malformed):
            await another_way.choose(scene.hub, work, wrong, organization="harbor", by="harbor/desk")
    with pytest.raises(NotAvailable):
        await another_way.choose(scene.hub, work, None, organization="sunrise", by="sunrise/desk")
    await another_way.choose(scene.hub, work, "lantern-api", organization="harbor", by="harbor/desk")
    await scene.dispatch_all()
    assert (len(channels[FAX].received), len(channels[API].received)) == (0, 1)


async def test_who_has_one_address_only_has_no_other_way_and_the_item_stays(scene: Scene) -> None:
    channels = await reached_by(scene, "lantern", MAIL)
    await scene.submit()
    await scene.dispatch_all()
    work = await failed(scene, channels[MAIL])
    with pytest.raises(Conflict) as caught:
        await another_way.choose(scene.hub, work, None, organization="harbor", by="harbor/desk")
    assert caught.value.detail_code == "no-other-way"
    assert await open_item(scene, "undelivered") == work


async def test_a_dead_letter_of_which_nothing_left_goes_another_way_as_the_same_disclosure(scene: Scene) -> None:
    channels = await reached_by(scene, "lantern", MAIL, FAX)
    for channel in channels.values():
        channel.answers.append(Refused(code="no-such-address"))
    await scene.submit()
    assert [await scene.dispatch_all() for _ in range(2)] == [["queued"], ["dead"]]
    work = await open_item(scene, "dead_letter")
    await another_way.choose(scene.hub, work, "lantern-email", organization="harbor", by="harbor/desk")
    assert await scene.dispatch_all() == ["delivered"]
    assert len(channels[MAIL].received) == 1
    assert [each["state"] for each in await rows(scene.hub, Disclosure)] == ["disclosed"]


async def test_a_partner_that_is_busy_keeps_its_retries_at_the_address_that_was_chosen(scene: Scene) -> None:
    channels = await reached_by(scene, "lantern", MAIL, FAX)
    await scene.submit()
    await scene.dispatch_all()
    work = await failed(scene, channels[MAIL])
    await another_way.choose(scene.hub, work, None, organization="harbor", by="harbor/desk")
    channels[FAX].answers.append(Deferred(code="fax-busy"))
    assert await scene.dispatch_all() == ["queued"]
    scene.hub.clock.ahead += 3_600_000_000
    assert await scene.dispatch_all() == ["delivered"]
    assert len(channels[FAX].received) == 1


async def test_an_emergency_goes_another_way_with_the_record_of_it(migrated_url: str) -> None:
    """§2.51(c): each disclosure has its own record, with its own instant."""
    async with a_county(migrated_url) as scene:
        channels = await reached_by(scene, "emergency-room", FAX, API)
        await disclose(scene, "emergency-room", "medications", kind="emergency_disclosure", emergency=EMERGENCY)
        await scene.dispatch_all()
        first = channels[FAX].received[0].parcel
        await scene.hub.database.commit(Unit((), (undelivered(scene, first.disclosure),)))
        row = await another_way.choose(
            scene.hub, await open_item(scene, "undelivered"), None, organization="harbor", by="harbor/desk"
        )
        assert await scene.dispatch_all() == ["delivered"]
        stated = [await evidence.read(scene.hub, each) for each in (first.disclosure, row)]
        assert stated[0]["emergency"] == stated[1]["emergency"]
        assert stated[0]["disclosed_at"] < stated[1]["disclosed_at"]


async def test_what_a_court_ordered_is_approved_anew_by_two_people(migrated_url: str) -> None:
    async with a_county(migrated_url) as scene:
        channels = await reached_by(scene, "superior-court", FAX, API)
        await disclose(scene, "superior-court", "attendance", purpose="civil_proceeding", order=ORDER)
        await approved(scene)
        assert await scene.dispatch_all() == ["delivered"]
        await scene.hub.database.commit(Unit((), (undelivered(scene, channels[FAX].received[0].parcel.disclosure),)))
        work = await open_item(scene, "undelivered")
        await another_way.choose(scene.hub, work, None, organization="harbor", by="harbor/desk")
        assert await scene.dispatch_all() == ["held"]
        assert channels[API].received == []
        await approved(scene)
        assert await scene.dispatch_all() == ["delivered"]


async def approved(scene: Scene) -> None:
    work = await open_item(scene, "legal")
    for person in ("harbor/counsel", "harbor/director"):
        await approvals.approve(scene.hub, work, organization="harbor", by=person)


async def test_over_http_and_on_the_page(scene: Scene) -> None:
    channels = await reached_by(scene, "lantern", MAIL, FAX, API)
    await scene.submit()
    await scene.dispatch_all()
    work = await failed(scene, channels[MAIL])
    async with a_desk(scene.hub) as desk:
        seen = await (await desk.somebody("ana", "compliance")).get(f"/desk/work/{work}")
        assert f"Fax, {ADDRESSES[FAX]}" in seen.words
        priya = await desk.somebody("priya", "auditor")
        assert (await priya.post(f"/desk/work/{work}/another-way", {})).status == 403
        ana = await desk.somebody("ana2", "compliance")
        assert (await ana.post(f"/desk/work/{work}/another-way", {"endpoint": "lantern-fax"})).status == 303
        assert "Sent another way" in (await ana.get(f"/desk/work/{work}")).words
    await scene.dispatch_all()
    work = await failed(scene, channels[FAX])
    async with an_api(scene.hub) as api:
        staff = await api.caller("harbor", "staff")
        answer = await staff("POST", f"/v1/work/{work}/another-way", {})
        assert answer.status == 202
        assert (await staff("POST", f"/v1/work/{work}/another-way", {})).status == 409
    assert await scene.dispatch_all() == ["delivered"]
    assert channels[API].received[0].parcel.disclosure == answer.json["id"]


async def test_a_referral_that_went_two_ways_is_one_task_for_both_sides(scene: Scene) -> None:
    channels = await reached_by(scene, "lantern", MAIL, FAX)
    await scene.submit()
    await scene.dispatch_all()
    work = await failed(scene, channels[MAIL])
    second = await another_way.choose(scene.hub, work, None, organization="harbor", by="harbor/desk")
    first = channels[MAIL].received[0].parcel.disclosure
    (waiting,) = await referrals.shares(scene.hub, "harbor")
    assert (waiting.id, waiting.status) == (first, "requested")
    await scene.dispatch_all()
    for viewer in ("harbor", "lantern"):
        for asked in (None, first, second):
            (found,) = await referrals.shares(scene.hub, viewer, share=asked)
            assert (found.id, found.status) == (first, "requested")
    assert await referrals.shares(scene.hub, "sunrise") == []
    assert await referrals.shares(scene.hub, "sunrise", share=second) == []
