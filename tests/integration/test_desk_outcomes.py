"""What became of a packet, told apart in the log: withheld by a rule, waiting, ended without a consent, taken back."""

import json
import re

import pytest
from sqlmodel import select

from hub.compliance import attempts
from hub.desk import counts, log, projection, story
from hub.desk.log import Wanted
from hub.inbound.shares import shares_of, stop
from hub.ledger.sequencer import Sequencer
from hub.model import Deferred
from hub.storage.statements import Returning
from hub.storage.tables import LogCount, Outbox, WorkItem
from hub.waiting import items, lacking, withdrawal
from hub.workers.second_look import look_again
from tests.desk import a_desk

WHO = {"organization": "harbor", "by": "harbor/pat"}
DAY_US = 86_400_000_000
ALL = ["disclosed", "no_consent", "released", "waiting", "withdrawn", "withheld"]


async def read(scene):
    await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
    await projection.catch_up(scene.hub)


async def found(scene, **wanted):
    await read(scene)
    return [(row["recipient"], row["outcome"]) for row in (await log.page(scene.hub, Wanted(**wanted), None)).rows]


async def totals(scene, scope=None):
    await read(scene)
    today = projection.day_number(scene.hub, scene.hub.clock.now())
    return dict(await counts.totals(scene.hub, "outcome", today - 7, today, Wanted(), scope))


async def test_what_is_kept_for_a_consent_waits_and_what_is_not_is_withheld(scene):
    await scene.submit("k1", hold_for_consent=True)
    await scene.submit("k2")
    assert await found(scene) == [("lantern", "withheld"), ("lantern", "waiting")]
    assert await found(scene, outcome="waiting") == [("lantern", "waiting")]
    assert await totals(scene) == {"waiting": 1, "withheld": 1}


async def test_the_consent_that_comes_lets_it_go_and_nothing_waits_any_more(scene):
    await scene.submit("k1", hold_for_consent=True)
    await read(scene)
    await scene.consent()
    assert await scene.dispatch_all() == ["delivered"]
    assert await found(scene) == [("lantern", "disclosed"), ("lantern", "released")]
    assert await totals(scene) == {"disclosed": 1, "released": 1}


async def test_a_consent_that_nobody_has_verified_makes_it_wait_for_a_person(scene):
    await scene.submit("k1", hold_for_consent=True)
    await scene.consent(verified=False)
    await scene.dispatch_all()
    assert await found(scene) == [("lantern", "held")]


async def let_be(scene):
    scene.hub.clock.ahead += DAY_US
    await lacking.tell(scene.hub, scene.hub.clock.now(), "")
    ((work,),) = await scene.rows(WorkItem.id)
    await items.close(scene.hub, work, "let_be", organization="harbor", by="harbor/ana")


async def test_what_a_person_lets_be_ended_for_lack_of_a_consent(scene):
    await scene.submit("k1", hold_for_consent=True)
    await let_be(scene)
    assert await found(scene) == [("lantern", "no_consent")]


async def test_what_its_sender_takes_back_is_told_apart_from_what_a_rule_withheld(scene):
    await scene.submit("k1", hold_for_consent=True)
    await scene.consent()
    packet = await scene.submit("k2", recipients=("lantern", "sunrise"))
    first = (await scene.rows(Outbox.submission_id))[0][0]
    for each in (first, packet):
        await withdrawal.withdraw(scene.hub, each, **WHO)
    assert sorted(await found(scene)) == [
        ("lantern", "withdrawn"), ("lantern", "withdrawn"), ("sunrise", "withheld"),
    ]  # fmt: skip


async def test_what_could_not_be_delivered_and_was_taken_back_is_one_row(scene):
    await scene.consent()
    packet = await scene.submit("k1")
    scene.channel.answers.append(Deferred(code="busy"))
    assert await scene.dispatch_all() == ["queued"]
    assert await found(scene) == [("lantern", "not_disclosed")]
    await withdrawal.withdraw(scene.hub, packet, **WHO)
    assert await found(scene) == [("lantern", "withdrawn")]


@pytest.mark.parametrize(
    ("why", "outcome"), [("retracted", "withdrawn"), ("superseded", "withdrawn"), ("restricted", "withheld")]
)
async def test_what_a_message_stops_before_it_leaves_is_told_whether_it_was_queued_or_waited(scene, why, outcome):
    waits = await scene.submit("k1", hold_for_consent=True, recipients=("sunrise",))
    await scene.consent()
    queued = await scene.submit("k2")
    for each in (waits, queued):
        await stop(scene.hub, await shares_of(scene.hub, each), why, "arrival")
    assert await found(scene) == [("lantern", outcome), ("sunrise", outcome)]


