"""What came in, at the desk: seen as pictures and text, matched by a person in two steps, filed, closed; by whom."""

import re

import msgspec
import pytest
from sqlmodel import select

from hub.arrivals import Arrival, ArrivedPacket
from hub.inbound.keep import keep, read
from hub.inbound.reception import settle_taken
from hub.model import Document, MemberIdentity, MessageKind
from hub.storage.database import Step, Unit
from hub.storage.statements import Change
from hub.storage.tables import Inbound, LedgerEntry, Outbox, Submission, WorkItem
from tests.integration.test_inbound_fax import a_fax
from tests.scenes import BORN, CIN, NAME, a_scene

SCRIPT = '"><script>alert(1)</script>'
FAX = Arrival(
    channel="fax", key="fax 1", raw=a_fax(), media_type="image/tiff", claimed="707 555 0100", trouble="fax.unmatched"
)
MAIL = Arrival(
    channel="email", key="<1@harbor.test>", raw=b"the mail as it came", media_type="message/rfc822",
    organization="harbor", content=ArrivedPacket(
        kind=MessageKind.REFERRAL_PACKET, purpose="treatment",
        person=MemberIdentity(given=SCRIPT, family=NAME[1], born=BORN),
        documents=(
            Document(
                id="d1", title=f"{SCRIPT}.html", information="assessment", media_type="text/html",
                content=b"<script>alert(2)</script>",
            ),
        ),
        recipients=("lantern",),
    ),
)  # fmt: skip
PERSON = {"given": NAME[0], "family": NAME[1], "born": BORN}
PAPER = {
    "sender": "harbor", "kind": "status_report", "purpose": "treatment", "information": "summary",
    "title": "Status report", "recipients": "lantern",
}  # fmt: skip


