"""A counselor writes down what was told by telephone: looked at first, recorded whatever the rules say, corrected."""

import json
import re

import msgspec
import pytest

from hub.ledger.sequencer import Sequencer
from hub.storage import consents
from hub.storage.tables import Disclosure, LedgerEntry, Matter, OutsideDisclosure, WorkItem
from tests.desk import a_desk
from tests.disclosures import a_county
from tests.scenes import CIN, FORM, NAME

NEW = "/desk/disclosures/new"
CALL = {
    "key": "0123456789abcdef0123456789abcdef",
    "organization": "harbor",
    "cin": CIN,
    "way": "telephone",
    "day": "2026-03-06",
    "time": "09:30",
    "discloser_name": "Perrin Ashdown",
    "recipient": "lantern",
    "recipient_person": "Nurse Odile Farrow",
    "information": "medications",
    "told": "Her last dose, <b>forty</b> milligrams",
    "basis": "consent",
    "purpose": "treatment",
    "notice": "said",
    "scope": "explained",
}
EMERGENCY = CALL | {
    "basis": "emergency", "recipient": "emergency-room", "determined_by_name": "Dr. Quimby Vole",
    "could_consent": "unobtainable", "nature": "Unresponsive after an overdose",
}  # fmt: skip
PAPER = CALL | {
    "way": "paper", "recipient": "~outside", "name": "Tobias Wexcombe", "who": "court", "at": "Superior Court",
    "basis": "other", "purpose": "criminal_proceeding", "information": "attendance", "notice": "", "scope": "",
}  # fmt: skip


@pytest.fixture
async def scene(migrated_url):
    async with a_county(migrated_url) as scene:
        await scene.consent(msgspec.structs.replace(FORM, signed_on="2026-01-15"))
        yield scene


@pytest.fixture
async def desk(scene):
    async with a_desk(scene.hub) as desk:
        yield desk


@pytest.fixture
async def cora(desk):
    """A counselor of Harbor House."""
    return await desk.somebody("cora", "staff", organizations=("harbor",))


async def made(browser, scene, form):
    """Record it, as after a look; the address of the record."""
    seen = await browser.post(NEW, form | {"member": scene.member, "step": "record"})
    assert seen.status == 303, seen.words
    return seen.location


async def test_a_call_is_looked_at_first_and_two_clicks_are_one_record(scene, cora):
    seen = await cora.post(NEW, CALL)
    assert "This would be recorded" in seen.words
    assert "The rules permit it Medications could be disclosed. The consent signed on Jan 15, 2026" in seen.words
    assert "The written notice is still to be sent §2.32(a)" in seen.words
    assert "<b>forty" not in seen.text
    assert await scene.rows(OutsideDisclosure.id) == []
    places = {await made(cora, scene, CALL) for _ in range(2)}
    ((disclosure,),) = await scene.rows(OutsideDisclosure.id)
    assert places == {f"/desk/disclosures/{disclosure}"}
    seen = await cora.get(f"/desk/disclosures/{disclosure}")
    assert "Harbor House gave medications to Lantern Outpatient for treatment, by telephone" in seen.words
    assert "Mar 6, 2026, 9:30 am PST" in seen.words
    assert [kind for (kind,) in await scene.rows(WorkItem.kind)] == ["notice_owed"]


async def test_what_was_told_is_opened_when_asked_for_and_the_ledger_says_who_looked(scene, cora):
    place = await made(cora, scene, CALL)
    seen = await cora.get(place)
    assert "forty" not in seen.text
    assert "Farrow" not in seen.text
    shown = await cora.post(f"{place}/told")
    assert "Her last dose, <b>forty</b> milligrams" in shown.words.replace("< ", "<")
    assert "Nurse Odile Farrow" in shown.words
    bodies = [json.loads(body) for _, kind, body in await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.body)
              if kind == "access.viewed"]  # fmt: skip
    assert "outside_record" in [each["what"] for each in bodies]


