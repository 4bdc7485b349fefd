"""Lists of work and of registers as long as they come: every row on one page and no other, counted, narrowed."""

import re
from datetime import timedelta

import pytest

from hub.compliance import matters
from hub.compliance.matters import Act, Opening
from hub.desk.queues import LIMIT
from hub.storage.database import Unit
from hub.waiting import items
from hub.waiting.work import open_work
from tests.api import an_api
from tests.desk import a_desk
from tests.hubs import a_hub

HOUR = timedelta(hours=1) // timedelta(microseconds=1)
MANY = 2 * LIMIT + 20
WORK = re.compile(r'href="/desk/work/([0-9a-f]{32})"')
MATTER = re.compile(r'href="/desk/registers/([0-9a-f]{32})"')
NEXT = re.compile(r'href="([^"]+)" rel="next"')


@pytest.fixture
async def hub(migrated_url):
    async with a_hub(migrated_url) as hub:
        yield hub


@pytest.fixture
async def desk(hub):
    async with a_desk(hub) as desk:
        yield desk


async def waits(hub, n, *, kind="hold", whose="harbor", due=None, since=0):
    now = hub.clock.now()
    at = None if due is None else now + due
    steps = tuple(open_work(kind, whose, f"row-{kind}-{each}", ("x",), now - since, due=at) for each in range(n))
    await hub.database.commit(Unit((), steps))


async def complaints(hub, n, *, at, whose="harbor", by="county/eve"):
    opening = Opening(kind="complaint", organization=whose, received_at=at, clocks=("complaint.answer",))
    return [await matters.open_matter(hub, opening, by=by) for _ in range(n)]


async def pages(browser, address, found):
    """The ids on each page, following what leads on."""
    while address:
        seen = await browser.get(address)
        assert seen.status == 200
        yield found.findall(seen.text)
        link = NEXT.search(seen.text)
        address = link[1].replace("&amp;", "&") if link else ""


async def test_every_item_stands_on_one_page_in_the_order_it_is_due(hub, desk):
    await waits(hub, 50, due=3 * HOUR)
    await waits(hub, 20, kind="legal")
    await waits(hub, MANY - 70, kind="dead_letter", due=-HOUR)
    ana = await desk.somebody("ana", "compliance")
    found = [page async for page in pages(ana, "/desk/work", WORK)]
    assert [len(page) for page in found] == [LIMIT, LIMIT, MANY - 2 * LIMIT]
    ids = [each for page in found for each in page]
    assert len(set(ids)) == MANY
    rows = {each["id"]: each["kind"] for each in [await items.read_item(hub, each, None) for each in ids]}
    assert [rows[each] for each in ids] == ["dead_letter"] * (MANY - 70) + ["hold"] * 50 + ["legal"] * 20


async def test_settled_items_are_paged_from_the_last_one_settled(hub, desk):
    await waits(hub, LIMIT + 3)
    ana = await desk.somebody("ana", "compliance")
    ids = [each async for page in pages(ana, "/desk/work", WORK) for each in page]
    for each in ids:
        await items.close(hub, each, "reviewed", organization=None, by="county/eve")
        hub.clock.ahead += 1
    settled = [each async for page in pages(ana, "/desk/work?state=closed", WORK) for each in page]
    assert settled == ids[::-1]


async def test_work_is_narrowed_by_kind_lateness_age_and_whose_it_is(hub, desk):
    await waits(hub, 3, due=HOUR)
    await waits(hub, 2, kind="legal", due=-HOUR, since=8 * 24 * HOUR)
    ana = await desk.somebody("ana", "compliance")
    first = WORK.findall((await ana.get("/desk/work?kind=legal")).text)
    assert len(first) == 2
    assert WORK.findall((await ana.get("/desk/work?overdue=yes")).text) == first
    assert WORK.findall((await ana.get("/desk/work?age=week")).text) == first
    assert WORK.findall((await ana.get("/desk/work?age=month")).text) == []
    assert WORK.findall((await ana.get("/desk/work?queue=holds&kind=legal")).text) == []
    await ana.post(f"/desk/work/{first[0]}/take")
    seen = await ana.get("/desk/work?mine=yes&kind=legal")
    assert WORK.findall(seen.text) == first[:1]
    assert "1 of 1" in seen.words


async def test_words_that_there_are_not_narrow_nothing_open(hub, desk):
    ana = await desk.somebody("ana", "compliance")
    for query in ("state=gone", "age=eon", "queue=none", "after=1", "after=x.y", "mine=no", "kind=A%20B"):
        assert (await ana.get(f"/desk/work?{query}")).status == 404
    for query in ("state=gone", "kind=none", "before=%27", "overdue=no"):
        assert (await ana.get(f"/desk/registers?{query}")).status == 404


async def test_a_scope_pages_and_counts_its_own(hub, desk):
    await waits(hub, LIMIT + 1)
    await waits(hub, 7, whose="lantern")
    await complaints(hub, 2, at=hub.clock.now())
    await complaints(hub, 1, at=hub.clock.now(), whose="lantern")
    sol = await desk.somebody("sol", "compliance", organizations=("lantern",))
    seen = await sol.get("/desk/work")
    assert "7 of 7" in seen.words
    assert len(WORK.findall(seen.text)) == 7
    assert "1 of 1" in (await sol.get("/desk/registers")).words


async def test_every_matter_stands_on_one_page_and_is_narrowed(hub, desk):
    now = hub.clock.now()
    ids = await complaints(hub, LIMIT + 5, at=now - HOUR)
    late = await complaints(hub, 2, at=now - 200 * 24 * HOUR)
    ana = await desk.somebody("ana", "compliance")
    found = [page async for page in pages(ana, "/desk/registers", MATTER)]
    assert [len(page) for page in found] == [LIMIT, 7]
    assert [each for page in found for each in page] == sorted([*late, *ids], reverse=True)
    assert MATTER.findall((await ana.get("/desk/registers?age=quarter")).text) == sorted(late, reverse=True)
    assert MATTER.findall((await ana.get("/desk/registers?mine=yes")).text) == []
    await matters.close(hub, ids[0], Act("answered", "done", "county/eve", None))
    assert MATTER.findall((await ana.get("/desk/registers?state=closed")).text) == ids[:1]


async def test_the_api_pages_counts_and_narrows_alike(hub):
    await waits(hub, 5, due=HOUR)
    await waits(hub, 2, kind="legal", due=-HOUR)
    now = hub.clock.now()
    await complaints(hub, 3, at=now)
    async with an_api(hub) as api:
        compliance = await api.caller("county", "compliance")
        first = (await compliance("GET", "/v1/work?limit=4")).json
        rest = (await compliance("GET", f"/v1/work?limit=4&before={first['next']}")).json
        assert (first["total"], rest["total"], rest["next"]) == (7, 7, None)
        assert len({each["id"] for each in first["items"] + rest["items"]}) == 7
        late = (await compliance("GET", "/v1/work?overdue=true")).json
        assert {each["kind"] for each in late["items"]} == {"legal"}
        assert (await compliance("GET", "/v1/work?until=2020-01-01T00:00:00Z")).json["total"] == 0
        assert (await compliance("GET", "/v1/matters?limit=2")).json["total"] == 3
        assert (await compliance("GET", "/v1/matters?until=2020-01-01T00:00:00Z")).json["total"] == 0
