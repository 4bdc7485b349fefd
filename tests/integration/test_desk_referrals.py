"""The receiving program's page: what waits, by its clock; the four answers, and what whoever asked is told of them."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from hub.arrivals import Arrival, ArrivedPacket
from hub.fhir import items_in, referral_moves, referrals
from hub.inbound import belonging
from hub.inbound.keep import keep
from hub.inbound.reception import settle_taken
from hub.model import Event, MemberIdentity, MessageKind
from hub.storage import consents
from hub.storage.database import Step, Unit
from hub.storage.facts import instant
from hub.storage.statements import Insert, columns_of
from hub.storage.tables import Consent, Inbound, LedgerEntry, Outbox, ReferralTask, Submission, Thread
from hub.web.pages import times
from tests.desk import a_desk
from tests.scenes import BORN, CIN, FORM, NAME, SECRET, a_scene

LIST = "/desk/referrals"
ZONE = ZoneInfo("America/Los_Angeles")
A_DAY_US = 86_400_000_000
PERSON = MemberIdentity(given=NAME[0], family=NAME[1], born=BORN)
BACK = msgspec.structs.replace(FORM, discloser=("lantern",), recipients=("harbor",))
"""The person lets Lantern answer Harbor House."""


@pytest.fixture
async def scene(migrated_url):
    async with a_scene(migrated_url, recipients=("lantern", "sunrise", "harbor")) as scene:
        await scene.consent()
        await scene.submit("r1")
        assert await scene.dispatch_all() == ["delivered"]
        yield scene


@pytest.fixture
async def desk(scene):
    async with a_desk(scene.hub) as desk:
        yield desk


@pytest.fixture
async def iris(desk):
    """At Lantern's intake."""
    return await desk.somebody("iris", "staff", organizations=("lantern",))


@pytest.fixture
async def rosa(desk):
    """The counselor of Harbor House who sent it."""
    return await desk.somebody("rosa", "staff", organizations=("harbor",))


async def receipt(browser):
    """The words of the receipt of the oldest packet on the list."""
    address = re.findall(r'href="(/desk/packets/[0-9a-f]{32})"', (await browser.get("/desk/packets")).text)[-1]
    return (await browser.get(address)).words


async def referral(browser):
    """The address of the first referral of the list."""
    return re.search(r'href="(/desk/referrals/[0-9a-f]{32})"', (await browser.get(LIST)).text)[1]


async def say(browser, address, act, **fields):
    page = await browser.get(address)
    version = re.search(r'name="version" value="(\d+)"', page.text)
    return await browser.post(address, {"version": version[1] if version else "1", "act": act, **fields})


async def visit(browser, address):
    """Ten in the morning, thirty days after the first day that the page offers."""
    first = re.search(r'min="(\d{4}-\d\d-\d\d)T', (await browser.get(address)).text)[1]
    day = date.fromisoformat(first) + timedelta(days=30)
    return datetime.combine(day, time(10), ZONE)


async def reported(scene):
    """Settle and deliver; the words of what whoever asked was told last."""
    await settle_taken(scene.hub)
    await scene.dispatch_all()
    return scene.channel.received[-1].parcel


async def test_what_was_delivered_waits_with_its_clock_and_nothing_of_the_packet_is_on_the_list(iris):
    seen = await iris.get(LIST)
    assert f"{NAME[0]} {NAME[1]}" in seen.words
    assert "Harbor House" in seen.words
    assert "due in" in seen.words
    assert SECRET not in seen.text
    assert CIN not in seen.text
    assert NAME[1] not in re.search(r"<title>(.*?)</title>", seen.text)[1]


