"""What comes in by other ways than HTTP: kept first, then a submission, a proof, or a person's work."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlmodel import select

from hub.arrivals import Arrival, ArrivedPacket, ArrivedProof, Says
from hub.errors import Conflict, Malformed, NotAvailable
from hub.inbound import packets, people
from hub.inbound.keep import keep, read
from hub.inbound.reception import settle_taken
from hub.inbound.settle import settle
from hub.model import Document, MemberIdentity, MessageKind, Unknown
from hub.storage.database import Step, Unit
from hub.storage.statements import Change
from hub.storage.tables import Disclosure, Inbound, LedgerEntry, Outbox, Proof, Submission, WorkItem
from hub.waiting import items
from tests.scenes import BORN, CIN, NAME, Scene, a_scene

PERSON = MemberIdentity(given=NAME[0], family=NAME[1], born=BORN, cin=CIN)
PACKET = ArrivedPacket(
    kind=MessageKind.REFERRAL_PACKET,
    purpose="treatment",
    person=PERSON,
    documents=(
        Document(id="d1", title="Assessment", information="assessment", media_type="text/plain", content=b"Seen today"),
    ),
    recipients=("lantern",),
)
ARRIVAL = Arrival(
    channel="email", key="<1@harbor.test>", raw=b"the mail", media_type="message/rfc822", organization="harbor",
    content=PACKET,
)  # fmt: skip


@pytest.fixture
async def scene(migrated_url: str) -> AsyncIterator[Scene]:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        yield scene


async def rows(scene: Scene, table: type[Any]) -> list[Any]:
    names = [column.name for column in table.__table__.columns]
    found = await scene.hub.database.query(select(table.__table__))
    return [dict(zip(names, row, strict=True)) for row in found]


async def taken(scene: Scene, arrival: Arrival) -> str:
    kept = await keep(scene.hub, arrival)
    return await settle(scene.hub, kept.id)


def of(person: MemberIdentity | None = None, **changes: Any) -> Arrival:
    packet = msgspec.structs.replace(PACKET, person=person or PERSON, **changes)
    return msgspec.structs.replace(ARRIVAL, content=packet)


async def test_what_was_taken_is_durable_and_on_the_ledger_before_anything_else_happens(scene: Scene) -> None:
    kept = await keep(scene.hub, ARRIVAL)
    assert (await read(scene.hub, kept.id)).arrival == ARRIVAL
    assert [e["kind"] for e in await rows(scene, LedgerEntry) if e["reference"] == kept.id] == ["inbound.taken"]
    assert await rows(scene, Submission) == []


async def test_a_packet_becomes_the_senders_submission_and_is_decided_like_any_other(scene: Scene) -> None:
    assert await taken(scene, ARRIVAL) == "submitted"
    (submission,) = await rows(scene, Submission)
    assert (submission["sender"], submission["member_id"]) == ("harbor", scene.member)
    assert [(row["recipient"], row["state"]) for row in await rows(scene, Outbox)] == [("lantern", "queued")]


async def test_a_title_of_a_feed_in_another_code_page_than_it_says_holds_nothing_up(scene: Scene) -> None:
    # A dash of Windows-1252 that is read as Latin-1: a control, which no line may hold.
    titled = tuple(msgspec.structs.replace(each, title="Labs \x96 June") for each in PACKET.documents)
    assert await taken(scene, of(documents=titled)) == "submitted"
    assert [row["state"] for row in await rows(scene, Outbox)] == ["queued"]


async def test_the_same_message_twice_is_one_submission(scene: Scene) -> None:
    first = await keep(scene.hub, ARRIVAL)
    again = await keep(scene.hub, ARRIVAL)
    assert (again.id, again.repeated) == (first.id, True)
    await settle_taken(scene.hub)
    await settle_taken(scene.hub)
    assert len(await rows(scene, Submission)) == 1


async def test_another_message_under_the_same_id_is_refused_and_the_first_one_stands(scene: Scene) -> None:
    first = await keep(scene.hub, ARRIVAL)
    with pytest.raises(Conflict):
        await keep(scene.hub, msgspec.structs.replace(ARRIVAL, raw=b"another mail"))
    assert (await read(scene.hub, first.id)).arrival.raw == b"the mail"


async def test_settling_again_after_a_crash_hands_in_nothing_twice(scene: Scene) -> None:
    kept = await keep(scene.hub, ARRIVAL)
    before = await read(scene.hub, kept.id)
    await settle(scene.hub, kept.id)
    # As a process does that died between the submission and the settling.
    again = await packets.submit(scene.hub, PACKET, before, "harbor", scene.member, ("lantern",))
    assert [row["id"] for row in await rows(scene, Submission)] == [again]


@pytest.mark.parametrize(
    ("arrival", "code"),
    [
        (msgspec.structs.replace(ARRIVAL, trouble="signature.untrusted", content=None), "signature.untrusted"),
        (msgspec.structs.replace(ARRIVAL, organization="", address="stranger@elsewhere.test"), "sender.unknown"),
        (msgspec.structs.replace(ARRIVAL, content=None), "unrecognised"),
        (of(msgspec.structs.replace(PERSON, family="Somebody")), "member.differs"),
        (of(msgspec.structs.replace(PERSON, cin="09999999A")), "member.differs"),
        (of(msgspec.structs.replace(PERSON, family="Somebody", cin="")), "member.unknown"),
        (of(msgspec.structs.replace(PERSON, given="", cin="")), "member.unnamed"),
        (of(recipients=("nobody-here",)), "recipient.unknown"),
        (of(review=("restriction.unknown",)), "restriction.unknown"),
    ],
)
async def test_what_is_in_doubt_waits_for_a_person_with_its_reason(scene: Scene, arrival: Arrival, code: str) -> None:
    assert await taken(scene, arrival) == "waiting"
    (kept,) = await rows(scene, Inbound)
    (work,) = [item for item in await rows(scene, WorkItem) if item["kind"] == "inbound"]
    assert kept["code"] == code
    assert (work["reference"], work["code"]) == (kept["id"], f"email {code}")
    assert await rows(scene, Submission) == []


@pytest.mark.parametrize(
    "person",
    [PERSON, msgspec.structs.replace(PERSON, family="Somebody"), msgspec.structs.replace(PERSON, cin="09999999A")],
    ids=["the very person", "another name under the number", "another number"],
)
async def test_a_sender_learns_nothing_of_a_person_it_has_nothing_to_do_with(
    scene: Scene, person: MemberIdentity
) -> None:
    """Its people see what became of what it sent: of another's patient as little as of a made-up one (§2.13(c))."""
    nobody = msgspec.structs.replace(person, given="Elden", family="Halvorson", cin="08888888A")
    seen = []
    for key, each in (("k1", person), ("k2", nobody)):
        arrival = msgspec.structs.replace(of(each), key=key, organization="valley-clinic")
        await taken(scene, arrival)
        listed = await people.listed(scene.hub, organization="valley-clinic", state="waiting")
        seen.append((listed[0]["code"], len(listed)))
    assert seen == [("member.unknown", 1), ("member.unknown", 2)]
    assert await rows(scene, Submission) == []


