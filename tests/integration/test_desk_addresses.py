"""New fax numbers at the desk: a second administrator types the number again or refuses it; the recall letter."""

import pytest
from sqlmodel import select

from hub.storage.tables import LedgerEntry, WorkItem
from hub.waiting import numbers
from tests.integration.test_misdirection import NUMBER, a_fax_scene, fax_of, misdirected, used

NEW = "+17075550122"


@pytest.fixture
async def scene(migrated_url):
    async with a_fax_scene(migrated_url) as scene:
        yield scene


async def entered(scene, browser, **changes):
    by = f"county/{browser.person}"
    await numbers.enter(scene.hub, fax_of(**({"address": NEW} | changes)), verified_by="K.", by=by, active=True)


async def trace(scene, kind):
    return [each for (each,) in await scene.hub.database.query(select(LedgerEntry.kind)) if each == kind]


async def test_a_new_number_is_confirmed_by_another_administrator_from_their_own_source(scene, desk):
    ada, bo = await desk.somebody("ada", "administrator"), await desk.somebody("bo", "administrator")
    await entered(scene, ada)
    own = await ada.get("/desk/addresses")
    assert NEW in own.text
    assert "Another person confirms it." in own.words
    seen = await bo.get("/desk/addresses")
    assert "Ada," in seen.words
    assert NUMBER in seen.text
    assert NEW not in seen.text
    confirm = "/desk/addresses/lantern-fax/confirm"
    assert (await ada.post(confirm, {"address": NEW})).status == 409
    wrong = await bo.post(confirm, {"address": "+17075550123"})
    assert (wrong.status, "another number than the one" in wrong.words) == (400, True)
    assert await used(scene) == []
    assert (await bo.post(confirm, {"address": "+1 (707) 555-0122"})).status == 303
    assert await used(scene) == [NEW]
    assert "No number waits." in (await bo.get("/desk/addresses")).words
    assert await scene.rows(WorkItem.kind, WorkItem.resolution) == [("fax_number", "confirmed")]


async def test_a_refused_number_is_never_used_and_the_refusal_is_on_the_ledger(scene, desk):
    ada, bo = await desk.somebody("ada", "administrator"), await desk.somebody("bo", "administrator")
    await entered(scene, ada)
    refuse = "/desk/addresses/lantern-fax/refuse"
    assert (await ada.post(refuse)).status == 409
    assert (await bo.post(refuse)).status == 303
    assert await used(scene) == []
    assert "No number waits." in (await bo.get("/desk/addresses")).words
    assert (await bo.post("/desk/addresses/lantern-fax/confirm", {"address": NEW})).status == 404
    assert await scene.rows(WorkItem.kind, WorkItem.resolution) == [("fax_number", "refused")]
    assert await trace(scene, "endpoint.refused") == ["endpoint.refused"]


async def test_a_corrected_number_still_says_which_one_was_used_before(scene, desk):
    ada, bo = await desk.somebody("ada", "administrator"), await desk.somebody("bo", "administrator")
    await entered(scene, ada)
    await entered(scene, ada, address="+17075550124")
    assert NUMBER in (await bo.get("/desk/addresses")).text


async def test_numbers_are_administrators_and_forms_of_other_sites_do_nothing(scene, desk):
    ada, bo = await desk.somebody("ada", "administrator"), await desk.somebody("bo", "administrator")
    ana = await desk.somebody("ana", "compliance")
    await entered(scene, ada)
    assert (await ana.get("/desk/addresses")).status == 403
    for act in ("confirm", "refuse"):
        path = f"/desk/addresses/lantern-fax/{act}"
        assert (await ana.post(path, {"address": NEW})).status == 403
        assert (await bo.post(path, {"address": NEW}, **{"Sec-Fetch-Site": "cross-site"})).status == 403
        assert (await bo.post(path, {"address": NEW, "form_token": "0" * 64})).status == 403
    assert len(await numbers.waiting(scene.hub)) == 1


async def test_an_item_about_pages_at_another_machine_has_the_letter_that_asks_for_them_back(scene, desk):
    work = await misdirected(scene)
    ana, eve = await desk.somebody("ana", "compliance"), await desk.somebody("eve", "auditor")
    seen = await ana.get(f"/desk/work/{work}")
    assert f"/desk/work/{work}/recall?in=es" in seen.text
    assert "Another machine took the pages" in seen.words
    letter = await ana.get(f"/desk/work/{work}/recall?in=es")
    assert (letter.headers["Content-Type"], letter.text[:4]) == ("application/pdf", "%PDF")
    assert letter.headers["Content-Disposition"] == 'attachment; filename="letter.pdf"'
    assert await trace(scene, "recall.made") == ["recall.made"]
    assert (await eve.get(f"/desk/work/{work}/recall")).status == 403
    leo = await desk.somebody("leo", "compliance", organizations=("lantern",))
    assert (await leo.get(f"/desk/work/{work}/recall")).status == 404
