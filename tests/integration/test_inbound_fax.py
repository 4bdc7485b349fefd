"""A fax that came in: durable before the server lets go of it, seen as pages, matched by a person, handed in, filed."""

import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image
from sqlmodel import select

from adapters.fax import classf
from adapters.fax.inbox import ReceivedFax
from adapters.fax.intake import FaxIntake, arrived
from adapters.fax.sheet import Line, compose
from hub.errors import Conflict, NotAvailable, StorageFailed
from hub.inbound import paper, people
from hub.inbound.keep import keep, read
from hub.inbound.paper import Sorting
from hub.inbound.reception import settle_taken
from hub.model import MessageKind
from hub.storage.tables import Inbound, LedgerEntry, Outbox, Submission, WorkItem
from tests.scenes import Scene, a_scene
from tests.telephone.inbox import FakeInbox

SORTING = Sorting(
    kind=MessageKind.STATUS_REPORT,
    purpose="treatment",
    title="Status report",
    information="summary",
    recipients=("lantern",),
)


def a_fax(words: str = "Seen on Monday, will return.", pages: int = 2) -> bytes:
    drawn = [page() for number in range(pages) for page in compose([Line(f"{words} Page {number + 1}")])]
    return classf.write(drawn, pages)


@pytest.fixture
async def scene(migrated_url: str) -> AsyncIterator[Scene]:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        yield scene


@pytest.fixture
def inbox() -> FakeInbox:
    return FakeInbox({"fax000000001.tif": a_fax()}, station="707 555 0100")


async def rows(scene: Scene, table) -> list[dict]:
    names = [column.name for column in table.__table__.columns]
    found = await scene.hub.database.query(select(table.__table__))
    return [dict(zip(names, row, strict=True)) for row in found]


async def waiting(scene: Scene, inbox: FakeInbox) -> str:
    await FaxIntake(inbox).collect(lambda arrival: keep(scene.hub, arrival))
    await settle_taken(scene.hub)
    (row,) = await rows(scene, Inbound)
    return row["id"]


async def test_a_fax_is_removed_at_the_server_only_after_the_hub_has_it(scene, inbox):
    async def refuses(_arrival):
        raise StorageFailed("The database is away.")

    with pytest.raises(StorageFailed):
        await FaxIntake(inbox).collect(refuses)
    assert list(inbox.faxes) == ["fax000000001.tif"]

    inbound = await waiting(scene, inbox)

    assert inbox.faxes == {}
    assert (await read(scene.hub, inbound)).arrival.raw == a_fax()


async def test_a_fax_given_again_after_a_crash_before_its_removal_is_kept_once(scene, inbox):
    await waiting(scene, inbox)
    inbox.faxes["fax000000001.tif"] = a_fax()

    await waiting(scene, inbox)

    assert inbox.faxes == {}


async def test_another_fax_under_a_name_that_the_server_uses_again_is_another_fax(scene, inbox):
    await waiting(scene, inbox)
    inbox.faxes["fax000000001.tif"] = a_fax("Another matter.")
    await FaxIntake(inbox).collect(lambda arrival: keep(scene.hub, arrival))

    assert len(await rows(scene, Inbound)) == 2


async def test_a_fax_waits_for_a_person_whatever_number_it_claims_to_come_from(scene, inbox):
    inbound = await waiting(scene, inbox)

    kept = await people.look(scene.hub, inbound, organization=None, by="county/compliance")

    assert (kept.state, kept.organization, kept.code) == ("waiting", None, "fax.unmatched")
    assert kept.arrival.claimed == "707 555 0100"
    (work,) = await rows(scene, WorkItem)
    assert (work["reference"], work["code"]) == (inbound, "fax fax.unmatched")
    assert "access.viewed" in {row["kind"] for row in await rows(scene, LedgerEntry)}


async def test_each_page_is_shown_as_a_picture_of_the_same_dots(scene, inbox):
    kept = await read(scene.hub, await waiting(scene, inbox))

    assert await paper.pages_in(kept.arrival) == 2
    with Image.open(io.BytesIO(await paper.picture(kept.arrival, 2))) as page:
        assert page.format == "PNG"
        # 204 by 196 to the inch, shown with square dots
        assert page.size == (1728, round(2156 * 204 / 196))
        assert page.histogram()[0] > 500


@pytest.mark.parametrize("number", [0, 3, 10_000])
async def test_a_page_that_is_not_there_is_not_available(scene, inbox, number):
    kept = await read(scene.hub, await waiting(scene, inbox))
    with pytest.raises(NotAvailable):
        await paper.picture(kept.arrival, number)


async def test_damaged_pages_are_kept_and_not_shown(scene):
    inbound = await waiting(scene, FakeInbox({"fax000000002.tif": a_fax()[:900]}, station=""))
    kept = await read(scene.hub, inbound)

    assert kept.state == "waiting"
    with pytest.raises(NotAvailable):
        await paper.picture(kept.arrival, 1)


async def test_a_person_matches_a_fax_and_it_goes_on_as_the_senders_submission(scene, inbox):
    inbound = await waiting(scene, inbox)

    submission = await people.match(
        scene.hub, inbound, "harbor", scene.member, organization=None, by="county/compliance", sorting=SORTING
    )

    (row,) = await rows(scene, Submission)
    assert (row["id"], row["sender"], row["member_id"]) == (submission, "harbor", scene.member)
    assert [(row["recipient"], row["state"]) for row in await rows(scene, Outbox)] == [("lantern", "queued")]
    assert [work["state"] for work in await rows(scene, WorkItem)] == ["closed"]
    assert (await read(scene.hub, inbound)).state == "submitted"


async def test_a_fax_without_a_person_who_read_it_cannot_be_matched(scene, inbox):
    inbound = await waiting(scene, inbox)
    with pytest.raises(Conflict):
        await people.match(scene.hub, inbound, "harbor", scene.member, organization=None, by="county/compliance")


async def test_a_fax_is_filed_with_a_member_and_goes_no_further(scene, inbox):
    inbound = await waiting(scene, inbox)

    await people.close(scene.hub, inbound, "filed", organization=None, by="county/compliance", member=scene.member)

    assert (await read(scene.hub, inbound)).state == "closed"
    filed = [row for row in await rows(scene, LedgerEntry) if row["kind"] == "inbound.filed"]
    assert [row["reference"] for row in filed] == [inbound]
    assert await rows(scene, Submission) == []


async def test_nobody_but_compliance_sees_a_fax_that_nobody_has_matched(scene, inbox):
    inbound = await waiting(scene, inbox)
    with pytest.raises(NotAvailable):
        await people.look(scene.hub, inbound, organization="harbor", by="harbor/staff")


def test_the_same_bytes_under_the_same_name_are_the_same_fax():
    fax = ReceivedFax(reference="fax000000001.tif", station="1", pages=1)
    assert arrived(fax, b"pages").key == arrived(fax, b"pages").key != arrived(fax, b"others").key
