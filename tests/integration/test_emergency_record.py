"""§2.51(c): the record of an emergency, for the program's people and compliance, and that they looked."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.storage.tables import Disclosure, LedgerEntry
from tests import disclosures as d
from tests.api import Api, an_api
from tests.disclosures import a_county, disclose
from tests.scenes import Scene


@pytest.fixture
async def scene(migrated_url: str) -> AsyncIterator[Scene]:
    async with a_county(migrated_url) as scene:
        yield scene


@pytest.fixture
async def api(scene: Scene) -> AsyncIterator[Api]:
    async with an_api(scene.hub) as api:
        yield api


async def disclosed(scene: Scene, emergency: dict[str, Any] = d.EMERGENCY) -> str:
    await disclose(scene, "emergency-room", "medications", kind="emergency_disclosure", emergency=emergency)
    assert await scene.dispatch_all() == ["delivered"]
    ((disclosure,),) = await scene.rows(Disclosure.id)
    return str(disclosure)


async def test_the_five_fields_are_opened_for_the_program_and_for_compliance(scene: Scene, api: Api) -> None:
    before = scene.hub.clock.now()
    disclosure = await disclosed(scene)
    for organization, role in (("harbor", "staff"), ("county", "compliance")):
        found = (await (await api.caller(organization, role))("GET", f"/v1/disclosures/{disclosure}/emergency")).json
        assert before <= found.pop("disclosed_at") <= scene.hub.clock.now()
        assert found == {
            "disclosure": disclosure,
            "recipient_name": "Dr. Ida Fennimore",
            "recipient_facility": "Meridian Emergency Room",
            "discloser_name": "Perrin Ashdown",
            "nature": "Unresponsive after an overdose",
            "missing": [],
        }


async def test_whoever_looked_is_on_the_ledger_without_a_word_of_what_they_read(scene: Scene, api: Api) -> None:
    disclosure = await disclosed(scene)
    await (await api.caller("harbor", "staff"))("GET", f"/v1/disclosures/{disclosure}/emergency")
    rows = await scene.rows(
        LedgerEntry.id, LedgerEntry.kind, LedgerEntry.member_id, LedgerEntry.reference, LedgerEntry.body
    )
    ((_, _, member, reference, body),) = [row for row in rows if row[1] == "access.viewed"]
    assert (member, reference, json.loads(body)["what"]) == (scene.member, disclosure, "emergency_record")
    assert json.loads(body)["by"].startswith("harbor/")
    assert not any(secret.encode() in bytes(body) for secret in d.SECRETS)


async def test_what_is_still_to_be_written_is_named_by_its_paragraph(scene: Scene, api: Api) -> None:
    disclosure = await disclosed(scene, {name: value for name, value in d.EMERGENCY.items() if name != "nature"})
    found = (await (await api.caller("harbor", "staff"))("GET", f"/v1/disclosures/{disclosure}/emergency")).json
    assert found["missing"] == ["2.51(c)(4)"]


async def test_for_everybody_else_there_is_no_such_record(scene: Scene, api: Api) -> None:
    disclosure = await disclosed(scene)
    recipient, stranger = await api.caller("emergency-room", "staff"), await api.caller("lantern", "staff")
    for caller in (recipient, stranger):
        answers = [await caller("GET", f"/v1/disclosures/{each}/emergency") for each in (disclosure, "0" * 32)]
        assert [answer.status for answer in answers] == [404, 404]
        assert answers[0].body == answers[1].body
    assert (
        await (await api.caller("harbor", "sender"))("GET", f"/v1/disclosures/{disclosure}/emergency")
    ).status == 403
    assert [kind for _, kind in await scene.rows(LedgerEntry.id, LedgerEntry.kind) if kind == "access.viewed"] == []


async def test_another_disclosure_has_no_record_of_an_emergency(scene: Scene, api: Api) -> None:
    await scene.consent()
    await scene.submit()
    assert await scene.dispatch_all() == ["delivered"]
    ((disclosure,),) = await scene.rows(Disclosure.id)
    caller = await api.caller("harbor", "staff")
    assert (await caller("GET", f"/v1/disclosures/{disclosure}/emergency")).status == 404
