"""The accounting of disclosures (§2.25, 45 CFR 164.528): what is listed for how long, what stays out"""

from typing import Any

import msgspec
import pytest

from hub.compliance import accounting, log
from hub.compliance.log import Wanted
from hub.errors import Malformed
from hub.model import Unknown
from hub.storage.statements import Returning
from tests.disclosures import EMERGENCY, a_county, disclose
from tests.scenes import FORM, Scene, a_scene

EMERGENCY_PACKET = {"kind": "emergency_disclosure", "emergency": EMERGENCY}
DAY_US = 86_400_000_000
TPO = msgspec.structs.replace(FORM, purposes=("treatment", "operations"))


async def made(scene: Scene, *, key: str, **changes: Any) -> None:
    await scene.submit(key, **changes)
    assert await scene.dispatch_all() == ["delivered"]


async def age(scene: Scene, days: int) -> None:
    """Let every disclosure have been made so many days ago."""
    statement = f"UPDATE disclosure SET intended_at = intended_at - {days * DAY_US} RETURNING 1"
    await scene.hub.database.returning(Returning(statement, statement), ())


async def lines_of(scene: Scene, **asked: Any) -> tuple[accounting.Line, ...]:
    at = scene.hub.clock.now() + 1
    return (await accounting.account(scene.hub, scene.member, "harbor", at=at, **asked)).lines


async def test_a_line_says_when_to_whom_where_what_and_why(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await made(scene, key="k1", items=({"information": "assessment"}, {"information": "medications"}))
        (line,) = await lines_of(scene)
        assert (line.recipient_name, line.address) == ("Lantern Outpatient", "https://lantern.example/inbox")
        assert line.description == ("assessment", "medications")
        assert (line.purpose, line.law, line.count, line.certain) == ("treatment", "2.25", 1, True)
        (row,) = await log.page(scene.hub, Wanted(member=scene.member))
        assert line.first == row["intended_at"]


async def test_what_went_with_consent_is_listed_for_three_years(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await made(scene, key="k1")
        await age(scene, 3 * 365 - 2)
        assert len(await lines_of(scene)) == 1
        await age(scene, 6)
        assert await lines_of(scene) == ()
        assert len(await lines_of(scene, scope="all")) == 1, "a program may tell more than it must"


async def test_an_emergency_is_listed_for_six_years(migrated_url: str) -> None:
    async with a_county(migrated_url) as scene:
        await disclose(scene, "emergency-room", "medications", purpose="treatment", **EMERGENCY_PACKET)
        await scene.dispatch_all()
        await age(scene, 6 * 365 - 2)
        (line,) = await lines_of(scene)
        assert (line.recipient, line.law) == ("emergency-room", "164.528")
        await age(scene, 6)
        assert await lines_of(scene) == ()


async def test_a_disclosure_whose_end_nobody_saw_is_listed_as_uncertain(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        scene.channel.answers.append(Unknown(code="timeout"))
        await scene.submit()
        assert await scene.dispatch_all() == ["unknown"]
        (line,) = await lines_of(scene)
        assert not line.certain


async def test_what_never_left_is_not_listed(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.submit()
        await scene.dispatch_all()
        assert await lines_of(scene, scope="all") == ()


async def test_three_alike_are_one_line_with_first_number_and_last(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        for n in range(4):
            await made(scene, key=f"k{n}")
        await made(scene, key="other", items=({"information": "medications"},))
        rows = await log.page(scene.hub, Wanted(member=scene.member))
        assessments = sorted(row["intended_at"] for row in rows if row["description"] == "assessment")
        repeated, single = sorted(await lines_of(scene), key=lambda line: -line.count)
        assert (repeated.first, repeated.count, repeated.last) == (assessments[0], 4, assessments[-1])
        assert (single.count, single.description) == (1, ("medications",))


async def test_two_alike_stay_two_lines(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        for n in range(2):
            await made(scene, key=f"k{n}")
        assert [line.count for line in await lines_of(scene)] == [1, 1]


async def test_another_programs_disclosures_stay_out_of_this_programs_accounting(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await made(scene, key="k1")
        found = await accounting.account(scene.hub, scene.member, "lantern", at=scene.hub.clock.now())
        assert found.lines == ()


@pytest.mark.parametrize("years", [0, 7])
async def test_an_accounting_reaches_back_at_most_six_years(migrated_url: str, years: int) -> None:
    async with a_scene(migrated_url) as scene:
        with pytest.raises(Malformed):
            await lines_of(scene, years=years)


async def test_nothing_is_due_while_counsel_holds_the_section_for_tolled(migrated_url: str) -> None:
    from dataclasses import replace

    from hub.storage.directory import DirectoryStore
    from policies.choices import read_choices

    async with a_scene(migrated_url) as scene:
        tolled = DirectoryStore(scene.hub.database, scene.hub.zone, read_choices("D7=tolled"))
        scene.hub = replace(scene.hub, directory=tolled)
        await scene.consent()
        await made(scene, key="k1")
        assert await lines_of(scene) == ()
        assert len(await lines_of(scene, scope="all")) == 1, "the log has it all the same"
