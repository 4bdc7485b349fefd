"""The disclosure log at the desk: what it shows to whom, how it is searched, and that every look leaves an entry."""

import re

import msgspec
import pytest
from sqlmodel import select

from hub import exchange
from hub.desk import log, projection
from hub.desk.log import Wanted
from hub.ledger.sequencer import Sequencer
from hub.people.accounts import EVERYBODY
from hub.storage import consents
from hub.storage.statements import Returning
from hub.storage.tables import LedgerEntry, LogCount, LogRow
from tests.scenes import CIN, NAME, handed


async def sequenced(scene):
    await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
    await projection.catch_up(scene.hub)


async def played(scene):
    """One disclosure to Lantern, one refusal to the plan, which the consent does not name."""
    await scene.consent()
    await scene.submit(recipients=("lantern", "sunrise"))
    await scene.dispatch_all()
    await sequenced(scene)


async def found(scene, scope=None, **wanted):
    return [(row["recipient"], row["outcome"]) for row in (await log.page(scene.hub, Wanted(**wanted), scope)).rows]


async def test_a_disclosure_and_a_refusal_are_a_row_each_newest_first(scene):
    await played(scene)
    assert await found(scene) == [("lantern", "disclosed"), ("sunrise", "withheld")]


@pytest.mark.parametrize(
    ("wanted", "recipients"),
    [
        ({"recipient": "lantern"}, ["lantern"]),
        ({"program": "harbor"}, ["lantern", "sunrise"]),
        ({"channel": "api"}, ["lantern"]),
        ({"purpose": "treatment"}, ["lantern", "sunrise"]),
        ({"basis": "consent"}, ["lantern"]),
        ({"paragraph": "2.31(a)(4)"}, ["sunrise"]),
        ({"outcome": "withheld"}, ["sunrise"]),
        ({"outcome": "withheld", "recipient": "lantern"}, []),
        ({"member": "nobody"}, []),
        ({"since": 0}, ["lantern", "sunrise"]),
        ({"until": 1}, []),
    ],
)
async def test_each_filter_narrows(scene, wanted, recipients):
    await played(scene)
    assert [recipient for recipient, _ in await found(scene, **wanted)] == recipients


async def test_what_becomes_known_later_changes_the_row_and_its_count_and_not_its_place(scene):
    await scene.consent()
    await scene.submit()
    tickets = await scene.rows(LogRow.position)
    assert tickets == []
    await sequenced(scene)
    await scene.dispatch_all()
    await sequenced(scene)
    ((position, outcome),) = await scene.rows(LogRow.position, LogRow.outcome)
    assert outcome == "disclosed"
    confirmed = "UPDATE disclosure SET state = 'unknown' RETURNING 1"
    await scene.hub.database.returning(Returning(confirmed, confirmed), ())
    again = "UPDATE log_state SET position = 0 RETURNING 1"
    await scene.hub.database.returning(Returning(again, again), ())
    await sequenced(scene)
    assert await scene.rows(LogRow.position, LogRow.outcome) == [(position, "unknown")]
    counts = await scene.rows(LogCount.outcome, LogCount.n)
    assert sorted(counts) == [("disclosed", 0), ("unknown", 1)]


async def test_what_was_held_and_let_go_says_so(scene):
    consent = await scene.consent(verified=False)
    await scene.submit()
    await sequenced(scene)
    assert await found(scene) == [("lantern", "held")]
    await consents.verify(scene.hub, consent, by="harbor/second")
    await scene.dispatch_all()
    await sequenced(scene)
    assert await found(scene) == [("lantern", "disclosed"), ("lantern", "released")]


async def test_pages_follow_each_other_without_gap_or_repeat_under_any_filter(scene, monkeypatch):
    monkeypatch.setattr(log, "WALK", 3)
    monkeypatch.setattr(log, "PATIENCE_S", 0.0)
    monkeypatch.setattr(log, "PROBE", 2)
    await scene.consent()
    for number in range(12):
        await scene.submit(f"k{number}", recipients=("lantern", "valley-clinic") if number % 4 else ("sunrise",))
    await scene.dispatch_all()
    await sequenced(scene)
    for wanted in ({}, {"recipient": "sunrise"}, {"recipient": "lantern", "purpose": "treatment"}):
        for scope in (None, frozenset({"harbor"}), frozenset({"lantern", "valley-clinic"})):
            whole = await log.page(scene.hub, Wanted(**wanted, limit=1000), scope)
            positions, before = [], None
            for _ in range(40):
                page = await log.page(scene.hub, Wanted(**wanted, limit=2, before=before), scope)
                positions += [row["position"] for row in page.rows]
                if (before := page.next) is None:
                    break
            else:
                pytest.fail("the pages do not end")
            assert positions == sorted(set(positions), reverse=True)
            assert len(positions) >= len(whole.rows)


