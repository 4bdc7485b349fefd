"""What a row of the log says about a disclosure, or about what was withheld: read from the stored decision."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from hub import packets
from hub.context import Hub
from hub.decisions import DecisionRecord, ItemRecord
from hub.storage import outside, submissions
from hub.storage.statements import Lookup
from hub.storage.submissions import StoredSubmission
from hub.storage.tables import Attempt, Decision, Disclosure

REFUSED = ("withheld", "waiting", "no_consent", "withdrawn", "held", "released")
"""By a rule; kept until a consent comes; ended because none came; taken back by its sender; held for a person; let go
after all.
"""
OUTCOMES = ("disclosed", "under_way", "unknown", "not_disclosed", *REFUSED, *outside.STATES)
_OF_STATE = {"intended": "under_way"}
_DISCLOSURE = Lookup(
    Disclosure, ("submission_id", "decision_id", "discloser", "recipient", "purpose", "description", "state"), "id"
)
_DECISION = Lookup(Decision, ("submission_id", "body"), "id")
_ATTEMPTS = Lookup(Attempt, ("number", "channel"), "disclosure_id")
_decode = msgspec.json.Decoder(DecisionRecord).decode


class Told(NamedTuple):
    """A row without its place."""

    reference: str
    columns: dict[str, Any]


class _Bound(msgspec.Struct):
    """What of a ledger entry's body names a decision."""

    decision: str


def refusal_of(submission: str, recipient: str) -> str:
    """The reference of what was withheld from one recipient."""
    return f"{submission}/{recipient}"


async def disclosed(hub: Hub, disclosure: str) -> Told | None:
    """A disclosure as it stands; none if there is no such."""
    found = await hub.database.lookup(_DISCLOSURE, disclosure)
    if not found:
        return None
    submission, decision, program, recipient, purpose, description, state = found[0]
    record = await _record(hub, decision)
    decided = record.items if record else ()
    went = [item for item in decided if item.permitted]
    # Made outside of the hub, what the rules did not permit went all the same.
    against = [item for item in decided if not item.permitted] if state in outside.STATES else []
    _, channel = max(await hub.database.lookup(_ATTEMPTS, disclosure), default=(0, ""))
    recorded = (await outside.some(hub, [disclosure]))[disclosure] if state in outside.STATES else None
    return Told(disclosure, {
        "made_at": recorded and recorded["made_at"],
        "outcome": _OF_STATE.get(state, state),
        "submission_id": submission,
        "decision_id": decision,
        "program": program,
        "recipient": recipient,
        "channel": recorded["way"] if recorded else channel,
        "purpose": purpose,
        "basis": next((item.basis for item in went if item.basis), ""),
        "laws": _laws([*against, *went]),
        "reason": next((reason for item in against for reason in item.reasons), ""),
        "items": description,
    })  # fmt: skip


async def refused(hub: Hub, body: bytes, submission: str) -> Told | None:
    """What a decision withheld or held; none if everything may go, or it is kept no more."""
    decision = msgspec.json.decode(body, type=_Bound).decision
    record = await _record(hub, decision)
    stored = await submissions.read(hub.database, submission)
    if record is None or stored is None or (record.outcome == "permit" and not record.hold):
        return None
    stays = [item for item in record.items if not item.permitted or item.hold]
    columns = {"outcome": _refusal(stored, record)} | _stayed(stored, decision, record, stays)
    return Told(refusal_of(submission, record.recipient), columns)


async def taken_out(hub: Hub, outbox: str, submission: str, recipient: str) -> Told:
    """What was taken out of the queue, without how it ended: no decision had withheld it."""
    decision, record = await submissions.last_decision(hub.database, submission, recipient)
    stored = await submissions.read(hub.database, submission)
    assert stored is not None
    would_go = [item for item in record.items if item.permitted]
    return Told(outbox, dict(_stayed(stored, decision, record, would_go)))


def _refusal(stored: StoredSubmission, record: DecisionRecord) -> str:
    if record.hold:
        return "held"
    waits = record.outcome == "deny" and packets.waits_for_consent(stored, record)
    return "waiting" if waits else "withheld"


def _stayed(stored: StoredSubmission, decision: str, record: DecisionRecord, items: list[ItemRecord]) -> dict[str, Any]:
    """The columns of what did not leave."""
    classes = stored.facts.asked.classes
    return {
        "made_at": None,
        "submission_id": stored.id,
        "decision_id": decision,
        "program": record.discloser,
        "recipient": record.recipient,
        "channel": "",
        "purpose": record.purpose,
        "basis": "",
        "laws": _laws(items),
        "reason": next((reason for item in items for reason in item.reasons), ""),
        "items": ", ".join(sorted({classes.get(item.item, "") for item in items} - {""})),
    }


async def _record(hub: Hub, decision: str) -> DecisionRecord | None:
    found = await hub.database.lookup(_DECISION, decision)
    return _decode(found[0][1]) if found else None


def _laws(items: Iterable[ItemRecord]) -> str:
    return "; ".join(dict.fromkeys(law for item in items for law in item.laws))
