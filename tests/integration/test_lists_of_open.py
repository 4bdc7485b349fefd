"""What waits and what stands on the registers, beside all that was settled in ten years: no list walks over that."""

import asyncio
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import sqlite

from hub.compliance import on_registers
from hub.compliance.matters import REGISTERS
from hub.context import Hub
from hub.desk import queues
from hub.desk.queues import Listed
from hub.fhir.communications import communications
from hub.inbound import matching
from hub.model import MemberIdentity
from hub.outside import listing as outside
from hub.storage.database import Step, Unit
from hub.storage.tables import LedgerEntry, WorkItem
from hub.waiting import listing
from hub.waiting.escalation import AFTER_US, PAGE, escalate
from hub.waiting.listing import Filter
from hub.waiting.work import CLOSED, opened_work
from hub.web.pages import words
from hub.workers import backlog
from tests.desk import a_desk
from tests.scenes import BORN, NAME, Scene, a_scene

HARBOR = frozenset({"harbor"})
DIALECT = sqlite.dialect(paramstyle="qmark")
WALK = re.compile(r"SCAN (work_item|matter|matter_clock)\b(?!.*INDEX (work_item_open|work_item_closed|matter_open))")


async def waiting(scene: Scene, n: int, kind: str = "emergency_review", *, due: int | None = None) -> list[str]:
    """So many work items, opened four days ago; their ids in the order of opening."""
    at = scene.hub.clock.now() - AFTER_US - 86_400_000_000
    made = [opened_work(kind, "harbor", f"r{i}", ("2.51",), at, due=due and due + i // 2) for i in range(n)]
    await scene.hub.database.commit(Unit((), tuple(step for _, step in made)))
    return [work for work, _ in made]


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """PostgreSQL walks over a table this small whatever its indexes: plans are read of SQLite's alone."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'hub.sqlite')}"


@contextmanager
def plans(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """How SQLite goes about each question asked meanwhile."""
    found: list[str] = []
    query, reader = hub.database.query, hub.database._reader  # type: ignore[attr-defined]

    async def watched(statement: Any, **values: Any) -> Any:
        compiled = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
        given = compiled.construct_params(values)
        row = [given[name] for name in compiled.positiontup or ()]
        found.extend(step[3] for step in reader.execute(f"EXPLAIN QUERY PLAN {compiled}", row))
        return await query(statement, **values)

    with monkeypatch.context() as patched:
        patched.setattr(hub.database, "query", watched)
        patched.setattr(hub.database, "survey", watched)
        yield found


async def test_no_list_walks_over_what_is_settled(sqlite_url, monkeypatch):
    async with a_scene(sqlite_url) as scene:
        hub = scene.hub
        after = listing.Place(1, "0")
        with plans(hub, monkeypatch) as found:
            for scope in (None, HARBOR):
                for wanted in (Listed(), Listed("holds"), Listed(mine="county/x"), Listed(overdue=True)):
                    await queues.page(hub, wanted, scope)
                await queues.page(hub, Listed(after=after), scope)
                await queues.page(hub, Listed(state="closed"), scope)
                await queues.page(hub, Listed(state="closed", after=after), scope)
                await queues.loads(hub, scope)
                await listing.newest(hub, Filter(scope))
                await listing.total(hub, Filter(scope))
                for wanted_matters in (on_registers.Listed(scope), on_registers.Listed(scope, overdue=True)):
                    await on_registers.listing(hub, wanted_matters)
                    await on_registers.count(hub, wanted_matters)
                await on_registers.loads(hub, scope, REGISTERS)
            await escalate(hub, hub.clock.now())
            await backlog.measure(hub)
        assert len(found) > 40
        assert [step for step in found if WALK.search(step)] == []


async def test_who_was_told_of_a_person_is_found_without_a_walk_over_all_disclosures(sqlite_url, monkeypatch):
    async with a_scene(sqlite_url) as scene:
        person = MemberIdentity(given=NAME[0], family=NAME[1], born=BORN)
        with plans(scene.hub, monkeypatch) as found:
            match = await matching.member_of(scene.hub, person, "valley-clinic")
        assert match.code == "member.unknown", "a stranger's message: whether it was told of the person is looked up"
        assert any("disclosure" in step for step in found)
        assert [step for step in found if step.startswith("SCAN disclosure")] == []


async def test_what_was_sent_of_a_person_is_found_without_a_walk_over_all_attempts(sqlite_url, monkeypatch):
    async with a_scene(sqlite_url) as scene:
        with plans(scene.hub, monkeypatch) as found:
            assert await communications(scene.hub, "harbor", member=scene.member) == []
        assert any("attempt" in step for step in found)
        assert [step for step in found if step.startswith("SCAN")] == []


async def test_what_was_made_outside_of_the_hub_is_listed_without_sorting_all_of_it(sqlite_url, monkeypatch):
    async with a_scene(sqlite_url) as scene:
        with plans(scene.hub, monkeypatch) as found:
            for scope in (None, HARBOR):
                await outside.page(scene.hub, scope, "")
                await outside.page(scene.hub, scope, f"1760000000000000-{0:032x}")
        assert len([step for step in found if "outside_disclosure_recorded" in step]) == 4
        assert [step for step in found if "TEMP B-TREE" in step] == []


async def test_a_round_marks_however_many_wait_each_once_and_lets_others_in_between(migrated_url):
    async with a_scene(migrated_url) as scene:
        work = await waiting(scene, 2 * PAGE + 3)
        await waiting(scene, 2, "hold")
        rounds: list[int] = []
        query = scene.hub.database.query

        async def counted(statement: Any) -> Any:
            rows = await query(statement)
            rounds.append(len(rows))
            return rows

        scene.hub.database.query = counted  # type: ignore[method-assign]
        assert await escalate(scene.hub, scene.hub.clock.now()) == len(work)
        scene.hub.database.query = query  # type: ignore[method-assign]
        assert rounds == [PAGE, PAGE, 3, 0]
        marked = [kind for (kind,) in await scene.rows(LedgerEntry.kind) if kind == "work.escalated"]
        assert len(marked) == len(work)
        assert await escalate(scene.hub, scene.hub.clock.now()) == 0


async def test_pages_give_each_item_once_first_what_is_due_then_what_has_no_clock(migrated_url):
    async with a_scene(migrated_url) as scene:
        never = await waiting(scene, 5)
        due = await waiting(scene, 6, due=scene.hub.clock.now())
        found, after = [], None
        while page := await listing.soonest(scene.hub, Filter(None), after=after, limit=4):
            found += [item["id"] for item in page]
            after = listing.place_of(page[-1])
        in_pairs = [each for i in range(0, 6, 2) for each in sorted(due[i : i + 2])]
        assert found == [*in_pairs, *sorted(never)]


async def test_what_is_settled_is_paged_from_the_last(migrated_url):
    async with a_scene(migrated_url) as scene:
        work = await waiting(scene, 7)
        steps = [Step(CLOSED, ("closed", 100 + i // 2, "x/y", "reviewed", each, "open")) for i, each in enumerate(work)]
        await scene.hub.database.commit(Unit((), tuple(steps)))
        closed = Filter(None, "closed")
        found, after = [], None
        while page := await listing.soonest(scene.hub, closed, after=after, limit=3):
            found += [item["id"] for item in page]
            after = listing.place_of(page[-1])
        assert found == [each for i in (6, 4, 2, 0) for each in sorted(work[i : i + 2], reverse=True)]
        assert await listing.count(scene.hub, closed) == 7
        assert (await queues.page(scene.hub, Listed(state="closed"), None)).total == 7
        assert await scene.rows(WorkItem.state) == [("closed",)] * 7


async def test_a_badge_counts_no_further_than_it_says_and_the_total_counts_all(migrated_url, monkeypatch):
    monkeypatch.setattr(listing, "MOST", 3)
    monkeypatch.setattr(words, "MOST", 3)
    async with a_scene(migrated_url) as scene:
        now = scene.hub.clock.now()
        await waiting(scene, 9, "hold", due=now - 60_000_000)
        await waiting(scene, 2, "hold")
        await waiting(scene, 2, "legal")
        await waiting(scene, 2, "of_its_own")
        loads = await queues.loads(scene.hub, HARBOR)
        assert (loads["holds"], loads["legal"], loads["others"]) == ((4, 4), (2, 0), (2, 0))
        assert set(loads.values()) - {(4, 4), (2, 0)} == {(0, 0)}
        assert await queues.loads(scene.hub, frozenset({"lantern"})) == dict.fromkeys(loads, (0, 0))
        assert await listing.count(scene.hub, Filter(HARBOR)) == 4
        assert await listing.total(scene.hub, Filter(HARBOR)) == 15
        others = await queues.page(scene.hub, Listed("others"), None)
        assert ({each["kind"] for each in others.items}, others.total) == ({"of_its_own"}, 2)
        async with a_desk(scene.hub) as desk:
            ana = await desk.somebody("ana", "compliance")
            seen = (await ana.get("/desk/work")).words
        assert "Held 3+ 3+ late" in seen or "3+ 3+ late" in seen
        assert "15 of 3+" in seen


async def test_counting_all_of_it_leaves_the_loop_to_others(sqlite_url):
    async with a_scene(sqlite_url) as scene:
        await waiting(scene, 2)
        away = threading.Event()
        scene.hub.database._aside.submit(away.wait)  # type: ignore[attr-defined]
        counting = asyncio.create_task(listing.total(scene.hub, Filter(None)))
        try:
            assert await listing.count(scene.hub, Filter(None)) == 2
            assert not counting.done()
        finally:
            away.set()
        assert await counting == 2