async def test_a_paper_for_a_court_that_no_rule_permits_is_recorded_and_looked_into(scene, desk, cora):
    seen = await cora.post(NEW, PAPER)
    assert "As far as the hub knows, the rules do not permit it" in seen.words
    assert "A matter opens for the compliance officer" in seen.words
    assert await scene.rows(Matter.id) == []
    place = await made(cora, scene, PAPER)
    shown = await cora.get(place)
    assert "The compliance officer looks into it." in shown.words
    assert "Recorded afterwards, not permitted" in shown.words
    assert "Recorded afterwards, not permitted" in (await cora.get("/desk/disclosures")).words
    ((matter, kind),) = await scene.rows(Matter.id, Matter.kind)
    assert kind == "breach"
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.get(f"/desk/registers/{matter}")
    assert "attendance could not be disclosed" in seen.words
    assert f'href="{place}"' in seen.text


async def test_in_an_emergency_nothing_is_asked_twice(scene, cora):
    await made(cora, scene, EMERGENCY)
    assert [kind for (kind,) in await scene.rows(WorkItem.kind)] == ["emergency_review"]
    ((purpose, state),) = await scene.rows(Disclosure.purpose, Disclosure.state)
    assert (purpose, state) == ("treatment", "recorded")


@pytest.mark.parametrize(
    "changes",
    [
        {"basis": "child_abuse", "recipient": "child-protection", "report": "SS-8572", "information": "abuse_report"},
        {"basis": "crime", "recipient": "county-police", "crime_kind": "on_premises", "information": "incident"},
        {"basis": "audit", "recipient": "state-auditor", "agreement": "audit-2026", "authority": "government_agency",
         "audit_scope": "Records of January", "information": "billing"},
        {"basis": "supervision", "recipient": "probation", "condition": "yes", "monitors": "yes", "case": "CR-2026-8",
         "information": "attendance"},
        {"basis": "order", "recipient": "superior-court", "court": "Superior Court", "docket": "MC-1",
         "section": "2.64", "criteria": "no_other_means", "against": "third_party", "purpose": "civil_proceeding",
         "information": "attendance", "mandate": "Subpoena 7"},
        PAPER | {"basis": "demand", "demand_kind": "subpoena", "issued_by": "Prosecutor Lorne Beck", "served": "S-77",
                 "assurances": "With counsel"},
        PAPER | {"basis": "order", "court": "Superior Court", "docket": "MC-1", "section": "2.64"},
    ],
)  # fmt: skip
async def test_each_basis_has_its_own_few_questions(scene, cora, changes):
    assert (await cora.get(await made(cora, scene, CALL | changes))).status == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cin": "07654321A"}, "cin"),
        ({"way": ""}, "way"),
        ({"day": "2099-01-01"}, "day"),
        ({"time": ""}, "time"),
        ({"recipient": ""}, "recipient"),
        ({"recipient": "harbor"}, "recipient"),
        ({"information": ""}, "information"),
        ({"told": ""}, "told"),
        ({"basis": ""}, "basis"),
        ({"purpose": "gossip"}, "purpose"),
        ({"notice": ""}, "notice"),
        ({"scope": ""}, "scope"),
        (PAPER | {"name": ""}, "name"),
        (PAPER | {"who": ""}, "who"),
        (PAPER | {"basis": "demand", "issued_by": "Prosecutor Lorne Beck", "served": "S-77"}, "demand_kind"),
        (PAPER | {"basis": "demand", "demand_kind": "letter", "issued_by": "Beck", "served": "S-77"}, "demand_kind"),
        (EMERGENCY | {"could_consent": ""}, "could_consent"),
        (EMERGENCY | {"recipient_person": ""}, "recipient_person"),
    ],
)
async def test_what_is_missing_is_said_beside_its_field_and_nothing_is_recorded(scene, cora, changes, field):
    seen = await cora.post(NEW, CALL | changes)
    assert seen.status == 400
    ids = rf'id="(?:x-{field})"' if field not in ("information", "basis") else 'class="error"'
    assert re.search(ids, seen.text)
    assert CALL["discloser_name"] in seen.text, "what was typed is still there"
    assert await scene.rows(OutsideDisclosure.id) == []


