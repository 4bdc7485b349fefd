"""Counsel's choices change by two people, on the ledger, and at once for everything that is decided after."""

import asyncio
import json
from datetime import timedelta

import pytest

from hub import choices, views
from hub.errors import Conflict, Malformed, NotAvailable
from hub.explanations import explained
from hub.storage import consents, submissions, tokens
from hub.storage.directory import DirectoryStore
from hub.storage.facts import instant
from hub.storage.tables import ChoiceChange, DirectoryState, LedgerEntry
from policies import rules
from policies.choices import read_choices
from policies.findings import Prohibiting
from tests.api import an_api

ANA, OMAR = "county/ana", "county/omar"


async def changed(scene, doubt, answer):
    change = await choices.propose(scene.hub, doubt, answer, "counsel_opinion", by=ANA)
    await choices.confirm(scene.hub, change, by=OMAR)
    return change


async def answer(scene, doubt):
    return next(each.answer for each in await choices.listing(scene.hub) if each.doubt == doubt)


async def on_ledger(scene):
    rows = await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.body)
    return [(kind, json.loads(body)) for _, kind, body in rows if kind.startswith("policy.")]


async def edition(scene, submission):
    return (await submissions.last_decision(scene.hub.database, submission, "lantern")).record.edition


async def decided(scene, submission):
    found = await submissions.last_decision(scene.hub.database, submission, "lantern")
    return await views.decision(scene.hub, found.id, None)


async def orally_revoked(scene):
    await consents.revoke(scene.hub, await scene.consent(), how="oral", by="harbor")


async def test_whoever_proposes_a_change_cannot_confirm_it_and_nothing_changes(scene):
    change = await choices.propose(scene.hub, "D2", "written", "counsel_opinion", by=ANA)
    with pytest.raises(Conflict) as refused:
        await choices.confirm(scene.hub, change, by=ANA)
    assert refused.value.detail_code == "same-person"
    assert await answer(scene, "D2") == "stop"


async def test_a_confirmed_change_alters_the_very_next_decision(scene):
    await orally_revoked(scene)
    before = await scene.submit("before")
    assert scene.channel.received == []
    await changed(scene, "D2", "written")
    after = await scene.submit("after")
    assert "delivered" in await scene.dispatch_all()
    assert await edition(scene, before) == "89 FR 12472"
    assert await edition(scene, after) == "89 FR 12472; D2=written"


async def test_a_packet_that_waits_in_the_queue_is_decided_under_the_change(scene):
    await changed(scene, "D2", "written")
    await orally_revoked(scene)
    await scene.submit()
    await changed(scene, "D2", "stop")
    assert await scene.dispatch_all() == ["withheld"]
    assert scene.channel.received == []


async def test_an_intent_decided_before_the_change_cannot_commit_after_it(scene):
    await changed(scene, "D2", "written")
    await orally_revoked(scene)
    await scene.submit()
    prepare = scene.channel.prepare

    async def changed_meanwhile(parcel):
        await changed(scene, "D2", "stop")
        return await prepare(parcel)

    scene.channel.prepare = changed_meanwhile
    assert await scene.dispatch_all() == ["withheld"]
    assert scene.channel.received == []


async def test_a_decision_made_before_a_change_keeps_its_words_under_the_choices_of_its_day(scene):
    await orally_revoked(scene)
    before = await scene.submit("before")
    told = (await explained(scene.hub, await decided(scene, before)))["explanation"]
    await changed(scene, "D2", "written")
    assert (await explained(scene.hub, await decided(scene, before)))["explanation"] == told
    assert "The patient took the consent back. (§2.31(c)(3))" in told[0]["text"]


async def test_an_edition_that_begins_tomorrow_decides_from_tomorrow_on_and_explains_nothing_of_today(
    scene, monkeypatch
):
    hub = scene.hub
    tomorrow = instant(hub.clock.now()).astimezone(hub.zone).date() + timedelta(days=1)
    stricter = Prohibiting("pause", "2.98", rules.RECORDS, lambda _: lambda _matter, _permit: ("notice.missing",))
    monkeypatch.setattr(rules, "EDITIONS", (rules.FIRST, rules.amended(rules.FIRST, "tomorrow", tomorrow, (stricter,))))
    await scene.consent()
    before = await scene.submit("before")
    today = await decided(scene, before)
    hub.clock.ahead += 26 * 3600 * 1_000_000
    after = await scene.submit("after")
    assert (await edition(scene, before), await edition(scene, after)) == ("89 FR 12472", "tomorrow")
    assert await scene.dispatch_all() == ["withheld"]  # what waited is decided anew when it would leave
    assert await edition(scene, before) == "tomorrow"
    told = [(await explained(hub, each))["explanation"][0]["text"] for each in (today, await decided(scene, after))]
    assert "2.32(a)" not in told[0]
    assert "2.32(a)" in told[1]


