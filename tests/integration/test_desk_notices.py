"""A plan's coordinator calls whoever was discharged: who, when, how it ended; trying is not reaching."""

import re
from dataclasses import replace

import msgspec
import pytest

from hub.compliance.clocks import read_clocks
from hub.desk import call_clocks
from hub.storage import members
from hub.storage.database import Step, Unit
from hub.storage.facts import instant
from hub.storage.statements import Insert, columns_of
from hub.storage.tables import LedgerEntry, NoticeCall, Submission, Thread
from tests.api import an_api
from tests.desk import a_desk
from tests.scenes import FORM, NAME, a_scene

LIST = "/desk/notices"
DAY_US = 86_400_000_000


async def told(scene, key, kind, days):
    at = instant(scene.hub.clock.now() - days * DAY_US).isoformat()
    event = {"kind": kind, "at": at, "setting": "Third floor", "contact": "Ms. Odell, (707) 555-0101"}
    notice = {"recipients": ("sunrise",), "items": ({"information": "attendance"},), "event": event}
    await scene.submit(key, kind=f"{kind}_notice", **notice)
    assert await scene.dispatch_all() == ["delivered"]


@pytest.fixture
async def scene(migrated_url):
    """An admission, a discharge a day ago, and one ten days ago: the time to call is seven days."""
    async with a_scene(migrated_url) as scene:
        await scene.consent(msgspec.structs.replace(FORM, recipients=("sunrise",)))
        for key, kind, days in (("n1", "discharge", 10), ("n2", "admit", 3), ("n3", "discharge", 1)):
            await told(scene, key, kind, days)
        yield scene


@pytest.fixture
async def desk(scene):
    async with a_desk(scene.hub) as desk:
        yield desk


@pytest.fixture
async def cora(desk):
    return await desk.somebody("cora", "staff", organizations=("sunrise",))


async def listed(browser, call=""):
    return re.findall(r'href="(/desk/notices/[0-9a-f]{32})"', (await browser.get(f"{LIST}?call={call}")).text)


async def say(browser, address, outcome, **more):
    form = re.search(r'name="call" value="(\w+)"', (await browser.get(address)).text)[1]
    return await browser.post(address, {"call": form, "outcome": outcome, **more})


async def calls(scene):
    return [tuple(row) for row in await scene.rows(NoticeCall.recorded_at, NoticeCall.outcome, NoticeCall.mistaken_by)]


async def test_what_is_still_owed_is_found_and_what_was_missed_is_still_owed(cora):
    newest, admitted, oldest = await listed(cora)
    assert await listed(cora, "open") == [newest, oldest]
    assert await listed(cora, "done") == await listed(cora, "tried") == []
    words = (await cora.get(LIST)).words
    assert (words.count("due in"), words.count("late")) == (1, 1)
    seen = (await cora.get(admitted)).words
    assert "I called" not in seen
    assert "No call is asked for" in seen


async def test_a_notice_says_where_it_was_whom_to_ask_and_a_number_that_can_be_dialled(scene, cora):
    facts = msgspec.structs.replace(await members.facts_of(scene.hub, scene.member), phone="+17075550177")
    await members.change_facts(scene.hub, scene.member, facts, by="harbor")
    for address in await listed(cora):
        seen = await cora.get(address)
        assert "Where: Third floor" in seen.words
        assert "For questions: Ms. Odell, (707) 555-0101" in seen.words
        assert '<a href="tel:+17075550177"><strong>(707) 555-0177</strong></a>' in seen.text


async def test_a_plans_day_begins_with_its_notices_and_that_of_whoever_treats_with_its_referrals(desk, cora):
    iris = await desk.somebody("iris", "staff", organizations=("lantern",))
    assert [(await each.get("/desk/")).location for each in (cora, iris)] == [LIST, "/desk/referrals"]


@pytest.mark.parametrize("outcome", ["voicemail", "no_answer", "wrong_number"])
async def test_trying_is_kept_and_does_not_end_the_clock(scene, cora, outcome):
    newest, *_ = await listed(cora, "open")
    assert (await say(cora, newest, outcome)).status == 303
    assert await listed(cora, "tried") == [newest]
    seen = (await cora.get(newest)).words
    assert "calls tried: 1" in seen
    assert "due in" in seen
    assert [outcome for _, outcome, _ in await calls(scene)] == [outcome]


