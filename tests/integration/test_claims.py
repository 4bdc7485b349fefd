"""Claims: first due first, past partners without a place at the same cost however much waits for them."""

import json
import sqlite3
from typing import Any

import asyncpg
import pytest

from hub import outbox
from hub.outbox import Place, Ticket
from hub.storage.database import Database, Unit
from tests.hubs import open_database
from tests.scenes import Scene

FEW, MANY = 200, 5_000
NOW = 10_000_000


async def queue(database: Database, recipient: str, dues: range) -> None:
    """Rows for a partner, due at these instants."""
    steps = []
    for due in dues:
        ticket = Ticket(f"{recipient}-{due:07}", f"s-{recipient}-{due}", recipient, None, 0, 0, "ready", None, "")
        steps.append(outbox.enqueue(ticket, Place("queued"), due))
    await database.commit(Unit((), tuple(steps)))


@pytest.fixture
async def database(migrated_url):
    database = await open_database(migrated_url)
    yield database
    await database.close()


async def test_of_partners_that_have_a_place_the_first_due_are_claimed_first(database):
    await queue(database, "full", range(100))
    await queue(database, "one", range(1_000, 1_010, 2))
    await queue(database, "two", range(1_001, 1_011, 2))
    await queue(database, "later", range(NOW + 1, NOW + 5))
    claimed = [await outbox.claim(database, NOW, 4, but=["full"]) for _ in range(4)]
    dues = [sorted(int(ticket.id[-7:]) for ticket in tickets) for tickets in claimed]
    assert dues == [[1000, 1001, 1002, 1003], [1004, 1005, 1006, 1007], [1008, 1009], []]
    assert {ticket.recipient for tickets in claimed for ticket in tickets} == {"one", "two"}


async def test_whatever_is_urgent_is_claimed_first(scene: Scene):
    await scene.consent()
    await scene.submit("routine")
    urgent = await scene.submit("urgent", priority="urgent")
    for but in ([], ["sunrise"]):
        (first,) = await outbox.claim(scene.hub.database, scene.hub.clock.now(), 1, but=but)
        assert first.submission == urgent
        await outbox.give_back(scene.hub.database, [first])


async def test_a_claim_costs_the_same_however_much_waits_for_a_partner_without_a_place(database, migrated_url):
    spent = []
    for there in (range(FEW), range(FEW, MANY)):
        await queue(database, "full", there)
        await queue(database, "one", range(MANY, MANY + 50))
        spent.append(await _cost(migrated_url))
        taken = await outbox.claim(database, NOW, 64, but=["full"])
        assert {ticket.recipient for ticket in taken} == {"one"}
        await _emptied(database, taken)
    few, many = spent
    assert many <= 1.5 * few


async def _emptied(database: Database, taken: list[Ticket]) -> None:
    for_good = "DELETE FROM outbox WHERE recipient = 'one' RETURNING id"
    assert len(await database.returning(outbox.Returning(for_good, for_good), ())) == len(taken)


async def _cost(url: str) -> int:
    """What a claim of 20 rows looks at: steps of SQLite's machine, rows of PostgreSQL's plan. It is undone."""
    row = ("c", NOW, NOW, None, 20, json.dumps(["full"]))
    if url.startswith("sqlite"):
        return _steps(url.removeprefix("sqlite:///"), row)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("ANALYZE outbox")
        undone = connection.transaction()
        await undone.start()
        text = "EXPLAIN (ANALYZE, FORMAT JSON) " + outbox._CLAIM_PAST.postgres
        ((plan,),) = await connection.fetch(text, *row)
        await undone.rollback()
    finally:
        await connection.close()
    return _rows(json.loads(plan)[0]["Plan"])


def _steps(path: str, row: tuple[Any, ...]) -> int:
    connection, steps = sqlite3.connect(path, isolation_level=None), 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.execute("BEGIN")
    connection.set_progress_handler(count, 10)
    assert len(connection.execute(outbox._CLAIM_PAST.sqlite, row).fetchall()) == 20
    connection.execute("ROLLBACK")
    connection.close()
    return steps


def _rows(node: dict[str, Any]) -> int:
    seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    return int(seen * node["Actual Loops"]) + sum(_rows(each) for each in node.get("Plans", ()))
