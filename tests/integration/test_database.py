"""Units commit whole or not at all, whoever shares their transaction; what is told as committed can be read."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from hub.errors import Stale, StorageFailed
from hub.storage.database import Database, Step, Unit
from hub.storage.sqlite import CALM_PAGES, PAGE_BYTES
from hub.storage.statements import Change, Check, Insert, InsertNew, Lookup, columns_of
from hub.storage.tables import KeyRecord, WebhookFeed
from tests.hubs import open_database

ADD = InsertNew(KeyRecord, columns_of(KeyRecord), ("id",))
ADD_BLINDLY = Insert(KeyRecord, columns_of(KeyRecord))
STILL = Check(KeyRecord, ("id", "state"))
RETIRE = Change(KeyRecord, ("state",), ("id", "state"), must_hit=True)
STATE = Lookup(KeyRecord, ("state",), "id")
NOTE = Insert(WebhookFeed, ("id", "position"))
NOTES = Lookup(WebhookFeed, ("position",), "id")


@pytest.fixture
async def database(migrated_url: str):
    opened = await open_database(migrated_url)
    await opened.commit(Unit((key("a"),), ()))
    yield opened
    await opened.close()


def key(name: str, code: str = "key") -> Step:
    return Step(ADD, (name, "ledger", "active", 1, "f"), code)


def note(number: int) -> Step:
    return Step(NOTE, (number, 0))


def still(name: str, state: str = "active") -> Step:
    return Step(STILL, (name, state), "still")


def retire(name: str) -> Step:
    return Step(RETIRE, ("retired", name, "active"), "retire")


async def together(database: Database, *units: Unit) -> list[str]:
    """What became of units that were handed over in one moment: `done`, or the code of the guard that failed."""
    ended = await asyncio.gather(*(database.commit(unit) for unit in units), return_exceptions=True)
    return ["done" if end is None else getattr(end, "detail_code", "?") for end in ended]


async def noted(database: Database, *numbers: int) -> list[int]:
    return [number for number in numbers if await database.lookup(NOTES, number)]


async def test_of_units_committed_together_only_the_one_whose_guard_fails_is_left_out(database):
    units = [Unit((still("a"),), (note(1),)), Unit((still("a", "gone"),), (note(2),)), Unit((key("b"),), (note(3),))]
    assert await together(database, *units) == ["done", "still", "done"]
    assert await noted(database, 1, 2, 3) == [1, 3]
    assert await database.lookup(STATE, "b") == [("active",)]


async def test_of_two_units_that_add_one_key_the_first_wins_whole(database):
    units = [Unit((key("b", "first"),), (note(1),)), Unit((key("b", "second"),), (note(2),))]
    assert await together(database, *units) == ["done", "second"]
    assert await noted(database, 1, 2) == [1]


async def test_of_two_units_that_change_one_row_the_first_wins_whole(database):
    units = [Unit((retire("a"),), (note(1),)), Unit((retire("a"),), (note(2),)), Unit((key("b"),), (note(3),))]
    assert await together(database, *units) == ["done", "retire", "done"]
    assert await noted(database, 1, 2, 3) == [1, 3]


async def test_a_change_and_a_check_of_one_row_hold_in_the_order_in_which_they_came(database):
    """As a revocation and an intent: the ledger has their entries in this order (revocation-is-a-fence)."""
    await together(database, *(Unit((key(name),), ()) for name in "bcd"))
    change_first = (Unit((retire("b"),), (note(1),)), Unit((still("b"),), (note(2),)))
    assert await together(database, *change_first) == ["done", "still"]
    check_first = (Unit((still("c"),), (note(3),)), Unit((retire("c"),), (note(4),)))
    assert await together(database, *check_first) == ["done", "done"]
    behind_another = (Unit((still("a"),), ()), Unit((retire("d"),), (note(5),)), Unit((still("d"),), (note(6),)))
    assert await together(database, *behind_another) == ["done", "done", "still"]
    assert await noted(database, 1, 2, 3, 4, 5, 6) == [1, 3, 4, 5]


async def test_a_unit_that_cannot_be_written_fails_alone(database):
    broken = Unit((), (note(2), Step(ADD_BLINDLY, ("a", "ledger", "active", 1, "f"))))
    units = (Unit((key("b"),), (note(1),)), broken, Unit((), (note(3),)))
    ended = await asyncio.gather(*(database.commit(unit) for unit in units), return_exceptions=True)
    assert [type(end) for end in ended] == [type(None), StorageFailed, type(None)]
    assert await noted(database, 1, 2, 3) == [1, 3]


async def test_whoever_is_told_of_a_commit_reads_it_though_others_were_reading_before(database):
    reading = True

    async def read_on() -> None:
        while reading:
            await database.lookup(STATE, "a")
            await asyncio.sleep(0)

    other = asyncio.create_task(read_on())
    for number in range(200):
        await database.commit(Unit((), (note(number),)))
        assert await noted(database, number) == [number]
    reading = False
    await other


async def test_a_change_by_another_process_is_seen_in_the_next_turn(tmp_path: Path):
    path = tmp_path / "hub.sqlite"
    database = await open_database(f"sqlite:///{path}")
    await database.commit(Unit((key("a"),), ()))
    assert await database.lookup(STATE, "a") == [("active",)]
    with sqlite3.connect(path) as other:
        other.execute("UPDATE key SET state = 'retired'")
    other.close()
    await asyncio.sleep(0)
    assert await database.lookup(STATE, "a") == [("retired",)]
    await database.close()


async def test_who_asks_the_same_in_one_turn_is_answered_by_one_reading(tmp_path: Path):
    """Every message asks for the directory's version, and the loop does one step for all messages at hand."""
    path = tmp_path / "hub.sqlite"
    database = await open_database(f"sqlite:///{path}")
    await database.commit(Unit((key("a"),), ()))
    first = await database.lookup(STATE, "a")
    assert await database.lookup(STATE, "a") is first
    await asyncio.sleep(0)
    assert await database.lookup(STATE, "a") is not first
    await database.close()


@pytest.mark.parametrize(("others", "least", "most"), [(0, 1, 2), (20, 4, 8)], ids=["few wait", "many wait"])
async def test_the_log_is_copied_into_the_file_in_small_pieces_while_few_wait(tmp_path: Path, others, least, most):
    """Whoever comes during the copying waits for it; under load it would hold up every third group."""
    database = await open_database(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    for number in range(25):
        large = Step(ADD, (f"k{number}", "ledger", "active", 1, "f" * 50 * PAGE_BYTES), "key")
        more = [Unit((), (note(number * others + n),)) for n in range(others)]
        await together(database, Unit((large,), ()), *more)
    length = (tmp_path / "hub.sqlite-wal").stat().st_size / PAGE_BYTES
    assert least * CALM_PAGES < length < most * CALM_PAGES
    await database.close()


async def test_a_guard_that_fails_tells_which_it_was(database):
    with pytest.raises(Stale) as failed:
        await database.commit(Unit((still("a"), retire("nobody")), (note(1),)))
    assert failed.value.detail_code == "retire"
    assert await noted(database, 1) == []


@pytest.mark.parametrize("key", ["a\0b", "a\udcffb"], ids=["NUL", "no character"])
async def test_a_key_that_no_text_can_be_finds_nothing_and_disturbs_nobody_who_asks_in_the_same_moment(database, key):
    """A caller writes the ids in an address; PostgreSQL answers many callers' look-ups by one question."""
    odd, known = await asyncio.gather(database.lookup(STATE, key), database.lookup(STATE, "a"))
    assert (odd, known) == ([], [("active",)])
