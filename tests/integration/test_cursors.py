"""A page that no page before it named is refused: taken for the first one, a reader would go round for ever."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hub.context import Hub
from hub.web.openapi import document
from tests.api import an_api
from tests.desk import a_desk
from tests.hubs import a_hub

KNOWN = "0" * 31 + "1"
"""What a page may have named: of an entry that may be gone since."""
NONE = ("x", "", KNOWN[1:], KNOWN + "0", KNOWN.replace("1", "G"), "2026-03-01", "9" * 19, "~.1")
LARGE = "9" * 19
SEARCHES = (
    ("/fhir/Task?", KNOWN),
    ("/fhir/Communication?", KNOWN),
    ("/fhir/AuditEvent?", f"{KNOWN}.1"),
    ("/fhir/AuditEvent?", f"~.{1 << 62}"),
    ("/fhir/AuditEvent?type=110113&", KNOWN),
)
OFFICERS = (
    ("/desk/registers?before=", KNOWN),
    ("/desk/inbound?after=", KNOWN),
    ("/desk/disclosures?before=", f"1-{KNOWN}"),
    ("/desk/work?after=", f"{1 << 62}.{KNOWN}"),
)
STAFFS = (
    ("/desk/packets?after=", KNOWN),
    ("/desk/notices?before=", KNOWN),
    ("/desk/referrals?after=", f"0.5.{KNOWN}"),
)


@pytest.fixture
async def hub(migrated_url: str) -> AsyncIterator[Hub]:
    async with a_hub(migrated_url) as hub:
        yield hub


def paged(parameter: str) -> list[str]:
    """The lists of the description that have this parameter."""
    named = document()["components"]["parameters"]
    found = []
    for path, at in document()["paths"].items():
        given = at.get("get", {}).get("parameters", ())
        names = {named[each["$ref"].rpartition("/")[2]]["name"] if "$ref" in each else each["name"] for each in given}
        found += [path] if parameter in names else []
    return found


async def test_a_list_of_the_api_has_no_page_that_it_did_not_name(hub: Hub) -> None:
    async with an_api(hub) as api:
        compliance = await api.caller("county", "compliance")
        assert len(paged("before")) > 8
        for path in paged("before"):
            answers = [await compliance("GET", path, params={"before": before}) for before in NONE]
            refused = {(each.status, each.json["code"], each.json["field"]) for each in answers}
            assert refused == {(400, "invalid-cursor", "before")}, path
            assert (await compliance("GET", path, params={"before": KNOWN})).status == 200, path


async def test_a_list_of_one_page_has_no_other(hub: Hub) -> None:
    async with an_api(hub) as api:
        compliance = await api.caller("county", "compliance")
        for path in ("/v1/views?by=county", "/v1/put-right?limit=2"):
            assert (await compliance("GET", path)).status == 200
            assert (await compliance("GET", f"{path}&before={KNOWN}")).json["code"] == "invalid-cursor"


async def test_a_search_has_no_page_that_it_did_not_link(hub: Hub) -> None:
    async with an_api(hub) as api:
        compliance = await api.caller("county", "compliance")
        for path, known in SEARCHES:
            for cursor in ("x", "", "zz.1", f"{KNOWN}.x", f"{KNOWN}.{LARGE}", f"1.{LARGE}0", f"{KNOWN}G"):
                answer = await compliance("GET", f"{path}_cursor={cursor}")
                code = answer.json["issue"][0]["details"]["coding"][0]["code"]
                assert (answer.status, code) == (400, "invalid-cursor"), path + cursor
            assert (await compliance("GET", f"{path}_cursor={known}")).status == 200


async def test_a_list_at_the_desk_has_no_page_that_it_did_not_link(hub: Hub) -> None:
    async with a_desk(hub) as desk:
        ana = await desk.somebody("ana", "compliance")
        leo = await desk.somebody("leo", "staff", organizations=("harbor",))
        for who, lists in ((ana, OFFICERS), (leo, STAFFS)):
            for path, known in lists:
                places = ("x", "zz", f"{LARGE}.{KNOWN}", f"{LARGE}-{KNOWN}", f"{known}0", known[:-2] + "G")
                seen = await asyncio.gather(*(who.get(path + place) for place in places))
                assert {(each.status, "<title>" in each.text) for each in seen} == {(404, True)}, path
                assert (await who.get(path + known)).status == 200, path