async def test_a_restart_keeps_it_and_it_wins_over_what_was_installed(scene):
    await changed(scene, "D2", "written")
    await changed(scene, "D4", "permit")
    await changed(scene, "D4", "hold")
    installed = DirectoryStore(scene.hub.database, scene.hub.zone, read_choices("D4=permit,D5=notice"))
    assert str((await installed.current()).choices) == "D2=written,D5=notice"


async def test_another_process_has_it_with_its_next_reading(scene):
    other = DirectoryStore(scene.hub.database, scene.hub.zone)
    await other.current()
    await changed(scene, "D2", "written")
    assert str((await other.current()).choices) == "D2=written"


async def test_the_ledger_names_doubt_answer_and_both_people_and_the_history_stays(scene):
    first = await changed(scene, "D2", "written")
    second = await choices.propose(scene.hub, "D2", "stop", "correction", by=OMAR)
    await choices.refuse(scene.hub, second, by=ANA)
    third = await changed(scene, "D2", "stop")
    assert [(kind, body["doubt"], body["answer"], body["by"]) for kind, body in await on_ledger(scene)] == [
        ("policy.proposed", "D2", "written", ANA),
        ("policy.confirmed", "D2", "written", OMAR),
        ("policy.proposed", "D2", "stop", OMAR),
        ("policy.refused", "D2", "stop", ANA),
        ("policy.proposed", "D2", "stop", ANA),
        ("policy.confirmed", "D2", "stop", OMAR),
    ]
    d2 = next(each for each in await choices.listing(scene.hub) if each.doubt == "D2")
    states = [(each.id, each.state, each.settled_by) for each in d2.history]
    assert states == [(third, "in_force", OMAR), (second, "refused", ANA), (first, "superseded", OMAR)]


async def test_of_a_confirmation_and_a_refusal_at_once_only_one_counts(scene):
    change = await choices.propose(scene.hub, "D2", "written", "guidance", by=ANA)
    acts = (choices.confirm(scene.hub, change, by=OMAR), choices.refuse(scene.hub, change, by="county/compliance"))
    ended = await asyncio.gather(*acts, return_exceptions=True)
    assert sorted(type(each).__name__ for each in ended) == ["Conflict", "NoneType"]
    assert len(await on_ledger(scene)) == 2


async def test_every_change_raises_the_version_of_the_directory(scene):
    ((before,),) = await scene.rows(DirectoryState.version)
    change = await choices.propose(scene.hub, "D2", "written", "guidance", by=ANA)
    await choices.confirm(scene.hub, change, by=OMAR)
    ((after,),) = await scene.rows(DirectoryState.version)
    assert after == before + 2


@pytest.mark.parametrize(
    ("doubt", "given", "reason", "field"),
    [
        ("D8", "permit", "guidance", "doubt"),
        ("D2", "perhaps", "guidance", "answer"),
        ("D2", "written", "mood", "reason"),
    ],
)
async def test_what_there_is_not_is_not_proposed(scene, doubt, given, reason, field):
    with pytest.raises(Malformed) as refused:
        await choices.propose(scene.hub, doubt, given, reason, by=ANA)
    assert refused.value.field == field
    assert await scene.rows(ChoiceChange.id) == []


async def test_one_change_of_a_doubt_waits_at_a_time_and_what_is_in_force_is_not_proposed(scene):
    with pytest.raises(Conflict):
        await choices.propose(scene.hub, "D2", "stop", "guidance", by=ANA)
    await choices.propose(scene.hub, "D2", "written", "guidance", by=ANA)
    with pytest.raises(Conflict):
        await choices.propose(scene.hub, "D2", "written", "guidance", by=OMAR)
    with pytest.raises(NotAvailable):
        await choices.confirm(scene.hub, "0" * 32, by=OMAR)


async def test_over_http_a_second_token_confirms_and_one_that_the_first_issued_does_not(scene):
    asked = {"doubt": "D2", "answer": "written", "reason": "counsel_opinion"}
    first = await tokens.issue(scene.hub, "county", "admin", by="command-line", person="a.ruiz")
    own = await tokens.issue(scene.hub, "county", "compliance", by=f"county/{first.id}", person="j.doe")
    other = await tokens.issue(scene.hub, "county", "compliance", by="command-line", person="o.reed")
    async with an_api(scene.hub) as api:
        ana, anas, omar = (api.with_token(each.token) for each in (first, own, other))
        staff = await api.caller("harbor", "staff")
        assert (await staff("GET", "/v1/policy/choices")).status == 403
        assert (await staff("POST", "/v1/policy/choices", asked)).status == 403
        change = (await ana("POST", "/v1/policy/choices", asked)).json["id"]
        assert (await ana("POST", f"/v1/policy/choices/{change}/confirm")).status == 409
        assert (await anas("POST", f"/v1/policy/choices/{change}/confirm")).status == 409
        assert (await omar("POST", f"/v1/policy/choices/{change}/confirm")).status == 204
        shown = (await omar("GET", "/v1/policy/choices")).json
    assert shown["edition"] == "89 FR 12472; D2=written"
    d2 = next(each for each in shown["items"] if each["doubt"] == "D2")
    assert (d2["answer"], d2["since"]["proposed_by"]) == ("written", f"county/{first.id}")
