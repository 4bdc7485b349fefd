"""A counselor's warm handoff: what is there, missing or kept back (SON-07), and a packet kept until it is signed."""

from datetime import date

import aiohttp
import msgspec
import pytest

from hub.desk import handoff
from hub.desk.drafts import Paper
from hub.desk.guesses import guess
from hub.storage import consents
from hub.storage.directory import Organization
from hub.storage.tables import LedgerEntry, Outbox, WorkItem
from hub.waiting import lacking
from tests.desk import a_desk
from tests.integration.test_desk_packets import NEW, fill, said
from tests.scenes import CIN, FORM, SECRET, a_scene

PLAIN = Organization(id="harbor", name="Harbor House")
PLAN = Organization(id="sunrise", name="Sunrise Plan", roles=frozenset({"health_plan"}))
MHP = Organization(id="mhp", name="Mental Health Plan", kind="mhp", roles=frozenset({"provider", "health_plan"}))
FILES = (
    ("ASAM assessment.txt", SECRET.encode()),
    ("Risk assessment.txt", b"of harm"),
    ("session notes.txt", b"in confidence"),
)


def papers(*names: str) -> list[Paper]:
    return [Paper(number=n, title=name, information=guess(name), size=1) for n, name in enumerate(names, 1)]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("Face sheet", "member"), ("TOC_tool", "tool"), ("ASAM", "assessments"), ("CANS 2026", "assessments"),
        ("ansa.signed", "assessments"), ("dx list", "diagnosis"), ("Risk assessment", "risk"),
        ("evaluacion de riesgo", "risk"), ("progress notes March", "notes"), ("session-notes", "notes"),
        ("notas de servicio", "notes"), ("lab results", None), ("treatment plan", None), ("scan0001", None),
    ],
)  # fmt: skip
def test_a_document_is_told_by_its_kind_and_its_name(name, part):
    assert handoff.part_of(papers(name)[0]) == part


def test_counseling_notes_are_the_notes_whatever_they_are_called():
    assert handoff.part_of(Paper(number=1, title="Risk", information="counseling_notes", size=1)) == "notes"


@pytest.mark.parametrize(
    ("sides", "needed"), [([PLAIN, PLAN], False), ([MHP, PLAN], True), ([PLAN, MHP], True), ([PLAIN, MHP], False)]
)
def test_the_transition_tool_is_asked_for_between_the_mental_health_plan_and_a_health_plan(sides, needed):
    asked = {line.part: line.needed for line in handoff.lines([], sides)}
    assert asked == dict.fromkeys(handoff.PARTS, True) | {"tool": needed}


@pytest.mark.parametrize(
    ("born", "name", "wrong"),
    [
        ("1988-04-11", "CANS", "cans"), ("1988-04-11", "ANSA", ""), ("2010-01-01", "ANSA", "ansa"),
        ("2010-01-01", "cans_2026", ""), ("2007-03-02", "CANS", ""), ("2007-03-02", "ANSA", ""),
        ("2005-03-06", "CANS", "cans"), ("2005-03-07", "CANS", ""), ("1988-04-11", "significance", ""),
    ],
)  # fmt: skip
def test_an_assessment_for_another_age_is_told(born, name, wrong):
    assert handoff.wrong_tool(papers(name), born, date(2026, 3, 6)) == wrong


@pytest.fixture
async def scene(migrated_url):
    async with a_scene(migrated_url) as scene:
        yield scene


@pytest.fixture
async def rosa(scene):
    async with a_desk(scene.hub) as desk:
        yield await desk.somebody("rosa", "staff", organizations=("harbor",))


async def preview(rosa, **changes):
    return await rosa.get((await fill(rosa, FILES, **changes)).location)


async def press(rosa, seen, address, step):
    return await rosa.post(address, said(seen) | {"step": step})


async def states(scene):
    return [tuple(row) for row in await scene.rows(Outbox.recipient, Outbox.state, Outbox.code)]


async def test_the_list_says_what_is_there_what_is_missing_and_what_the_rules_keep_back(scene, rosa):
    await scene.consent()
    words = (await preview(rosa)).words
    assert "Goes by itself Member information" in words
    assert "There Assessments (ANSA, CANS, ASAM) ASAM assessment" in words
    assert "Missing Diagnosis" in words
    assert "There Risk assessment" in words
    assert "Not needed Transition of Care Tool" in words
    kept = words.partition("Stays here Recent service notes session notes")[2]
    assert kept
    assert "§2.31(b)" in kept or "counseling" in kept
    payment = (await preview(rosa, purpose="payment")).words
    assert "warm handoff" not in payment