async def test_without_a_number_name_and_birth_date_must_mean_one_member_of_the_senders(scene: Scene) -> None:
    assert await taken(scene, of(msgspec.structs.replace(PERSON, cin="", given="marisol"))) == "submitted"


async def test_a_feed_about_somebody_who_is_nobodys_member_makes_no_work(scene: Scene) -> None:
    stranger = MemberIdentity(given="Otto", family="Nobody", born="1990-01-01")
    assert await taken(scene, of(stranger, kind=MessageKind.ADMIT_NOTICE, recipients=())) == "unmatched"
    assert await rows(scene, WorkItem) == []


async def test_a_person_matches_what_waits_and_the_look_is_on_the_ledger(scene: Scene) -> None:
    await taken(scene, of(msgspec.structs.replace(PERSON, cin="", family="Quintanar Soto")))
    (kept,) = await rows(scene, Inbound)
    await people.look(scene.hub, kept["id"], organization="harbor", by="harbor/desk")
    submission = await people.match(
        scene.hub, kept["id"], "harbor", scene.member, organization="harbor", by="harbor/desk"
    )
    assert [row["id"] for row in await rows(scene, Submission)] == [submission]
    kinds = [e["kind"] for e in await rows(scene, LedgerEntry) if e["reference"] == kept["id"]]
    assert kinds == ["inbound.taken", "inbound.waiting", "access.viewed", "inbound.submitted", "inbound.matched"]
    assert [item["state"] for item in await rows(scene, WorkItem) if item["kind"] == "inbound"] == ["closed"]


@pytest.mark.parametrize("member", ["another's", "0" * 32])
async def test_what_came_in_is_matched_and_filed_with_nobody_of_another_organizations(
    scene: Scene, member: str
) -> None:
    await taken(scene, msgspec.structs.replace(of(), organization="valley-clinic"))
    (kept,) = await rows(scene, Inbound)
    meant, by = (scene.member if member == "another's" else member), "valley-clinic/desk"
    with pytest.raises(NotAvailable):
        await people.match(scene.hub, kept["id"], "valley-clinic", meant, organization="valley-clinic", by=by)
    with pytest.raises(NotAvailable):
        await people.close(scene.hub, kept["id"], "filed", organization="valley-clinic", by=by, member=meant)
    assert [row["state"] for row in await rows(scene, Inbound)] == ["waiting"]