async def test_reaching_the_person_ends_the_clock_and_who_when_and_how_is_on_the_ledger(scene, cora):
    newest, *_ = await listed(cora, "open")
    answer = await say(cora, newest, "reached")
    seen = (await cora.get(answer.location)).words
    assert "The call is kept." in seen
    assert "Called" in seen
    assert "due in" not in seen
    assert "I called again" in seen
    assert "Cora" in seen
    assert newest not in await listed(cora, "open")
    assert await listed(cora, "done") == [newest]
    rows = await scene.rows(
        LedgerEntry.id, LedgerEntry.kind, LedgerEntry.member_id, LedgerEntry.reference, LedgerEntry.body
    )
    ((member, reference, body),) = [
        (m, r, msgspec.json.decode(b)) for _, kind, m, r, b in rows if kind == "notice.called"
    ]
    assert (member, reference) == (scene.member, newest.rpartition("/")[2])
    assert (body["outcome"], body["by"]) == ("reached", f"sunrise/{cora.person}")


async def test_two_clicks_are_one_call(scene, cora):
    newest, *_ = await listed(cora, "open")
    form = re.search(r'name="call" value="(\w+)"', (await cora.get(newest)).text)[1]
    for _ in range(2):
        assert (await cora.post(newest, {"call": form, "outcome": "no_answer"})).status == 303
    assert len(await calls(scene)) == 1


async def test_a_form_that_was_found_again_loses_no_call_in_silence(scene, cora):
    newest, *_ = await listed(cora, "open")
    form = re.search(r'name="call" value="(\w+)"', (await cora.get(newest)).text)[1]
    await cora.post(newest, {"call": form, "outcome": "no_answer"})
    other = await cora.post(newest, {"call": form, "outcome": "reached"})
    scene.hub.clock.ahead += 120_000_000
    later = await cora.post(newest, {"call": form, "outcome": "no_answer"})
    for seen in (other, later):
        assert (seen.status, "If you called again, press how it ended once more" in seen.words) == (409, True)
    assert [outcome for _, outcome, _ in await calls(scene)] == ["no_answer"]
    form = re.search(r'name="call" value="(\w+)"', later.text)[1]
    assert (await cora.post(newest, {"call": form, "outcome": "reached"})).status == 303
    assert newest in await listed(cora, "done")


async def test_a_call_entered_by_mistake_stays_and_does_not_count(scene, cora):
    newest, *_ = await listed(cora, "open")
    await say(cora, newest, "reached")
    taken_back = re.search(r'action="(\S+/mistake)"', (await cora.get(newest)).text)[1]
    for _ in range(2):
        assert (await cora.post(taken_back)).status == 303
    seen = (await cora.get(newest)).words
    assert "Entered by mistake, says Cora" in seen
    assert "due in" in seen
    assert newest in await listed(cora, "open")
    assert [mistaken for _, _, mistaken in await calls(scene)] == [f"sunrise/{cora.person}"]
    kinds = [kind for _, kind in await scene.rows(LedgerEntry.id, LedgerEntry.kind)]
    assert kinds.count("notice.call_mistaken") == 1


async def test_an_earlier_call_counts_from_when_it_was_and_none_lies_before_the_discharge_or_ahead(scene, cora):
    newest, oldest = await listed(cora, "open")

    def local(days):
        at = instant(scene.hub.clock.now() - int(days * DAY_US)).astimezone(scene.hub.zone)
        return f"{at:%Y-%m-%dT%H:%M}"

    for wrong in (local(11), local(-1), "yesterday", "2026-01-01T10:00+00:00"):
        refused = await say(cora, oldest, "reached", at=wrong)
        assert (refused.status, "between the discharge and now" in refused.words) == (400, True)
    assert (await say(cora, oldest, "reached", at=local(5))).status == 303
    assert "(late)" not in (await cora.get(oldest)).words
    assert (await say(cora, newest, "shouted")).status == 400
    assert await listed(cora, "open") == [newest]


