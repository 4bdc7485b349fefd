"""An auditor's five questions, each answered with evidence."""

import pytest

from hub.compliance import attempts, emergencies, log, looked, questions, viewing
from hub.compliance.log import Wanted
from hub.errors import Malformed, NotAvailable
from hub.ledger.sequencer import Sequencer
from hub.model import Unknown
from hub.storage.tables import LedgerEntry
from tests.disclosures import EMERGENCY, a_county, disclose
from tests.scenes import Scene, a_scene

ASKER = "county/auditor"


async def a_disclosure(scene: Scene) -> str:
    await scene.consent()
    await scene.submit(items=({"information": "assessment"}, {"information": "counseling_notes"}))
    assert await scene.dispatch_all() == ["delivered"]
    (row,) = await log.page(scene.hub, Wanted())
    return str(row["id"])


async def test_who_disclosed_what(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        disclosure = await a_disclosure(scene)
        (row,) = await questions.disclosed(scene.hub, Wanted(organization="harbor"), asker=ASKER)
        assert (row["id"], row["discloser"], row["recipient"]) == (disclosure, "harbor", "lantern")
        assert (row["bases"], row["description"], row["counts"]) == (["consent"], "assessment", True)
        assert [each["channel"] for each in row["attempts"]] == ["api"]


async def test_what_permitted_it(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        disclosure = await a_disclosure(scene)
        await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
        found = await questions.permitted(scene.hub, disclosure, "harbor", asker=ASKER)
        assert "2.31" in found["decision"]["laws"]
        assert found["decision"]["explanation"]
        kinds = [each["kind"] for each in found["ledger"]]
        assert kinds == ["submission.decided", "disclosure.intended", "disclosure.concluded"]
        assert all(each["position"] is not None for each in found["ledger"])


async def test_how_it_was_kept_to_the_necessary(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        disclosure = await a_disclosure(scene)
        found = await questions.necessary(scene.hub, disclosure, None, asker=ASKER)
        assert [(each["information"], each["went"]) for each in found["items"]] == [
            ("assessment", True),
            ("counseling_notes", False),
        ]
        assert "minimum_necessary" in found["obligations"]


async def test_who_looked_at_what_asking_included(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        disclosure = await a_disclosure(scene)
        await questions.permitted(scene.hub, disclosure, None, asker=ASKER)
        (seen,) = await questions.looked(scene.hub, asker="county/other", member=scene.member)
        assert (seen["by"], seen["what"], seen["reference"]) == (ASKER, "decision", disclosure)
        again = await questions.looked(scene.hub, asker="county/other", by="county")
        assert [each["by"] for each in again] == ["county/other", ASKER]
        assert await questions.looked(scene.hub, asker=ASKER, by="harbor") == []


async def test_who_reads_most_stands_first(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looked, "_BATCH", 2)
    async with a_scene(migrated_url) as scene:
        for reader, times in (("harbor/a", 5), ("harbor/b", 1)):
            for _ in range(times):
                await viewing.note(scene.hub, reader, "member", scene.member, scene.member)
        now = scene.hub.clock.now()
        assert await looked.readers(scene.hub, 0, now + 1) == [("harbor/a", 5, 0), ("harbor/b", 1, 0)]
        assert await looked.readers(scene.hub, now + 1, now + 2) == []
        assert len(await looked.views(scene.hub, by="harbor", limit=4)) == 4


async def test_what_was_done_when_something_went_wrong(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        scene.channel.answers.append(Unknown(code="timeout"))
        await scene.submit()
        await scene.dispatch_all()
        found = await questions.put_right(scene.hub, "harbor", asker="county/eve")
        assert [(each["kind"], each["state"], each["code"]) for each in found["work"]] == [
            ("unknown_outcome", "open", "timeout")
        ]
        assert (await questions.put_right(scene.hub, "lantern", asker="county/eve"))["work"] == []


async def test_another_organization_gets_the_neutral_refusal(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        disclosure = await a_disclosure(scene)
        before = len(await scene.rows(LedgerEntry.id))
        for asked in (disclosure, "no-such"):
            with pytest.raises(NotAvailable):
                await questions.permitted(scene.hub, asked, "valley-clinic", asker="valley-clinic/x")
            with pytest.raises(NotAvailable):
                await questions.necessary(scene.hub, asked, "valley-clinic", asker="valley-clinic/x")
        assert await questions.disclosed(scene.hub, Wanted(organization="valley-clinic"), asker=ASKER) == []
        assert len(await scene.rows(LedgerEntry.id)) == before, "nothing was seen, so nothing is recorded"


async def test_denied_attempts_name_their_reasons(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.submit()
        (denied,) = await attempts.denied(scene.hub, "harbor")
        assert (denied["outcome"], denied["recipient"]) == ("deny", "lantern")
        assert denied["withheld"][0]["reasons"]
        assert await attempts.denied(scene.hub, "lantern") == []


async def test_the_register_of_emergencies_has_each_with_its_review(migrated_url: str) -> None:
    async with a_county(migrated_url) as scene:
        await disclose(
            scene,
            "emergency-room",
            "medications",
            kind="emergency_disclosure",
            purpose="treatment",
            emergency=EMERGENCY,
        )
        await scene.dispatch_all()
        (found,) = await emergencies.register(scene.hub, "harbor", state="open")
        assert found["bases"] == ["emergency"]
        assert found["review"]["state"] == "open"
        assert "Fennimore" not in repr(found), "the register has codes; the record is opened one at a time"
        record = await emergencies.record(scene.hub, found["id"], "harbor", by=ASKER)
        assert record["recipient_name"] == "Dr. Ida Fennimore"
        assert await emergencies.register(scene.hub, "lantern") == []
        assert await emergencies.register(scene.hub, "harbor", state="closed") == []


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({"channel": "api"}, 1), ({"channel": "fax"}, 0), ({"basis": "consent"}, 1), ({"basis": "emergency"}, 0),
        ({"paragraph": "2.31"}, 1), ({"paragraph": "2.51"}, 0), ({"purpose": "treatment"}, 1),
        ({"purpose": "payment"}, 0), ({"recipient": "lantern"}, 1), ({"recipient": "sunrise"}, 0),
        ({"state": "disclosed"}, 1), ({"state": "unknown"}, 0), ({"since": 0}, 1), ({"until": 1}, 0),
        ({"member": "nobody"}, 0), ({"basis": "consent%"}, 0),
    ],
)  # fmt: skip
async def test_the_log_narrows_by_every_filter(migrated_url: str, narrowed: dict[str, object], found: int) -> None:
    async with a_scene(migrated_url) as scene:
        await a_disclosure(scene)
        assert len(await log.page(scene.hub, Wanted(**narrowed))) == found  # type: ignore[arg-type]


async def test_the_log_streams_what_its_pages_show(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        for n in range(5):
            await scene.submit(f"k{n}")
        await scene.dispatch_all()
        monkeypatch.setattr(log, "BATCH", 2)
        streamed = [row["id"] async for row in log.stream(scene.hub, Wanted())]
        first = await log.page(scene.hub, Wanted(limit=3))
        rest = await log.page(scene.hub, Wanted(limit=3, before=first[-1]["id"]))
        assert streamed == [row["id"] for row in first + rest]
        assert len(streamed) == 5


async def test_a_word_the_log_does_not_know_is_refused(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        with pytest.raises(Malformed):
            await log.page(scene.hub, Wanted(purpose="curiosity"))
