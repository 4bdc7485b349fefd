"""A medical emergency from the desk (§2.51): first what would go, then the disclosure, its record and its review."""

import json
import re
from html import unescape

import aiohttp
import pytest

from hub.compliance import emergencies
from hub.ledger.sequencer import Sequencer
from hub.people import accounts
from hub.storage.tables import Disclosure, LedgerEntry, Outbox, PacketDraft, Submission, WorkItem
from tests.desk import a_desk
from tests.disclosures import EMERGENCY, a_county
from tests.scenes import CIN

NEW = "/desk/emergencies/new"
FORM = {
    "key": "0123456789abcdef0123456789abcdef",
    "organization": "harbor",
    "recipient": "emergency-room",
    "cin": CIN,
    "kind": "medical",
    "determined": "yes",
    "information": "medications",
    "words": "<b>Buprenorphine</b> 16 mg daily",
    **{name: EMERGENCY[name] for name in EMERGENCY if name != "determined_by"},
}


@pytest.fixture
async def scene(migrated_url):
    async with a_county(migrated_url) as scene:
        yield scene


@pytest.fixture
async def desk(scene):
    async with a_desk(scene.hub) as desk:
        yield desk


async def test_an_emergency_is_looked_at_first_then_disclosed_registered_and_reviewed_by_another(scene, desk):
    ana, leo = await desk.somebody("ana", "privacy"), await desk.somebody("leo", "compliance")
    seen = await ana.post(NEW, FORM)
    assert "All of it would go" in seen.words
    assert "It leaves at once, " in seen.words
    assert "<b>Buprenorphine" not in seen.text
    assert await scene.rows(Submission.id) == []
    sent = FORM | {"member": scene.member, "step": "disclose"}
    taken = {(await ana.post(NEW, sent)).location for _ in range(2)}
    ((submission,),) = await scene.rows(Submission.id)
    assert taken == {f"/desk/emergencies/{submission}"}
    assert await scene.dispatch_all() == ["delivered"]
    await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
    seen = await ana.get(f"/desk/emergencies/{submission}")
    assert "disclosed medications to Emergency Room" in (await ana.get(seen.location)).words
    eve = await desk.somebody("eve", "compliance", organizations=("lantern",))
    assert (await eve.get(f"/desk/emergencies/{submission}")).status == 404
    ((disclosure, purpose),) = await scene.rows(Disclosure.id, Disclosure.purpose)
    assert purpose == "treatment"
    record = await emergencies.record(scene.hub, disclosure, "harbor", by="harbor/privacy")
    assert record["missing"] == []
    assert {record[name] for name in ("recipient_name", "recipient_facility", "discloser_name", "nature")} == {
        EMERGENCY[name] for name in ("recipient_name", "recipient_facility", "discloser_name", "nature")
    }
    ((work, kind),) = await scene.rows(WorkItem.id, WorkItem.kind)
    assert kind == "emergency_review"
    assert "Review of an emergency" in (await leo.get("/desk/work?queue=emergencies")).words
    assert (await ana.post(f"/desk/work/{work}/close", {"reason": "reviewed"})).status == 409
    assert (await leo.post(f"/desk/work/{work}/close", {"reason": "reviewed"})).status == 303
    (received,) = scene.channel.received
    document = received.parcel.documents[0]
    assert b"<b>Buprenorphine</b> 16 mg daily" in document.content
    assert document.media_type.startswith("text/plain")


async def test_the_ledger_says_which_officer_handed_it_in_for_which_program_and_who_looked_at_whom(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    by = (await accounts.find(scene.hub, ana.person)).by
    await ana.post(NEW, FORM)
    await ana.post(NEW, FORM | {"member": scene.member, "step": "disclose"})
    entries = await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.member_id, LedgerEntry.body)
    told = {kind: (member, json.loads(body)) for _, kind, member, body in entries}
    assert told["access.viewed"] == (scene.member, {"by": by, "what": "member"})
    assert told["submission.decided"][1]["discloser"] == "harbor"
    assert (told["basis.stated"][0], told["basis.stated"][1]["by"]) == (scene.member, by)


