"""What patients ask for and complain of: the clocks, the fee, the extension, what must be agreed to."""

from hashlib import sha256
from typing import Any

import pytest

from hub.compliance import accounting, matters, requests, suspensions
from hub.compliance.duties import Duties
from hub.errors import Conflict, Malformed, NotAvailable
from hub.storage import restrictions
from hub.storage.directory import Organization
from hub.storage.tables import WorkItem
from tests.registers import BY, DAY_US, at, do, opened, read
from tests.scenes import Scene, a_scene


async def an_accounting(scene: Scene, days_ago: float = 0, **more: Any) -> str:
    return await opened(scene, "accounting", member=scene.member, received_at=at(scene, days_ago), **more)


async def test_the_first_accounting_in_twelve_months_is_free_and_the_next_is_not(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        first, second = await an_accounting(scene, 200), await an_accounting(scene)
        assert (await read(scene, first))["facts"]["free"] is True
        assert (await read(scene, second))["facts"]["free"] is False
        with pytest.raises(Conflict):
            await do(scene, first, "fee", cents=500)
        await do(scene, second, "fee", cents=500, reason="Told by phone")
        assert (await read(scene, second))["facts"]["fee_cents"] == 500


async def test_an_accounting_is_free_again_after_twelve_months(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await an_accounting(scene, 370)
        assert (await read(scene, await an_accounting(scene)))["facts"]["free"] is True


async def test_the_extension_is_thirty_days_once_with_a_reason_within_the_sixty(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await an_accounting(scene, 10)
        (before,) = (await read(scene, matter))["clocks"]
        with pytest.raises(Malformed):
            await do(scene, matter, "extend", reason=" ")
        await do(scene, matter, "extend", reason="The paper files are in another county")
        (after,) = (await read(scene, matter))["clocks"]
        assert round((after["due_at"] - before["due_at"]) / DAY_US) == 30
        with pytest.raises(Conflict):
            await do(scene, matter, "extend", reason="again")
        late = await an_accounting(scene, 62)
        with pytest.raises(Conflict):
            await do(scene, late, "extend", reason="too late")


async def test_an_answer_meets_the_clock_and_binds_the_letter(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await an_accounting(scene)
        await requests.answered(scene.hub, matter, b"%PDF", matters.Act("", "Mailed", BY, "harbor"))
        found = await read(scene, matter)
        assert (found["state"], found["code"], found["facts"]["letter"]) == (
            "closed",
            "answered",
            sha256(b"%PDF").hexdigest(),
        )
        assert found["clocks"][0]["state"] == "met"


async def test_a_program_that_does_not_know_the_person_takes_no_request(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        for member in (scene.member, "nobody"):
            with pytest.raises(NotAvailable):
                await opened(scene, "accounting", "lantern", member=member, received_at=at(scene))


async def test_only_an_intermediary_owes_a_list(migrated_url: str) -> None:
    from dataclasses import replace

    async with a_scene(migrated_url) as scene:
        with pytest.raises(Conflict):
            await opened(scene, "list", member=scene.member, received_at=at(scene))
        scene.hub = replace(scene.hub, duties=Duties(role="intermediary"))
        matter = await opened(scene, "list", member=scene.member, received_at=at(scene))
        assert [clock["name"] for clock in (await read(scene, matter))["clocks"]] == ["list.answer"]


async def test_the_list_has_what_went_under_a_general_designation_only(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()
        await scene.dispatch_all()
        found = await accounting.intermediary_list(scene.hub, scene.member, "harbor", at=scene.hub.clock.now() + 1)
        assert found.lines == (), "a consent that names its recipients is no general designation"
        from hub.storage.statements import Returning

        general = "UPDATE consent SET kind = 'intermediary' RETURNING 1"
        await scene.hub.database.returning(Returning(general, general), ())
        (line,) = (
            await accounting.intermediary_list(scene.hub, scene.member, "harbor", at=scene.hub.clock.now() + 1)
        ).lines
        assert (line.recipient, line.description) == ("lantern", ("assessment",))


async def test_a_suspension_keeps_one_agency_out_until_it_ends(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        hub = scene.hub
        police = Organization(id="lantern", name="Lantern", roles=frozenset({"law_enforcement", "provider"}))
        await scene.consent()
        await scene.submit()
        await scene.submit("k2", recipients=("valley-clinic",))
        await scene.dispatch_all()
        await hub.directory.put_organization(police, by="county", at=hub.clock.now())

        async def told() -> tuple[list[str], int]:
            found = await accounting.account(hub, scene.member, "harbor", at=hub.clock.now() + 1)
            return sorted(line.recipient for line in found.lines), found.suspended

        matter = await opened(
            scene,
            "suspension",
            member=scene.member,
            agency="lantern",
            received_at=at(scene, 1),
            statement="Det. Alder: it would impede the investigation",
        )
        assert await told() == (["valley-clinic"], 1)
        hub.clock.ahead = 31 * DAY_US  # type: ignore[attr-defined]
        assert await told() == (["lantern", "valley-clinic"], 0), "an oral one ends after thirty days"
        hub.clock.ahead = 0  # type: ignore[attr-defined]
        await do(scene, matter, "write", until=at(scene, -90), reason="Letter of the 3rd")
        hub.clock.ahead = 31 * DAY_US  # type: ignore[attr-defined]
        assert (await told())[1] == 1, "a written one for the time it names"
        await do(scene, matter, "end", reason="The investigation is over")
        assert (await told())[1] == 0


async def test_only_an_agency_may_ask_for_a_suspension(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        with pytest.raises(Malformed, match="oversight"):
            await opened(
                scene, "suspension", member=scene.member, agency="sunrise", received_at=at(scene), statement="please"
            )


async def test_a_restriction_binds_once_it_is_agreed_and_not_before(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await opened(scene, "restriction", member=scene.member, received_at=at(scene), against=["lantern"])
        assert await restrictions.list_for(scene.hub, scene.member) == []
        await do(scene, matter, "agree", reason="Agreed at intake")
        (bound,) = await restrictions.list_for(scene.hub, scene.member)
        assert (bound["id"], bound["against"]) == (matter, ["lantern"])
        await do(scene, matter, "end", ended_by="patient", reason="She asked in writing")
        (ended,) = await restrictions.list_for(scene.hub, scene.member)
        assert ended["ended_by"] == "patient"
        assert (await read(scene, matter))["state"] == "closed"


async def test_what_was_paid_in_full_must_be_agreed_to_against_a_plan(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        asked = {"member": scene.member, "received_at": at(scene), "paid_in_full": True}
        plan = await opened(scene, "restriction", against=["sunrise"], **asked)
        with pytest.raises(Conflict, match=r"2\.26"):
            await do(scene, plan, "refuse", reason="We would rather not")
        await do(scene, plan, "agree", reason="As the law asks")
        with pytest.raises(Conflict):
            await do(scene, plan, "end", ended_by="notice", reason="We changed our mind")
        other = await opened(scene, "restriction", against=["lantern"], **asked)
        await do(scene, other, "refuse", reason="Needed for treatment")
        assert (await read(scene, other))["code"] == "refused"


async def test_a_complaint_is_answered_with_a_reason(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await opened(scene, "complaint", received_at=at(scene), what="They spoke about me in the hall")
        with pytest.raises(Malformed):
            await do(scene, matter, "answer", outcome="upheld")
        await do(scene, matter, "answer", outcome="upheld", reason="Two people were trained again")
        assert (await read(scene, matter))["code"] == "upheld"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("accounting", {"years": 9}),
        ("accounting", {"language": "fr"}),
        ("accounting", {"received_at": "yesterday"}),
        ("accounting", {"received_at": "2026-01-01T10:00:00"}),
        ("accounting", {"surprise": 1}),
        ("breach", {"discovered_at": "2026-01-01T10:00:00Z", "what": " "}),
        ("rumour", {}),
    ],
)
async def test_what_is_not_understood_is_refused_without_being_quoted(
    migrated_url: str, kind: str, fields: dict[str, Any]
) -> None:
    async with a_scene(migrated_url) as scene:
        whole = {"member": scene.member, "received_at": at(scene)} if kind == "accounting" else {}
        with pytest.raises(Malformed) as refused:
            await opened(scene, kind, **(whole | fields))
        assert scene.member not in refused.value.message


async def test_a_deed_of_another_register_is_refused(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await an_accounting(scene)
        with pytest.raises(Conflict):
            await do(scene, matter, "assess", conclusion="breach", reason="x")
        for deed in ("extend", "withdraw"):
            with pytest.raises(NotAvailable):
                await do(scene, matter, deed, "lantern", reason="x")


async def test_when_a_suspension_is_over_a_person_is_told_once_to_complete_the_accounting(migrated_url: str) -> None:
    """45 CFR 164.528(a)(2): the right is suspended for a time, not lost."""
    async with a_scene(migrated_url) as scene:
        hub = scene.hub
        agency = {"agency": "county", "received_at": at(scene, 1), "statement": "It would impede the agency"}
        oral = await opened(scene, "suspension", member=scene.member, **agency)
        written = await opened(scene, "suspension", member=scene.member, until=at(scene, -90), **agency)
        assert await suspensions.lapse(hub, hub.clock.now()) == 0
        hub.clock.ahead = 31 * DAY_US  # type: ignore[attr-defined]
        assert await suspensions.lapse(hub, hub.clock.now()) == 1
        assert await suspensions.lapse(hub, hub.clock.now()) == 0
        found = await read(scene, oral)
        assert (found["state"], found["code"], [each["state"] for each in found["clocks"]]) == (
            "closed",
            "lapsed",
            ["lifted"],
        )
        ((kind, reference, due),) = await scene.rows(WorkItem.kind, WorkItem.reference, WorkItem.due_at)
        assert (kind, reference) == ("suspension_ended", oral)
        assert due > hub.clock.now()
        await do(scene, written, "end", reason="The investigation is over")
        rows = await scene.rows(WorkItem.id, WorkItem.kind, WorkItem.reference)
        assert sorted(row[1:] for row in rows) == sorted(("suspension_ended", each) for each in (oral, written))
