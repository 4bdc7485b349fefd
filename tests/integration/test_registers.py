"""The registers: matters opened, changed and closed; clocks in the county's zone; nothing written stands open."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlmodel import select

from hub.business_days import Calendar
from hub.compliance import clocks, matters
from hub.compliance.duties import Duties
from hub.compliance.matters import Act, Effect, Opening
from hub.compliance.on_registers import Listed, listing
from hub.errors import ConfigurationError, Conflict, Malformed, NotAvailable
from hub.storage.tables import LedgerEntry, Matter, MatterEvent
from tests.scenes import Scene, a_scene

PACIFIC = ZoneInfo("America/Los_Angeles")
WORDS = "The neighbour of Marisol saw the fax"


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000_000)


def due(name: str, start: str) -> str:
    found = clocks.due(clocks.published(), name, us(start), PACIFIC, Calendar())
    assert found is not None
    return datetime.fromtimestamp(found.at / 1_000_000, UTC).astimezone(PACIFIC).isoformat()


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        # 45 CFR 164.528(c)(1)(i): sixty days; the whole last local day counts, over the change to winter time.
        ("accounting.answer", "2026-09-10T23:30:00-07:00", "2026-11-10T00:00:00-08:00"),
        # §2.24: thirty days.
        ("list.answer", "2026-02-01T08:00:00-08:00", "2026-03-04T00:00:00-08:00"),
        # 45 CFR 164.408(c): sixty days after the end of the calendar year in which it was discovered.
        ("breach.hhs_log", "2026-03-05T10:00:00-08:00", "2027-03-02T00:00:00-08:00"),
        # Fifteen business days over Thanksgiving: 26 November is none.
        ("breach.california_individuals", "2026-11-12T09:00:00-08:00", "2026-12-05T00:00:00-08:00"),
    ],
)
def test_a_clock_ends_with_the_last_local_day_that_the_law_gives(name: str, start: str, end: str) -> None:
    assert due(name, start) == end


@pytest.mark.parametrize(
    ("met", "now", "state"),
    [(None, 99, "running"), (None, 100, "missed"), (99, 200, "met"), (100, 200, "late")],
)
def test_a_clock_is_met_before_its_end_and_late_from_it_on(met: int | None, now: int, state: str) -> None:
    assert clocks.state(100, met, None, now) == state


def test_the_county_replaces_a_clock_or_takes_it_away(tmp_path: Path) -> None:
    own = tmp_path / "clocks.yaml"
    own.write_text(
        "complaint.answer: [{since: 2026-01-01, days: 10, law: County}]\n"
        "breach.california_attorney_general: [{since: 2026-01-01, days: null, law: none}]\n"
    )
    found = clocks.read_clocks(own)
    at = us("2026-03-02T12:00:00-08:00")
    complaint = clocks.due(found, "complaint.answer", at, PACIFIC, Calendar())
    assert complaint is not None
    assert complaint.at == us("2026-03-13T00:00:00-07:00")
    assert clocks.due(found, "breach.california_attorney_general", at, PACIFIC, Calendar()) is None


@pytest.mark.parametrize("text", ["nonsense: [{since: 2026-01-01, days: 1, law: x}]", "complaint.answer: 5", "- ["])
def test_a_file_of_clocks_that_is_not_understood_stops_the_start(tmp_path: Path, text: str) -> None:
    own = tmp_path / "clocks.yaml"
    own.write_text(text)
    with pytest.raises(ConfigurationError, match="HUB_CLOCKS"):
        clocks.read_clocks(own)


async def opened(scene: Scene, **more: Any) -> str:
    given = Opening(
        kind="complaint",
        organization="harbor",
        received_at=scene.hub.clock.now(),
        member=scene.member,
        words={"what": WORDS},
        clocks=("complaint.answer",),
    )
    return await matters.open_matter(scene.hub, msgspec.structs.replace(given, **more), by="harbor/privacy")


def act(code: str = "answered", reason: str = "We wrote to her", organization: str | None = "harbor") -> Act:
    return Act(code, reason, "harbor/privacy", organization)


async def test_a_matter_keeps_its_words_history_and_clocks(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await opened(scene)
        await matters.change(scene.hub, matter, act("acknowledged", "A letter went out"), Effect(words={"more": "x"}))
        await matters.close(scene.hub, matter, act(), Effect(meets=("complaint.answer",)))
        shown = await matters.show(scene.hub, matter, "harbor", by="county/audit")
        assert shown["words"] == {"what": WORDS, "more": "x"}
        told = [(each["what"], each["code"], each["reason"]) for each in shown["history"]]
        assert told == [
            ("opened", "received", ""),
            ("changed", "acknowledged", "A letter went out"),
            ("closed", "answered", "We wrote to her"),
        ]
        assert [(clock["name"], clock["state"]) for clock in shown["clocks"]] == [("complaint.answer", "met")]
        assert (shown["state"], shown["closed_by"]) == ("closed", "harbor/privacy")


async def test_every_step_of_a_matter_and_every_look_is_on_the_ledger_in_codes(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await opened(scene)
        await matters.close(scene.hub, matter, act())
        await matters.show(scene.hub, matter, None, by="county/audit")
        entries = await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.reference, LedgerEntry.body)
        assert [row[1] for row in entries if row[2] == matter] == ["matter.opened", "matter.closed", "access.viewed"]
        everything = b"".join(row[3] for row in entries)
        assert b"neighbour" not in everything
        assert b"wrote" not in everything


async def test_what_is_written_is_sealed_at_rest(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await opened(scene)
        await matters.change(scene.hub, matter, act("acknowledged"))
        for table in (Matter, MatterEvent):
            rows = await scene.hub.database.query(select(*table.__table__.columns))  # type: ignore[attr-defined]
            assert rows
            assert "neighbour" not in repr(rows)
            assert "wrote to her" not in repr(rows)


async def test_another_organizations_matter_looks_like_none(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await opened(scene)
        for deed in (
            matters.show(scene.hub, matter, "lantern", by="lantern/x"),
            matters.change(scene.hub, matter, act(organization="lantern")),
            matters.close(scene.hub, matter, act(organization="lantern")),
            matters.show(scene.hub, "no-such", "lantern", by="lantern/x"),
        ):
            with pytest.raises(NotAvailable):
                await deed
        assert await listing(scene.hub, Listed(frozenset({"lantern"}))) == []


async def test_a_closed_matter_stays_closed_and_is_closed_with_a_reason(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await opened(scene)
        with pytest.raises(Malformed):
            await matters.close(scene.hub, matter, act(reason="  "))
        await matters.close(scene.hub, matter, act())
        with pytest.raises(Conflict):
            await matters.change(scene.hub, matter, act())


async def test_a_missed_clock_shows_among_the_overdue(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        late = await opened(scene, received_at=scene.hub.clock.now() - 40 * 86_400_000_000)
        await opened(scene)
        found = await listing(scene.hub, Listed(frozenset({"harbor"}), "complaint", overdue=True))
        assert [(each["id"], each["clocks"][0]["state"]) for each in found] == [(late, "missed")]


async def test_a_matter_of_tomorrow_is_refused(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        with pytest.raises(Malformed):
            await opened(scene, received_at=scene.hub.clock.now() + 86_400_000_000)


async def test_the_countys_own_clock_counts(migrated_url: str, tmp_path: Path) -> None:
    own = tmp_path / "clocks.yaml"
    own.write_text("complaint.answer: [{since: 2020-01-01, days: 1, law: County}]\n")
    async with a_scene(migrated_url) as scene:
        scene.hub = replace(scene.hub, duties=Duties(clocks=clocks.read_clocks(own)))
        matter = await opened(scene)
        (clock,) = (await matters.read(scene.hub, matter, "harbor"))["clocks"]
        assert clock["law"] == "County"
        assert 0 < clock["due_at"] - scene.hub.clock.now() <= 2 * 86_400_000_000