async def test_a_program_sees_what_it_disclosed_and_a_recipient_what_reached_it(scene):
    await played(scene)
    assert await found(scene, frozenset({"harbor"})) == [("lantern", "disclosed"), ("sunrise", "withheld")]
    assert await found(scene, frozenset({"lantern"})) == [("lantern", "disclosed")]
    assert await found(scene, frozenset({"sunrise"})) == []
    assert await found(scene, frozenset({"valley-clinic"})) == []


async def test_every_page_of_another_organization_looks_like_none(scene, desk):
    await played(scene)
    stranger = await desk.somebody("sol", "compliance", organizations=("sunrise",))
    rows = await scene.rows(LogRow.position)
    for (position,) in rows:
        for page in ("", "/verify", "/proof/1", "/paper/x"):
            real, made_up = (
                await stranger.get(f"/desk/log/{position}{page}"),
                await stranger.get(f"/desk/log/9999{page}"),
            )
            assert (real.status, real.text) == (made_up.status, made_up.text)
            assert real.status == 404
        assert (await stranger.post(f"/desk/log/{position}/person")).status == 404
    listed = (await stranger.get("/desk/log")).text
    assert scene.member not in listed
    assert "data-row" not in listed
    for what in (CIN, scene.member):
        assert (await stranger.post("/desk/find", {"what": what})).status == 404


async def test_a_cin_finds_the_person_and_stands_in_no_address(scene, desk):
    await played(scene)
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.post("/desk/find", {"what": f" {CIN.lower()} "})
    assert seen.location == f"/desk/log?member={scene.member}"
    assert (await ana.post("/desk/find", {"what": "09999999Z"})).status == 404


@pytest.mark.parametrize(
    "written",
    ["Marisol Quintanar 1988-04-11", "quintanar, marisol 4/11/1988", "MARISOL  QUINTANAR, 04/11/1988"],
)
async def test_a_name_with_a_birth_date_finds_the_person_and_stands_in_no_address(scene, desk, written):
    await played(scene)
    ana = await desk.somebody("ana", "compliance")
    sol = await desk.somebody("sol", "compliance", organizations=("sunrise",))
    assert (await ana.post("/desk/find", {"what": written})).location == f"/desk/log?member={scene.member}"
    assert (await sol.post("/desk/find", {"what": written})).status == 404


@pytest.mark.parametrize(
    "written", ["Marisol Quintanar 1988-04-12", "Marisol Quintanar 13/45/1988", "1988-04-11", "Marisol"]
)
async def test_another_birth_date_or_none_finds_nobody(scene, desk, written):
    await played(scene)
    ana = await desk.somebody("ana", "compliance")
    assert (await ana.post("/desk/find", {"what": written})).status == 404


async def test_two_people_of_one_name_and_day_are_both_offered(scene, desk):
    await played(scene)
    first = scene.member
    await scene.next_member()
    await scene.submit("k9")
    await sequenced(scene)
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.post("/desk/find", {"what": "Marisol Quintanar 1988-04-11"})
    assert seen.status == 200
    assert first in seen.text
    assert scene.member in seen.text


async def test_an_entry_tells_the_whole_story(scene, desk):
    await played(scene)
    ana = await desk.somebody("ana", "compliance")
    listed = await ana.get("/desk/log?outcome=disclosed")
    seen = await ana.get(re.search(r'href="(/desk/log/\d+)"', listed.text)[1])
    for words in (
        "Harbor House disclosed assessment to Lantern Outpatient for treatment, by API",
        "§2.33(a)(1)",
        "Until the end of December 31, 2099, Harbor House may tell",
        "Decided: all of it may go",
        "The notice went with it §2.32(a)",
        "about to be disclosed",
    ):
        assert words in seen.words, words
    assert NAME[1] not in seen.text


