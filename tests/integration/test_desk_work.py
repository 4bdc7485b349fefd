"""Work at the desk: queues in the order they are due, two people for a release, notes that are sealed."""

import re

import msgspec
import pytest
from sqlmodel import select

from hub.storage.tables import LedgerEntry, Outbox, WorkItem, WorkNote
from tests import disclosures
from tests.desk import a_desk
from tests.disclosures import a_county, disclose


async def a_hold(scene):
    """A packet that waits because nobody has verified its consent; its work item."""
    await scene.consent(verified=False)
    await scene.submit()
    return (await scene.rows(WorkItem.id))[0][0]


async def kinds(scene, prefix="work."):
    rows = await scene.hub.database.query(select(LedgerEntry.kind, LedgerEntry.id).order_by(LedgerEntry.id))
    return [kind for kind, _ in rows if kind.startswith(prefix)]


async def state(scene):
    return (await scene.rows(Outbox.state, Outbox.id))[0][0]


async def test_a_hold_is_let_go_by_two_people(scene, desk):
    work = await a_hold(scene)
    ana, leo = await desk.somebody("ana", "compliance"), await desk.somebody("leo", "privacy")
    assert (await ana.post(f"/desk/work/{work}/propose", {"reason": "reviewed"})).status == 303
    assert await state(scene) == "held"
    assert (await ana.post(f"/desk/work/{work}/confirm")).status == 409
    assert await state(scene) == "held"
    seen = await leo.get(f"/desk/work/{work}")
    assert "Ana: Reviewed, as it should be" in seen.words
    assert (await leo.post(f"/desk/work/{work}/confirm")).status == 303
    assert await state(scene) == "queued"
    assert "work.released" in await kinds(scene)


async def test_nobody_confirms_what_nobody_proposed(scene, desk):
    work = await a_hold(scene)
    leo = await desk.somebody("leo", "privacy")
    assert (await leo.post(f"/desk/work/{work}/confirm")).status == 409
    assert await state(scene) == "held"


async def test_a_proposal_may_be_refused_by_the_second_person(scene, desk):
    work = await a_hold(scene)
    ana, leo = await desk.somebody("ana", "compliance"), await desk.somebody("leo", "privacy")
    await ana.post(f"/desk/work/{work}/propose", {"reason": "reviewed"})
    assert (await leo.post(f"/desk/work/{work}/unpropose")).status == 303
    assert (await leo.post(f"/desk/work/{work}/confirm")).status == 409
    assert await state(scene) == "held"


async def test_an_auditor_reads_and_changes_nothing(scene, desk):
    work = await a_hold(scene)
    priya = await desk.somebody("priya", "auditor")
    seen = await priya.get(f"/desk/work/{work}")
    assert seen.status == 200
    assert f"/desk/work/{work}/" not in seen.text
    for deed in ("take", "note", "propose", "confirm", "unpropose", "approve", "close"):
        assert (await priya.post(f"/desk/work/{work}/{deed}", {"reason": "reviewed", "note": "x"})).status == 403
    assert await kinds(scene) == []


async def test_another_organizations_item_looks_like_none(scene, desk):
    work = await a_hold(scene)
    sol = await desk.somebody("sol", "compliance", organizations=("sunrise",))
    real, made_up = await sol.get(f"/desk/work/{work}"), await sol.get("/desk/work/nothing")
    assert (real.status, real.text) == (made_up.status, made_up.text) == (404, made_up.text)
    for deed in ("take", "note", "propose", "confirm", "unpropose", "approve", "close"):
        assert (await sol.post(f"/desk/work/{work}/{deed}", {"reason": "reviewed", "note": "x"})).status == 404
    assert work not in (await sol.get("/desk/work")).text
    assert await kinds(scene) == []


async def test_a_note_is_sealed_escaped_and_on_the_ledger_without_its_words(scene, desk):
    work = await a_hold(scene)
    ana = await desk.somebody("ana", "compliance")
    told = '<script>alert("Marisol called")</script>'
    assert (await ana.post(f"/desk/work/{work}/note", {"note": told})).status == 303
    seen = await ana.get(f"/desk/work/{work}")
    assert told in seen.words
    assert "<script>alert" not in seen.text
    stored = await scene.hub.database.query(select(WorkNote.sealed))
    entries = await scene.hub.database.query(select(LedgerEntry.body).where(LedgerEntry.kind == "work.noted"))
    assert not any(b"Marisol" in bytes(row[0]) for row in (*stored, *entries))


