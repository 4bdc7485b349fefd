"""HL7 v2 from the frame to the recipient: notices, their retraction, referrals and their answers, on the one path."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlmodel import select

from adapters.api.focus import focus_of
from adapters.mllp.channel import MllpChannel
from adapters.mllp.conversation import Manners, answers
from adapters.mllp.frames import Frame
from adapters.mllp.message import Message
from adapters.mllp.peers import Peer
from deploy.demo.authority import Authority
from deploy.demo.mailserver import server_tls
from hub.arrivals import Arrival, Taken
from hub.errors import Conflict, NotAvailable, StorageFailed
from hub.inbound import belonging, people, settle, shares, threads
from hub.inbound import keep as keep_module
from hub.inbound.keep import keep
from hub.inbound.reception import settle_taken
from hub.model import ChannelKind, Deferred, Endpoint, MessageKind, Unknown
from hub.storage import consents, members
from hub.storage.member_facts import MemberFacts
from hub.storage.tables import Inbound, LedgerEntry, Outbox, ReferralTask, Submission, Thread
from tests.contract.v2_system import V2System
from tests.hubs import ZONE
from tests.scenes import BORN, CIN, FORM, NAME, Scene, a_scene
from tests.unit.adapters.mllp.messages import adt

HARBOR = Peer(
    organization="harbor",
    certificate="ehr.harbor.example",
    purpose="treatment",
    recipients=dict.fromkeys(("admit", "discharge", "transfer", "visit"), ("lantern", "valley-clinic")),
    receivers={"LANTERN": "lantern"},
)
LANTERN = Peer(organization="lantern", certificate="ehr.lantern.example", purpose="treatment")
STRANGER = Peer(organization="valley-clinic", certificate="ehr.valley.example")


class Line:
    """A v2 interface to the hub, without the socket."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.hub = scene.hub

    async def send(self, raw: bytes, peer: Peer = HARBOR) -> str:
        """The acknowledgement; everything is settled when this returns."""
        (answer,) = await answers(Frame(raw), peer, self._take, Manners(zone=ZONE, now=self.hub.clock.now))
        while await settle_taken(self.hub):
            pass
        return answer.decode()

    async def rows(self, table: type[Any], order: Any = None) -> list[Any]:
        names = [column.name for column in table.__table__.columns]
        found = await self.hub.database.query(select(table.__table__).order_by(table.__table__.c[order or names[0]]))
        return [dict(zip(names, row, strict=True)) for row in found]

    async def last(self) -> tuple[str, str | None]:
        """State and code of the arrival that came last."""
        row = (await self.rows(Inbound, "received_at"))[-1]
        return row["state"], row["code"]

    async def _take(self, arrival: Arrival) -> Taken:
        return await keep(self.hub, arrival)


@pytest.fixture
async def line(migrated_url: str) -> AsyncIterator[Line]:
    async with a_scene(migrated_url) as scene:
        yield Line(scene)


def mine(trigger: str = "A01", **changes: Any) -> bytes:
    return adt(trigger, name=f"{NAME[1].upper()}^{NAME[0].upper()}", born=BORN.replace("-", ""), cin=CIN, **changes)


async def told_of(line: Line) -> list[dict[str, Any]]:
    """The notices of visits, without what remembers their retractions."""
    return [row for row in await line.rows(Thread) if not row["event"].endswith("_cancelled")]


def delivered(line: Line) -> list[tuple[str, str, str]]:
    """Recipient, event and first line of each notice that arrived."""
    return [
        (p.parcel.recipient.id, p.parcel.event.kind, p.parcel.documents[0].content.decode().split("\n")[0])
        for p in line.scene.channel.received
    ]


async def test_an_admission_is_told_to_those_who_are_to_be_told(line: Line) -> None:
    await line.scene.consent()
    assert "MSA|AA|M1" in await line.send(mine())
    assert await line.scene.dispatch_all() == ["delivered", "delivered"]
    assert sorted(delivered(line)) == [
        ("lantern", "admit", "Admission notice"),
        ("valley-clinic", "admit", "Admission notice"),
    ]
    assert [row["kind"] for row in await line.rows(Submission)] == [MessageKind.ADMIT_NOTICE]


async def test_the_usual_recipients_are_plan_case_manager_and_pcp(line: Line) -> None:
    await line.send(mine(), msgspec.structs.replace(HARBOR, recipients={}))
    assert [row["recipient"] for row in await line.rows(Outbox)] == ["sunrise"]


def without_time_and_id(answer: str) -> str:
    message = Message.read(answer.encode())
    own = (message.header.raw(7), message.control_id)
    return answer.replace(own[0], "").replace(own[1], "", 1)


async def test_a_refusal_and_a_person_nobody_knows_are_answered_like_a_permit(line: Line) -> None:
    refused = await line.send(mine(control="SAME"))
    assert [row["state"] for row in await line.rows(Outbox)] == ["held", "held"]
    unknown = await line.send(adt("A03", control="SAME", cin="09999999A", name="NOBODY^HERE"))
    assert await line.last() == ("unmatched", "member.unknown")
    await line.scene.consent()
    permitted = await line.send(mine("A02", control="SAME"))
    for one, other, trigger in ((permitted, refused, "A01"), (permitted, unknown, "A03")):
        assert without_time_and_id(one) == without_time_and_id(other).replace(f"ACK^{trigger}", "ACK^A02")


async def test_a_repeat_is_one_notice(line: Line) -> None:
    await line.scene.consent()
    first, second = await line.send(mine()), await line.send(mine())
    assert without_time_and_id(first) == without_time_and_id(second)
    assert len(await line.rows(Submission)) == 1


