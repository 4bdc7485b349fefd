"""A suspension that an agency asks for which is in no directory: what it leaves out of an accounting, and what it does
not (45 CFR 164.528(a)(2)).
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.compliance import accounting, left_out, matters, suspensions
from hub.errors import Conflict, Malformed
from hub.storage.directory import Organization
from hub.storage.tables import LedgerEntry, Matter
from tests.disclosures import a_county
from tests.outsides import HOUR_US, record
from tests.registers import DAY_US, at, do, opened, read
from tests.scenes import Scene

SHERIFF = {"name": "Meridian Sheriff's Office", "role": "law_enforcement", "address": "1 Mill Lane, Meridian, CA"}
ASKED = {"statement": "Det. Alder: it would impede the investigation"}
TO_DEPUTY = {
    "somebody": {"name": "Deputy Corran Vale", "organization": "The MERIDIAN SHERIFF’S OFFICE"},
    "purpose": "law_enforcement", "notice": None, "scope": None,
}  # fmt: skip
TO_SISTER = {"somebody": {"name": "Rosalba Quintanar"}, "purpose": "family_information"}


@pytest.fixture
async def county(migrated_url: str) -> AsyncIterator[Scene]:
    async with a_county(migrated_url) as scene:
        yield scene


async def suspended(scene: Scene, **fields: Any) -> str:
    asked = {"member": scene.member, "received_at": at(scene, 1), "somebody": SHERIFF} | ASKED | fields
    return await opened(scene, "suspension", **asked)


async def told(scene: Scene) -> tuple[list[str], int]:
    found = await accounting.account(scene.hub, scene.member, "harbor", at=scene.hub.clock.now() + 1)
    return sorted(line.recipient_name for line in found.lines), found.suspended


async def test_what_went_to_an_agency_in_no_directory_is_left_out_and_nothing_else_is(county: Scene) -> None:
    await record(county, **TO_DEPUTY)
    await record(county, key="k2", **TO_SISTER)
    matter = await suspended(county)
    assert await told(county) == (["Rosalba Quintanar"], 1), "whatever the case, the apostrophe and the article"
    await do(county, matter, "end", reason="The investigation is over")
    assert len((await told(county))[0]) == 2


async def test_it_leaves_out_what_another_organization_told_of_nobody(county: Scene) -> None:
    await record(county, **TO_DEPUTY)
    found = await left_out.in_force(county.hub, county.member)
    await suspended(county)
    (suspension,) = await left_out.in_force(county.hub, county.member)
    names = frozenset({"meridian sheriff s office"})
    row = {"id": "x", "discloser": "lantern", "recipient": "~outside"}
    assert (found, suspension.covers(row, names)) == ([], False)
    assert suspension.covers(row | {"discloser": "harbor"}, names)


async def test_a_person_says_what_went_to_the_agency_under_another_name(county: Scene) -> None:
    """Only what is shown beside the suspension can be named."""
    short = TO_DEPUTY | {"somebody": {"name": "MSO", "organization": ""}}
    made = await record(county, **short)
    listed = await record(county, key="k2", recipient="lantern")
    matter = await suspended(county)
    assert (await told(county))[0] == ["Lantern Outpatient", "MSO"]
    for wrong in ([listed.id], [], ["nothing"]):
        with pytest.raises(Malformed):
            await do(county, matter, "cover", disclosures=wrong)
    await do(county, matter, "cover", disclosures=[made.id], reason="Det. Alder calls it so")
    assert await told(county) == (["Lantern Outpatient"], 1)
    (shown,) = await left_out.told(county.hub, await read(county, matter))
    assert (shown.row["id"], shown.name, shown.left_out, shown.said) == (made.id, "MSO", True, True)
    await do(county, matter, "uncover", disclosures=[made.id], reason="It was somebody else")
    assert await told(county) == (["Lantern Outpatient", "MSO"], 0)
    with pytest.raises(Malformed):
        await do(county, matter, "uncover", disclosures=[made.id])


async def test_two_who_add_at_once_lose_nothing(county: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await record(county, **TO_DEPUTY | {"somebody": {"name": "MSO"}})
    second = await record(county, key="k2", **TO_DEPUTY | {"somebody": {"name": "Vale"}})
    matter = await suspended(county)
    change = matters.change

    async def beaten(*args: Any) -> None:
        monkeypatch.setattr(matters, "change", change)
        await do(county, matter, "cover", disclosures=[second.id])
        await change(*args)

    monkeypatch.setattr(matters, "change", beaten)
    with pytest.raises(Conflict):
        await do(county, matter, "cover", disclosures=[first.id])
    assert (await read(county, matter))["facts"]["disclosures"] == [second.id]


async def test_an_agency_of_the_directory_is_known_where_somebody_typed_its_name(county: Scene) -> None:
    police = Organization(id="police", name="Meridian Sheriff's Office", roles=frozenset({"law_enforcement"}))
    await county.hub.directory.put_organization(police, by="county", at=county.hub.clock.now())
    await record(county, **TO_DEPUTY)
    await suspended(county, somebody=None, agency="police")
    assert await told(county) == ([], 1)


async def test_an_agency_that_was_put_in_the_directory_since_is_known_by_its_name(county: Scene) -> None:
    await suspended(county)
    police = Organization(id="police", name="Meridian Sheriff's Office", roles=frozenset({"law_enforcement"}))
    await county.hub.directory.put_organization(police, by="county", at=county.hub.clock.now())
    await record(county, ago_us=HOUR_US // 2, **TO_DEPUTY | {"recipient": "police", "somebody": None})
    assert await told(county) == ([], 1)


@pytest.mark.parametrize(
    "named",
    [
        {"agency": "county"},
        {"somebody": None},
        {"somebody": SHERIFF | {"name": " "}},
        {"somebody": SHERIFF | {"role": "court"}},
    ],
)
async def test_one_agency_is_named_and_it_is_one_that_may_ask(county: Scene, named: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        await suspended(county, **named)


async def test_who_asked_is_nowhere_in_the_clear(county: Scene) -> None:
    matter = await suspended(county)
    shown = await matters.show(county.hub, matter, "harbor", by="harbor/privacy")
    assert (shown["words"]["agency_name"], shown["facts"]["role"]) == (SHERIFF["name"], "law_enforcement")
    stored = await county.rows(Matter.facts, Matter.reference)
    ledger = await county.rows(LedgerEntry.id, LedgerEntry.body)
    assert "Sheriff" not in json.dumps([*map(str, stored), *map(str, ledger)])


async def test_an_accounting_of_another_day_leaves_out_what_is_suspended_now(county: Scene) -> None:
    """Whether to leave it out is a question of the moment in which somebody is told, not of the days that are asked."""
    await record(county, ago_us=3 * DAY_US, **TO_DEPUTY)
    await suspended(county)
    for until in (-2, 400):
        found = await accounting.account(
            county.hub, county.member, "harbor", at=county.hub.clock.now() + until * DAY_US, scope="all"
        )
        assert (found.lines, found.suspended) == ((), 1)


async def test_what_is_put_in_writing_as_its_time_ends_goes_on(county: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    matter = await suspended(county, received_at=at(county, 31))
    standing = left_out.standing

    async def as_it_stood(*args: Any) -> list[dict[str, Any]]:
        found = await standing(*args)
        await do(county, matter, "write", until=at(county, -30), reason="The letter came")
        return found

    monkeypatch.setattr(left_out, "standing", as_it_stood)
    assert await suspensions.lapse(county.hub, county.hub.clock.now()) == 0
    assert (await read(county, matter))["state"] == "open"


async def test_what_was_said_of_a_record_holds_for_the_one_in_its_place(county: Scene) -> None:
    """Two corrections later too; and whoever said so may take it back."""
    short = TO_DEPUTY | {"somebody": {"name": "MSO"}}
    first = await record(county, **short)
    matter = await suspended(county)
    await do(county, matter, "cover", disclosures=[first.id])
    second = await record(county, key="k2", corrects=first.id, reason="On paper", **short | {"way": "paper"})
    third = await record(county, key="k3", corrects=second.id, reason="By fax", **short | {"way": "own_fax"})
    assert await told(county) == ([], 1)
    (shown,) = await left_out.told(county.hub, await read(county, matter))
    assert (shown.row["id"], shown.said) == (third.id, True)
    await do(county, matter, "uncover", disclosures=[third.id])
    assert await told(county) == (["MSO"], 0)


async def test_a_correction_that_finds_the_agency_in_the_directory_is_left_out_and_shown(county: Scene) -> None:
    police = Organization(id="police", name="Meridian Sheriff's Department", roles=frozenset({"law_enforcement"}))
    await county.hub.directory.put_organization(police, by="county", at=county.hub.clock.now())
    first = await record(county, **TO_DEPUTY | {"somebody": {"name": "MSO"}})
    matter = await suspended(county)
    await do(county, matter, "cover", disclosures=[first.id])
    told_police = TO_DEPUTY | {"somebody": None, "recipient": "police"}
    second = await record(county, key="k2", corrects=first.id, reason="It is known here", **told_police)
    assert await told(county) == ([], 1)
    (shown,) = await left_out.told(county.hub, await read(county, matter))
    assert (shown.row["id"], shown.name, shown.said) == (second.id, "Meridian Sheriff's Department", True)
