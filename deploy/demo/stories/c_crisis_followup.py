"""(c) After a night's crisis Hazelmoor tells whoever cares for the member: one by fax, one by email, one not at all."""

from collections.abc import AsyncIterator
from datetime import datetime, time

from deploy.demo import documents, entries, proofs, rows, terminal
from deploy.demo.report import Fact, Step
from deploy.demo.rows import Row
from deploy.demo.stage import Stage

MEMBER, FROM = "m02", "hazelmoor"
PCP, MHP, PLAN = "thistledown", "mhp", "westerly"


async def play(stage: Stage) -> AsyncIterator[Step]:
    desk, plan = stage.desks[FROM], stage.partners.plan
    of = stage.chart(MEMBER, FROM, hour=6)
    report = [documents.document("crisis-report", of)]
    happened = datetime.combine(of.on, time(2, 10), stage.settings.zone)
    terminal.say(f"{desk.name} follows up on {stage.person(MEMBER)} to {', '.join(map(stage.name, (PCP, MHP, PLAN)))}.")
    manifest = {
        "kind": "crisis_followup",
        "member": {"cin": stage.cin(MEMBER)},
        "purpose": "treatment",
        "priority": "urgent",
        "recipients": [{"organization": each} for each in (PCP, MHP, PLAN)],
        "event": {"kind": "crisis", "at": happened.isoformat(), "contact": stage.manager(MEMBER)},
    }
    before = plan.contents_seen
    handed = await desk.hand_in(manifest, report)
    found = await desk.settled(handed.json["id"])
    yield await _by_fax(stage, found[PCP], report)
    yield await _by_mail(stage, found[MHP], report)
    for line in await desk.explanation(rows.decision(found[PLAN])["id"], report):
        terminal.say(line)
    yield await _not_at_all(stage, found[PLAN], plan.contents_seen - before)


async def _by_fax(stage: Stage, row: Row, report: list[documents.Made]) -> Step:
    fax = await stage.partners.faxes[PCP].fax(rows.delivery(row))
    person = stage.data["members"][MEMBER]
    terminal.say(f"{stage.name(PCP)}: the fax machine printed {len(fax.pages)} pages.")
    return _step(
        stage,
        row,
        PCP,
        "the doctor's fax machine prints it",
        Fact("state", "delivered", row["state"]),
        Fact("channel", "fax", rows.channel(row)),
        Fact("pages besides cover and contents", proofs.pages_of(report), len(fax.pages) - 2),
        Fact("blank pages", 0, proofs.blank_pages(fax)),
        Fact("notice (§2.32) on the cover, dot for dot", True, proofs.cover_has_notice(fax)),
        Fact("member named inside", True, proofs.says(fax, "Member", f"{person['given']} {person['family']}")),
        Fact("consent explained inside", True, proofs.says(fax, "Consent", "c04 (specific)")),
        *await entries.disclosed(stage, row["outbox"], fax.sha256),
    )


async def _by_mail(stage: Stage, row: Row, report: list[documents.Made]) -> Step:
    arrived = proofs.mail(stage.partners.mhp, rows.delivery(row))
    return _step(
        stage,
        row,
        MHP,
        "the mental health plan opens the mail",
        Fact("state", "delivered", row["state"]),
        Fact("channel", "email", rows.channel(row)),
        Fact("in the opened mail", [made.title for made in report], arrived.titles(report)),
        Fact("notice (§2.32) in it", "full", arrived.notice),
        Fact("consent explained in it", ["c05"], arrived.consents),
        *await entries.disclosed(stage, row["outbox"], arrived.digest),
    )


async def _not_at_all(stage: Stage, row: Row, contents: int) -> Step:
    return _step(
        stage,
        row,
        PLAN,
        "the plan without consent gets nothing; it waits for a consent",
        Fact("decision", "deny", rows.decision(row)["outcome"]),
        Fact("state", "held: consent", f"{row['state']}: {row['code']}"),
        Fact("attempts", 0, len(row["deliveries"])),
        Fact("contents that reached a plan", 0, contents),
        Fact("on the ledger about a delivery", [], await entries.about(stage, row["outbox"])),
    )


def _step(stage: Stage, row: Row, to: str, step: str, *facts: Fact) -> Step:
    return Step(
        story="c",
        step=step,
        who=f"{stage.name(FROM)} → {stage.name(to)}",
        what=f"crisis follow-up about {stage.person(MEMBER)}",
        decision=rows.outcome(row),
        law=rows.laws(row) or rows.law_against(row),
        channel=rows.channel(row),
        receipt=rows.receipt(row),
        seconds=rows.seconds(row),
        facts=facts,
    )