def stamped(raw: bytes, at: str) -> bytes:
    """As sent again, with MSH-7 of that moment."""
    return raw.replace(b"20260306224500", at.encode(), 1)


@pytest.mark.parametrize(
    "at", ["20260306225900", "20260307000500", "20260313235900"], ids=["that day", "after midnight", "a week later"]
)
async def test_a_repeat_that_is_stamped_anew_is_one_notice(line: Line, at: str) -> None:
    for raw in (mine(), stamped(mine(), at), stamped(mine(), at)):
        assert "MSA|AA|M1" in await line.send(raw)
    assert [row["code"] for row in await line.rows(Inbound)] == [None]
    assert len(await line.rows(Submission)) == 1
    (taken,) = [row["body"] for row in await line.rows(LedgerEntry) if row["kind"] == "inbound.taken"]
    assert json.loads(taken)["digest"] == hashlib.sha256(mine()).hexdigest(), "the bytes that came, all of them"


async def test_another_message_under_an_old_number_is_new_on_another_day_and_a_persons_on_the_same(line: Line) -> None:
    await line.send(mine())
    later = stamped(mine(visit="V-2"), "20260307000500")
    for _ in range(2):
        assert "MSA|AA|M1" in await line.send(later)
    assert len(await line.rows(Submission)) == 2
    for at in ("20260307000500", "20260307000900"):
        assert "MSA|AR|M1" in await line.send(stamped(mine(visit="V-3"), at))
    assert [row["code"] for row in await line.rows(Inbound, "received_at")][2:] == ["message-id-reused"]


async def test_the_same_message_weeks_later_is_another_one(line: Line) -> None:
    """A number that began again, and a sender whose messages say little: a notice too many is better than none."""
    for raw in (mine(), stamped(mine(), "20260314000000")):
        assert "MSA|AA|M1" in await line.send(raw)
    assert len(await line.rows(Inbound)) == 2