async def test_a_call_after_the_time_is_late_and_still_made(cora):
    _, oldest = await listed(cora, "open")
    await say(cora, oldest, "reached")
    assert "(late)" in (await cora.get(oldest)).words


async def test_a_county_may_let_a_voicemail_count(scene, tmp_path):
    own = tmp_path / "clocks.yaml"
    own.write_text('notice.call: [{since: 2025-11-01, days: 2, met_by: [reached, voicemail], law: "ours"}]')
    duties = msgspec.structs.replace(scene.hub.duties, clocks=read_clocks(own))
    async with a_desk(replace(scene.hub, duties=duties)) as desk:
        cora = await desk.somebody("cora", "staff", organizations=("sunrise",))
        newest, *_ = await listed(cora, "open")
        await say(cora, newest, "voicemail")
        assert await listed(cora, "done") == [newest]


async def test_a_notice_of_another_organization_looks_like_none_and_its_title_names_nobody(desk, cora):
    newest, *_ = await listed(cora)
    sol = await desk.somebody("sol", "staff", organizations=("lantern",))
    assert (await sol.get(newest)).status == 404
    assert (await sol.post(newest, {"call": "0" * 32, "outcome": "reached"})).status == 404
    assert NAME[1] not in re.search(r"<title>(.*?)</title>", (await cora.get(newest)).text)[1]


async def test_it_is_read_in_spanish(cora):
    newest, *_ = await listed(cora, "open")
    await cora.post("/desk/language", {"to": "es", "back": LIST})
    assert "Falta una llamada" in (await cora.get(LIST)).words
    assert "Hablé con la persona" in (await cora.get(newest)).words


@pytest.fixture
async def api(scene):
    async with an_api(scene.hub) as api:
        yield api


async def test_a_plans_own_system_reads_what_is_owed_and_says_how_a_call_ended(scene, api, cora):
    plan = await api.caller("sunrise")
    found = (await plan("GET", "/v1/notices?call=open")).json["items"]
    assert [f"{LIST}/{each['id']}" for each in found] == await listed(cora, "open")
    newest = found[0]
    assert (newest["event"], newest["sender"], newest["met_by"], newest["met_at"]) == (
        "discharge",
        "harbor",
        ["reached"],
        None,
    )
    assert newest["due_at"] > scene.hub.clock.now()
    assert not {scene.member, *NAME} & set(str(found).replace("'", " ").split())
    place = f"/v1/notices/{newest['id']}"
    at = instant(scene.hub.clock.now() - 60_000_000).isoformat()
    for _ in range(2):
        made = await plan("POST", f"{place}/calls", {"outcome": "reached", "at": at}, headers={"Idempotency-Key": "c1"})
        assert (made.status, made.headers["Location"]) == (201, place)
    assert len(await calls(scene)) == 1
    other = await plan("POST", f"{place}/calls", {"outcome": "no_answer"}, headers={"Idempotency-Key": "c1"})
    assert (other.status, other.json["code"]) == (409, "idempotency-key-reused")
    seen = (await plan("GET", place)).json
    assert seen["met_at"] == seen["calls"][0]["at"]
    assert newest["id"] in str((await plan("GET", "/v1/notices?call=done")).json)
    taken_back = f"{place}/calls/{seen['calls'][0]['id']}/mistake"
    assert [(await plan("POST", taken_back)).status for _ in range(2)] == [204, 409]
    assert (await plan("GET", place)).json["met_at"] is None


async def test_what_a_call_cannot_be_is_refused_over_http(scene, api):
    plan = await api.caller("sunrise")
    newest, admitted, _ = (await plan("GET", "/v1/notices")).json["items"]
    place, key = f"/v1/notices/{newest['id']}/calls", {"Idempotency-Key": "c1"}
    ahead = instant(scene.hub.clock.now() + DAY_US).isoformat()
    for body, code in (
        ({"outcome": "shouted"}, "malformed"),
        ({"outcome": "reached", "at": ahead}, "malformed"),
        ({"outcome": "reached", "at": "2026-03-06T09:00"}, "malformed"),
        ({"outcome": "reached", "said": "she is well"}, "malformed"),
    ):
        refused = await plan("POST", place, body, headers=key)
        assert (refused.status, refused.json["code"]) == (400, code), body
    assert (await plan("POST", place, {"outcome": "reached"})).json["code"] == "idempotency-key-missing"
    none_owed = await plan("POST", f"/v1/notices/{admitted['id']}/calls", {"outcome": "reached"}, headers=key)
    assert (none_owed.status, none_owed.json["code"]) == (409, "nothing-owed")
    for address in ("/v1/notices?call=never", "/v1/notices?before=%00", "/v1/notices/%00"):
        assert (await plan("GET", address)).json["code"] == "malformed", address
    assert await calls(scene) == []


