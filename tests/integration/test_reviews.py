"""After the disclosure: a review with its due date, evidence and people; what nobody reviews goes to compliance."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.errors import Conflict, Malformed, NotAvailable
from hub.exchange import dispatch
from hub.model import Unknown
from hub.outbox import claim
from hub.storage import members
from hub.storage.directory import Organization
from hub.storage.member_facts import MemberFacts
from hub.storage.tables import Evidence, LedgerEntry, WorkItem
from hub.waiting import approvals, items
from hub.waiting.escalation import escalate
from hub.waiting.listing import Filter, newest
from hub.workers.recovery import recover
from tests import disclosures as d
from tests.disclosures import a_county, disclose
from tests.hubs import ZONE
from tests.integration.test_bases import consented, of_kind, open_work, reasons
from tests.people import let_go
from tests.scenes import Scene

HOUR = 3_600_000_000
EMERGENCY: dict[str, Any] = {"kind": "emergency_disclosure", "emergency": d.EMERGENCY}


async def at_night(scene: Scene) -> str:
    """A Friday night's emergency, disclosed; the work item of its review."""
    friday = datetime(2027, 1, 15, 23, 30, tzinfo=ZONE)
    scene.hub.clock.ahead += int(friday.timestamp() * 1_000_000) - scene.hub.clock.now()
    await disclose(scene, "emergency-room", "medications", **EMERGENCY)
    assert await scene.dispatch_all() == ["delivered"]
    return (await open_work(scene))["emergency_review"]


async def test_an_emergency_of_friday_night_is_reviewed_on_the_next_business_day(migrated_url):
    """california.md, story 8: Monday 18 January 2027 is Martin Luther King's day, so on Tuesday."""
    async with a_county(migrated_url) as scene:
        await at_night(scene)
        ((due, code),) = await scene.rows(WorkItem.due_at, WorkItem.code)
        assert datetime.fromtimestamp(due / 1_000_000, UTC).astimezone(ZONE) == datetime(2027, 1, 20, tzinfo=ZONE)
        assert code == "2.51"


async def test_what_nobody_reviewed_in_72_hours_goes_to_compliance_once(migrated_url):
    async with a_county(migrated_url) as scene:
        work = await at_night(scene)
        scene.hub.clock.ahead += 71 * HOUR
        assert await escalate(scene.hub, scene.hub.clock.now()) == 0
        scene.hub.clock.ahead += 2 * HOUR
        assert await escalate(scene.hub, scene.hub.clock.now()) == 1
        assert await escalate(scene.hub, scene.hub.clock.now()) == 0
        assert [body["work"] for body in await of_kind(scene, "work.escalated")] == [work]
        found = await newest(scene.hub, Filter(None, escalated=True))
        assert [item["id"] for item in found] == [work]


async def test_what_was_reviewed_in_time_does_not_escalate(migrated_url):
    async with a_county(migrated_url) as scene:
        work = await at_night(scene)
        await items.close(scene.hub, work, "reviewed", organization="harbor", by="harbor/privacy")
        scene.hub.clock.ahead += 80 * HOUR
        assert await escalate(scene.hub, scene.hub.clock.now()) == 0


async def test_whoever_disclosed_in_an_emergency_does_not_review_it(migrated_url):
    async with a_county(migrated_url) as scene:
        work = await at_night(scene)
        with pytest.raises(Conflict) as caught:
            await items.close(scene.hub, work, "reviewed", organization="harbor", by="harbor/clerk")
        assert caught.value.detail_code == "same-person"
        await items.close(scene.hub, work, "reviewed", organization="harbor", by="harbor/privacy")
        assert await open_work(scene) == {}


async def test_a_review_that_finds_an_incident_opens_one(migrated_url):
    """§2.16(b): a breach is assessed."""
    async with a_county(migrated_url) as scene:
        work = await at_night(scene)
        await items.close(scene.hub, work, "incident", organization="harbor", by="harbor/privacy")
        assert list(await open_work(scene)) == ["incident"]
        with pytest.raises(Malformed):
            await items.close(
                scene.hub, (await open_work(scene))["incident"], "incident", organization="harbor", by="harbor/privacy"
            )


async def test_a_reviewer_reads_the_evidence_and_the_ledger_says_so(migrated_url):
    """§2.51(c): recipient, facility, discloser, date and time, nature."""
    async with a_county(migrated_url) as scene:
        work = await at_night(scene)
        shown = await items.show(scene.hub, work, organization="harbor", by="harbor/privacy")
        fields = ("recipient_name", "recipient_facility", "discloser_name", "nature")
        assert [shown["evidence"]["emergency"][name] for name in fields] == [d.EMERGENCY[name] for name in fields]
        assert shown["evidence"]["disclosed_at"] is not None
        assert [body["by"] for body in await of_kind(scene, "access.viewed")] == ["harbor/privacy"]
        with pytest.raises(NotAvailable):
            await items.show(scene.hub, work, organization="lantern", by="lantern/anybody")


async def test_an_emergency_without_its_nature_leaves_at_once_and_the_review_asks_for_it(migrated_url):
    """FORMAT.md 6.2: a missing nature delays nothing. §2.51(c)(4) asks for it."""
    async with a_county(migrated_url) as scene:
        unexplained = {name: value for name, value in d.EMERGENCY.items() if name != "nature"}
        await disclose(scene, "emergency-room", "medications", **EMERGENCY | {"emergency": unexplained})
        assert await scene.dispatch_all() == ["delivered"]
        assert await scene.rows(WorkItem.code) == [("2.51 2.51(c)(4)",)]


