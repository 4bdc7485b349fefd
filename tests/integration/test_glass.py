"""Breaking the glass: stated, on the ledger and due for review before anything is shown; one person, for a time."""

import json
import re
from dataclasses import replace
from datetime import datetime

import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from hub.compliance import atna, audit_events, looked
from hub.compliance.audit_events import Asked
from hub.compliance.log import Wanted
from hub.crypto.ledger import LedgerEntry as Entry
from hub.desk import charts, notes
from hub.errors import Conflict, Forbidden, Malformed, NotAvailable, TooOften
from hub.fhir.glass_event import ALERT
from hub.fhir.view_event import REST
from hub.glass import acts, sight
from hub.glass.rules import REASONS, Reader, reasons
from hub.ledger.sequencer import Sequencer
from hub.settings.glass import Glass
from hub.storage.directory import Organization
from hub.storage.tables import Glass as Row
from hub.storage.tables import LedgerEntry, Matter, WorkItem, WorkNote
from hub.waiting import items
from hub.waiting.escalation import escalate
from tests.api import an_api
from tests.hubs import ZONE
from tests.people import enlist
from tests.scenes import CIN, NAME, a_scene

HOUR_US = 3_600_000_000
NIGHT = Reader("county/night", ("administrator",), "county", office=False)
WORDS = "Overdose at 02:10, unresponsive; which medications?"


@pytest.fixture
async def scene(migrated_url):
    """Harbor's member with a consent and a disclosure; the county runs the hub."""
    async with a_scene(migrated_url) as scene:
        scene.hub = replace(scene.hub, operator="county")
        await enlist(scene.hub, "night", "other")
        await scene.consent()
        await scene.submit()
        await scene.dispatch_all()
        await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
        yield scene


async def broken(scene, reader=NIGHT, member="", reason="medical_emergency", words=WORDS):
    return await acts.break_glass(scene.hub, reader, scene.member if member == "" else member, reason, words)


async def said(scene, kind):
    rows = await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.member_id, LedgerEntry.body)
    return [(member, json.loads(body)) for _, of, member, body in rows if of == kind]


async def seen(scene, act, reader=NIGHT):
    return await sight.of(scene.hub, await acts.running(scene.hub, act, reader), language="en")


async def test_it_opens_the_entries_stories_and_consents_of_one_member_and_marks_every_look(scene):
    act = await broken(scene)
    found = await seen(scene, act)
    assert (found.identity.family, len(found.entries), len(found.consents)) == (NAME[1], 1, 1)
    assert "Harbor House" in found.consents[0]["reads"]
    running = await acts.running(scene.hub, act, NIGHT)
    story = await sight.entry(scene.hub, running, found.entries[0]["position"], language="en")
    assert story.row["member_id"] == scene.member
    looks = [body for member, body in await said(scene, "access.viewed") if member == scene.member]
    assert [body["what"] for body in looks] == ["log", "member", "consents", "entry"]
    assert {(body["by"], body["glass"]) for body in looks} == {(NIGHT.by, act)}


async def test_another_members_entry_is_not_opened(scene):
    act = await broken(scene)
    position = (await seen(scene, act)).entries[0]["position"]
    await scene.next_member()
    other = await acts.running(scene.hub, await broken(scene), NIGHT)
    with pytest.raises(NotAvailable):
        await sight.entry(scene.hub, other, position, language="en")


async def test_it_is_on_the_ledger_and_due_for_review_before_anything_is_shown(scene):
    """california.md, story 8: Monday 18 January 2027 is a holiday, so Friday night's is due at the end of Tuesday."""
    friday = datetime(2027, 1, 15, 23, 30, tzinfo=ZONE)
    scene.hub.clock.ahead += int(friday.timestamp() * 1_000_000) - scene.hub.clock.now()
    act = await broken(scene)
    ((member, body),) = await said(scene, "glass.broken")
    assert (member, body["act"], body["by"], body["reason"]) == (scene.member, act, NIGHT.by, "medical_emergency")
    ((kind, organization, reference, due),) = await scene.rows(
        WorkItem.kind, WorkItem.organization_id, WorkItem.reference, WorkItem.due_at
    )
    assert (kind, organization, reference) == ("break_glass", "harbor", act)
    assert datetime.fromtimestamp(due / 1_000_000, ZONE) == datetime(2027, 1, 20, tzinfo=ZONE)
    assert await said(scene, "access.viewed") == []


async def test_the_words_are_sealed_and_the_reviewer_reads_them(scene):
    await broken(scene)
    ((work,),) = await scene.rows(WorkItem.id)
    assert [note.text for note in await notes.of(scene.hub, work)] == [WORDS]
    ((sealed,),) = await scene.rows(WorkNote.sealed)
    assert b"Overdose" not in sealed
    assert not any("Overdose" in json.dumps(body) for _, body in await said(scene, "glass.broken"))