async def test_accept_a_slot_and_attended_each_reach_whoever_asked_as_a_status_report(scene, iris):
    await scene.consent(BACK)
    address = await referral(iris)
    assert "All of it would go" in (await iris.get(address)).words
    assert (await say(iris, address, "accept")).location == f"{address}?answered=yes"
    told = await reported(scene)
    assert (told.sender.id, told.recipient.id, told.kind) == ("lantern", "harbor", "status_report")
    assert told.documents[0].content.startswith(b"Referral accepted\n")
    assert (await say(iris, address, "slot", slot="2099-12-04T10:00")).status == 400
    at = await visit(iris, address)
    assert (await say(iris, address, "slot", slot=f"{at:%Y-%m-%dT%H:%M}")).status == 303
    told = await reported(scene)
    assert f"When: {at:%Y-%m-%d %H:%M %Z}".encode() in told.documents[0].content
    assert "Whether the person came" in (await iris.get(LIST)).words
    assert (await say(iris, address, "attended")).status == 303
    assert b"the person attended" in (await reported(scene)).documents[0].content
    assert "Nothing waits for you here." in (await iris.get(LIST)).words
    assert (await iris.get(address)).words.count("Delivered") == 3
    assert NAME[1] in (await iris.get(f"{LIST}?waits=closed")).words


async def test_the_counselor_who_sent_it_reads_on_the_receipt_what_was_answered_once_it_has_arrived(scene, iris, rosa):
    back, address = await scene.consent(BACK), await referral(iris)
    assert "No answer has come here yet." in await receipt(rosa)
    await say(iris, address, "accept")
    assert "No answer has come here yet." in await receipt(rosa)
    await reported(scene)
    assert "What Lantern Outpatient answered Accepted" in await receipt(rosa)
    first = await visit(iris, address)
    second = first + timedelta(days=1)
    await say(iris, address, "slot", slot=f"{first:%Y-%m-%dT%H:%M}")
    await reported(scene)
    expected = [f"Expected {times.moment(int(each.timestamp() * 1e6), ZONE, 'en')}" for each in (first, second)]
    assert expected[0] in await receipt(rosa)
    await say(iris, address, "slot", slot=f"{second:%Y-%m-%dT%H:%M}")
    assert not [each for each in expected if each in await receipt(rosa)], "neither the old time nor one not told yet"
    await reported(scene)
    assert expected[1] in await receipt(rosa)
    await consents.revoke(scene.hub, back, how="oral", by="lantern/clerk")
    assert "What Lantern Outpatient answered" not in await receipt(rosa)


async def test_what_is_called_off_is_no_good_news_on_the_receipt(scene, iris, rosa):
    await scene.consent(BACK)
    address = await referral(iris)
    for status, mark in (("accepted", "met"), ("cancelled", "open")):
        (share,) = await referrals.shares(scene.hub, "lantern", share=address.rpartition("/")[2])
        move = referral_moves.Move(share.version or 1, status, "")
        raw = msgspec.json.encode(referrals.task_of(share) | {"status": status})
        await referral_moves.move(scene.hub, share, move, raw, "lantern", by="lantern/clerk")
        await reported(scene)
        address_sent = re.findall(r'href="(/desk/packets/[0-9a-f]{32})"', (await rosa.get("/desk/packets")).text)[-1]
        heard = (await rosa.get(address_sent)).text.partition("answered</h3>")[2]
        assert re.search(r'<span class="status (\w+)">', heard)[1] == mark, status


async def test_without_a_consent_for_the_answer_it_is_kept_and_whoever_asked_hears_nothing(scene, iris, rosa):
    address = await referral(iris)
    before = (await iris.get(address)).words
    assert "Nothing would go" in before
    await say(iris, address, "accept")
    await settle_taken(scene.hub)
    await scene.dispatch_all()
    assert len(scene.channel.received) == 1
    after = (await iris.get(address)).words
    assert "It stayed here" in after
    assert "A time for the first visit" in after
    assert "No answer has come here yet." in await receipt(rosa)


async def test_two_clicks_are_one_answer_and_a_colleagues_other_answer_is_said_plainly(scene, iris):
    address = await referral(iris)
    first = await iris.post(address, {"version": "1", "act": "accept"})
    again = await iris.post(address, {"version": "1", "act": "accept"})
    assert (first.status, again.status) == (303, 303)
    other = await iris.post(address, {"version": "1", "act": "decline", "reason": "no_capacity"})
    assert other.status == 412
    assert "Somebody answered this meanwhile" in other.words
    assert len(await scene.rows(ReferralTask.id)) == 1
    await settle_taken(scene.hub)
    assert len(await scene.rows(Submission.id)) == 2