async def test_the_entry_of_a_refusal_says_what_would_let_it_go(scene, desk):
    await played(scene)
    ana = await desk.somebody("ana", "compliance")
    listed = await ana.get("/desk/log?outcome=withheld")
    seen = await ana.get(re.search(r'href="(/desk/log/\d+)"', listed.text)[1])
    assert "A rule kept it." in seen.words
    assert "What would let it go" in seen.words


async def test_a_consent_is_shown_as_it_stood_and_what_became_of_it(scene, desk):
    consent = await scene.consent()
    await scene.submit()
    await scene.dispatch_all()
    scene.hub.clock.ahead += 60_000_000
    await consents.revoke(scene.hub, consent, how="written", by="harbor")
    await sequenced(scene)
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.get(re.search(r'href="(/desk/log/\d+)"', (await ana.get("/desk/log")).text)[1])
    assert "Harbor House may tell" in seen.words
    assert re.search(r"Since then revoked", seen.words)
    assert "The consent signed on Jan 15, 2026 covers it." in seen.words
    assert f"Number {consent}" in seen.words


async def test_verify_now_proves_the_entries_and_a_changed_decision_is_told(scene, desk):
    await played(scene)
    ana = await desk.somebody("ana", "compliance")
    position = (await scene.rows(LogRow.position))[0][0]
    seen = await ana.get(f"/desk/log/{position}/verify")
    assert "Nothing was changed" in seen.words
    edited = "UPDATE decision SET body = replace(body, 'treatment', 'payment') RETURNING 1"
    await scene.hub.database.returning(Returning(edited, edited), ())
    seen = await ana.get(f"/desk/log/{position}/verify")
    assert "The stored decision is not the one that was recorded" in seen.words


async def test_a_changed_ledger_entry_does_not_verify(scene, desk):
    await played(scene)
    ana = await desk.somebody("ana", "compliance")
    position = (await scene.rows(LogRow.position))[-1][0]
    edited = "UPDATE ledger_entry SET at = at + 1 WHERE kind = 'disclosure.intended' RETURNING 1"
    await scene.hub.database.returning(Returning(edited, edited), ())
    assert "This does not verify" in (await ana.get(f"/desk/log/{position}/verify")).words


async def test_every_look_at_a_persons_data_is_on_the_ledger(scene, desk):
    await played(scene)
    ana = await desk.somebody("ana", "compliance")
    position = (await scene.rows(LogRow.position))[0][0]
    await ana.get("/desk/log")
    await ana.get(f"/desk/log?member={scene.member}")
    await ana.get(f"/desk/log/{position}")
    who = await ana.post(f"/desk/log/{position}/person")
    assert NAME[1] in who.text
    rows = await scene.hub.database.query(
        select(LedgerEntry.member_id, LedgerEntry.body)
        .where(LedgerEntry.kind == "access.viewed")
        .order_by(LedgerEntry.id)
    )
    bodies = [(member, msgspec.json.decode(body)) for member, body in rows]
    assert [(member, body["what"]) for member, body in bodies] == [
        (scene.member, "log"), (scene.member, "log"), (scene.member, "entry"), (scene.member, "member"),
    ]  # fmt: skip
    assert {body["by"] for _, body in bodies} == {f"county/{ana.person}"}
    assert len(bodies[0][1]["rows"]) == 2


async def test_a_list_about_nobody_writes_nothing(scene, desk):
    await played(scene)
    ana = await desk.somebody("ana", "compliance")
    await ana.get("/desk/log?member=nobody-here")
    rows = await scene.hub.database.query(select(LedgerEntry.id).where(LedgerEntry.kind == "access.viewed"))
    assert rows == []


async def test_saved_views_are_ones_own_and_named_by_their_filters(scene, desk):
    await played(scene)
    ana, leo = await desk.somebody("ana", "compliance"), await desk.somebody("leo", "auditor")
    assert (await ana.post("/desk/log/views", {"channel": "fax", "outcome": "disclosed"})).status == 303
    assert "Fax · Disclosed" in (await ana.get("/desk/log")).words
    assert "Fax · Disclosed" not in (await leo.get("/desk/log")).words


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "before=x", "program=" + "a" * 65, "member=%01", "since=0000-00-00", "paragraph=%3Cscript%3E"],
)
async def test_a_filter_that_is_none_is_said_and_nothing_breaks(scene, desk, query):
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.get(f"/desk/log?{query}")
    assert seen.status == 400
    assert "<script>" not in seen.text
    assert "This part of the filter says nothing" in seen.words
    assert "Esta parte del filtro no dice nada" in (await ana.get(f"/desk/log?{query}&lang=es")).words