async def test_what_came_with_a_consent_names_it_once_the_person_is_known(scene, cora):
    consent = (await consents.list_for(scene.hub, scene.member))[0]["id"]
    told = CALL | {"source": "sunrise", "held": "consent", "received": CALL["day"]}
    seen = await cora.post(NEW, told)
    assert (seen.status, f'option value="{consent}"' in seen.text) == (400, True)
    assert "Which consent it came with" in seen.words
    place = await made(cora, scene, told | {"held_consent": consent})
    shown = await cora.get(place)
    assert f"How the program came to have it With a consent {consent}" in shown.words
    again = await cora.get(f"{NEW}?corrects={place.rpartition('/')[2]}")
    for name, value in (("source", "sunrise"), ("held", "consent"), ("held_consent", consent)):
        assert f'value="{value}" selected' in again.text, name


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": "sunrise"}, "held"),
        ({"source": "nowhere", "held": "patient"}, "source"),
        ({"source": "sunrise", "held": "stolen"}, "held"),
        ({"source": "sunrise", "held": "patient", "received": "2099-01-01"}, "received"),
    ],
)
async def test_whose_it_was_is_said_with_how_it_came(scene, cora, changes, field):
    seen = await cora.post(NEW, CALL | changes)
    assert seen.status == 400
    assert re.search(rf'id="o-{field}"[^>]*aria-invalid', seen.text)
    assert await scene.rows(OutsideDisclosure.id) == []


async def test_a_correction_begins_with_the_words_of_the_record_and_takes_its_place(scene, cora):
    first = await made(cora, scene, CALL)
    old = first.rpartition("/")[2]
    seen = await cora.get(f"{NEW}?corrects={old}")
    assert "forty" in seen.text
    assert NAME[1] in seen.words
    again = CALL | {"key": "f" * 32, "corrects": old, "information": "diagnosis", "reason": ""}
    assert (await cora.post(NEW, again | {"member": scene.member})).status == 400
    second = await made(cora, scene, again | {"reason": "It was her diagnosis"})
    assert "Another record stands in its place" in (await cora.get(first)).words
    assert "Recorded wrongly, corrected" in (await cora.get("/desk/disclosures")).words
    assert (await cora.get(f"{NEW}?corrects={old}")).location == first
    late = await cora.post(
        NEW, again | {"key": "e" * 32, "reason": "Once more", "member": scene.member, "step": "record"}
    )
    assert (late.status, f'href="{first}"' in late.text, "Once more" in late.text) == (409, True, True)
    assert (await cora.get(second)).status == 200


async def test_a_form_that_was_found_again_makes_no_second_record_in_silence_and_loses_nothing(scene, cora):
    await made(cora, scene, CALL)
    other = CALL | {"told": "Her next visit", "member": scene.member, "step": "record"}
    seen = await cora.post(NEW, other)
    assert (seen.status, "made a record already" in seen.words, "Her next visit" in seen.text) == (409, True, True)
    key = re.search(r'name="key" value="(\w+)"', seen.text)[1]
    assert (await cora.post(NEW, other | {"key": key})).status == 303
    assert len(await scene.rows(OutsideDisclosure.id)) == 2


async def test_a_record_of_what_never_was_is_said_to_be_a_mistake(scene, cora):
    place = await made(cora, scene, CALL)
    assert (await cora.post(f"{place}/retract", {"mistake": "boredom"})).status == 400
    assert (await cora.post(f"{place}/retract", {"mistake": "not_made"})).status == 303
    assert "It was never made" in (await cora.get(place)).words
    assert (await cora.post(f"{place}/retract", {"mistake": "duplicate"})).status == 409


async def test_nothing_is_owed_of_a_record_that_stands_no_more(scene, cora):
    place = await made(cora, scene, CALL)
    assert "The written notice is still to be sent" in (await cora.get(place)).words
    await cora.post(f"{place}/retract", {"mistake": "not_made"})
    assert "still to be sent" not in (await cora.get(place)).words