async def everything(scene):
    """One of each."""
    waits = await scene.submit("k1", hold_for_consent=True, recipients=("valley-clinic",))
    await let_be(scene)
    await scene.submit("k2", hold_for_consent=True, recipients=("sunrise",))
    await scene.submit("k3", hold_for_consent=True)
    await scene.consent()
    await scene.submit("k4", recipients=("sunrise",))
    back = await scene.submit("k5")
    await withdrawal.withdraw(scene.hub, back, **WHO)
    await scene.dispatch_all()
    return waits


async def test_the_log_read_again_from_the_ledger_says_and_counts_the_same(scene):
    await everything(scene)
    first, counted = await found(scene), await totals(scene)
    assert sorted(counted) == ALL
    assert set(counted.values()) == {1}
    again = "UPDATE log_state SET position = 0 RETURNING 1"
    await scene.hub.database.returning(Returning(again, again), ())
    assert (await found(scene), await totals(scene)) == (first, counted)
    rows = await scene.hub.database.query(select(LogCount.outcome, LogCount.n))
    assert {name: n for name, n in rows if n} == counted


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Withheld by a rule 1", "Waiting for a consent 1", "Ended for lack of a consent 1",
                "Taken back by its sender 1"]),
        ("es", ["Retenido por una regla 1", "Espera un consentimiento 1", "Terminó por falta de consentimiento 1",
                "Retirado por quien lo envió 1"]),
    ],
)  # fmt: skip
async def test_an_officer_filters_counts_and_exports_each_and_reads_what_it_means(scene, language, words):
    await everything(scene)
    await read(scene)
    async with a_desk(scene.hub) as desk:
        ana = await desk.somebody("ana", "compliance")
        await ana.post("/desk/language", {"to": language, "back": "/desk/log"})
        counted = (await ana.get("/desk/log/timeline")).words
        assert [each for each in words if each not in counted] == []
        for outcome in ("waiting", "no_consent", "withdrawn", "withheld"):
            listed = await ana.get(f"/desk/log?outcome={outcome}")
            assert listed.text.count("data-row") == 1
            entry = await ana.get(listed.text.split('class="when" href="')[1].split('"')[0])
            assert entry.status == 200
            assert "entry.stayed" not in entry.text
            exported = (await ana.get(f"/desk/log/export.jsonl?outcome={outcome}")).text.splitlines()
            assert [json.loads(each)["outcome"] for each in exported if '"position"' in each] == [outcome]
        charts = (await ana.get("/desk/charts")).text
        counted = re.search(
            r'href="(/desk/log\?outcome=waiting&amp;since=[\d-]+)"[^>]*>[^<]*<strong>1</strong>', charts
        )[1]
        assert (await ana.get(counted.replace("&amp;", "&"))).text.count("data-row") == 1


async def test_what_was_denied_says_where_it_stands_today(scene):
    await everything(scene)
    stands = [(each["recipient"], each["stands"]) for each in await attempts.denied(scene.hub, "harbor")]
    assert sorted(stands) == [
        ("lantern", "released"), ("sunrise", "waiting"), ("sunrise", "waiting"), ("sunrise", "withheld"),
        ("valley-clinic", "no_consent"),
    ]  # fmt: skip
    other = await scene.submit("k9", hold_for_consent=True, recipients=("sunrise",))
    await withdrawal.withdraw(scene.hub, other, **WHO)
    assert (await attempts.denied(scene.hub, None, limit=1))[0]["stands"] == "withdrawn"
    assert await attempts.denied(scene.hub, "lantern") == []


async def test_what_was_denied_is_not_called_released_because_it_is_looked_at_again(scene):
    await scene.submit("k1", hold_for_consent=True)
    assert (await attempts.denied(scene.hub, "harbor"))[0]["stands"] == "waiting"
    assert await look_again(scene.hub, scene.hub.clock.now())
    ((_, state),) = await scene.rows(Outbox.id, Outbox.state)
    assert state == "queued"
    assert (await attempts.denied(scene.hub, "harbor"))[0]["stands"] == "waiting", "nothing has left"


async def test_the_entry_of_what_nobody_will_get_says_who_ended_it_and_when(scene):
    await scene.submit("k1", hold_for_consent=True)
    await let_be(scene)
    ((packet,),) = await scene.rows(Outbox.submission_id)
    second = await scene.submit("k2", hold_for_consent=True)
    await withdrawal.withdraw(scene.hub, second, **WHO)
    await read(scene)
    told = {}
    for submission in (packet, second):
        (row,) = await log.rows_of(scene.hub, submission, None)
        found = await story.of(scene.hub, row, "en")
        told[row["outcome"]] = [(each["kind"], each["body"].get("by")) for each in found.trail]
    assert ("work.closed", "harbor/ana") in told["no_consent"]
    assert ("dispatch.withdrawn", "harbor/pat") in told["withdrawn"]


async def test_within_a_scope_a_recipient_is_told_nothing_of_what_waits_for_it(scene):
    await everything(scene)
    assert await totals(scene, frozenset({"lantern"})) == {"disclosed": 1}
    assert sorted(await totals(scene, frozenset({"harbor"}))) == ALL