async def test_a_match_that_still_cannot_go_on_waits_once_and_matched_nothing(scene: Scene) -> None:
    await taken(scene, of(msgspec.structs.replace(PERSON, family="Somebody"), recipients=("nobody-here",)))
    (kept,) = await rows(scene, Inbound)
    with pytest.raises(Conflict) as refusal:
        await people.match(scene.hub, kept["id"], "harbor", scene.member, organization="harbor", by="harbor/desk")
    assert refusal.value.detail_code == "still-waiting"
    work = [(item["state"], item["code"]) for item in await rows(scene, WorkItem) if item["kind"] == "inbound"]
    assert sorted(work) == [("closed", "email member.differs"), ("open", "email recipient.unknown")]
    assert "inbound.matched" not in [e["kind"] for e in await rows(scene, LedgerEntry)]


async def test_of_two_people_who_match_at_once_one_does(scene: Scene) -> None:
    await taken(scene, of(msgspec.structs.replace(PERSON, family="Somebody")))
    (kept,) = await rows(scene, Inbound)
    matches = (
        people.match(scene.hub, kept["id"], "harbor", scene.member, organization="harbor", by=f"harbor/{n}")
        for n in range(2)
    )
    found = await asyncio.gather(*matches, return_exceptions=True)
    assert [type(each) for each in found].count(Conflict) == 1
    assert [e["kind"] for e in await rows(scene, LedgerEntry)].count("inbound.matched") == 1
    assert len(await rows(scene, Submission)) == 1


async def test_somebody_elses_arrival_looks_like_none(scene: Scene) -> None:
    await taken(scene, of(msgspec.structs.replace(PERSON, family="Somebody")))
    (kept,) = await rows(scene, Inbound)
    with pytest.raises(NotAvailable):
        await people.look(scene.hub, kept["id"], organization="lantern", by="lantern/desk")


async def test_what_a_person_closes_goes_no_further_and_stays_kept(scene: Scene) -> None:
    await taken(scene, of(review=("restriction.unknown",)))
    (kept,) = await rows(scene, Inbound)
    await people.close(scene.hub, kept["id"], "misdirected", organization="harbor", by="harbor/desk")
    assert (await read(scene.hub, kept["id"])).state == "closed"
    with pytest.raises(Conflict):
        await people.match(scene.hub, kept["id"], "harbor", scene.member, organization="harbor", by="harbor/desk")


async def test_what_cannot_be_read_at_all_waits_for_a_person_and_the_next_one_is_settled(scene: Scene) -> None:
    broken = await keep(scene.hub, ARRIVAL)
    spoil = Step(Change(Inbound, ("sealed",), ("id",)), (b"x" * 64, broken.id))
    await scene.hub.database.commit(Unit((), (spoil,)))
    await keep(scene.hub, msgspec.structs.replace(ARRIVAL, key="<2@harbor.test>"))
    assert await settle_taken(scene.hub) == 2
    assert sorted(row["state"] for row in await rows(scene, Inbound)) == ["submitted", "waiting"]


async def spoilt(scene: Scene) -> str:
    """An arrival whose seal does not open any more, as a person finds it."""
    broken = (await keep(scene.hub, ARRIVAL)).id
    spoil = Step(Change(Inbound, ("sealed",), ("id",)), (b"x" * 64, broken))
    await scene.hub.database.commit(Unit((), (spoil,)))
    assert await settle_taken(scene.hub) == 1
    return broken


async def test_what_does_not_open_any_more_is_closed_by_a_person_with_a_reason(scene: Scene) -> None:
    broken = await spoilt(scene)
    with pytest.raises(Malformed):
        await people.close(scene.hub, broken, "filed", organization=None, by="county/desk")
    await people.close(scene.hub, broken, "unreadable", organization=None, by="county/desk")
    (arrival,), (item,) = await rows(scene, Inbound), await rows(scene, WorkItem)
    assert (arrival["state"], arrival["code"], item["state"]) == ("closed", "unreadable", "closed")
    (entry,) = [e for e in await rows(scene, LedgerEntry) if e["kind"] == "inbound.closed"]
    assert msgspec.json.decode(entry["body"])["by"] == "county/desk"


async def test_what_does_not_open_any_more_can_be_looked_at_and_matched_to_nobody(scene: Scene) -> None:
    broken = await spoilt(scene)
    kept = await people.look(scene.hub, broken, organization=None, by="county/desk")
    assert (kept.code, kept.arrival.raw, kept.arrival.content) == ("failed", b"", None)
    with pytest.raises(Conflict):
        await people.match(scene.hub, broken, "harbor", scene.member, organization=None, by="county/desk")


