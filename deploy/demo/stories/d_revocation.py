"""(d) The clinic's mail server is busy, so a packet waits; the member revokes; the next attempt is withheld.

The server is well again before that attempt, so that nothing but the revocation stands in the way.
"""

from collections.abc import AsyncIterator, Iterable

from deploy.demo import documents, entries, rows, terminal
from deploy.demo.desk import Answer, Desk
from deploy.demo.mailserver import MailFault
from deploy.demo.report import Fact, Step
from deploy.demo.rows import Row
from deploy.demo.stage import Stage

MEMBER, FROM, TO, CONSENT = "m03", "alderhaven", "hazelmoor", "c06"


async def play(stage: Stage) -> AsyncIterator[Step]:
    desk, clinic = stage.desks[FROM], stage.partners.clinic
    before, clinic.fault = clinic.contents_seen, MailFault.BUSY
    try:
        submission = await _hand_in(stage, desk)
        waiting = (await desk.until(submission, _back_in_the_queue, within=10))[TO]
        terminal.say(f"{stage.name(TO)}'s mail server is busy; the packet waits until {rows.clock(waiting['due_at'])}.")
        yield _waits(stage, waiting, clinic.contents_seen - before)
        revoked = await desk.call("POST", f"/v1/consents/{CONSENT}/revoke", json={"how": "oral"})
        terminal.say(f"{stage.person(MEMBER)} revokes by telephone; {desk.name} records it.")
    finally:
        clinic.fault = MailFault.NONE
    yield await _revokes(stage, desk, revoked)
    row = (await desk.settled(submission, within=20))[TO]
    terminal.say(f"The packet's turn came again at {rows.clock(rows.decision(row)['at'])}: {rows.outcome(row)}.")
    yield await _is_withheld(stage, row, submission, clinic.contents_seen - before)


async def _hand_in(stage: Stage, desk: Desk) -> str:
    packet = [documents.document(kind, stage.chart(MEMBER, FROM, to=TO)) for kind in ("assessment", "diagnosis")]
    manifest = {
        "kind": "referral_packet",
        "member": {"cin": stage.cin(MEMBER)},
        "purpose": "treatment",
        "recipients": [{"organization": TO}],
    }
    return str((await desk.hand_in(manifest, packet)).json["id"])


def _waits(stage: Stage, row: Row, contents: int) -> Step:
    return Step(
        story="d",
        step="the packet waits in the queue",
        who=f"{stage.name(FROM)} → {stage.name(TO)}",
        what=f"packet about {stage.person(MEMBER)}",
        decision=rows.outcome(row),
        law=rows.laws(row),
        channel=rows.channel(row),
        seconds=rows.seconds(row),
        facts=(
            Fact("decision", "permit", rows.decision(row)["outcome"]),
            Fact("state", "queued", row["state"]),
            Fact("attempt", "deferred", row["deliveries"][-1]["outcome"]),
            Fact("contents that reached the clinic", 0, contents),
        ),
    )


async def _revokes(stage: Stage, desk: Desk, revoked: Answer) -> Step:
    consent = (await desk.call("GET", f"/v1/consents/{CONSENT}")).json
    return Step(
        story="d",
        step="the revocation is recorded",
        who=desk.name,
        what=f"revocation by {stage.person(MEMBER)}",
        decision=consent["state"],
        law="§2.31(a)(6)",
        seconds=revoked.seconds,
        facts=(Fact("answer", 204, revoked.status), Fact("consent", "revoked", consent["state"])),
    )


async def _is_withheld(stage: Stage, row: Row, submission: str, contents: int) -> Step:
    told = await entries.about(stage, row["outbox"])
    revocations = [each for each in await entries.about(stage, CONSENT) if each.kind == "consent.revoked"]
    fence = revocations[0].place if revocations else 0
    stopped = [each for each in await entries.about(stage, submission) if each.kind == "dispatch.withheld"]
    return Step(
        story="d",
        step="its turn comes again, and it is withheld",
        who=f"{stage.name(FROM)} → {stage.name(TO)}",
        what=f"packet about {stage.person(MEMBER)}",
        decision=rows.outcome(row),
        law=rows.law_against(row),
        seconds=(rows.decision(row)["at"] - row["decisions"][0]["at"]) / 1_000_000,
        facts=(
            Fact("decision", "deny", rows.decision(row)["outcome"]),
            Fact("state", "withheld", row["state"]),
            Fact("reason", ["consent.revoked"], rows.reasons(row)),
            Fact("attempts", 1, len(row["deliveries"])),
            Fact("contents that reached the clinic", 0, contents),
            Fact("ledger", ["disclosure.intended", "disclosure.concluded"], [each.kind for each in told]),
            Fact("it ended", "deferred", told[-1].body["outcome"]),
            Fact("withheld after the revocation", [True], [each.place > fence for each in stopped]),
            Fact("an intent after the revocation", False, any(each.place > fence for each in told)),
        ),
    )


def _back_in_the_queue(found: Iterable[Row]) -> bool:
    return all(row["state"] == "queued" and row["attempts"] == 1 for row in found)