async def test_what_is_said_out_of_its_order_is_refused_and_why_is_said(iris):
    address = await referral(iris)
    for act in ("attended", "missed"):
        seen = await say(iris, address, act)
        assert seen.status == 409
        assert "First accept the referral" in seen.words
    assert (await say(iris, address, "decline")).status == 400
    at = await visit(iris, address)
    assert (await say(iris, address, "slot", slot=f"{at:%Y-%m-%dT%H:%M}")).status == 303
    assert "The person did not come" not in (await iris.get(address)).words
    assert "The visit is still to come" in (await say(iris, address, "missed")).words


async def test_a_declined_referral_tells_the_reason_of_the_list_and_ends(scene, iris):
    await scene.consent(BACK)
    address = await referral(iris)
    await say(iris, address, "decline", reason="no_capacity")
    assert b"Reason: no capacity" in (await reported(scene)).documents[0].content
    assert (await iris.post(address, {"version": "2", "act": "accept"})).status == 409


async def test_who_it_is_is_not_said_any_more_once_the_consent_is_revoked(scene, iris):
    address = await referral(iris)
    ((consent,),) = await scene.rows(Consent.id)
    await consents.revoke(scene.hub, consent, how="written", by="harbor")
    for path in (LIST, address):
        assert NAME[1] not in (await iris.get(path)).text


async def test_whoever_asked_calls_it_off_and_how_that_was_decided_is_theirs_alone(scene, iris):
    await scene.consent(BACK)
    address = await referral(iris)
    (share,) = await referrals.shares(scene.hub, "harbor")
    move = referral_moves.Move(1, "cancelled", "")
    await referral_moves.move(scene.hub, share, move, b"{}", "harbor", by="harbor/hal")
    await reported(scene)
    seen = (await iris.get(address)).words
    assert "Called off" in seen
    assert "Answers and receipts" not in seen
    assert (await iris.post(address, {"version": "2", "act": "accept"})).status == 409


async def test_another_organizations_staff_find_nothing_and_officers_have_no_such_page(desk, iris):
    address = await referral(iris)
    stranger = await desk.somebody("sol", "staff", organizations=("sunrise",))
    sender = await desk.somebody("hal", "staff", organizations=("harbor",))
    for browser in (stranger, sender):
        seen, nothing = await browser.get(address), await browser.get(f"{LIST}/{'0' * 32}")
        assert (seen.status, seen.text) == (404, nothing.text)
        assert (await browser.post(address, {"version": "1", "act": "accept"})).status == 404
        assert "Nothing waits for you here." in (await browser.get(LIST)).words
    officer = await desk.somebody("ana", "compliance")
    assert (await officer.get(LIST)).status == 403
    for path in ("/desk/log", "/desk/work", "/desk/people"):
        assert (await iris.get(path)).status == 403


async def test_what_is_looked_at_and_who_answered_stands_on_the_ledger(scene, iris):
    address = await referral(iris)
    await iris.get(address)
    await say(iris, address, "accept")
    rows = await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.member_id, LedgerEntry.body)
    looks = [(member, msgspec.json.decode(body)) for _, kind, member, body in rows if kind == "access.viewed"]
    assert {(member, body["what"]) for member, body in looks} == {(scene.member, "referral")}
    ((by,),) = await scene.rows(ReferralTask.updated_by)
    assert by == f"lantern/{iris.person}"
    assert await scene.rows(Outbox.id)


async def test_a_plan_finds_the_discharge_that_still_asks_for_a_call(scene, desk):
    sunrise = msgspec.structs.replace(FORM, recipients=("sunrise",))
    await scene.consent(sunrise)
    now = scene.hub.clock.now()
    for key, kind, days in (("n1", "admit", 20), ("n2", "discharge", 10), ("n3", "discharge", 1)):
        event = {"kind": kind, "at": instant(now - days * A_DAY_US).isoformat()}
        attendance = ({"information": "attendance"},)
        notice = {"recipients": ("sunrise",), "items": attendance, "kind": f"{kind}_notice", "event": event}
        await scene.submit(key, **notice)
    assert await scene.dispatch_all() == ["delivered"] * 3
    coordinator = await desk.somebody("cora", "staff", organizations=("sunrise",))
    seen = (await coordinator.get("/desk/notices")).words
    assert [seen.count(word) for word in ("Admitted", "Discharged", "due in")] == [1, 2, 1]
    add = Insert(Thread, columns_of(Thread))
    taken_back = [Step(add, (b"visit", told, "discharge", "arrival")) for (told,) in await scene.rows(Submission.id)]
    await scene.hub.database.commit(Unit((), tuple(taken_back)))
    assert "due in" not in (await coordinator.get("/desk/notices")).words
    stranger = await desk.somebody("sol", "staff", organizations=("lantern",))
    assert "No notice has come." in (await stranger.get("/desk/notices")).words


