"""(a) Alderhaven sends a member's packet to Hazelmoor Center by email; a rule keeps the counseling note back."""

from collections.abc import AsyncIterator, Sequence

from deploy.demo import documents, entries, proofs, rows, terminal
from deploy.demo.documents import Made
from deploy.demo.proofs import Arrived
from deploy.demo.report import Fact, Step
from deploy.demo.rows import Row
from deploy.demo.stage import Stage

MEMBER, FROM, TO = "m01", "alderhaven", "hazelmoor"
CONSENT = "c02"


async def play(stage: Stage) -> AsyncIterator[Step]:
    desk = stage.desks[FROM]
    packet = documents.packet(stage.chart(MEMBER, FROM, to=TO))
    terminal.say(f"{desk.name} hands in {len(packet)} documents about {stage.person(MEMBER)} for {stage.name(TO)}.")
    manifest = {
        "kind": "referral_packet",
        "member": {"cin": stage.cin(MEMBER)},
        "purpose": "treatment",
        "recipients": [{"organization": TO}],
    }
    handed = await desk.hand_in(manifest, packet)
    row = (await desk.settled(handed.json["id"]))[TO]
    for line in await desk.explanation(rows.decision(row)["id"], packet):
        terminal.say(line)
    arrived = proofs.mail(stage.partners.clinic, rows.delivery(row))
    yield await _six(stage, row, arrived, packet)
    yield _note(stage, row, arrived, packet[-1])


async def _six(stage: Stage, row: Row, arrived: Arrived, packet: Sequence[Made]) -> Step:
    titles = arrived.titles(packet)
    return Step(
        story="a",
        step="six documents arrive by encrypted email",
        who=f"{stage.name(FROM)} → {stage.name(TO)}",
        what=f"warm-handoff packet about {stage.person(MEMBER)}",
        decision=rows.outcome(row),
        law=rows.laws(row),
        channel=rows.channel(row),
        receipt=rows.receipt(row),
        seconds=rows.seconds(row),
        facts=(
            Fact("state", "delivered", row["state"]),
            Fact("channel", "email", rows.channel(row)),
            Fact("in the opened mail", [made.title for made in packet[:-1]], titles),
            Fact("anything else enclosed", 0, len(arrived.documents) - len(titles)),
            Fact("notice (§2.32) in it", "full", arrived.notice),
            Fact("consent explained in it", [CONSENT], arrived.consents),
            *await entries.disclosed(stage, row["outbox"], arrived.digest),
        ),
    )


def _note(stage: Stage, row: Row, arrived: Arrived, note: Made) -> Step:
    went = rows.decision(row)["items"][-1]["permitted"]
    return Step(
        story="a",
        step="the counseling note stays",
        who=f"{stage.name(FROM)} → {stage.name(TO)}",
        what="its counseling note",
        decision="permit" if went else "withheld",
        law=rows.law_against(row),
        facts=(
            Fact("first reason", "notes.separate_consent", rows.reasons(row)[0]),
            Fact("in the opened mail", False, note.content in arrived.documents or note.title in arrived.text),
        ),
    )
