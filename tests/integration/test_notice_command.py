"""`part2hub notice`: what an organization was told of, the calls that are owed, and how each ended."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.__main__ import main
from hub.storage.facts import instant
from tests.scenes import FORM, Scene, a_scene

Told = pytest.CaptureFixture[str]
DAY_US = 86_400_000_000
SUNRISE = ("--for", "sunrise")


async def _tell(scene: Scene, kind: str, days: int) -> None:
    at = instant(scene.hub.clock.now() - days * DAY_US).isoformat()
    event = {"kind": kind, "at": at, "setting": "Third floor", "contact": "Ms. Odell"}
    items = ({"information": "attendance"},)
    await scene.submit(kind, kind=f"{kind}_notice", recipients=("sunrise",), items=items, event=event)
    assert await scene.dispatch_all() == ["delivered"]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Told) -> Any:
    """Runs the command beside a hub whose plan was told of a discharge and, two days later, an admission."""

    async def fill() -> None:
        async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}", keys=tmp_path / "keys.json") as scene:
            await scene.consent(msgspec.structs.replace(FORM, recipients=("sunrise",)))
            await _tell(scene, "discharge", 3)
            await _tell(scene, "admit", 1)

    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    monkeypatch.setenv("HUB_DEMO", "1")
    asyncio.run(fill())

    def run(*words: str, code: int = 0) -> str:
        assert main(["notice", *words]) == code
        found = capsys.readouterr()
        assert code == 0 or (found.out, found.err.count("\n")) == ("", 1)
        return found.out

    return run


def _listed(told: Any, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(told("list", *SUNRISE, "--json", *words))
    return found


def test_a_call_is_owed_until_somebody_was_reached_and_a_mistaken_one_does_not_count(told: Any) -> None:
    admitted, discharged = _listed(told)
    assert (admitted["event"], admitted["due_at"]) == ("admit", None)
    (notice,) = (each["id"] for each in _listed(told, "--call", "open"))
    assert notice == discharged["id"]
    told("call", notice, "voicemail", *SUNRISE)
    assert [each["id"] for each in _listed(told, "--call", "tried")] == [notice]
    told("call", notice, "reached", *SUNRISE, "--by", "sunrise/c.lind")
    assert _listed(told, "--call", "open") == []
    *_, reached = json.loads(told("show", notice, *SUNRISE))["calls"]
    assert (reached["outcome"], reached["by"]) == ("reached", "sunrise/c.lind")
    told("mistake", notice, reached["id"], *SUNRISE)
    assert [each["id"] for each in _listed(told, "--call", "open")] == [notice]
    told("mistake", notice, reached["id"], *SUNRISE, code=2)


def test_a_call_with_its_time_is_one_call_however_often_it_is_given(told: Any) -> None:
    (notice,) = _listed(told, "--call", "open")
    at = instant(notice["at"] + DAY_US).isoformat()
    first, again = (told("call", notice["id"], "no_answer", *SUNRISE, "--at", at) for _ in range(2))
    assert first == again
    assert len(_listed(told, "--call", "tried")[0]["calls"]) == 1
    told("call", notice["id"], "reached", *SUNRISE, "--at", at, code=2)


def test_a_person_reads_the_clock_by_the_countys_time_and_nobody_is_named(told: Any) -> None:
    (notice,) = _listed(told, "--call", "open")
    text = told("list", *SUNRISE)
    head, admit, discharge = text.splitlines()
    assert head.split()[:3] == ["EVENT", "WHEN", "FROM"]
    assert "none is owed" in admit
    assert notice["id"] in discharge
    assert discharge.count("PST") + discharge.count("PDT") == 2
    assert "Quintanar" not in text + json.dumps(notice)


def test_what_is_not_ones_own_or_not_understood_is_refused_in_one_line(told: Any) -> None:
    admitted, discharged = (each["id"] for each in _listed(told))
    told("show", discharged, "--for", "lantern", code=2)
    told("call", discharged, "reached", "--for", "lantern", code=2)
    told("call", admitted, "reached", *SUNRISE, code=2)
    told("call", discharged, "shouted", *SUNRISE, code=2)
    told("call", discharged, "reached", *SUNRISE, "--at", "yesterday", code=2)
    told("call", discharged, "reached", *SUNRISE, "--at", "2099-01-01T00:00:00Z", code=2)
    told("call", discharged, "reached", *SUNRISE, "--by", "nowhere/x", code=2)
    told("list", "--for", "nowhere", code=2)
