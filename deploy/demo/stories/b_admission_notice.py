"""(b) Alderhaven tells the member's managed care plan of the admission, within the county's 24 hours, by API."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.demo import documents, entries, proofs, rows, terminal
from deploy.demo.documents import Made
from deploy.demo.report import Fact, Step
from deploy.demo.rows import Row
from deploy.demo.stage import Stage

MEMBER, FROM, TO, CONSENT = "m20", "alderhaven", "greenmark", "c03"


async def play(stage: Stage) -> AsyncIterator[Step]:
    desk, plan = stage.desks[FROM], stage.partners.plan
    admitted = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=9)
    notice = documents.document("admission", stage.chart(MEMBER, FROM), admitted)
    terminal.say(f"{desk.name} reports the admission of {stage.person(MEMBER)} to {stage.name(TO)}.")
    event = {"kind": "admit", "at": admitted.isoformat(), "setting": desk.name, "contact": stage.manager(MEMBER)}
    manifest = {
        "kind": "admit_notice",
        "member": {"cin": stage.cin(MEMBER)},
        "purpose": "operations",
        "recipients": [{"organization": TO}],
        "event": event,
    }
    handed = await desk.hand_in(manifest, [notice])
    row = (await desk.settled(handed.json["id"]))[TO]
    bundle = next(each for each in plan.received if each["id"] == rows.delivery(row))
    terminal.say(f"The plan took a FHIR message of {len(bundle['entry'])} resources and signed for it.")
    yield await _taken(stage, row, bundle, notice, admitted)


async def _taken(stage: Stage, row: Row, bundle: dict[str, Any], notice: Made, admitted: datetime) -> Step:
    arrived = proofs.bundle(bundle, stage.partners.plan.digest_of(bundle["id"]))
    told = {entry["resource"]["resourceType"]: entry["resource"] for entry in bundle["entry"]}
    return Step(
        story="b",
        step="the plan's API takes the notice and signs for it",
        who=f"{stage.name(FROM)} → {stage.name(TO)}",
        what=f"admission notice about {stage.person(MEMBER)}",
        decision=rows.outcome(row),
        law=rows.laws(row),
        channel=rows.channel(row),
        receipt=rows.receipt(row),
        seconds=rows.seconds(row),
        facts=(
            Fact("state", "delivered", row["state"]),
            Fact("receipt", "signed-ack", rows.receipt(row).partition(" ")[0]),
            Fact("event", "notification-admit", told["MessageHeader"]["eventCoding"]["code"]),
            Fact("member", stage.cin(MEMBER), told["Patient"]["identifier"][0]["value"]),
            Fact("admitted", admitted, datetime.fromisoformat(told["Encounter"]["period"]["start"])),
            Fact("in the bundle", [notice.title], arrived.titles([notice])),
            Fact("anything else in it", 0, len(arrived.documents) - 1),
            Fact("every resource labelled", True, proofs.labelled(bundle)),
            Fact("notice (§2.32) in it", "full", arrived.notice),
            Fact("consent explained in it", [CONSENT], arrived.consents),
            *await entries.disclosed(stage, row["outbox"], arrived.digest),
        ),
    )