async def test_another_organizations_record_looks_like_none(scene, desk, cora):
    place = await made(cora, scene, CALL)
    eve = await desk.somebody("eve", "staff", organizations=("lantern",))
    for answer in (await eve.get(place), await eve.post(f"{place}/told"), await eve.post(f"{place}/retract", {})):
        assert answer.status == 404
    assert (await eve.get(f"{NEW}?corrects={place.rpartition('/')[2]}")).status == 404
    assert (await eve.post(NEW, CALL)).status == 404
    theirs = await eve.post(NEW, CALL | {"organization": "lantern", "recipient": "harbor"})
    nobody = await eve.post(NEW, CALL | {"organization": "lantern", "recipient": "harbor", "cin": "07654321A"})
    assert (theirs.status, "Nobody here fits this" in theirs.words) == (400, True)
    read, of_nobody = (answer.text.partition("<footer")[0] for answer in (theirs, nobody))  # below is the time
    assert read.replace(CIN, "") == of_nobody.replace("07654321A", "")
    assert "Nothing has been recorded yet" in (await eve.get("/desk/disclosures")).words


async def test_a_person_of_another_program_of_the_officers_is_nobody_for_this_one(scene, desk):
    ana = await desk.somebody("ana", "compliance")
    of_another = CALL | {"organization": "valley-clinic"}
    seen = await ana.post(NEW, of_another)
    assert (seen.status, "Nobody here fits this" in seen.words) == (400, True)
    seen = await ana.post(NEW, of_another | {"member": scene.member, "step": "record"})
    assert (seen.status, 'id="o-cin"' in seen.text) == (400, True)
    assert await scene.rows(OutsideDisclosure.id) == []


async def test_the_log_says_that_it_was_recorded_afterwards_with_both_moments_and_a_proof(scene, desk, cora):
    await made(cora, scene, PAPER)
    await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.get("/desk/log?outcome=recorded")
    assert "Recorded afterwards, not permitted made Mar 6, 2026, 9:30 am PST" in seen.words
    assert "somebody outside of the directory" in seen.words
    place = re.findall(r'href="(/desk/log/\d+)"', seen.text)[0]
    entry = await ana.get(place)
    assert "This was made outside of the hub, and recorded afterwards" in entry.words
    assert "Nobody was asked" in entry.words
    assert "Wexcombe" not in entry.text
    assert "Tobias Wexcombe" in (await ana.post(f"{place}/told")).words
    await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
    assert "Nothing was changed" in (await ana.get(f"{place}/verify")).words
    lea = await desk.somebody("lea", "compliance", organizations=("lantern",))
    assert (await lea.get(place)).status == 404


async def test_the_pages_speak_spanish(scene, cora):
    seen = await cora.post(NEW, CALL | {"lang": "es"})
    assert "outside." not in seen.words
    for path in (f"{NEW}?lang=es", "/desk/disclosures?lang=es", f"{await made(cora, scene, CALL)}?lang=es"):
        assert "fuera del sistema" in (await cora.get(path)).words


async def test_a_consent_between_others_is_not_to_be_chosen_nor_one_without_a_day_in_the_way(scene, cora):
    here = (await consents.list_for(scene.hub, scene.member))[0]["id"]
    others = msgspec.structs.replace(FORM, discloser=("lantern",))
    elsewhere, hither, anybody = [
        await consents.record(scene.hub, scene.member, msgspec.structs.replace(others, **changes), by="lantern")
        for changes in (
            {"recipients": ({"as_written": "Dr. Fenwick Ames"}, "sunrise")},
            {"recipients": ("harbor",), "signed_on": None},
            {"recipients": ("treating_providers",), "signed_on": None, "signed_at": "2026-03-06T02:00:00+00:00"},
        )
    ]
    seen = await cora.post(NEW, CALL | {"source": "lantern", "held": "consent", "received": CALL["day"]})
    offered = re.search(r'<select id="o-held_consent".*?</select>', seen.text, re.DOTALL)[0]
    assert [each in offered for each in (here, hither, anybody, elsewhere)] == [True, True, True, False]
    assert re.findall(r"signed on [^<]*|without a date", offered) == [
        "signed on Jan 15, 2026",
        "without a date",
        "signed on Mar 5, 2026",
    ]
    assert (await cora.post(NEW, CALL)).status == 200