async def test_an_item_is_taken_given_and_settled_with_its_reason(scene, desk):
    work = await a_hold(scene)
    ana, leo = await desk.somebody("ana", "compliance"), await desk.somebody("leo", "privacy")
    await ana.post(f"/desk/work/{work}/take")
    assert work in (await ana.get("/desk/work?mine=yes")).text
    await ana.post(f"/desk/work/{work}/take", {"to": leo.person})
    assert work not in (await ana.get("/desk/work?mine=yes")).text
    assert work in (await leo.get("/desk/work?mine=yes")).text
    settled = await leo.post(f"/desk/work/{work}/close", {"reason": "patient_request", "note": "She asked us not to."})
    assert settled.status == 303
    seen = await leo.get(f"/desk/work/{work}")
    assert "The patient asks for it by Leo" in seen.words
    assert "She asked us not to." in seen.words


async def test_an_item_is_given_only_to_somebody_who_may_see_it(scene, desk):
    work = await a_hold(scene)
    ana = await desk.somebody("ana", "compliance")
    sol = await desk.somebody("sol", "compliance", organizations=("sunrise",))
    priya = await desk.somebody("priya", "auditor")
    for stranger in (sol.person, priya.person, "nobody"):
        assert (await ana.post(f"/desk/work/{work}/take", {"to": stranger})).status == 400


@pytest.mark.parametrize("reason", ["confirmed_delivered", "incident", "because", ""])
async def test_a_reason_that_does_not_fit_settles_nothing(scene, desk, reason):
    work = await a_hold(scene)
    ana = await desk.somebody("ana", "compliance")
    assert (await ana.post(f"/desk/work/{work}/close", {"reason": reason})).status == 400
    assert await kinds(scene) == []


async def test_an_emergency_waits_for_its_review_with_a_clock_and_its_evidence(migrated_url):
    async with a_county(migrated_url) as scene, a_desk(scene.hub) as desk:
        await disclose(
            scene, "emergency-room", "medications", kind="emergency_disclosure", emergency=disclosures.EMERGENCY
        )
        await scene.dispatch_all()
        ana = await desk.somebody("ana", "compliance")
        await reviewed(scene, ana)


async def reviewed(scene, ana):
    listed = await ana.get("/desk/work?queue=emergencies")
    assert "Review of an emergency" in listed.words
    assert re.search(r"due in \d+ (h|d)", listed.words)
    work = re.search(r'href="/desk/work/([0-9a-f]{32})"', listed.text)[1]
    seen = await ana.get(f"/desk/work/{work}")
    assert "Unresponsive after an overdose" in seen.words
    looked = LedgerEntry.kind == "access.viewed"
    rows = await scene.hub.database.query(select(LedgerEntry.body).where(looked, LedgerEntry.member_id == scene.member))
    assert {msgspec.json.decode(row[0])["by"] for row in rows} == {f"county/{ana.person}"}


async def test_a_list_that_is_none_is_not_available(desk):
    ana = await desk.somebody("ana", "compliance")
    for address in ("/desk/work?queue=x", "/desk/work?state=x"):
        assert (await ana.get(address)).status == 404


async def test_an_empty_list_says_whether_nothing_waits_nothing_was_settled_or_nothing_fits(scene, desk):
    ana = await desk.somebody("ana", "compliance")
    said = {
        "work?queue=holds": "Nothing waits here.",
        "work?state=closed": "Nothing here has been settled yet.",
        "work?state=closed&overdue=yes": "Nothing here fits what you chose.",
        "registers?kind=breach": "Nothing waits here.",
        "registers?state=closed": "Nothing here has been settled yet.",
        "registers?state=any": "Nothing has been entered here yet.",
        "registers?mine=yes": "Nothing here fits what you chose.",
    }
    for address, words in said.items():
        assert words in (await ana.get(f"/desk/{address}")).words


STATED = {
    "order": disclosures.ORDER,
    "findings": disclosures.FINDINGS,
}


async def test_what_was_stated_is_read_in_the_readers_language_and_what_was_written_stays(migrated_url):
    """In Spanish not one name of a field or fixed word of the form is left in English."""
    async with a_county(migrated_url) as scene, a_desk(scene.hub) as desk:
        await disclose(scene, "superior-court", "attendance", purpose="civil_proceeding", **STATED)
        ana = await desk.somebody("ana", "compliance")
        await ana.post("/desk/language", {"to": "es", "back": "/desk/work"})
        work = re.search(r'href="/desk/work/([0-9a-f]{32})"', (await ana.get("/desk/work")).text)[1]
        seen = await ana.get(f"/desk/work/{work}")
        assert seen.status == 200
        for said in ("Orden de un tribunal", "Número de expediente", "Lo que determinó el tribunal", "Por qué"):
            assert said in seen.words
        assert disclosures.ORDER["docket"] in seen.words
        assert disclosures.FINDINGS[0]["because"] in seen.words
        assert f"<code>{disclosures.ORDER['document']}</code>" in seen.text
        codes = {*disclosures.ORDER["criteria"], disclosures.FINDINGS[0]["finding"], *disclosures.ORDER, "docket"}
        unsaid = [each for each in codes if re.search(rf"\b{each.replace('_', '[_ ]')}\b", seen.words)]
        assert [each for each in unsaid if each not in ("document", "section")] == []