async def test_the_list_is_read_in_spanish(scene, rosa):
    await scene.consent()
    address = (await fill(rosa, FILES)).location
    await rosa.post("/desk/language", {"to": "es", "back": address})
    words = (await rosa.get(address)).words
    assert "Falta Diagnóstico" in words
    assert "Se queda aquí Notas de servicio recientes" in words


async def test_a_packet_is_kept_until_it_is_signed_and_leaves_by_a_fresh_decision(scene, rosa):
    address = (await fill(rosa, FILES[:2])).location
    seen = await rosa.get(address)
    assert "It can be kept until a consent is signed." in seen.words
    assert "Send it now" not in seen.words
    assert "within 24 hours" in seen.words
    receipt = (await press(rosa, seen, address, "keep")).location
    assert await states(scene) == [("lantern", "held", "consent")]
    assert "Waits for a consent" in (await rosa.get(receipt)).words
    consent = await consents.record(scene.hub, scene.member, FORM, by="harbor")
    assert await scene.dispatch_all() == ["held"]  # recorded, and not looked at by a second person yet
    assert scene.channel.received == []
    await consents.verify(scene.hub, consent, by="harbor/second")
    assert await scene.dispatch_all() == ["delivered"]
    assert "Arrived" in (await rosa.get(receipt)).words
    kinds = [kind for kind, _ in await scene.rows(LedgerEntry.kind, LedgerEntry.id)]
    assert kinds.count("dispatch.withheld") == 1


async def test_a_consent_that_does_not_carry_it_lets_nothing_of_what_is_kept_leave(scene, rosa):
    address = (await fill(rosa, FILES[:2])).location
    await press(rosa, await rosa.get(address), address, "keep")
    await scene.consent(msgspec.structs.replace(FORM, recipients=("valley-clinic",)))
    assert await scene.dispatch_all() == ["held"]
    assert (await states(scene), scene.channel.received) == ([("lantern", "held", "consent")], [])


async def test_what_goes_is_sent_and_what_lacks_a_consent_is_kept_for_its_recipient_alone(scene, rosa):
    await scene.consent()
    address = (await fill(rosa, FILES[:1], recipient="lantern")).location
    assert "kept until" not in (await rosa.get(address)).words
    address = (await fill_two(rosa)).location
    seen = await rosa.get(address)
    assert "Kept for: Sunrise Plan." in seen.words
    assert "Send it now, and keep what waits for a consent" in seen.words
    await press(rosa, seen, address, "keep")
    assert sorted(await states(scene)) == [("lantern", "queued", None), ("sunrise", "held", "consent")]


async def test_notes_that_need_a_consent_of_their_own_do_not_keep_the_rest_from_waiting(scene, rosa):
    address = (await fill(rosa, FILES)).location
    await press(rosa, await rosa.get(address), address, "keep")
    await scene.consent()
    assert await scene.dispatch_all() == ["delivered"]
    assert {each.title for each in scene.channel.received[0].parcel.documents} == {"ASAM assessment", "Risk assessment"}


async def test_sent_without_keeping_nothing_waits(scene, rosa):
    await scene.consent()
    address = (await fill_two(rosa)).location
    await press(rosa, await rosa.get(address), address, "send")
    assert sorted(await states(scene)) == [("lantern", "queued", None), ("sunrise", "withheld", "denied")]


async def kept(rosa):
    """A packet that lacks a consent, kept; the address of its receipt."""
    address = (await fill(rosa, FILES[:2])).location
    return (await press(rosa, await rosa.get(address), address, "keep")).location


async def test_what_is_kept_is_taken_back_and_no_consent_revives_it(scene, rosa):
    receipt = await kept(rosa)
    await rosa.post(f"{receipt}/withdraw")
    assert "Taken back" in (await rosa.get(receipt)).words
    await scene.consent()
    assert (await scene.dispatch_all(), scene.channel.received) == ([], [])


async def test_what_is_kept_without_a_consent_becomes_work_of_its_compliance_office(scene, rosa):
    await kept(rosa)
    scene.hub.clock.ahead += scene.hub.no_consent_us
    await lacking.tell(scene.hub, scene.hub.clock.now(), "")
    assert await scene.rows(WorkItem.kind, WorkItem.organization_id) == [("no_consent", "harbor")]


async def fill_two(rosa):
    """To Lantern, whom the consent names, and to the plan, which it does not."""
    await rosa.get(NEW)
    data = aiohttp.FormData(quote_fields=False)
    recipients = [("recipient", "lantern"), ("recipient", "sunrise")]
    for name, value in [*recipients, ("cin", CIN), ("purpose", "treatment"), ("form_token", rosa.form_token)]:
        data.add_field(name, value)
    data.add_field("files", FILES[0][1], filename=FILES[0][0], content_type="application/octet-stream")
    return await rosa._seen("POST", NEW, data=data, headers={"Sec-Fetch-Site": "same-origin"})