@pytest.mark.parametrize("ended", ["in the channel", "with the process"])
async def test_a_disclosure_that_may_have_been_made_is_reviewed_like_one_that_was(migrated_url, ended):
    """INVARIANT unknown-is-disclosed."""
    async with a_county(migrated_url) as scene:
        await disclose(scene, "emergency-room", "medications", **EMERGENCY)
        if ended == "in the channel":
            scene.channel.answers.append(Unknown(code="time-out"))
            assert await scene.dispatch_all() == ["unknown"]
        else:
            scene.channel.deliver = _gone
            (ticket,) = await claim(scene.hub.database, scene.hub.clock.now(), 1)
            with pytest.raises(_GoneError):
                await dispatch(scene.hub, ticket)
            scene.hub.clock.ahead += 24 * HOUR
            await recover(scene.hub, scene.hub.clock.now())
        assert set(await open_work(scene)) == {"unknown_outcome", "emergency_review"}
        ((disclosed_at,),) = await scene.rows(Evidence.disclosed_at)
        assert disclosed_at is not None


class _GoneError(BaseException):
    """As if the process had ended there."""


async def _gone(_: object) -> None:
    raise _GoneError


async def test_what_a_start_settles_is_recorded_at_its_own_time(migrated_url):
    """A start knows that nobody else works and asks for every lease; that moment is not the time of the record."""
    async with a_county(migrated_url) as scene:
        await disclose(scene, "emergency-room", "medications", **EMERGENCY)
        scene.channel.deliver = _gone
        (ticket,) = await claim(scene.hub.database, scene.hub.clock.now(), 1)
        with pytest.raises(_GoneError):
            await dispatch(scene.hub, ticket)
        assert await recover(scene.hub, scene.hub.clock.now() + 365 * 24 * HOUR) == (0, 1)
        instants = [at for _, at in await scene.rows(LedgerEntry.id, LedgerEntry.at)]
        assert max(instants) <= scene.hub.clock.now()


async def test_an_approved_order_that_could_not_be_delivered_keeps_its_approvals(migrated_url):
    async with a_county(migrated_url) as scene:
        await disclose(scene, "superior-court", "attendance", purpose="civil_proceeding", order=d.ORDER)
        work = (await open_work(scene))["legal"]
        for person in ("harbor/counsel", "harbor/director"):
            await approvals.approve(scene.hub, work, organization="harbor", by=person)
        scene.channel.answers.append(Unknown(code="time-out"))
        assert await scene.dispatch_all() == ["unknown"]
        unknown = (await open_work(scene))["unknown_outcome"]
        await let_go(scene.hub, unknown, "confirmed_not_delivered")
        assert await scene.dispatch_all() == ["delivered"]


async def test_nothing_else_waits_for_an_approval(migrated_url):
    async with a_county(migrated_url) as scene:
        work = await at_night(scene)
        with pytest.raises(Conflict) as caught:
            await approvals.approve(scene.hub, work, organization="harbor", by="harbor/counsel")
        assert caught.value.detail_code == "not-waiting"
        with pytest.raises(NotAvailable):
            await approvals.approve(scene.hub, work, organization="lantern", by="lantern/counsel")


async def test_a_person_nobody_verified_receives_nothing(migrated_url):
    """45 CFR 164.514(h)"""
    async with a_county(migrated_url) as scene:
        recipients = ({"organization": "emergency-room", "identity": "unverified"},)
        made = d.packet(scene, "emergency-room", "medications", **EMERGENCY)
        changed = d.with_recipients(made, recipients)
        await d.exchange.submit(scene.hub, changed)
        assert {"identity.unverified", "hold"} <= set(await reasons(scene))
        assert await scene.dispatch_all() == []


async def test_a_parent_is_told_the_facts_that_may_avert_a_threat(migrated_url):
    """§2.14(c): only on the director's two findings, and only threat_facts."""
    async with a_county(migrated_url) as scene:
        hub = scene.hub
        parent = Organization(id="pilar-q", name="Parent", roles=frozenset({"parent"}))
        await hub.directory.put_organization(parent, by="county", at=hub.clock.now())
        child = MemberFacts(given="Ines", family="Quintanar", born="2018-05-01", cin="07654321A", parents=("pilar-q",))
        scene.member = await members.register(hub, child, [("harbor", "program")], by="harbor")
        for n, (information, findings) in enumerate(
            (("threat_facts", d.FINDINGS), ("threat_facts", d.FINDINGS[:1]), ("assessment", d.FINDINGS))
        ):
            await disclose(scene, "pilar-q", information, key=f"k{n}", purpose="family_information", findings=findings)
            assert ("minor.consent" in await reasons(scene)) is (n > 0)


async def test_the_director_signs_for_payment_while_the_patient_is_medically_unable(migrated_url):
    """§2.15(a)(2)"""
    async with a_county(migrated_url) as scene:
        await consented(scene, "specific", purposes=("payment",), recipients=("sunrise",), signed_by=("the-director",))
        unable = [d.FINDINGS[0] | {"finding": "medically_unable"}]
        await disclose(scene, "sunrise", "billing", purpose="payment")
        assert "consent.signer" in await reasons(scene)
        await disclose(scene, "sunrise", "billing", key="k2", purpose="payment", findings=unable)
        assert await scene.dispatch_all() == ["delivered"]
        assert list(await open_work(scene)) == ["finding_review"]