async def test_a_person_who_was_asked_and_refused_is_not_overridden(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    seen = await ana.post(NEW, FORM | {"consent": "refused"})
    assert "Nothing would go" in seen.words
    assert "Disclose it now" not in seen.words
    await ana.post(NEW, FORM | {"consent": "refused", "member": scene.member, "step": "disclose"})
    await scene.dispatch_all()
    assert await scene.rows(Disclosure.id) == []


@pytest.mark.parametrize(
    "field",
    [
        "organization",
        "recipient",
        "information",
        "determined_by_name",
        "determined",
        "consent",
        "recipient_name",
        "words",
    ],
)
async def test_what_is_missing_is_said_beside_its_field_and_nothing_is_handed_in(scene, desk, field):
    ana = await desk.somebody("ana", "privacy")
    seen = await ana.post(NEW, {**FORM, field: "", "step": "disclose"})
    assert seen.status == 400
    assert f'id="x-{field}"' in seen.text
    assert await scene.rows(Submission.id) == []


async def test_another_programs_emergencies_and_patients_are_nobodys_here(scene, desk):
    eve = await desk.somebody("eve", "compliance", organizations=("lantern",))
    vera = await desk.somebody("vera", "auditor")
    assert (await eve.post(NEW, FORM | {"step": "disclose"})).status == 404
    assert (await eve.post(NEW, FORM | {"organization": "lantern"})).status == 400
    member = {"organization": "lantern", "member": scene.member, "step": "disclose"}
    assert (await eve.post(NEW, FORM | member)).status == 404
    assert (await vera.get(NEW)).status == 403
    assert await scene.rows(Outbox.id) == []


async def test_the_preview_says_when_it_leaves_and_that_it_does_not_where_nothing_reaches_the_recipient(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    assert "leaves at once" not in (await ana.get(NEW)).words
    assert "It leaves at once, from system to system." in (await ana.post(NEW, FORM)).words
    desk.hub.channels.clear()
    seen = await ana.post(NEW, FORM)
    assert "Emergency Room has no checked address that we can reach" in seen.words
    assert "leaves at once" not in seen.words


async def test_what_was_typed_can_be_changed_and_a_form_found_again_discloses_no_second_time_in_silence(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    changed = await ana.post(NEW, FORM | {"step": "change"})
    assert (changed.status, "<b>Buprenorphine" in unescape(changed.text)) == (200, True)
    sent = (await ana.post(NEW, FORM | {"step": "disclose"})).location
    other = FORM | {"words": "Methadone 80 mg", "step": "disclose"}
    again = await ana.post(NEW, other)
    assert (again.status, f'href="{sent}"' in again.text, "Methadone" in again.text) == (409, True, True)
    key = re.search(r'name="key" value="(\w+)"', again.text)[1]
    assert (await ana.post(NEW, other | {"key": key})).status == 303
    assert len(await scene.rows(Submission.id)) == 2


async def test_a_text_is_as_long_as_the_browser_counts_it_and_one_too_long_is_said_beside_its_field(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    assert (await ana.post(NEW, FORM | {"words": "a\r\n" * 3_999 + "ab"})).status == 200
    seen = await ana.post(NEW, FORM | {"words": "a" * 8_001})
    assert (seen.status, 'id="x-words"' in seen.text, "This is too long" in seen.words) == (400, True, True)
    assert EMERGENCY["discloser_name"] in seen.text


PAGE = b"%PDF-1.7 the list as it hangs on the door"


async def with_files(browser, *files, **changes):
    """The form as a browser sends it with files."""
    await browser.get(NEW)
    data = aiohttp.FormData(quote_fields=False)
    for name, value in (FORM | {"form_token": browser.form_token} | changes).items():
        data.add_field(name, value)
    for name, content in files:
        data.add_field("files", content, filename=name, content_type="application/octet-stream")
    return await browser._seen("POST", NEW, data=data, headers={"Sec-Fetch-Site": "same-origin"})


async def press(browser, seen, step="disclose", **changes):
    """Press a button of the preview as it stands."""
    hidden = re.findall(r'type="hidden" name="([\w-]+)" value="([^"]*)"', seen.text)
    chosen = re.findall(r'<select id="i-\d+" name="(information-\d+)".*?</select>', seen.text, re.DOTALL)
    kinds = re.findall(r'name="(information-\d+)".*?<option value="(\w*)" selected', seen.text, re.DOTALL)
    fields = {name: unescape(value) for name, value in hidden} | dict.fromkeys(chosen, "") | dict(kinds)
    return await browser.post(NEW, fields | {"step": step} | changes)


async def test_a_document_goes_with_the_words_and_is_kept_sealed_until_then(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    seen = await with_files(ana, ("medication list.pdf", PAGE))
    assert "medication list" in seen.words
    assert "Guessed from the file's name" in seen.words
    assert await scene.rows(Submission.id) == []
    assert PAGE not in b"".join(sealed for _, sealed in await scene.rows(PacketDraft.number, PacketDraft.sealed))
    sent, again = await press(ana, seen), await press(ana, seen)
    ((submission,),) = await scene.rows(Submission.id)
    assert sent.location == again.location == f"/desk/emergencies/{submission}"
    assert await scene.rows(PacketDraft.id) == []
    assert await scene.dispatch_all() == ["delivered"]
    (received,) = scene.channel.received
    _, document = received.parcel.documents
    assert (document.content, document.media_type) == (PAGE, "application/pdf")
    assert (document.title, document.information) == ("medication list", "medications")


async def test_a_document_whose_name_says_nothing_is_not_handed_in_before_its_kind_is_said_and_shown(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    seen = await with_files(ana, ("scan0001.pdf", PAGE))
    assert "Disclose it now" not in seen.words
    assert "What is it?" in seen.words
    assert "All of it would go" not in seen.words
    assert (await press(ana, seen)).status == 200
    shown = await press(ana, seen, **{"information-1": "tests"})
    assert (shown.status, "Disclose it now" in shown.words) == (200, True)
    assert await scene.rows(Submission.id) == []
    assert (await press(ana, shown)).status == 303


async def test_a_file_that_is_no_document_is_named_beside_its_field_and_the_others_are_kept(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    seen = await with_files(ana, ("meds.pdf", PAGE), ("prescription.pdf", b"MZ\x90\x00 a program"))
    assert seen.status == 400
    assert 'id="x-files"' in seen.text
    assert "prescription.pdf: this is no PDF" in seen.words
    draft = re.search(r'name="draft" value="(\w+)"', seen.text)[1]
    kept = await with_files(ana, draft=draft)
    assert (kept.status, "meds" in kept.words) == (200, True)
    out = await with_files(ana, draft=draft, out="1")
    assert "meds" not in out.words
    assert await scene.rows(Submission.id) == []


async def test_a_document_that_somebody_else_keeps_or_that_is_too_old_is_asked_for_again(scene, desk):
    ana, leo = await desk.somebody("ana", "privacy"), await desk.somebody("leo", "compliance")
    seen = await with_files(ana, ("meds.pdf", PAGE))
    draft = re.search(r'name="draft" value="(\w+)"', seen.text)[1]
    refused = await with_files(leo, draft=draft)
    assert (refused.status, "Add them again" in refused.words) == (400, True)
    assert "meds" not in refused.words
    assert await scene.rows(Submission.id) == []