async def test_the_next_page_is_there_also_when_the_last_of_this_one_was_answered_meanwhile(scene, iris, monkeypatch):
    monkeypatch.setattr("hub.web.desk.referrals.PAGE", 1)
    for key in ("r2", "r3"):
        await scene.submit(key)
    assert await scene.dispatch_all() == ["delivered"] * 2
    first, seen, path = "", [], LIST
    while path:
        page = await iris.get(path)
        seen += re.findall(r'href="(/desk/referrals/[0-9a-f]{32})"', page.text)
        following = re.search(r'<a href="([^"]*)" rel="next"', page.text)
        path = following and following[1].replace("&amp;", "&")
        if not first:
            first, follows = seen[0], path
    assert len(seen) == len(set(seen)) == 3
    await say(iris, first, "decline", reason="no_capacity")
    assert seen[1] in (await iris.get(follows)).text
    assert first in (await iris.get(f"{LIST}?waits=closed")).text
    assert (await iris.get(f"{LIST}?after=x")).status == 404


async def comes(scene, iris_referral, step, *, channel="mllp", slot=None, sender="lantern", key="", **changes):
    """What the other program's own system says of the referral, by a way of its own; settled."""
    words = (f"Referral {step}",)
    arrival = Arrival(
        channel=channel, key=key or f"{channel} {step} {slot}", raw=f"{step} {slot}".encode(),
        media_type="x-application/hl7-v2+er7", organization=sender, content=ArrivedPacket(
            kind=MessageKind.STATUS_REPORT, purpose="treatment", person=PERSON,
            documents=(items_in.text_item("status", words[0], "attendance", list(words)),),
            event=Event(kind=step, at=scene.hub.clock.now()), thread=f"referral/{iris_referral.rpartition('/')[2]}",
            place="answers", slot=slot,
        ),
    )  # fmt: skip
    arrival = msgspec.structs.replace(arrival, content=msgspec.structs.replace(arrival.content, **changes))
    inbound = await keep(scene.hub, arrival)
    await settle_taken(scene.hub)
    return inbound


async def the_task(scene):
    return [tuple(each) for each in await scene.rows(ReferralTask.status, ReferralTask.step, ReferralTask.slot_at)]


async def test_an_answer_by_mail_and_a_time_by_hl7_reach_the_page_with_their_receipts(scene, iris):
    await scene.consent(BACK)
    address = await referral(iris)
    await comes(scene, address, "accepted", channel="email")
    await scene.dispatch_all()
    seen = (await iris.get(address)).words
    assert "A time for the first visit" in seen
    assert "Came by email, " in seen
    slot = scene.hub.clock.now() + A_DAY_US
    await comes(scene, address, "scheduled", slot=slot)
    seen = (await iris.get(address)).words
    assert times.moment(slot, scene.hub.zone, "en") in seen
    assert "Came by HL7 v2, " in seen
    assert seen.count("Delivered") == 1
    assert await the_task(scene) == [("accepted", "scheduled", slot)]


async def test_a_time_is_changed_given_up_or_missed_by_hl7_as_on_the_page(scene, iris):
    address, now = await referral(iris), scene.hub.clock.now()
    await comes(scene, address, "no_show")
    assert await the_task(scene) == []
    await comes(scene, address, "accepted")
    await comes(scene, address, "no_show", key="of no time")
    await comes(scene, address, "scheduled", slot=now + A_DAY_US, key="asked for", sender="harbor")
    assert await the_task(scene) == [("accepted", "", None)]
    await comes(scene, address, "scheduled", slot=now + A_DAY_US)
    await comes(scene, address, "scheduled", slot=now + 2 * A_DAY_US)
    assert await the_task(scene) == [("accepted", "scheduled", now + 2 * A_DAY_US)]
    await comes(scene, address, "appointment_cancelled", key="off")
    assert await the_task(scene) == [("accepted", "", None)]
    await comes(scene, address, "scheduled", slot=now + 3 * A_DAY_US)
    await comes(scene, address, "no_show", key="missed")
    assert await the_task(scene) == [("accepted", "no_show", None)]
    await comes(scene, address, "in_progress")
    await comes(scene, address, "no_show", key="late")
    await comes(scene, address, "scheduled", slot=now + 4 * A_DAY_US)
    assert await the_task(scene) == [("in-progress", "", None)]
    await comes(scene, address, "completed")
    last = await comes(scene, address, "no_show", key="after the end")
    assert dict(map(tuple, await scene.rows(Inbound.id, Inbound.state)))[last.id] == "submitted"
    assert await the_task(scene) == [("completed", "", None)]