async def test_it_ends_by_itself_and_sooner_by_its_reader(scene):
    act, other = await broken(scene), await broken(scene)
    await acts.end(scene.hub, other, NIGHT)
    with pytest.raises(NotAvailable):
        await seen(scene, other)
    scene.hub.clock.ahead += HOUR_US - 60_000_000
    await seen(scene, act)
    scene.hub.clock.ahead += 60_000_000
    for late in (seen(scene, act), acts.end(scene.hub, act, NIGHT)):
        with pytest.raises(NotAvailable):
            await late


async def test_nobody_elses_act_opens_anything(scene):
    act = await broken(scene)
    with pytest.raises(NotAvailable):
        await seen(scene, act, Reader("county/other", ("administrator",), "county", office=False))
    with pytest.raises(NotAvailable):
        await seen(scene, "0" * 32)


async def test_who_may_is_the_countys_setting_and_taking_it_away_closes_what_is_open(scene):
    act = await broken(scene)
    hub = scene.hub
    assert await reasons(hub, NIGHT) == REASONS
    assert await reasons(hub, Reader("county/night", ("staff",), "county", office=False)) == ()
    assert await reasons(hub, Reader("harbor/night", ("privacy",), "harbor", office=False)) == ()
    assert await reasons(replace(hub, operator=None), NIGHT) == ()
    assert await reasons(replace(hub, operator=None), NIGHT._replace(office=True)) == REASONS
    scene.hub = replace(hub, glass=Glass(who=frozenset()))
    with pytest.raises(NotAvailable):
        await broken(scene)
    with pytest.raises(NotAvailable):
        await seen(scene, act)


async def test_of_another_organization_only_medical_personnel_may_and_only_in_a_medical_emergency(scene):
    """§2.51(a): reading what others hold is a disclosure to them."""
    named = Glass(who=frozenset({("staff", "lantern"), ("staff", "valley-clinic")}))
    scene.hub = hub = replace(scene.hub, glass=named)
    roles = frozenset({"provider", "covered_entity", "medical_personnel"})
    clinic = Organization(id="valley-clinic", name="Valley Clinic", roles=roles)
    await hub.directory.put_organization(clinic, by="county", at=hub.clock.now())
    doctor = Reader("valley-clinic/night", ("staff",), "valley-clinic", office=False)
    assert await reasons(hub, Reader("lantern/night", ("staff",), "lantern", office=False)) == ()
    assert await reasons(hub, doctor) == ("medical_emergency", "disaster")
    with pytest.raises(Malformed):
        await broken(scene, doctor, reason="usual_way_down")
    assert (await seen(scene, await broken(scene, doctor), doctor)).identity is not None


async def test_a_system_breaks_no_glass(scene):
    with pytest.raises(Forbidden):
        await broken(scene, Reader("county/ehr", ("administrator",), "county", office=False))
    assert await scene.rows(Row.id) == []


@pytest.mark.parametrize(
    ("reason", "words", "field"),
    [("curiosity", WORDS, "reason"), ("disaster", "  help  ", "words"), ("disaster", "x" * 4001, "words")],
)
async def test_without_a_reason_and_words_nothing_is_opened(scene, reason, words, field):
    with pytest.raises(Malformed) as refused:
        await broken(scene, reason=reason, words=words)
    assert refused.value.field == field
    assert await scene.rows(Row.id) == []
    assert await scene.rows(WorkItem.id) == []


async def test_a_search_is_no_emergency(scene):
    for _ in range(10):
        await broken(scene)
    with pytest.raises(TooOften):
        await broken(scene)


async def test_nobody_found_looks_like_nothing_to_show_and_is_reviewed_too(scene):
    """INVARIANT no-existence-leak: whoever guesses is asked why."""
    nobody = await seen(scene, await broken(scene, member=None))
    await scene.next_member()
    assert nobody == await seen(scene, await broken(scene))
    organizations = [organization for (organization,) in await scene.rows(WorkItem.organization_id)]
    assert sorted(organizations) == ["county", "harbor"]
    assert await said(scene, "access.viewed") == []


async def test_a_review_in_time_ends_it_and_one_that_nobody_makes_goes_to_compliance(scene):
    await broken(scene)
    ((work,),) = await scene.rows(WorkItem.id)
    scene.hub.clock.ahead += 73 * HOUR_US
    assert await escalate(scene.hub, scene.hub.clock.now()) == 1
    await items.close(scene.hub, work, "reviewed", organization="harbor", by="harbor/privacy")
    assert await scene.rows(WorkItem.state, WorkItem.resolution) == [("closed", "reviewed")]
    assert await scene.rows(Matter.id) == []


async def test_whoever_read_does_not_review_it_and_only_its_two_findings_end_it(scene):
    await broken(scene)
    ((work,),) = await scene.rows(WorkItem.id)
    with pytest.raises(Conflict) as own:
        await items.close(scene.hub, work, "reviewed", organization="harbor", by=NIGHT.by)
    assert own.value.detail_code == "same-person"
    with pytest.raises(Malformed):
        await items.close(scene.hub, work, "duplicate", organization="harbor", by="harbor/privacy")