@pytest.fixture
async def scene(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        yield scene


async def waiting(scene, arrival):
    kept = await keep(scene.hub, arrival)
    await settle_taken(scene.hub)
    return kept.id


async def looks(scene, inbound):
    rows = await scene.hub.database.query(select(LedgerEntry.kind, LedgerEntry.reference, LedgerEntry.body))
    return [msgspec.json.decode(body) for kind, of, body in rows if kind == "access.viewed" and of == inbound]


async def nothing_handed_in(scene):
    return await scene.rows(Submission.id) == []


async def test_what_waits_is_listed_with_its_reason_in_words_and_its_clock(scene, desk):
    await waiting(scene, FAX)
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.get("/desk/inbound")
    assert "A fax proves neither who sent it nor whom it is about." in seen.words
    assert "due in" in seen.words
    assert "707 555 0100" not in seen.text
    assert "Nothing here." in (await ana.get("/desk/inbound?state=closed")).words
    assert "Nothing here." in (await ana.get("/desk/inbound?channel=email")).words
    assert (await ana.get("/desk/inbound?state=anything")).status == 404


async def test_a_list_longer_than_a_page_goes_on_where_it_ended(scene, desk, monkeypatch):
    monkeypatch.setattr("hub.desk.arrivals.LIMIT", 1)
    first, second = await waiting(scene, FAX), await waiting(scene, MAIL)
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.get("/desk/inbound")
    assert f"/desk/inbound/{first}" in seen.text
    assert f"/desk/inbound/{second}" not in seen.text
    later = await ana.get(
        re.search(r'<a href="([^"]*)" rel="next"', seen.text)[1].replace("&amp;", "&"), **{"HX-Request": "true"}
    )
    assert f"/desk/inbound/{second}" in later.text
    assert "<html" not in later.text
    assert 'rel="next"' not in later.text


async def test_a_fax_is_shown_as_pictures_that_nothing_keeps_and_every_look_is_recorded(scene, desk):
    inbound = await waiting(scene, FAX)
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.get(f"/desk/inbound/{inbound}")
    assert seen.text.count('<img src="/desk/inbound/') == 2
    assert "707 555 0100" in seen.words
    picture = await ana.get(f"/desk/inbound/{inbound}/pages/2")
    assert (picture.headers["Content-Type"], picture.headers["Cache-Control"]) == ("image/png", "no-store")
    assert (await ana.get(f"/desk/inbound/{inbound}/pages/3")).status == 404
    assert [look["by"] for look in await looks(scene, inbound)] == [f"county/{ana.person}"] * 3


async def test_a_fax_is_matched_in_two_steps_and_goes_on_as_the_senders(scene, desk):
    inbound = await waiting(scene, FAX)
    ana = await desk.somebody("ana", "compliance")
    before = await ana.post(f"/desk/inbound/{inbound}/preview", {**PAPER, "cin": CIN})
    assert before.status == 200
    assert f"{NAME[0]} {NAME[1]}" in before.words
    assert "Lantern Outpatient" in before.words
    assert "All of it would go" in before.words
    assert '"summary" may go to Lantern Outpatient' in before.words
    assert "Is it the same person?" not in before.words
    assert await nothing_handed_in(scene)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', before.text))
    assert (await ana.post(f"/desk/inbound/{inbound}/match", hidden)).status == 303
    assert await scene.rows(Submission.sender, Submission.member_id) == [("harbor", scene.member)]
    assert await scene.rows(Outbox.recipient, Outbox.state) == [("lantern", "queued")]
    after = await ana.get(f"/desk/inbound/{inbound}")
    assert "Handed in" in after.words
    assert "Close it" not in after.words
    matched = [row for row in await scene.rows(LedgerEntry.id, LedgerEntry.kind) if row[1] == "inbound.matched"]
    assert len(matched) == 1


async def test_the_preview_says_what_would_stay_and_why(scene, desk):
    inbound = await waiting(scene, FAX)
    ana = await desk.somebody("ana", "compliance")
    asked = PAPER | {"cin": CIN, "purpose": "employment"}
    seen = await ana.post(f"/desk/inbound/{inbound}/preview", asked)
    assert "Nothing would go" in seen.words
    assert "Lantern Outpatient" in seen.words
    assert await nothing_handed_in(scene)


@pytest.mark.parametrize(
    "person",
    [
        {"cin": "09999999A"},
        {"given": NAME[0], "family": NAME[1], "born": "1988-04-12"},
        {"given": NAME[0], "family": NAME[1]},
        {"cin": CIN, "given": "Somebody", "family": "Else", "born": BORN},
        {},
    ],
)
async def test_nobody_is_found_unless_everything_typed_fits_one_person(scene, desk, person):
    inbound = await waiting(scene, FAX)
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.post(f"/desk/inbound/{inbound}/preview", PAPER | person)
    assert seen.status == 404
    assert "Nobody fits this for certain." in seen.words


async def test_two_people_of_one_name_and_birth_date_are_not_told_apart_by_it(scene, desk):
    await scene.next_member()
    inbound = await waiting(scene, FAX)
    ana = await desk.somebody("ana", "compliance")
    assert (await ana.post(f"/desk/inbound/{inbound}/preview", PAPER | PERSON)).status == 404
    assert (await ana.post(f"/desk/inbound/{inbound}/preview", PAPER | PERSON | {"cin": CIN})).status == 200


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sender": "nobody-here"}, "Choose the organization"),
        ({"title": ""}, "needs a title"),
        ({"purpose": "curiosity"}, "Choose what it is"),
        ({"kind": "letter"}, "Choose what it is"),
        ({"recipients": "nobody-here"}, "Choose recipients"),
    ],
)
async def test_what_is_typed_wrongly_is_named_and_nothing_happens(scene, desk, changed, words):
    inbound = await waiting(scene, FAX)
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.post(f"/desk/inbound/{inbound}/preview", PAPER | {"cin": CIN} | changed)
    assert (seen.status, words in seen.words) == (400, True)
    assert await nothing_handed_in(scene)


async def test_an_arrival_is_filed_with_a_person_and_told_to_nobody(scene, desk):
    inbound = await waiting(scene, FAX)
    ana = await desk.somebody("ana", "privacy")
    assert (await ana.post(f"/desk/inbound/{inbound}/file", {"member": scene.member})).status == 303
    filed = [row for row in await scene.rows(LedgerEntry.kind, LedgerEntry.member_id) if row[0] == "inbound.filed"]
    assert filed == [("inbound.filed", scene.member)]
    assert await nothing_handed_in(scene)