async def test_the_same_time_said_again_moves_nothing(scene, iris):
    address, slot = await referral(iris), scene.hub.clock.now() + A_DAY_US
    for key in ("first", "second"):
        await comes(scene, address, "scheduled", slot=slot, key=key)
    assert await scene.rows(ReferralTask.version) == [(2,)]


async def test_what_somebody_says_who_was_not_asked_moves_nothing_and_stands_on_no_page(scene, iris):
    address = await referral(iris)
    await comes(scene, address, "scheduled", slot=scene.hub.clock.now() + A_DAY_US, sender="sunrise")
    assert await the_task(scene) == []
    assert "Came by" not in (await iris.get(address)).words


async def test_an_answer_given_here_stands_once_beside_one_that_came_by_mail(scene, iris):
    await scene.consent(BACK)
    address = await referral(iris)
    await say(iris, address, "accept")
    await settle_taken(scene.hub)
    await comes(scene, address, "scheduled", channel="email", slot=scene.hub.clock.now() + A_DAY_US)
    seen = (await iris.get(address)).words
    assert (seen.count("Answered "), seen.count("Came by email")) == (1, 1)


SOMEBODY_ELSE = msgspec.structs.replace(PERSON, cin=CIN, born="1970-02-02")


@pytest.mark.parametrize(
    ("way", "changes"),
    [
        ("email", {"person": SOMEBODY_ELSE}),
        ("mllp", {"review": ("restricted.note",)}),
        ("mllp", {"thread": "referral/PLACER-7"}),
        ("email", {"thread": ""}),
    ],
)
async def test_an_answer_that_waits_for_a_person_is_said_on_its_referrals_page(scene, desk, iris, way, changes):
    address = await referral(iris)
    arrival = await comes(scene, address, "accepted", channel=way, **changes)
    seen = await iris.get(address)
    assert "An answer of yours to this referral waits for a person" in seen.words
    assert "Harbor House has not heard it yet" in seen.words
    assert "Your compliance officer looks at it and settles it." in seen.words
    assert arrival.id not in seen.text
    ana = await desk.somebody("ana", "staff", "compliance", organizations=("lantern",))
    link = f'href="/desk/inbound/{arrival.id}"'
    assert link in (await ana.get(address)).text
    assert (await ana.get(f"/desk/inbound/{arrival.id}")).status == 200
    rosa = await desk.somebody("rosa", "staff", "compliance", organizations=("harbor",))
    ((packet,),) = await scene.rows(Submission.id)
    assert "waits for a person" not in (await rosa.get(f"/desk/packets/{packet}")).words


async def test_once_settled_it_waits_no_more_and_its_report_stands_there_once(scene, iris):
    address = await referral(iris)
    arrival = await comes(scene, address, "accepted", channel="email", review=("restricted.note",))
    ((packet,),) = await scene.rows(Submission.id)
    await belonging.attach(scene.hub, arrival.id, packet, organization=None, by="county/ana")
    seen = (await iris.get(address)).words
    assert "waits for a person" not in seen
    assert seen.count("Came by email") == 1


async def test_an_answer_of_somebody_else_that_waits_is_said_to_nobody_here(scene, iris):
    """Also when the number is right: whoever asked says it off, and it is not decided yet."""
    address = await referral(iris)
    for sender in ("sunrise", "harbor"):
        await comes(scene, address, "cancelled", sender=sender, key=sender, review=("restricted.note",))
    assert "waits for a person" not in (await iris.get(address)).words