async def test_whichever_of_an_arrival_and_its_work_is_closed_both_are(scene: Scene) -> None:
    await taken(scene, of(MemberIdentity(given="No", family="Body", born=BORN)))
    (item,) = await rows(scene, WorkItem)
    for wrong in ("reviewed", "answered", "incident"):
        with pytest.raises(Malformed):
            await items.close(scene.hub, item["id"], wrong, organization="harbor", by="harbor/desk")
    await items.close(scene.hub, item["id"], "misdirected", organization="harbor", by="harbor/desk")
    (arrival,), (item,) = await rows(scene, Inbound), await rows(scene, WorkItem)
    assert (arrival["state"], arrival["code"]) == ("closed", "misdirected")
    assert (item["state"], item["resolution"], item["closed_by"]) == ("closed", "misdirected", "harbor/desk")


async def test_a_reason_of_what_came_in_closes_nothing_else(scene: Scene) -> None:
    await delivered(scene, Unknown(code="timeout"))
    (item,) = await rows(scene, WorkItem)
    with pytest.raises(Malformed):
        await items.close(scene.hub, item["id"], "not_ours", organization="harbor", by="harbor/desk")


async def delivered(scene: Scene, *answers: Any) -> str:
    """The delivery id of one packet that Lantern was sent."""
    scene.channel.answers.extend(answers)
    await taken(scene, ARRIVAL)
    await scene.dispatch_all()
    return scene.channel.received[-1].parcel.delivery


def proof(delivery: str, says: Says = "processed", organization: str = "lantern", key: str = "1") -> Arrival:
    content = ArrivedProof(delivery=delivery, kind=f"mdn-{says}", says=says)
    return Arrival(
        channel="api", key=key, raw=says.encode(), media_type="message/rfc822", organization=organization,
        content=content,
    )  # fmt: skip


async def states(scene: Scene) -> tuple[str, str]:
    (disclosure,), (row,) = await rows(scene, Disclosure), await rows(scene, Outbox)
    return disclosure["state"], row["state"]


async def test_a_proof_makes_an_unknown_outcome_a_known_disclosure(scene: Scene) -> None:
    delivery = await delivered(scene, Unknown(code="timeout"))
    assert await states(scene) == ("unknown", "unknown")
    assert await taken(scene, proof(delivery)) == "proved"
    assert await states(scene) == ("disclosed", "delivered")
    assert [w["state"] for w in await rows(scene, WorkItem) if w["kind"] == "unknown_outcome"] == ["closed"]
    (entry,) = [e for e in await rows(scene, LedgerEntry) if e["kind"] == "disclosure.proved"]
    body = msgspec.json.decode(entry["body"])
    assert (body["attempt"], body["says"]) == (delivery, "processed")
    assert body["digest"] == hashlib.sha256(b"processed").hexdigest()


@pytest.mark.parametrize("organization", ["harbor", "sunrise"])
async def test_a_proof_from_anybody_but_the_recipient_changes_nothing(scene: Scene, organization: str) -> None:
    delivery = await delivered(scene, Unknown(code="timeout"))
    assert await taken(scene, proof(delivery, organization=organization)) == "closed"
    assert await states(scene) == ("unknown", "unknown")
    assert await rows(scene, Proof) == []


@pytest.mark.parametrize("delivery", ["", "zz", "0" * 34, "0" * 32])
async def test_a_proof_of_a_delivery_that_never_was_changes_nothing(scene: Scene, delivery: str) -> None:
    await delivered(scene, Unknown(code="timeout"))
    assert await taken(scene, proof(delivery)) == "closed"
    assert await states(scene) == ("unknown", "unknown")


async def test_a_proof_of_another_attempt_than_was_made_changes_nothing(scene: Scene) -> None:
    delivery = await delivered(scene, Unknown(code="timeout"))
    assert await taken(scene, proof(f"{delivery[:32]}02")) == "closed"
    assert await states(scene) == ("unknown", "unknown")


async def test_the_same_proof_said_again_changes_nothing(scene: Scene) -> None:
    delivery = await delivered(scene)
    assert await taken(scene, proof(delivery)) == "proved"
    assert await taken(scene, proof(delivery, key="2")) == "closed"
    assert len(await rows(scene, Proof)) == 1
    assert len([e for e in await rows(scene, LedgerEntry) if e["kind"] == "disclosure.proved"]) == 1


async def test_a_report_of_failure_leaves_the_disclosure_a_disclosure_and_asks_a_person(scene: Scene) -> None:
    delivery = await delivered(scene)
    assert await taken(scene, proof(delivery, "failed")) == "proved"
    assert await states(scene) == ("disclosed", "delivered")
    assert [w["code"] for w in await rows(scene, WorkItem) if w["kind"] == "undelivered"] == ["mdn-failed"]
