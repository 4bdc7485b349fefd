"""(f) A member is brought to the emergency department and cannot be asked: §2.51, with what must be written down."""

from collections.abc import AsyncIterator
from datetime import timedelta

from deploy.demo import documents, entries, proofs, rows, terminal
from deploy.demo.chart import Chart, us_date
from deploy.demo.documents import Made
from deploy.demo.report import Fact, Step
from deploy.demo.rows import Row
from deploy.demo.stage import Stage

MEMBER, FROM, TO = "m05", "marsh-lane", "st-anselm-ed"
EMERGENCY = {
    "kind": "medical",
    "determined_by": "clinician",
    "determined_by_name": "Dr. N. Castellan",
    "consent": "unobtainable",
    "recipient_name": "Dr. N. Castellan",
    "recipient_facility": "St. Anselm Emergency Department",
    "discloser_name": "Nurse P. Aldous",
    "nature": "Found unresponsive; the treating physician needs the last dose and current medications",
}
FIELDS = ("recipient_name", "recipient_facility", "discloser_name", "nature")
"""§2.51(c) (1) to (4) but for date and time, which the hub writes down itself."""


async def play(stage: Stage) -> AsyncIterator[Step]:
    desk = stage.desks[FROM]
    of = stage.chart(MEMBER, FROM)
    packet = [_dosing(of), documents.document("diagnosis", of)]
    terminal.say(f"{stage.name(TO)} calls: {stage.person(MEMBER)} cannot be asked. {desk.name} answers at once.")
    manifest = {
        "kind": "emergency_disclosure",
        "member": {"cin": stage.cin(MEMBER)},
        "purpose": "treatment",
        "priority": "urgent",
        "recipients": [{"organization": TO}],
        "emergency": EMERGENCY,
    }
    handed = await desk.hand_in(manifest, packet)
    row = (await desk.settled(handed.json["id"]))[TO]
    yield await _printed(stage, row, pages=proofs.pages_of(packet[1:]) + 1)
    yield await _written_down(stage, row)


async def _printed(stage: Stage, row: Row, pages: int) -> Step:
    fax = await stage.partners.faxes[TO].fax(rows.delivery(row))
    terminal.say(f"{stage.name(TO)}: the fax machine printed {len(fax.pages)} pages.")
    person = stage.data["members"][MEMBER]
    return Step(
        story="f",
        step="the emergency department's fax machine prints it",
        who=f"{stage.name(FROM)} → {stage.name(TO)}",
        what=f"last dose and diagnosis of {stage.person(MEMBER)}, who signed nothing",
        decision=rows.outcome(row),
        law=rows.laws(row),
        channel=rows.channel(row),
        receipt=rows.receipt(row),
        seconds=rows.seconds(row),
        facts=(
            Fact("state", "delivered", row["state"]),
            Fact("rests on", ["emergency"], sorted({item["basis"] for item in rows.decision(row)["items"]})),
            Fact("consents relied on", [], rows.decision(row)["consents"]),
            Fact("pages besides cover and contents", pages, len(fax.pages) - 2),
            Fact("blank pages", 0, proofs.blank_pages(fax)),
            Fact("member named inside", True, proofs.says(fax, "Member", f"{person['given']} {person['family']}")),
            *await entries.disclosed(stage, row["outbox"], fax.sha256),
        ),
    )


async def _written_down(stage: Stage, row: Row) -> Step:
    written = await entries.emergency(stage, row["outbox"])
    work = (await stage.desks[FROM].call("GET", "/v1/work?kind=emergency_review")).json["items"]
    when = rows.clock(written.get("disclosed_at") or 0)
    for field in FIELDS:
        terminal.say(f"{field.replace('_', ' ')}: {written.get(field)}")
    terminal.say(f"date and time: {when}")
    return Step(
        story="f",
        step="five fields are written down, and a review is due",
        who=stage.name(FROM),
        what="record of the emergency",
        decision="recorded" if written else "not recorded",
        law="§2.51(c)",
        facts=(
            *(Fact(field.replace("_", " "), EMERGENCY[field], written.get(field)) for field in FIELDS),
            Fact("date and time, as delivered", rows.clock(row["deliveries"][-1]["finished_at"]), when),
            Fact("to be reviewed", [row["outbox"]], [item["reference"] for item in work]),
        ),
    )


def _dosing(of: Chart) -> Made:
    lines = [f"Dosing record of {of.name}, {of.band.rpartition('     ')[2]}", f"As of {us_date(of.on)}", ""]
    lines += [f"- {name}, {dose} ({why})" for name, dose, why in of.medications]
    lines += ["", f"Last dose taken at the window: {us_date(of.on - timedelta(days=1))} 07:10. No take-home doses."]
    return Made("dosing-record", "Dosing record", "medications", "text/plain", "\n".join(lines).encode())