async def test_a_cancelled_admission_is_retracted_to_everyone_who_was_told(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    await line.send(mine("A11", control="M2"))
    assert await line.last() == ("submitted", None)
    await line.scene.dispatch_all()
    assert sorted(delivered(line)[2:]) == [
        ("lantern", "admit_cancelled", "Correction: the admission did not take place"),
        ("valley-clinic", "admit_cancelled", "Correction: the admission did not take place"),
    ]


async def test_whoever_was_not_told_is_not_told_of_the_retraction_either(line: Line) -> None:
    await line.scene.consent()
    line.scene.channel.answers.extend([Unknown(code="lost"), Deferred(code="busy")])
    await line.send(mine())
    assert sorted(await line.scene.dispatch_all()) == ["queued", "unknown"]
    (told,) = [row["recipient"] for row in await line.rows(Outbox) if row["state"] == "unknown"]
    await line.send(mine("A11", control="M2"))
    rows = await line.rows(Outbox, "created_at")
    assert sorted((row["state"], row["code"]) for row in rows[:2]) == [("unknown", "lost"), ("withheld", "retracted")]
    assert [row["recipient"] for row in rows[2:]] == [told], "what may have arrived counts as told"


async def test_a_notice_that_waits_for_a_consent_never_leaves_once_it_is_retracted(line: Line) -> None:
    await line.send(mine())
    await line.send(mine("A11", control="M2"))
    assert await line.last() == ("closed", "retraction.nobody-told")
    await line.scene.consent()
    assert await line.scene.dispatch_all() == []
    assert {row["code"] for row in await line.rows(Outbox)} == {"retracted"}


async def test_a_notice_that_found_no_way_does_not_leave_after_its_retraction(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine(), msgspec.structs.replace(HARBOR, recipients={"admit": ("county",)}))
    await line.scene.consent(msgspec.structs.replace(FORM, recipients=("county",)))
    assert await line.scene.dispatch_all() == ["dead"]
    await line.send(mine("A11", control="M2"))
    (row,) = await line.rows(Outbox)
    assert (row["state"], row["code"]) == ("withheld", "retracted")
    entries = await line.rows(LedgerEntry)
    (stopped,) = [each for each in entries if each["kind"] == "dispatch.retracted"]
    assert (stopped["member_id"], stopped["reference"]) == (line.scene.member, row["id"])


async def test_a_retraction_is_decided_like_any_disclosure(line: Line) -> None:
    consent = await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    await consents.revoke(line.hub, consent, how="written", by="harbor")
    await line.send(mine("A11", control="M2"))
    assert await line.scene.dispatch_all() == []
    assert len(delivered(line)) == 2


async def test_a_cancelled_discharge_leaves_the_admission_as_it_was_told(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.send(mine("A03", control="M2"))
    await line.scene.dispatch_all()
    await line.send(mine("A13", control="M3"))
    await line.scene.dispatch_all()
    assert {event for _, event, _ in delivered(line)[4:]} == {"discharge_cancelled"}
    retracted = {row["event"]: bool(row["retracted_by"]) for row in await told_of(line)}
    assert retracted == {"admit": False, "discharge": True}


async def test_a_second_cancellation_tells_nobody_again(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    await line.send(mine("A11", control="M2"))
    await line.send(mine("A11", control="M3"))
    assert await line.last() == ("closed", "retraction.nobody-told")


async def test_a_retraction_about_another_person_than_was_told_of_is_a_persons(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    other = MemberFacts(given="Somebody", family="Else", born="1970-01-01", cin="07654321A", medi_cal=True)
    await members.register(line.hub, other, [("harbor", "program")], by="harbor")
    await line.send(adt("A11", name="ELSE^SOMEBODY", born="19700101", cin="07654321A", control="M2"))
    assert await line.last() == ("waiting", "member.differs")
    assert [row["retracted_by"] for row in await line.rows(Thread)] == [None]


async def test_another_senders_visit_of_the_same_number_is_another_visit(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    await line.send(mine("A11", control="M2"), LANTERN)
    await line.scene.dispatch_all()
    assert len(delivered(line)) == 2


def moved(raw: bytes, place: str = "W9^R2^B3^HARBOR") -> bytes:
    """The same message about another bed."""
    return raw.replace(b"W1^R2^B3^HARBOR", place.encode())


async def test_an_update_without_news_tells_nobody(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.send(mine("A08", control="M2"))
    assert await line.last() == ("closed", "update.no-news")
    assert len(await line.rows(Submission)) == 1


async def test_an_update_that_changes_what_was_told_goes_to_those_who_were_told(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    await line.send(moved(mine("A08", control="M2")))
    assert await line.last() == ("submitted", None)
    assert await line.scene.dispatch_all() == ["delivered", "delivered"]
    assert sorted(delivered(line)[2:]) == [
        ("lantern", "admit", "Updated: Admission notice"),
        ("valley-clinic", "admit", "Updated: Admission notice"),
    ]
    text = line.scene.channel.received[-1].parcel.documents[0].content.decode()
    assert text == (
        "Updated: Admission notice\nWhen: 2026-03-06 22:40 PST\nSetting: inpatient\nWhere: HARBOR, W9, R2, B3\n"
        "Visit: V-1001\nThis replaces the earlier notice about this visit.\n"
    )
    await line.send(moved(mine("A08", control="M3")))
    assert await line.last() == ("closed", "update.no-news"), "it was told already"


async def test_what_an_update_leaves_out_stays_as_it_was_told(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    bare = mine("A08", control="M2").replace(b"PV1|1|I|W1^R2^B3^HARBOR", b"PV1|1||")
    await line.send(bare)
    assert await line.last() == ("closed", "update.no-news")


async def test_an_update_of_a_discharge_says_where_to_and_when(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.send(mine("A03", control="M2"))
    await line.scene.dispatch_all()
    place, when = "W1^R2^B3^HARBOR", "202603081000-0800"
    fields = ["PV1", "1", "I", place, *[""] * 15, "V-1001", *[""] * 16, "01^Home", *[""] * 8, when]
    lines = mine("A08", control="M3").decode().split("\r")
    await line.send("\r".join("|".join(fields) if each.startswith("PV1") else each for each in lines).encode())
    await line.scene.dispatch_all()
    last = line.scene.channel.received[-1].parcel
    assert (last.kind, last.event.kind) == ("discharge_notice", "discharge")
    assert b"When: 2026-03-08 11:00 PDT\n" in last.documents[0].content
    assert b"Discharged to: Home\n" in last.documents[0].content


async def test_an_update_is_decided_anew(line: Line) -> None:
    consent = await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    await consents.revoke(line.hub, consent, how="written", by="harbor")
    await line.send(moved(mine("A08", control="M2")))
    assert await line.scene.dispatch_all() == []
    assert len(delivered(line)) == 2


async def test_what_waits_goes_as_it_is_now_and_not_as_it_was(line: Line) -> None:
    await line.send(mine())
    await line.send(moved(mine("A08", control="M2")))
    assert sorted(row["state"] for row in await line.rows(Outbox)) == ["held", "held", "withheld", "withheld"]
    assert [row["code"] for row in await line.rows(Outbox) if row["state"] == "withheld"] == ["superseded"] * 2
    await line.scene.consent()
    assert await line.scene.dispatch_all() == ["delivered", "delivered"]
    assert {first for *_, first in delivered(line)} == {"Updated: Admission notice"}


async def test_an_update_with_a_new_restriction_of_the_place_leaves_the_place_out(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    outpatient = mine("A08", control="M2", more=("ARV|1|A|LOC|PAT",)).replace(b"PV1|1|I|", b"PV1|1|E|")
    await line.send(outpatient)
    await line.scene.dispatch_all()
    text = line.scene.channel.received[-1].parcel.documents[0].content.decode()
    assert "Setting: emergency\n" in text
    assert "Where:" not in text
    assert "Confidentiality: R" in text


async def test_an_update_of_another_persons_visit_is_a_persons(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    await line.send(moved(adt("A08", name="ELSE^SOMEBODY", born="19700101", cin="07654321A", control="M2")))
    state, _ = await line.last()
    assert state == "waiting"


async def test_a_cancellation_reaches_everyone_who_heard_the_update(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    await line.send(moved(mine("A08", control="M2")))
    await line.scene.dispatch_all()
    await line.send(mine("A11", control="M3"))
    assert sorted(await line.scene.dispatch_all()) == ["delivered", "delivered"]
    assert {event for _, event, _ in delivered(line)[4:]} == {"admit_cancelled"}
    await line.send(moved(mine("A08", control="M4"), "W5^R2^B3^HARBOR"))
    assert await line.last() == ("closed", "update.nobody-told"), "an admission that did not take place"


async def test_a_cancelled_transfer_is_taken_back_and_the_admission_stays_as_it_was_told(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.send(moved(mine("A02", control="M2")))
    await line.scene.dispatch_all()
    assert "MSA|AA|M3" in await line.send(mine("A12", control="M3"))
    assert await line.last() == ("submitted", None)
    assert await line.scene.dispatch_all() == ["delivered", "delivered"]
    assert sorted(delivered(line)[4:]) == [
        ("lantern", "transfer_cancelled", "Correction: the transfer did not take place"),
        ("valley-clinic", "transfer_cancelled", "Correction: the transfer did not take place"),
    ]
    text = line.scene.channel.received[-1].parcel.documents[0].content.decode()
    assert "Where: HARBOR, W1, R2, B3\n" in text, "PV1-3 of an A12 is where the patient was, and still is"
    assert {row["event"]: bool(row["retracted_by"]) for row in await told_of(line)} == {
        "admit": False,
        "transfer": True,
    }
    await line.send(mine("A08", control="M4"))
    assert await line.last() == ("closed", "update.no-news"), "the admission is the last notice again"


async def test_a_transfer_that_waits_for_a_consent_never_leaves_once_it_is_cancelled(line: Line) -> None:
    await line.send(moved(mine("A02")))
    await line.send(mine("A12", control="M2"))
    assert await line.last() == ("closed", "retraction.nobody-told")
    await line.scene.consent()
    assert await line.scene.dispatch_all() == []
    assert {row["code"] for row in await line.rows(Outbox)} == {"retracted"}


async def test_of_two_transfers_only_the_last_is_cancelled_with_its_updates(line: Line) -> None:
    await line.scene.consent()
    await line.send(moved(mine("A02"), "W2^R2^B3^HARBOR"))
    await line.send(moved(mine("A02", control="M2"), "W3^R2^B3^HARBOR"))
    await line.scene.dispatch_all()
    await line.send(moved(mine("A08", control="M3"), "W4^R2^B3^HARBOR"))
    await line.scene.dispatch_all()
    await line.send(moved(mine("A12", control="M4"), "W2^R2^B3^HARBOR"))
    rows = sorted(await told_of(line), key=lambda row: row["submission_id"])
    assert [bool(row["retracted_by"]) for row in rows] == [False, True, True]
    await line.send(moved(mine("A08", control="M5"), "W2^R2^B3^HARBOR"))
    assert await line.last() == ("closed", "update.no-news"), "the first transfer is what they know again"


async def test_a_transfer_that_nobody_knows_is_cancelled_without_a_word(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    await line.send(mine("A12", control="M2"))
    assert await line.last() == ("closed", "retraction.nobody-told")
    assert len(delivered(line)) == 2


async def test_what_the_patient_had_protected_waits_until_a_person_lets_it_go(line: Line) -> None:
    await line.scene.consent()
    assert "MSA|AA|" in await line.send(mine(more=("PV2|" + "|" * 21 + "Y",)))
    assert await line.last() == ("waiting", "restricted.pv2-22")
    (row,) = await line.rows(Inbound)
    await people.match(line.hub, row["id"], "harbor", line.scene.member, organization="harbor", by="harbor/clerk")
    assert await line.scene.dispatch_all() == ["delivered", "delivered"]
    assert "Confidentiality: R" in line.scene.channel.received[0].parcel.documents[0].content.decode()


REFERRAL = f"""MSH|^~\\&|EHR|HARBOR|HUB|LANTERN|20260306||REF^I12^REF_I12|R1|P|2.5.1
RF1|P|R|Med||O|REF-77^HARBOR
PRD|RP^Referring|Oakes^Wren
PID|1||{CIN}^^^MEDI-CAL^MA||{NAME[1]}^{NAME[0]}||{BORN.replace("-", "")}
""".encode()


def status(action: str, state: str, number: str = "REF-77", control: str = "S1") -> bytes:
    header = f"MSH|^~\\&|E|L|H|C|20260307||OSU^O51^OSU_O51|{control}|P|2.8"
    return f"{header}\rPID|1\rORC|{action}|{number}|||{state}\r".encode()


@pytest.fixture
async def referred(line: Line) -> Line:
    """Harbor House has referred to Lantern, and may be answered."""
    await line.scene.consent()
    back = msgspec.structs.replace(FORM, discloser=("lantern",), recipients=("harbor",))
    await line.scene.consent(back)
    endpoint = Endpoint(
        id="harbor-api",
        organization="harbor",
        channel=ChannelKind.API,
        address="https://harbor.example/inbox",
        form="sealed",
        verified_at=line.hub.clock.now(),
    )
    await line.hub.directory.put_endpoint(endpoint, verified_by="county", by="county", at=line.hub.clock.now())
    await line.send(REFERRAL)
    assert await line.scene.dispatch_all() == ["delivered"]
    return line


async def test_every_step_of_a_referral_comes_back_to_who_asked(referred: Line) -> None:
    steps = (("OK", "IP", "accepted"), ("SC", "SC", "scheduled"), ("RE", "CM", "completed"))
    for number, (action, state, _) in enumerate(steps):
        assert "MSA|AA|" in await referred.send(status(action, state, control=f"S{number}"), LANTERN)
        assert await referred.scene.dispatch_all() == ["delivered"]
    back = [each.parcel for each in referred.scene.channel.received[1:]]
    assert [(p.recipient.id, p.sender.id, p.event.kind) for p in back] == [
        ("harbor", "lantern", step) for *_, step in steps
    ]


async def test_a_referral_leaves_as_v2_and_its_status_comes_back_as_v2(referred: Line, tmp_path: Path) -> None:
    """Against a system that is not ours: it takes the REF, and answers with the number that it read there."""
    authority = Authority()
    tls = server_tls(*authority.server("localhost", "127.0.0.1").write(tmp_path, "lantern"))
    system = V2System(tls, tls)
    server = await asyncio.start_server(system.talk, "127.0.0.1", 0)
    referred.hub.channels[ChannelKind.MLLP] = MllpChannel()  # type: ignore[index]
    endpoint = Endpoint(
        id="lantern-v2",
        organization="lantern",
        channel=ChannelKind.MLLP,
        address=f"mllps://localhost:{server.sockets[0].getsockname()[1]}",
        tls_ca=authority.pem,
        rank=-1,
        verified_at=referred.hub.clock.now(),
    )
    await referred.hub.directory.put_endpoint(endpoint, verified_by="county", by="county", at=referred.hub.clock.now())
    await referred.send(REFERRAL.replace(b"|R1|", b"|R2|").replace(b"REF-77", b"REF-90"))
    assert await referred.scene.dispatch_all() == ["delivered"]
    server.close()
    (received,) = system.received
    assert str(received.segment("MSH")[9]) == "REF^I12^REF_I12"
    assert NAME[1] in str(received.segment("PID")[5])
    await referred.send(status("OK", "IP", number=str(received.segment("RF1")[6])), LANTERN)
    assert await referred.scene.dispatch_all() == ["delivered"]
    last = referred.scene.channel.received[-1].parcel
    assert (last.recipient.id, last.event.kind) == ("harbor", "accepted")


async def test_our_own_number_of_a_referral_is_answered_too(referred: Line) -> None:
    (row,) = await referred.rows(Outbox)
    await referred.send(status("UA", "CA", number=row["id"]), LANTERN)
    await referred.scene.dispatch_all()
    assert referred.scene.channel.received[-1].parcel.event.kind == "declined"


async def test_what_names_the_number_of_a_notice_answers_no_referral(line: Line) -> None:
    await line.scene.consent()
    await line.scene.consent(msgspec.structs.replace(FORM, discloser=("lantern",), recipients=("harbor",)))
    await line.send(mine())
    await line.scene.dispatch_all()
    (notice,) = [row["id"] for row in await line.rows(Outbox) if row["recipient"] == "lantern"]
    await line.send(status("OK", "IP", number=notice), LANTERN)
    assert await line.last() == ("waiting", "referral.unknown")
    assert await line.rows(ReferralTask) == []


async def test_what_names_the_number_of_an_answer_moves_no_referral(referred: Line) -> None:
    await referred.send(status("OK", "IP"), LANTERN)
    await referred.scene.dispatch_all()
    (answer,) = [row["id"] for row in await referred.rows(Outbox) if row["recipient"] == "harbor"]
    await referred.send(status("CA", "CA", number=answer, control="S2"), HARBOR)
    assert await referred.last() == ("waiting", "referral.unknown")
    assert [row["status"] for row in await referred.rows(ReferralTask)] == ["accepted"], "of the referral alone"


async def test_a_cancellation_by_who_asked_goes_to_who_was_asked(referred: Line) -> None:
    await referred.send(status("CA", "CA"), HARBOR)
    await referred.scene.dispatch_all()
    last = referred.scene.channel.received[-1].parcel
    assert (last.recipient.id, last.event.kind) == ("lantern", "cancelled")


@pytest.mark.parametrize(("number", "peer"), [("REF-77", STRANGER), ("REF-78", LANTERN)])
async def test_an_answer_to_what_one_was_not_told_of_is_a_persons(referred: Line, number: str, peer: Peer) -> None:
    assert "MSA|AA|" in await referred.send(status("OK", "IP", number=number), peer)
    assert await referred.last() == ("waiting", "referral.unknown")


async def test_the_rest_of_a_clinics_calendar_is_no_work_for_a_person(referred: Line) -> None:
    appointment = "MSH|^~\\&|E|L|H|C|2026||SIU^S12|C1|P|2.5.1\rSCH|55\rPID|1||||Somebody^Else||19700101\r"
    await referred.send(appointment.encode(), LANTERN)
    assert await referred.last() == ("unmatched", "referral.unknown")
    mine_too = appointment.replace("C1", "C2").replace("||||Somebody^Else||19700101", f"||{CIN}^^^MEDI-CAL^MA")
    await referred.send(mine_too.encode(), LANTERN)
    assert await referred.last() == ("waiting", "referral.unknown")


async def test_an_answer_about_another_person_than_the_referral_is_a_persons(referred: Line) -> None:
    other = status("OK", "IP").replace(b"PID|1", f"PID|1||{CIN}^^^MEDI-CAL^MA||Somebody^Else||19700101".encode())
    await referred.send(other, LANTERN)
    assert await referred.last() == ("waiting", "member.differs")


async def test_a_referral_to_nobody_in_the_directory_is_a_persons(line: Line) -> None:
    await line.scene.consent()
    await line.send(REFERRAL.replace(b"HUB|LANTERN", b"HUB|ELSEWHERE"))
    assert await line.last() == ("waiting", "recipient.unknown")


async def task(referred: Line) -> str | None:
    """The Task's status; none while nobody moved it."""
    rows = await referred.rows(ReferralTask)
    return rows[0]["status"] if rows else None


@pytest.mark.parametrize(
    ("steps", "status_then"),
    [
        ([("OK", "IP")], "accepted"),
        ([("SC", "SC")], "accepted"),
        ([("OK", "IP"), ("SC", "IP")], "in-progress"),
        ([("OK", "IP"), ("SC", "IP"), ("OK", "IP")], "in-progress"),
        ([("RE", "CM")], "completed"),
        ([("UA", "CA")], "rejected"),
    ],
)
async def test_the_task_follows_what_is_said_by_v2(referred: Line, steps: Any, status_then: str) -> None:
    for number, (action, state) in enumerate(steps):
        await referred.send(status(action, state, control=f"S{number}"), LANTERN)
        assert await referred.last() == ("submitted", None)
    assert await task(referred) == status_then


async def test_an_acceptance_after_the_cancellation_is_a_persons(referred: Line) -> None:
    await referred.send(status("CA", "CA"), HARBOR)
    await referred.scene.dispatch_all()
    assert "MSA|AA|" in await referred.send(status("OK", "IP", control="S2"), LANTERN)
    assert await referred.last() == ("waiting", "referral.ended")
    assert await task(referred) == "cancelled"
    (waiting,) = [row["id"] for row in await referred.rows(Inbound) if row["state"] == "waiting"]
    await people.match(
        referred.hub, waiting, "lantern", referred.scene.member, organization="lantern", by="lantern/clerk"
    )
    await referred.scene.dispatch_all()
    assert referred.scene.channel.received[-1].parcel.event.kind == "accepted", "a person has let it go"
    (share,) = [row["id"] for row in await referred.rows(Outbox) if row["recipient"] == "lantern"][:1]
    said = [row["id"] for row in await referred.rows(Submission)][1:]
    assert await threads.answers_of(referred.hub, share) == said[::-1], "the newest first"


async def test_who_confirms_the_cancellation_contradicts_nobody(referred: Line) -> None:
    await referred.send(status("CA", "CA"), HARBOR)
    await referred.send(status("CR", "CA", control="S2"), LANTERN)
    assert await referred.last() == ("submitted", None)


async def test_who_asked_hears_of_it_under_the_number_they_gave(referred: Line) -> None:
    (row,) = await referred.rows(Outbox)
    await referred.send(status("OK", "IP", number=row["id"]), LANTERN)
    await referred.scene.dispatch_all()
    parcel = referred.scene.channel.received[-1].parcel
    assert b"Referral: REF-77\n" in parcel.documents[0].content
    identifier = focus_of(parcel, lambda name: {"reference": name}, str)[0][1]["identifier"][0]
    assert (identifier["value"], "system" in identifier) == ("REF-77", False)


async def test_who_was_asked_hears_of_the_cancellation_under_the_number_they_were_given(referred: Line) -> None:
    (row,) = await referred.rows(Outbox)
    await referred.send(status("CA", "CA"), HARBOR)
    await referred.scene.dispatch_all()
    parcel = referred.scene.channel.received[-1].parcel
    assert f"Referral: {row['id']}\n".encode() in parcel.documents[0].content


async def test_two_referrals_of_one_number_are_told_apart_by_whom_the_answer_names(referred: Line) -> None:
    other = MemberFacts(given="Somebody", family="Else", born="1970-01-01", cin="07654321A", medi_cal=True)
    them = await members.register(referred.hub, other, [("valley-clinic", "program")], by="county")
    form = msgspec.structs.replace(FORM, discloser=("valley-clinic",))
    await consents.verify(
        referred.hub, await consents.record(referred.hub, them, form, by="county"), by="county/second"
    )
    named = f"{CIN}^^^MEDI-CAL^MA||{NAME[1]}^{NAME[0]}||{BORN.replace('-', '')}".encode()
    else_ = b"07654321A^^^MEDI-CAL^MA||Else^Somebody||19700101"
    await referred.send(
        REFERRAL.replace(named, else_), msgspec.structs.replace(STRANGER, receivers={"LANTERN": "lantern"})
    )
    assert await referred.scene.dispatch_all() == ["delivered"]
    await referred.send(status("OK", "IP"), LANTERN)
    assert await referred.last() == ("waiting", "referral.unknown"), "it names nobody"
    await referred.send(status("OK", "IP", control="S2").replace(b"PID|1", b"PID|1||" + else_), LANTERN)
    assert await referred.last() == ("submitted", None)
    submission = (await referred.rows(Submission))[-1]
    assert submission["member_id"] == them


REF = (
    "MSH|^~\\&|EHR|HARBOR|HUB|LANTERN|20260306224500||REF^I12^REF_I12|R1|P|2.5.1",
    "RF1|P|R||||REF-77",
    f"PID|1||{CIN}^^^MEDI-CAL^MA||{NAME[1]}^{NAME[0]}||{BORN.replace('-', '')}",
    "DG1|1||B20^Human immunodeficiency virus disease^I10",
)


@pytest.mark.parametrize("narrowed", ["ARV|1|A|HIV|PAT", "ARV|1|A|LOC", "DG1|2||F11.20^X^I10" + "|" * 15 + "Y"])
async def test_a_referral_whose_records_are_restricted_waits_for_a_person(line: Line, narrowed: str) -> None:
    await line.scene.consent()
    assert "MSA|AA|R1" in await line.send("\r".join((*REF, narrowed)).encode())
    state, code = await line.last()
    assert state == "waiting"
    assert code is not None
    assert code.startswith("restricted.")
    assert await line.scene.dispatch_all() == []


async def test_a_restriction_of_the_place_reaches_the_notice_that_still_waits(line: Line) -> None:
    await line.send(mine())
    await line.send(mine("A08", control="M2", more=("ARV|1|A|LOC|PAT",)))
    assert await line.last() == ("submitted", None)
    await line.scene.consent()
    assert await line.scene.dispatch_all() == ["delivered", "delivered"]
    for each in line.scene.channel.received:
        text = each.parcel.documents[0].content
        assert b"Where:" not in text
        assert b"Confidentiality: R" in text


async def test_a_protected_visit_keeps_the_notice_from_leaving_that_still_waits(line: Line) -> None:
    await line.send(mine())
    await line.send(mine("A08", control="M2", more=("PV2|" + "|" * 21 + "Y",)))
    assert await line.last() == ("waiting", "restricted.pv2-22")
    assert {(row["state"], row["code"]) for row in await line.rows(Outbox)} == {("withheld", "restricted")}
    await line.scene.consent()
    assert await line.scene.dispatch_all() == []


async def test_a_restriction_with_a_persons_data_is_a_persons_if_the_person_is_known(line: Line) -> None:
    protected = ("PD1|" + "|" * 11 + "Y",)
    await line.send(mine("A31", more=protected))
    assert await line.last() == ("waiting", "restricted.pd1-12")
    await line.send(adt("A31", cin="09999999A", name="NOBODY^HERE", control="M2", more=protected))
    assert await line.last() == ("closed", "update.nobody-told")


async def test_two_members_made_one_are_a_persons_and_two_record_numbers_are_nobodys(line: Line) -> None:
    other = MemberFacts(given="Somebody", family="Else", born=BORN, cin="07654321A", medi_cal=True)
    await members.register(line.hub, other, [("harbor", "program")], by="harbor")
    await line.send(mine("A40", more=("MRG|4002^^^HARBOR^MR",)))
    assert await line.last() == ("closed", "update.nobody-told")
    await line.send(mine("A40", control="M2", more=("MRG|07654321A^^^MEDI-CAL^MA||||||ELSE^SOMEBODY",)))
    assert await line.last() == ("waiting", "identity.changed")


async def test_a_moved_visit_that_was_told_of_is_a_persons(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.send(adt("A45", cin="09999999A", name="NOBODY^HERE", control="M2", more=("MRG|4002||||V-1001",)))
    assert await line.last() == ("waiting", "identity.changed")


async def test_a_stranger_under_restriction_is_no_work_for_a_person(line: Line) -> None:
    await line.send(adt(cin="09999999A", name="NOBODY^HERE", more=("PV2|" + "|" * 21 + "Y",)))
    assert await line.last() == ("unmatched", "member.unknown")


async def test_a_cancellation_under_another_number_is_a_persons(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    await line.send(mine("A11", control="M2", visit="ACCOUNT-7"))
    assert await line.last() == ("waiting", "retraction.unknown")


async def test_what_waited_for_a_person_does_not_leave_once_it_was_taken_back(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine(more=("PV2|" + "|" * 21 + "Y",)))
    (waiting,) = [row["id"] for row in await line.rows(Inbound)]
    await line.send(mine("A11", control="M2"))
    with pytest.raises(Conflict):
        await people.match(line.hub, waiting, "harbor", line.scene.member, organization="harbor", by="harbor/ana")
    assert (await keep_module.read(line.hub, waiting)).code == "retraction.meanwhile"
    assert await line.scene.dispatch_all() == []


async def test_an_outpatient_who_stays_is_told_of_as_an_admission(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine("A04"))
    await line.send(mine("A06", control="M2"))
    await line.scene.dispatch_all()
    assert sorted({event for _, event, _ in delivered(line)}) == ["admit", "visit"]


async def test_a_hubs_report_with_documents_is_read_by_another_hub(line: Line) -> None:
    await line.scene.consent()
    await line.send("\r".join(REF).encode())
    await line.scene.dispatch_all()
    (row,) = await line.rows(Outbox)
    report = (
        "MSH|^~\\&|PART2HUB|LANTERN|||20260307||ORU^R01^ORU_R01|H1|P|2.5.1",
        REF[2],
        f"ORC|RE|{row['id']}|||CM",
        "OBR|1|||57133-1^Referral note^LN",
        "OBX|1|ED|51848-0^Assessment^LN||^application^pdf^Base64^JVBERi0xLjQK||||||F",
    )
    assert "MSA|AA|H1" in await line.send("\r".join(report).encode(), LANTERN)
    assert await line.last() == ("submitted", None)


async def attached(line: Line) -> str:
    """What a person does with the arrival that came last: it belongs to the only thing it can."""
    row = (await line.rows(Inbound, "received_at"))[-1]
    (earlier,) = await belonging.candidates(line.hub, await keep_module.read(line.hub, row["id"]))
    return await belonging.attach(line.hub, row["id"], earlier.submission, organization="harbor", by="harbor/ana")


async def test_a_person_attaches_a_cancellation_of_another_number_to_its_notice(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    await line.send(mine("A11", control="M2", visit="ACCOUNT-7"))
    assert await attached(line)
    await line.scene.dispatch_all()
    assert [event for _, event, _ in delivered(line)[2:]] == ["admit_cancelled"] * 2
    assert all(row["retracted_by"] for row in await told_of(line))
    kinds = [row["kind"] for row in await line.rows(LedgerEntry)]
    assert kinds.count("inbound.attached") == 1


async def test_a_person_lets_a_restricted_update_go_to_those_who_wait_for_the_notice(line: Line) -> None:
    await line.send(mine())
    protected = moved(mine("A08", control="M2", more=("PV2|" + "|" * 21 + "Y",)))
    await line.send(protected)
    assert await attached(line)
    await line.scene.consent()
    assert await line.scene.dispatch_all() == ["delivered", "delivered"]
    assert {first for *_, first in delivered(line)} == {"Updated: Admission notice"}
    await line.send(mine("A11", control="M3"))
    await line.scene.dispatch_all()
    assert [event for _, event, _ in delivered(line)[2:]] == ["admit_cancelled"] * 2, "it stands in the visit's thread"


async def test_a_person_attaches_an_answer_without_a_number_to_its_referral(line: Line) -> None:
    await line.scene.consent()
    await line.send("\r".join(REF).encode())
    await line.scene.dispatch_all()
    osu = ("MSH|^~\\&|E|LANTERN|H|C|20260307||OSU^O51^OSU_O51|S1|P|2.5.1", REF[2], "ORC|OK||||IP")
    await line.send("\r".join(osu).encode(), LANTERN)
    assert await line.last() == ("waiting", "referral.unnumbered")
    row = (await line.rows(Inbound, "received_at"))[-1]
    (earlier,) = await belonging.candidates(line.hub, await keep_module.read(line.hub, row["id"]))
    await belonging.attach(line.hub, row["id"], earlier.submission, organization="lantern", by="lantern/omar")
    last = (await line.rows(Outbox, "created_at"))[-1]
    assert last["recipient"] == "harbor"
    (share,) = [row["id"] for row in await line.rows(Outbox) if row["submission_id"] == earlier.submission]
    assert await threads.answers_of(line.hub, share) == [last["submission_id"]]


async def test_a_referral_onward_under_the_number_of_ours_is_no_answer_to_it(referred: Line) -> None:
    (share,) = [row["id"] for row in await referred.rows(Outbox)]
    peer = msgspec.structs.replace(LANTERN, receivers={"LANTERN": "valley-clinic"})
    await referred.send(REFERRAL.replace(b"REF-77", share.encode()), peer)
    assert await referred.last() == ("submitted", None)
    assert await threads.answers_of(referred.hub, share) == []


async def test_what_is_attached_goes_to_the_one_recipient_whose_number_it_gives(line: Line) -> None:
    await line.scene.consent()
    await line.scene.submit(recipients=("lantern", "valley-clinic"))
    assert await line.scene.dispatch_all() == ["delivered", "delivered"]
    (number,) = [row["id"] for row in await line.rows(Outbox) if row["recipient"] == "valley-clinic"]
    osu = ("MSH|^~\\&|E|H|H|C|20260307||OSU^O51^OSU_O51|S1|P|2.5.1", REF[2], "ARV|1|A|LOC", f"ORC|CA|{number}|||CA")
    await line.send("\r".join(osu).encode())
    assert (await line.last())[0] == "waiting"
    assert await attached(line)
    last = (await line.rows(Submission))[-1]
    told = [row["recipient"] for row in await line.rows(Outbox) if row["submission_id"] == last["id"]]
    assert told == ["valley-clinic"]
    assert [row["id"] for row in await line.rows(ReferralTask)] == [number], "nobody else's part is cancelled"


async def test_nothing_is_attached_to_what_the_sender_does_not_know(line: Line) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    (notice,) = [row["id"] for row in await line.rows(Submission)]
    await members.add_links(line.hub, line.scene.member, [("county", "knows")], by="harbor")
    await line.send(mine("A11", control="M2", visit=""), Peer(organization="county", certificate="x"))
    row = (await line.rows(Inbound, "received_at"))[-1]
    assert row["state"] == "waiting"
    for organization in ("county", "harbor"):
        with pytest.raises(NotAvailable):
            await belonging.attach(line.hub, row["id"], notice, organization=organization, by="somebody")


@pytest.mark.parametrize(
    "said", [mine("A11", control="L1", visit=""), mine("A08", control="L1", visit="", more=("PV2|" + "|" * 21 + "Y",))]
)
async def test_whoever_was_told_of_a_visit_neither_takes_it_back_nor_changes_it(line: Line, said: bytes) -> None:
    await line.scene.consent()
    await line.send(mine())
    await line.scene.dispatch_all()
    (notice,) = [row["id"] for row in await line.rows(Submission)]
    await line.send(said, LANTERN)
    row = (await line.rows(Inbound, "received_at"))[-1]
    assert row["state"] == "waiting"
    assert await belonging.candidates(line.hub, await keep_module.read(line.hub, row["id"])) == []
    with pytest.raises(NotAvailable):
        await belonging.attach(line.hub, row["id"], notice, organization="lantern", by="lantern/omar")
    assert not any(each["retracted_by"] for each in await told_of(line))
    assert len(await line.rows(Submission)) == 1


async def test_what_was_handed_in_before_a_crash_is_settled_as_it_was(line: Line, monkeypatch: Any) -> None:
    """The new notice is handed in, and the process dies: what is left of the update is not lost, nor is the stop."""
    await line.send(mine())
    dies = [StorageFailed("The disk is gone.")]

    async def dying(hub: Any, submission: str, why: Any, inbound: str) -> Any:
        if dies:
            raise dies.pop()
        return await shares.stops_of(hub, submission, why, inbound)

    monkeypatch.setattr(settle, "stops_of", dying)
    with pytest.raises(StorageFailed):
        await line.send(moved(mine("A08", control="M2")))
    await settle_taken(line.hub)
    assert await line.last() == ("submitted", None)
    assert sorted(row["state"] for row in await line.rows(Outbox)) == ["held", "held", "withheld", "withheld"]
    assert len(await line.rows(Submission)) == 2


async def test_a_nul_in_any_field_is_answered_and_settled_like_any_other_text(line: Line) -> None:
    """PostgreSQL takes none in a text: what is kept of a message is sealed, and what becomes of it holds no control."""
    await line.scene.consent()
    lines = mine().split(b"\r")
    number = 0
    for at, segment in enumerate(lines):
        fields = segment.split(b"|")
        for field in range(2 if segment.startswith(b"MSH") else 1, len(fields)):
            changed = [*fields[:field], fields[field] + b"\0" or b"\0", *fields[field + 1 :]]
            raw = b"\r".join([*lines[:at], b"|".join(changed), *lines[at + 1 :]])
            number += 1
            answer = await line.send(raw)
            assert "|AA|" in answer or "|AE|" in answer or "|AR|" in answer, raw
    assert number > 20
