"""(b) Alderhaven tells the member's managed care plan of the admission, within the county's 24 hours, by API."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from deploy.demo import documents, entries, proofs, rows, terminal
from deploy.demo.report import Fact, Step
from deploy.demo.stage import Stage

MEMBER, FROM, TO, CONSENT = "m20", "alderhaven", "greenmark", "c03"


async def play(stage: Stage) -> AsyncIterator[Step]:
    desk, plan = stage.desks[FROM], stage.partners.plan
    admitted = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=9)
    notice = documents.document("admission", stage.chart(MEMBER, FROM), admitted)
    terminal.say(f"{desk.name} reports the admission of {stage.person(MEMBER)} to {stage.name(TO)}.")
    manifest = {
        "kind": "admit_notice",
        "member": {"cin": stage.cin(MEMBER)},
        "purpose": "operations",
        "recipients": [{"organization": TO}],
        "event": {"kind": "admit", "at": admitted.isoformat(), "setting": desk.name, "contact": stage.manager(MEMBER)},
    }
    handed = await desk.hand_in(manifest, [notice])
    row = (await desk.settled(handed.json["id"]))[TO]
    delivery = rows.delivery(row)
    bundle = next(each for each in plan.received if each["id"] == delivery)
    arrived = proofs.bundle(bundle, plan.digest_of(delivery))
    told = {entry["resource"]["resourceType"]: entry["resource"] for entry in bundle["entry"]}
    terminal.say(f"The plan took a FHIR message of {len(bundle['entry'])} resources and signed for it.")
    yield Step(
        story="b",
        step="the plan's API takes the notice and signs for it",
        who=f"{desk.name} → {stage.name(TO)}",
        what=f"admission notice about {stage.person(MEMBER)}",
        decision=rows.outcome(row),
        law=rows.laws(row),
        channel=rows.channel(row),
        receipt=rows.receipt(row),
        seconds=rows.seconds(row, row["decisions"][0]["at"]),
        facts=(
            Fact("answer", 202, handed.status),
            Fact("state", "delivered", row["state"]),
            Fact("receipt", "signed-ack", rows.receipt(row).partition(" ")[0]),
            Fact("event", "notification-admit", told["MessageHeader"]["eventCoding"]["code"]),
            Fact("member", stage.cin(MEMBER), told["Patient"]["identifier"][0]["value"]),
            Fact("admitted", admitted, datetime.fromisoformat(told["Encounter"]["period"]["start"])),
            Fact("in the bundle", [notice.title], arrived.titles([notice])),
            Fact("every resource labelled", True, proofs.labelled(bundle)),
            Fact("notice (§2.32) in it", "full", arrived.notice),
            Fact("consent explained in it", [CONSENT], arrived.consents),
            *await entries.disclosed(stage, row["outbox"], arrived.digest),
        ),
    )