async def test_the_work_of_an_arrival_closes_the_arrival_with_it(scene, desk):
    inbound = await waiting(scene, FAX)
    ((work,),) = await scene.rows(WorkItem.id)
    ana = await desk.somebody("ana", "compliance")
    assert (await ana.post(f"/desk/work/{work}/close", {"reason": "reviewed"})).status == 400
    assert (await ana.post(f"/desk/work/{work}/close", {"reason": "not_ours"})).status == 303
    assert "About nobody of ours" in (await ana.get(f"/desk/work/{work}")).words
    assert "It is about nobody of ours" in (await ana.get(f"/desk/inbound/{inbound}")).words
    assert "Nothing here." in (await ana.get("/desk/inbound")).words


async def test_what_does_not_open_any_more_can_still_be_seen_and_closed(scene, desk):
    inbound = (await keep(scene.hub, FAX)).id
    spoil = Step(Change(Inbound, ("sealed",), ("id",)), (b"x" * 64, inbound))
    await scene.hub.database.commit(Unit((), (spoil,)))
    await settle_taken(scene.hub)
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.get(f"/desk/inbound/{inbound}")
    assert seen.status == 200
    assert "It could not even be opened." in seen.words
    assert (await ana.post(f"/desk/inbound/{inbound}/close", {"reason": "unreadable"})).status == 303
    assert "It could not be read." in (await ana.get(f"/desk/inbound/{inbound}")).words


async def test_an_arrival_is_closed_with_a_reason_once(scene, desk):
    inbound = await waiting(scene, FAX)
    ana = await desk.somebody("ana", "compliance")
    assert (await ana.post(f"/desk/inbound/{inbound}/close", {"reason": "filed"})).status == 400
    assert (await ana.post(f"/desk/inbound/{inbound}/close", {"reason": "misdirected"})).status == 303
    assert await scene.rows(WorkItem.state, WorkItem.resolution) == [("closed", "misdirected")]
    assert "It was meant for somebody else" in (await ana.get(f"/desk/inbound/{inbound}")).words
    assert (await ana.post(f"/desk/inbound/{inbound}/close", {"reason": "duplicate"})).status == 409


async def test_a_mails_hostile_words_are_text_and_its_documents_are_saved_never_opened(scene, desk):
    inbound = await waiting(scene, MAIL)
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.get(f"/desk/inbound/{inbound}")
    assert "<script>alert" not in seen.text
    assert SCRIPT in seen.words
    for path in ("documents/1", "raw"):
        saved = await ana.get(f"/desk/inbound/{inbound}/{path}")
        assert saved.headers["Content-Type"] == "application/octet-stream"
        assert saved.headers["Content-Disposition"].startswith('attachment; filename="')
        assert "script" not in saved.headers["Content-Disposition"]
        assert (saved.headers["X-Content-Type-Options"], saved.headers["Content-Security-Policy"]) == (
            "nosniff", "sandbox",
        )  # fmt: skip
    assert (await ana.get(f"/desk/inbound/{inbound}/documents/2")).status == 404
    preview = await ana.post(f"/desk/inbound/{inbound}/preview", {"cin": CIN})
    assert "Is it the same person?" in preview.words
    assert "<script>alert" not in preview.text


async def test_hostile_text_in_a_v2_message_is_text(scene, desk):
    v2 = msgspec.structs.replace(MAIL, channel="mllp", key="v2", raw=f"MSH|{SCRIPT}".encode(), media_type="x/v2")
    inbound = await waiting(scene, v2)
    seen = await (await desk.somebody("ana", "auditor")).get(f"/desk/inbound/{inbound}")
    assert "<script>alert" not in seen.text
    assert "MSH|" not in seen.text


async def test_whoever_the_channel_proved_is_the_sender_whatever_the_form_says(scene, desk):
    inbound = await waiting(scene, MAIL)
    ana = await desk.somebody("ana", "compliance")
    sent = {"member": scene.member, "sender": "lantern"}
    assert (await ana.post(f"/desk/inbound/{inbound}/match", sent)).status == 303
    assert await scene.rows(Submission.sender) == [("harbor",)]


