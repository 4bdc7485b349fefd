"""(d) The clinic's mail server is busy, so a packet waits; the member revokes; the next attempt is withheld.

The server is well again before that attempt, so that nothing but the revocation stands in the way.
"""

import time
from collections.abc import AsyncIterator

from deploy.demo import documents, entries, rows, terminal
from deploy.demo.mailserver import MailFault
from deploy.demo.report import Fact, Step
from deploy.demo.stage import Stage

MEMBER, FROM, TO, CONSENT = "m03", "alderhaven", "hazelmoor", "c06"


async def play(stage: Stage) -> AsyncIterator[Step]:
    desk, clinic = stage.desks[FROM], stage.partners.clinic
    packet = [documents.document(kind, stage.chart(MEMBER, FROM, to=TO)) for kind in ("assessment", "diagnosis")]
    manifest = {
        "kind": "referral_packet",
        "member": {"cin": stage.cin(MEMBER)},
        "purpose": "treatment",
        "recipients": [{"organization": TO}],
    }
    before, clinic.fault = clinic.contents_seen, MailFault.BUSY
    try:
        submission = (await desk.hand_in(manifest, packet)).json["id"]
        waiting = (await desk.until(submission, _back_in_the_queue, within=10))[TO]
        terminal.say(f"{stage.name(TO)}'s mail server is busy; the packet waits until {rows.clock(waiting['due_at'])}.")
        shared = {"story": "d", "who": f"{desk.name} → {stage.name(TO)}"}
        yield Step(
            **shared,
            step="the packet waits in the queue",
            what=f"packet about {stage.person(MEMBER)}",
            decision=rows.outcome(waiting),
            law=rows.laws(waiting),
            channel=rows.channel(waiting),
            seconds=rows.seconds(waiting, waiting["decisions"][0]["at"]),
            facts=(
                Fact("decision", "permit", rows.decision(waiting)["outcome"]),
                Fact("state", "queued", waiting["state"]),
                Fact("attempt", "deferred", waiting["deliveries"][-1]["outcome"]),
                Fact("contents that reached the clinic", 0, clinic.contents_seen - before),
            ),
        )
        revoked = await desk.call("POST", f"/v1/consents/{CONSENT}/revoke", json={"how": "oral"})
        began = time.perf_counter()
        terminal.say(f"{stage.person(MEMBER)} revokes by telephone; {desk.name} records it: {revoked.status}.")
    finally:
        clinic.fault = MailFault.NONE
    shown = (await desk.call("GET", f"/v1/consents/{CONSENT}")).json
    yield Step(
        **shared | {"who": desk.name},
        step="the revocation is recorded",
        what=f"revocation by {stage.person(MEMBER)}",
        decision=shown["state"],
        law="§2.31(a)(6)",
        seconds=revoked.seconds,
        facts=(Fact("answer", 204, revoked.status), Fact("consent", "revoked", shown["state"])),
    )
    row = (await desk.settled(submission, within=20))[TO]
    waited = time.perf_counter() - began
    terminal.say(f"{waited:.1f} s later the packet's turn came again: {rows.outcome(row)}.")
    told = await entries.about(stage, row["outbox"])
    revocations = [each for each in await entries.about(stage, CONSENT) if each.kind == "consent.revoked"]
    fence = revocations[0].place if revocations else 0
    stopped = [each for each in await entries.about(stage, submission) if each.kind == "dispatch.withheld"]
    yield Step(
        **shared,
        step="its turn comes again, and it is withheld",
        what=f"packet about {stage.person(MEMBER)}",
        decision=rows.outcome(row),
        law=rows.law_against(row),
        seconds=waited,
        facts=(
            Fact("decision", "deny", rows.decision(row)["outcome"]),
            Fact("state", "withheld", row["state"]),
            Fact("reason", ["consent.revoked"], rows.reasons(row)),
            Fact("attempts", 1, len(row["deliveries"])),
            Fact("contents that reached the clinic", 0, clinic.contents_seen - before),
            Fact("ledger", ["disclosure.intended", "disclosure.concluded"], [each.kind for each in told]),
            Fact("it ended", "deferred", told[-1].body["outcome"]),
            Fact("withheld after the revocation", [True], [each.place > fence for each in stopped]),
            Fact("an intent after the revocation", False, any(each.place > fence for each in told)),
        ),
    )


def _back_in_the_queue(found) -> bool:
    return all(row["state"] == "queued" and row["attempts"] == 1 for row in found)