async def test_another_organizations_notice_and_none_are_the_same_answer(scene, api):
    (newest, *_), stranger = (
        (await (await api.caller("sunrise"))("GET", "/v1/notices")).json["items"],
        await api.caller("lantern"),
    )
    assert (await stranger("GET", "/v1/notices")).json["items"] == []
    for path, body in (("", None), ("/calls", {"outcome": "reached"}), ("/calls/c/mistake", None)):
        answers = {
            (answer.status, answer.body)
            for each in (newest["id"], "0" * 32)
            for answer in [await stranger("POST" if path else "GET", f"/v1/notices/{each}{path}", body)]
        }
        assert len(answers) == 1
        assert next(iter(answers))[0] == 404


async def charted(browser):
    """Met and missed calls after discharges, as the chart of clocks has them."""
    words = (await browser.get("/desk/charts?days=90")).words
    found = re.search(r"Call after a discharge \D*(\d+) \D*(\d+)", words)
    return (int(found[1]), int(found[2])) if found else None


async def test_calls_made_in_time_late_and_never_are_in_the_chart_of_clocks_for_who_was_told(scene, desk, cora):
    ana = await desk.somebody("ana", "compliance", organizations=("sunrise",))
    lea = await desk.somebody("lea", "compliance", organizations=("lantern",))
    newest, oldest = await listed(cora, "open")
    assert await charted(ana) == (0, 1), "one is missed, the other still runs"
    await say(cora, newest, "voicemail")
    assert await charted(ana) == (0, 1)
    await say(cora, newest, "reached")
    assert await charted(ana) == (1, 1)
    await say(cora, oldest, "reached")
    assert await charted(ana) == (1, 1), "late is missed"
    taken_back = re.search(r'action="(\S+/mistake)"', (await cora.get(newest)).text)[1]
    await cora.post(taken_back)
    assert await charted(ana) == (0, 1)
    assert await charted(await desk.somebody("omar", "compliance")) == (0, 1)
    assert await charted(lea) is None


async def test_calls_of_discharges_that_are_not_counted_are_not_read(scene, desk, cora, monkeypatch):
    """A year of them would be held in memory for nothing."""
    ana = await desk.somebody("ana", "compliance", organizations=("sunrise",))
    newest, oldest = await listed(cora, "open")
    for notice in (newest, oldest):
        await say(cora, notice, "reached")
    read, survey = [], scene.hub.database.survey

    async def counted(statement):
        rows = await survey(statement)
        read.extend(row for row in rows if "reached" in row)
        return rows

    monkeypatch.setattr(scene.hub.database, "survey", counted)
    assert (await charted(ana), len(read)) == ((1, 1), 2)
    read.clear()
    monkeypatch.setattr(call_clocks, "MOST", 1)
    assert "Call after a discharge (of the newest 1)" in (await ana.get("/desk/charts?days=90")).words
    assert len(read) == 1


async def test_what_was_told_and_is_not_so_and_what_is_too_many_is_not_counted(scene, desk, cora, monkeypatch):
    ana = await desk.somebody("ana", "compliance", organizations=("sunrise",))
    await told(scene, "n4", "discharge", 9)
    assert await charted(ana) == (0, 2)
    monkeypatch.setattr(call_clocks, "MOST", 1)
    assert "Call after a discharge (of the newest 1)" in (await ana.get("/desk/charts?days=90")).words
    monkeypatch.undo()
    add = Insert(Thread, columns_of(Thread))
    taken_back = [Step(add, (b"visit", each, "discharge", "arrival")) for (each,) in await scene.rows(Submission.id)]
    await scene.hub.database.commit(Unit((), tuple(taken_back)))
    assert await charted(ana) is None