async def test_without_an_emergency_it_is_presumed_a_breach(scene):
    """45 CFR 164.402(2), §2.16(b): its clocks run from the finding."""
    act = await broken(scene)
    ((work,),) = await scene.rows(WorkItem.id)
    await items.close(scene.hub, work, "incident", organization="harbor", by="harbor/privacy")
    assert await scene.rows(Matter.kind, Matter.organization_id, Matter.reference) == [("breach", "harbor", act)]
    states = {kind: state for _, kind, state in await scene.rows(WorkItem.id, WorkItem.kind, WorkItem.state)}
    assert states == {"break_glass": "closed", "incident": "open"}


async def test_the_reviewer_sees_what_was_looked_at_and_is_seen_to_look(scene):
    act = await broken(scene)
    await seen(scene, act)
    ((work,),) = await scene.rows(WorkItem.id)
    shown = await items.show(scene.hub, work, organization="harbor", by="harbor/privacy")
    told = shown["glass"]
    assert (told["by"], told["reason"], told["running"]) == (NIGHT.by, "medical_emergency", True)
    assert [each["what"] for each in told["looks"]] == ["consents", "member", "log"]
    assert (await said(scene, "access.viewed"))[-1][1] == {"by": "harbor/privacy", "what": "glass"}


async def test_an_auditor_finds_it_among_the_looks_the_readers_and_the_audit_events(scene):
    act = await broken(scene)
    await seen(scene, act)
    looks = await looked.views(scene.hub, member=scene.member)
    assert {each["glass"] for each in looks} == {act}
    assert [(each.by, each.views, each.glass) for each in await charts.readers(scene.hub, 0)] == [(NIGHT.by, 3, 1)]
    for viewer, n in ((None, 1), ("harbor", 1), ("lantern", 0)):
        found = await audit_events.search(scene.hub, alerts(), viewer)
        assert len(found.events) == n
        assert (await audit_events.one(scene.hub, f"{act}-glass", viewer) is not None) == bool(n)
    event = (await audit_events.search(scene.hub, alerts(scene.member), None)).events[0]
    assert event["entity"][0]["what"] == {"reference": f"Patient/{scene.member}"}
    assert event["purposeOfEvent"][0]["coding"][0]["code"] == "BTG"


def alerts(member=None):
    return Asked(wanted=Wanted(member=member), types=frozenset({ALERT}))


async def test_over_http_anybody_gets_the_same_answer_and_who_may_not_finds_nothing(scene):
    asked = {"cin": CIN, "reason": "medical_emergency", "words": WORDS}
    async with an_api(scene.hub) as api:
        admin, staff = await api.caller("county", "admin"), await api.caller("harbor", "staff")
        began = await admin("POST", "/v1/glass", asked)
        nobody = await admin("POST", "/v1/glass", asked | {"cin": "09999999Z"})
        assert (
            (began.status, began.json.keys()) == (nobody.status, nobody.json.keys()) == (201, {"id", "reason", "until"})
        )
        place = f"/v1/glass/{began.json['id']}"
        shown = (await admin("GET", place)).json
        assert (shown["identity"]["family"], len(shown["entries"]), len(shown["consents"])) == (NAME[1], 1, 1)
        assert (await staff("POST", "/v1/glass", asked)).status == 404
        assert (await staff("GET", place)).status == 404
        assert (await admin("POST", f"{place}/end")).status == 204
        assert (await admin("GET", place)).status == 404
        events = (await (await api.caller("county", "compliance"))("GET", "/fhir/AuditEvent?type=110113")).json
        assert len(events["entry"]) == 2


async def test_the_event_is_fhirs_and_each_look_under_it_says_that_the_glass_was_broken(scene):
    await seen(scene, await broken(scene))
    (alert,) = (await audit_events.search(scene.hub, alerts(), None)).events
    assert (await audit_events.search(scene.hub, alerts("nobody"), None)).events == []
    looks = (await audit_events.search(scene.hub, Asked(wanted=Wanted(), types=frozenset({REST})), None)).events
    for event in (alert, *looks):
        AuditEvent.model_validate(event)
        assert event["purposeOfEvent"][0]["coding"][0]["code"] == "BTG"
    assert len(looks) == 3


async def test_the_audit_repository_hears_that_an_override_began_and_ended(scene):
    """DICOM PS3.16 CID 401: 110127 Emergency Override Started, 110138 Stopped."""
    act = await broken(scene)
    await seen(scene, act)
    await acts.end(scene.hub, act, NIGHT)
    columns = (getattr(LedgerEntry, name) for name in ("id", "at", "kind", "member_id", "reference", "body", "salt"))
    entries = [Entry(*row) for row in await scene.rows(*columns)]
    marked = [each for each in entries if each.kind.startswith("glass.") or b'"glass"' in each.body]
    told = [atna.message(each, json.loads(each.body), "host").decode() for each in marked]
    assert [re.findall(r'EventTypeCode csd-code="(\w+)"', each) for each in told] == [
        ["110127", "medical_emergency"],
        *(["log", "BTG"], ["member", "BTG"], ["consents", "BTG"]),
        ["110138"],
    ]
    assert WORDS not in "".join(told)
