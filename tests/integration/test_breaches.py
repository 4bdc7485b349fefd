"""The register of breaches (45 CFR 164.400 to 414): presumed, assessed by four factors, told in time."""

from typing import Any

import pytest

from hub.compliance import breaches, matters
from hub.compliance.breach_clocks import clocks_for
from hub.errors import Conflict, Malformed
from hub.storage import members
from hub.storage.member_facts import MemberFacts
from tests.registers import DAY_US, at, do, opened, read
from tests.scenes import Scene, a_scene

FACTOR = {"level": "low", "reasons": "Name and date of a visit, nothing else"}
FOUR = dict.fromkeys(breaches.FACTORS, FACTOR)
NOTICE = {
    "what_happened": "A fax about your care went to the wrong number on March 3.",
    "kinds": "Your name and the date of one visit",
    "protect": "You do not need to do anything.",
    "doing": "The page was shredded. We check every number twice now.",
    "contact": "Call us free of charge: 800-555-0100.",
}


async def a_breach(scene: Scene, **more: Any) -> str:
    given = {"discovered_at": at(scene), "what": "A fax went to a tire shop", "members": [scene.member]}
    return await opened(scene, "breach", **(given | more))


async def states(scene: Scene, matter: str) -> dict[str, str]:
    return {clock["name"]: clock["state"] for clock in (await read(scene, matter))["clocks"]}


@pytest.mark.parametrize(
    ("affected", "licensed", "running"),
    [
        (1, False, {"breach.individuals", "breach.hhs_log"}),
        (499, False, {"breach.individuals", "breach.hhs_log"}),
        # 164.408(b): "500 or more"; 164.406(a) and Civ. Code 1798.82(f): "more than 500".
        (500, False, {"breach.individuals", "breach.hhs_500"}),
        (501, False, {"breach.individuals", "breach.hhs_500", "breach.media", "breach.california_attorney_general"}),
        (
            1,
            True,
            {
                "breach.individuals",
                "breach.hhs_log",
                "breach.california_individuals",
                "breach.california_department",
            },
        ),
    ],
)
def test_how_many_and_whose_decide_which_clocks_run(affected: int, licensed: bool, running: set[str]) -> None:
    assert set(clocks_for(affected, licensed=licensed)) == running


async def test_a_low_probability_rests_on_all_four_factors_with_reasons(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await a_breach(scene)
        claim = {"conclusion": "low_probability", "reason": "Returned unread"}
        for missing in breaches.FACTORS:
            rest = {name: factor for name, factor in FOUR.items() if name != missing}
            for factors in (
                rest,
                FOUR | {missing: FACTOR | {"reasons": " "}},
                FOUR | {missing: FACTOR | {"level": "high"}},
            ):
                with pytest.raises(Malformed) as refused:
                    await do(scene, matter, "assess", **claim, **factors)
                assert refused.value.field == missing
        with pytest.raises(Malformed):
            await do(scene, matter, "assess", **claim | {"reason": ""}, **FOUR)
        await do(scene, matter, "assess", **claim, **FOUR)
        assert set((await states(scene, matter)).values()) == {"lifted"}
        shown = await matters.show(scene.hub, matter, "harbor", by="county/audit")
        assert shown["words"]["nature"] == FACTOR["reasons"]
        assert shown["facts"]["factors"] == dict.fromkeys(breaches.FACTORS, "low")


async def test_a_breach_stays_open_until_everybody_is_told(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        facts = MemberFacts(given="Omar", family="Nightingale", born="1971-05-05")
        second = await members.register(scene.hub, facts, [("harbor", "program")], by="harbor")
        matter = await a_breach(scene, members=[scene.member, second])
        await do(scene, matter, "assess", conclusion="breach", reason="He read it aloud")
        await do(scene, matter, "notice", **NOTICE)
        await do(scene, matter, "person", member=scene.member)
        assert (await states(scene, matter))["breach.individuals"] == "running"
        with pytest.raises(Conflict):
            await do(scene, matter, "finish", reason="done")
        await do(scene, matter, "person", member=second)
        assert (await states(scene, matter))["breach.individuals"] == "met"
        with pytest.raises(Conflict):
            await do(scene, matter, "finish", reason="HHS does not know yet")
        await do(scene, matter, "told", clock="breach.hhs_log")
        await do(scene, matter, "finish", reason="All told")
        assert (await read(scene, matter))["state"] == "closed"


async def test_the_letters_say_all_that_the_law_asks(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await a_breach(scene)
        for part in NOTICE:
            with pytest.raises(Malformed) as refused:
                await do(scene, matter, "notice", **NOTICE | {part: ""})
            assert refused.value.field == part


async def test_an_official_may_ask_for_a_delay_orally_for_thirty_days(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await a_breach(scene, discovered_at=at(scene, 50))
        await do(scene, matter, "delay", reason="Agent Moss, by phone")
        clock = next(c for c in (await read(scene, matter))["clocks"] if c["name"] == "breach.individuals")
        assert 29 < (clock["due_at"] - scene.hub.clock.now()) / DAY_US <= 31
        await do(scene, matter, "delay", until=at(scene, -100), reason="Now in writing")
        clock = next(c for c in (await read(scene, matter))["clocks"] if c["name"] == "breach.individuals")
        assert round((clock["due_at"] - scene.hub.clock.now()) / DAY_US) == 100


async def test_a_breach_of_somebody_unknown_here_is_refused(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        with pytest.raises(Malformed):
            await a_breach(scene, members=["nobody"])
        matter = await a_breach(scene)
        with pytest.raises(Malformed):
            await do(scene, matter, "person", member="nobody")


async def test_people_found_later_are_told_like_everybody_else_and_the_clock_runs_again(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        facts = MemberFacts(given="Omar", family="Nightingale", born="1971-05-05")
        second = await members.register(scene.hub, facts, [("harbor", "program")], by="harbor")
        matter = await a_breach(scene)
        await do(scene, matter, "person", member=scene.member)
        assert (await states(scene, matter))["breach.individuals"] == "met"
        await do(scene, matter, "people", members=[second, scene.member])
        assert (await read(scene, matter))["facts"]["affected"] == 2
        assert (await states(scene, matter))["breach.individuals"] == "running"
        await do(scene, matter, "person", member=second)
        assert (await states(scene, matter))["breach.individuals"] == "met"
        with pytest.raises(Malformed):
            await do(scene, matter, "people", members=[second])


async def test_people_found_later_may_start_the_clocks_of_a_great_breach(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await a_breach(scene, members=[], affected=499)
        facts = [MemberFacts(given="A", family=f"Nightingale{n}", born="1971-05-05") for n in range(2)]
        found = [await members.register(scene.hub, each, [("harbor", "program")], by="harbor") for each in facts]
        await do(scene, matter, "people", members=found)
        assert set(await states(scene, matter)) == {"breach.individuals", "breach.hhs_log"}
        scene.hub.clock.ahead += 1
        many = await a_breach(scene, members=[], affected=501)
        assert (await states(scene, many))["breach.media"] == "running"


async def test_whom_another_organization_knows_is_nobody_here(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        facts = MemberFacts(given="Omar", family="Nightingale", born="1971-05-05")
        theirs = await members.register(scene.hub, facts, [("lantern", "program")], by="lantern")
        with pytest.raises(Malformed) as refused:
            await a_breach(scene, members=[scene.member, theirs])
        assert refused.value.field == "members[1]"