async def test_what_happened_within_the_last_days_is_one_click_away(scene, desk):
    await played(scene)
    ana = await desk.somebody("ana", "compliance")
    (week,) = re.findall(
        r'href="(/desk/log\?outcome=disclosed&amp;since=[\d-]+)">Last 7 days',
        (await ana.get("/desk/log?outcome=disclosed")).text,
    )
    seen = await ana.get(week.replace("&amp;", "&"))
    assert "Lantern Outpatient" in seen.words
    assert 'aria-current="true">Last 7 days' in seen.text
    assert re.search(r"From day: [A-Z][a-z]{2} \d{1,2}, \d{4} ×", seen.words), "a day is written as people write it"
    scene.hub.clock.ahead += 7 * 86_400_000_000
    zoe = await desk.somebody("zoe", "compliance")  # the other's session is over
    (week,) = re.findall(r'href="(/desk/log\?since=[\d-]+)">Last 7 days', (await zoe.get("/desk/log")).text)
    assert "<tbody>" in (await zoe.get("/desk/log")).text
    assert "<tbody>" not in (await zoe.get(week)).text


async def test_the_log_is_read_in_spanish(scene, desk):
    await played(scene)
    ana = await desk.somebody("ana", "compliance", organizations=("county", EVERYBODY))
    await ana.post("/desk/language", {"to": "es", "back": "/desk/log"})
    seen = await ana.get("/desk/log")
    assert 'lang="es"' in seen.text
    assert "Divulgado" in seen.words
    assert "El consentimiento no llega" in seen.words or "El consentimiento no" in seen.words


async def test_a_submission_without_a_known_member_is_a_row_without_one(scene):
    await exchange.submit(scene.hub, handed("no-such-member"))
    await sequenced(scene)
    ((member, outcome),) = await scene.rows(LogRow.member_id, LogRow.outcome)
    assert (member, outcome) == (None, "withheld")


async def test_who_looked_at_a_person_is_shown_and_that_is_a_look_too(scene, desk):
    await played(scene)
    ana, leo = await desk.somebody("ana", "compliance"), await desk.somebody("leo", "auditor")
    await ana.get(f"/desk/log?member={scene.member}")
    seen = await leo.get(f"/desk/looked/{scene.member}")
    assert "Ana the list of disclosures" in seen.words
    assert "Leo" not in seen.words.replace("Leo Auditor", "").replace("Printed by Leo", "")
    assert "Leo who looked" in (await ana.get(f"/desk/looked/{scene.member}")).words


async def test_within_a_scope_only_its_own_peoples_looks_are_shown(scene, desk):
    await played(scene)
    ana = await desk.somebody("ana", "compliance")
    hana = await desk.somebody("hana", "privacy", organizations=("harbor",))
    sol = await desk.somebody("sol", "privacy", organizations=("sunrise",))
    await ana.get(f"/desk/log?member={scene.member}")
    assert "Ana" not in (await hana.get(f"/desk/looked/{scene.member}")).words
    assert (await sol.get(f"/desk/looked/{scene.member}")).status == 404


async def test_who_looked_is_read_a_page_at_a_time(scene, desk, monkeypatch):
    monkeypatch.setattr("hub.web.desk.looked.PAGE", 2)
    await played(scene)
    ana = await desk.somebody("ana", "compliance")
    for _ in range(3):
        await ana.get(f"/desk/log?member={scene.member}")
    path, pages = f"/desk/looked/{scene.member}", []
    while path and len(pages) < 5:
        seen = await ana.get(path)
        pages.append(seen.text.count("the list of disclosures"))
        following = re.search(r'<a href="([^"]*)" rel="next"', seen.text)
        path = following and following[1]
    assert sum(pages) == 3
    assert pages == [2, 1]
    assert (await ana.get(f"/desk/looked/{scene.member}?before=x")).status == 404
