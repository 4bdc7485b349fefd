"""A counselor sends a packet from the desk: looked at first, sent once, followed until it arrived, or taken back."""

import re

import aiohttp
import msgspec
import pytest

from hub.desk import drafts
from hub.storage import consents
from hub.storage.tables import Consent, LedgerEntry, PacketDraft, Submission
from hub.web.pages import times
from hub.workers.expired import forget_expired
from tests.desk import a_desk
from tests.scenes import CIN, FORM, NAME, SECRET, a_scene

NEW = "/desk/packets/new"
FIELDS = {"cin": CIN, "recipient": "lantern", "purpose": "treatment"}
FILES = (("ASAM Quintanar.txt", SECRET.encode()), ("session notes.txt", b"what was said in confidence"))


@pytest.fixture
async def scene(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        yield scene


@pytest.fixture
async def desk(scene):
    async with a_desk(scene.hub) as desk:
        yield desk


@pytest.fixture
async def rosa(desk):
    """A counselor of Harbor House."""
    return await desk.somebody("rosa", "staff", organizations=("harbor",))


async def fill(browser, files=FILES, **changes):
    """Send the form with files, as a browser does."""
    await browser.get(NEW)
    data = aiohttp.FormData(quote_fields=False)
    for name, value in (FIELDS | {"form_token": browser.form_token} | changes).items():
        data.add_field(name, value)
    for name, content in files:
        data.add_field("files", content, filename=name, content_type="application/octet-stream")
    return await browser._seen("POST", NEW, data=data, headers={"Sec-Fetch-Site": "same-origin"})


async def send(browser, preview):
    """Press "Send it now" on the page as it stands."""
    return await browser.post(preview, said(await browser.get(preview)))


def said(page):
    """What the button "Send it now" of this page sends."""
    kinds = re.findall(r'name="(information-\d+)".*?<option value="(\w+)" selected', page.text, re.DOTALL)
    hidden = re.findall(r'name="(version|verdict)" value="(\w+)"', page.text)
    return {"step": "send", **dict(hidden), **dict(kinds)}


async def test_nothing_leaves_before_the_second_click_and_what_stays_says_why(scene, rosa):
    seen = await rosa.get((await fill(rosa)).location)
    assert f"{NAME[0]} {NAME[1]}" in seen.words
    assert "1 of 2 go" in seen.words
    assert "It leaves at once, from system to system." in seen.words
    assert "Guessed from the file's name" in seen.words
    assert "§2.11" in seen.words or "§2.31" in seen.words
    assert SECRET not in seen.text
    assert NAME[1] not in re.search(r"<title>(.*?)</title>", seen.text)[1]
    assert await scene.rows(Submission.id) == []


async def test_a_consent_is_said_by_the_day_it_was_signed_and_not_by_its_number(scene, rosa):
    ((consent, signed_on),) = await scene.rows(Consent.id, Consent.signed_on)
    preview = (await fill(rosa)).location
    for language, words in (("en", "The consent signed on"), ("es", "El consentimiento firmado el")):
        seen = await rosa.get(f"{preview}?lang={language}")
        assert f"{words} {times.date(signed_on, language)}" in seen.words
        assert consent not in seen.text


async def test_two_clicks_are_one_packet_which_arrives_with_its_proof(scene, rosa):
    preview = (await fill(rosa)).location
    first, again = await send(rosa, preview), await rosa.post(preview, {"step": "send"})
    ((submission, sender),) = await scene.rows(Submission.id, Submission.sender)
    assert sender == "harbor"
    back = await rosa.get(preview)
    assert {first.location, again.location, back.location} == {f"/desk/packets/{submission}"}
    assert "Waits to leave" in (await rosa.get(first.location)).words
    assert await scene.dispatch_all() == ["delivered"]
    seen = await rosa.get(first.location)
    assert "Lantern" in seen.words
    assert "Arrived" in seen.words
    assert "Proof:" in seen.words
    assert "Went ASAM Quintanar" in seen.words
    assert "Counseling notes need a consent of their own. (§2.31(b)(1))" in seen.words
    assert "Take it back" not in seen.words
    (received,) = scene.channel.received
    assert [each.content for each in received.parcel.documents] == [SECRET.encode()]
    assert NAME[1] in (await rosa.get("/desk/packets?state=arrived")).words
    assert NAME[1] not in (await rosa.get("/desk/packets?state=held")).words


@pytest.mark.parametrize(
    ("between", "second"),
    [("contents", {}), ("contents", {"step": "keep"}), ("change", {"information-1": "medications"})],
    ids=["sent twice", "sent and kept", "sent and changed"],
)
async def test_two_clicks_at_one_moment_are_one_packet_and_answered_alike(scene, rosa, monkeypatch, between, second):
    preview = (await fill(rosa)).location
    fields, step = said(await rosa.get(preview)), getattr(drafts, between)
    faster = []

    async def slow(*args, **options):
        monkeypatch.undo()
        faster.append(await rosa.post(preview, fields))
        return await step(*args, **options)

    monkeypatch.setattr(drafts, between, slow)
    slower = await rosa.post(preview, fields | second)
    ((submission,),) = await scene.rows(Submission.id)
    assert [faster[0].location, slower.location] == [f"/desk/packets/{submission}"] * 2
    assert await scene.rows(PacketDraft.number) == [], "a draft that was sent does not come back"


async def test_a_kind_that_was_changed_is_shown_before_it_is_sent(scene, rosa):
    preview = (await fill(rosa)).location
    seen = said(await rosa.get(preview))
    changed = await rosa.post(preview, seen | {"information-1": "medications", "information-2": "summary"})
    assert changed.location == preview
    assert await scene.rows(Submission.id) == []
    assert "All of it goes" in (await rosa.get(preview)).words


async def test_a_packet_that_another_window_addressed_otherwise_is_shown_before_it_is_sent(scene, rosa):
    preview = (await fill(rosa)).location
    old = said(await rosa.get(preview))
    changed = await fill(rosa, files=(), draft=preview.rpartition("/")[2], recipient="sunrise")
    assert changed.location == preview
    assert (await rosa.post(preview, old)).location == preview
    assert await scene.rows(Submission.id) == []
    assert "Sunrise" in (await rosa.get((await send(rosa, preview)).location)).words


async def test_what_the_rules_say_otherwise_than_they_did_is_shown_before_it_is_sent(scene, rosa):
    preview = (await fill(rosa, recipient="sunrise", files=FILES[:1])).location
    shown = await rosa.get(preview)
    assert "Nothing goes" in shown.words
    consent = await scene.consent(msgspec.structs.replace(FORM, recipients=("sunrise",)))
    kept = await rosa.post(preview, said(shown) | {"step": "keep"})
    assert kept.location == f"{preview}?otherwise=yes"
    shown = await rosa.get(kept.location)
    assert "The rules say otherwise than when you looked" in shown.words
    assert "All of it goes" in shown.words
    await consents.revoke(scene.hub, consent, how="oral", by="harbor/clerk")
    assert (await rosa.post(preview, said(shown))).location == f"{preview}?otherwise=yes"
    assert await scene.rows(Submission.id) == []


async def test_a_form_whose_packet_was_sent_leads_to_it_and_loses_nothing_that_was_typed(scene, rosa):
    preview = (await fill(rosa)).location
    receipt = (await send(rosa, preview)).location
    assert (await rosa.get(f"{preview}/form")).location == receipt
    again = await fill(rosa, draft=preview.rpartition("/")[2], recipient="sunrise")
    assert (again.status, "it was sent already" in again.words, 'value="sunrise"' in again.text) == (400, True, True)
    assert "session notes" in again.words, "the files that came with it are kept"


async def test_a_file_whose_name_says_nothing_has_no_kind_until_somebody_says_it(scene, rosa):
    preview = (await fill(rosa, files=[("scan0001.txt", b"text")])).location
    seen = await rosa.get(preview)
    assert "What is it?" in seen.words
    assert "autofocus" in re.search(r'<select id="i-1"[^>]*>', seen.text)[0], "the answer it waits for is at hand"
    assert re.search(r'<button name="step" value="look">See what would go', seen.text)
    assert "Send it now" not in seen.words
    assert (await rosa.post(preview, {"step": "send"})).location == preview
    assert await scene.rows(Submission.id) == []


async def test_what_has_not_left_is_taken_back_from_its_receipt(scene, rosa):
    receipt = (await send(rosa, (await fill(rosa)).location)).location
    assert "Take it back" in (await rosa.get(receipt)).words
    assert (await rosa.post(f"{receipt}/withdraw")).status == 303
    seen = (await rosa.get(receipt)).words
    assert "You took it back" in seen
    assert "Goes" not in seen
    assert await scene.dispatch_all() == []
    late = (await send(rosa, (await fill(rosa)).location)).location
    await scene.dispatch_all()
    refused = await rosa.post(f"{late}/withdraw")
    assert refused.status == 409
    assert "it has left" in refused.words


async def test_errors_stand_beside_their_fields_and_no_file_is_asked_for_twice(scene, rosa):
    empty = (await fill(rosa, files=(), cin="", recipient="")).words
    for told in ("Type the CIN, or the name with the birth date.", "Type a part of the name", "Choose at least one"):
        assert told in empty
    assert "Nobody" not in empty
    wrong = await fill(rosa, cin="99999999Z", files=[*FILES, ("tool.exe", b"MZ\x00\x01")])
    assert wrong.status == 400
    assert "Nobody of your program fits this." in wrong.words
    assert "tool.exe: this is no PDF" in wrong.words
    assert "ASAM Quintanar" in wrong.words
    draft = re.search(r'name="draft" value="(\w+)"', wrong.text)[1]
    right = await fill(rosa, files=(), draft=draft)
    assert right.status == 303
    assert "1 of 2 go" in (await rosa.get(right.location)).words


async def test_an_empty_file_beside_a_good_one_is_named_and_not_left_out_in_silence(rosa):
    seen = await fill(rosa, files=(FILES[0], ("scan 7.pdf", b"")))
    assert seen.status == 400
    assert "scan 7.pdf: the file is empty." in seen.words
    assert "Choose at least one document" in (await fill(rosa, files=(("", b""),))).words


async def test_a_person_of_another_program_and_nobody_are_answered_alike(scene, desk, rosa):
    eve = await desk.somebody("eve", "staff", organizations=("valley-clinic",))
    known, unknown = await fill(eve), await fill(eve, cin="09999999Z")
    assert (known.status, unknown.status) == (400, 400)
    strip = re.compile(r'value="\w*"')
    assert strip.sub("", known.text) == strip.sub("", unknown.text)


async def test_a_draft_and_a_packet_are_their_own_people_s_alone_and_staff_open_no_registers(scene, desk, rosa):
    preview = (await fill(rosa)).location
    colleague = await desk.somebody("tom", "staff", organizations=("harbor",))
    assert (await colleague.get(preview)).status == 404
    receipt = (await send(rosa, preview)).location
    assert (await colleague.get(receipt)).status == 200
    eve = await desk.somebody("eve", "staff", organizations=("lantern",))
    assert (await eve.get(receipt)).status == 404
    assert (await eve.post(f"{receipt}/withdraw")).status == 404
    for address in ("/desk/log", "/desk/work", "/desk/registers", "/desk/people", "/desk/inbound"):
        assert (await rosa.get(address)).status == 403


async def test_a_draft_is_sealed_gone_once_sent_and_forgotten_in_time(scene, rosa):
    await fill(rosa)
    stored = b"".join(sealed for _, sealed in await scene.rows(PacketDraft.number, PacketDraft.sealed))
    assert SECRET.encode() not in stored
    assert CIN.encode() not in stored
    scene.hub.clock.ahead += drafts.LIFE_US + 1
    await forget_expired(scene.hub)
    assert await scene.rows(PacketDraft.number) == []


async def test_whoever_looks_at_a_receipt_or_the_list_is_on_the_ledger(scene, rosa):
    receipt = (await send(rosa, (await fill(rosa)).location)).location
    assert await scene.rows(PacketDraft.number) == []
    before = [kind for _, kind in await scene.rows(LedgerEntry.id, LedgerEntry.kind)].count("access.viewed")
    await rosa.get(receipt)
    await rosa.get("/desk/packets")
    after = [kind for _, kind in await scene.rows(LedgerEntry.id, LedgerEntry.kind)].count("access.viewed")
    assert after == before + 2


async def test_a_screen_that_locked_shows_nothing_of_what_was_typed_and_no_document(rosa):
    await rosa.get(NEW)
    await rosa.post("/desk/lock")
    locked = await fill(rosa)
    assert 'name="kept"' in locked.text
    assert not [typed for typed in ("lantern", SECRET, NAME[1]) if typed in locked.text]


async def test_files_are_taken_only_of_somebody_who_is_in_and_from_a_page_of_their_own(desk, rosa):
    stranger = desk.browser()
    assert (await fill(stranger)).location.startswith("/desk/sign-in")
    assert (await fill(rosa, form_token="0" * 64)).status == 403