async def test_what_still_cannot_go_on_keeps_waiting_with_its_reason(scene, desk):
    packet = msgspec.structs.replace(MAIL.content, recipients=("fax:+1555",))
    inbound = await waiting(scene, msgspec.structs.replace(MAIL, content=packet))
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.post(f"/desk/inbound/{inbound}/match", {"member": scene.member})
    assert seen.status == 409
    assert "It names a recipient that the directory does not have." in seen.words
    assert (await read(scene.hub, inbound)).state == "waiting"
    assert [each["what"] for each in await looks(scene, inbound)] == ["arrival"]


async def test_others_arrivals_and_unproved_ones_look_like_none(scene, desk):
    theirs, nobodys = await waiting(scene, MAIL), await waiting(scene, FAX)
    leo = await desk.somebody("leo", "compliance", organizations=("lantern",))
    assert "Nothing here." in (await leo.get("/desk/inbound")).words
    for inbound in (theirs, nobodys):
        for path in ("", "/pages/1", "/documents/1", "/raw"):
            assert (await leo.get(f"/desk/inbound/{inbound}{path}")).status == 404
        for act in ("preview", "match", "attach", "file", "close"):
            fields = PAPER | {"cin": CIN, "member": scene.member, "reason": "duplicate"}
            assert (await leo.post(f"/desk/inbound/{inbound}/{act}", fields)).status == 404
        assert (await read(scene.hub, inbound)).state == "waiting"
        assert await looks(scene, inbound) == []


async def test_people_of_one_organization_see_and_match_its_own(scene, desk):
    inbound = await waiting(scene, MAIL)
    mia = await desk.somebody("mia", "privacy", organizations=("harbor",))
    assert f"/desk/inbound/{inbound}" in (await mia.get("/desk/inbound")).text
    assert (await mia.post(f"/desk/inbound/{inbound}/match", {"member": scene.member})).status == 303
    assert await scene.rows(Submission.sender) == [("harbor",)]


async def test_a_person_whom_the_scope_has_nothing_to_do_with_is_nobody(scene, desk):
    lanterns = msgspec.structs.replace(MAIL, organization="lantern", key="<2@lantern.test>")
    inbound = await waiting(scene, lanterns)
    leo = await desk.somebody("leo", "compliance", organizations=("lantern",))
    assert (await leo.post(f"/desk/inbound/{inbound}/preview", {"cin": CIN})).status == 404
    for act in ("match", "file"):
        assert (await leo.post(f"/desk/inbound/{inbound}/{act}", {"member": scene.member})).status == 404
    assert (await read(scene.hub, inbound)).state == "waiting"


async def test_an_auditor_reads_and_does_nothing(scene, desk):
    inbound = await waiting(scene, FAX)
    eve = await desk.somebody("eve", "auditor")
    seen = await eve.get(f"/desk/inbound/{inbound}")
    assert (seen.status, '<form method="post" action="/desk/inbound' in seen.text) == (200, False)
    fields = PAPER | {"cin": CIN, "member": scene.member, "reason": "duplicate"}
    for act in ("preview", "match", "file", "close"):
        assert (await eve.post(f"/desk/inbound/{inbound}/{act}", fields)).status == 403
    assert (await read(scene.hub, inbound)).state == "waiting"


async def test_a_form_of_another_site_or_session_does_nothing(scene, desk):
    inbound = await waiting(scene, FAX)
    ana = await desk.somebody("ana", "compliance")
    fields = {"member": scene.member, "reason": "duplicate"} | PAPER
    for act in ("match", "file", "close"):
        path = f"/desk/inbound/{inbound}/{act}"
        assert (await ana.post(path, fields, **{"Sec-Fetch-Site": "cross-site"})).status == 403
        assert (await ana.post(path, fields | {"form_token": "0" * 64})).status == 403
    assert (await read(scene.hub, inbound)).state == "waiting"


@pytest.mark.parametrize("said", [{}, {"sender": "harbor", "cin": "nobody"}])
async def test_what_came_in_shown_again_because_a_form_was_not_taken_is_a_look_too(scene, desk, said):
    inbound = await waiting(scene, MAIL)
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.post(f"/desk/inbound/{inbound}/preview", said)
    assert seen.status in (400, 404)
    assert NAME[1] in seen.words
    assert [each["what"] for each in await looks(scene, inbound)] == ["arrival"]
