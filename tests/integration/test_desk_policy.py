"""Counsel's choices at the desk: two accounts for a change, never two sessions of one."""

import re

from hub import choices
from tests.desk import PASSWORD

ASKED = {"doubt": "D2", "answer": "written", "reason": "counsel_opinion"}


async def d2(scene):
    return next(each for each in await choices.listing(scene.hub) if each.doubt == "D2")


async def test_two_people_change_a_choice_and_the_page_says_since_when_and_by_whom(scene, desk):
    ana, omar = await desk.somebody("ana", "compliance"), await desk.somebody("omar", "privacy")
    assert "As it was installed" in (await ana.get("/desk/policy")).words
    assert (await ana.post("/desk/policy", ASKED)).status == 303
    change = (await d2(scene)).waiting.id
    assert "Another person confirms it" in (await ana.get("/desk/policy")).words
    waiting = await omar.get("/desk/policy")
    assert f"/desk/policy/{change}/confirm" in waiting.text
    assert (await omar.post(f"/desk/policy/{change}/confirm")).status == 303
    seen = (await omar.get("/desk/policy")).words
    assert "89 FR 12472; D2=written" in seen
    assert re.search(r"proposed by Ana, confirmed by Omar\. Opinion of counsel", seen)


async def test_one_account_with_two_sessions_confirms_nothing(scene, desk):
    ana = await desk.somebody("ana", "compliance")
    await ana.post("/desk/policy", ASKED)
    again = desk.browser()
    again.secret = ana.secret
    assert (await again.sign_in("ana@desk.test", PASSWORD)).status == 303
    assert again.cookie() != ana.cookie()
    change = (await d2(scene)).waiting.id
    assert (await again.post(f"/desk/policy/{change}/confirm")).status == 409
    assert (await d2(scene)).answer == "stop"


async def test_a_refused_change_is_only_history(scene, desk):
    ana, omar = await desk.somebody("ana", "compliance"), await desk.somebody("omar", "privacy")
    await ana.post("/desk/policy", ASKED)
    change = (await d2(scene)).waiting.id
    await omar.get("/desk/policy")
    assert (await omar.post(f"/desk/policy/{change}/refuse")).status == 303
    assert "Refused by Omar" in (await omar.get("/desk/policy")).words
    assert (await d2(scene)).answer == "stop"


async def test_auditors_read_administrators_do_not_and_one_organizations_officer_changes_nothing(scene, desk):
    rosa, adam = await desk.somebody("rosa", "auditor"), await desk.somebody("adam", "administrator")
    hana = await desk.somebody("hana", "compliance", organizations=("harbor",))
    for reader in (rosa, hana):
        seen = await reader.get("/desk/policy")
        assert (seen.status, "Propose the change" in seen.text) == (200, False)
        assert (await reader.post("/desk/policy", ASKED)).status in (403, 404)
    assert (await adam.get("/desk/policy")).status in (403, 404)
    assert (await adam.post("/desk/policy", ASKED)).status in (403, 404)
    assert (await d2(scene)).waiting is None
