"""What a row of the log says about a disclosure, or about what was withheld: read from the stored decision."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from hub.context import Hub
from hub.decide import DecisionRecord, ItemRecord
from hub.storage import submissions
from hub.storage.statements import Lookup
from hub.storage.tables import Attempt, Decision, Disclosure

OUTCOMES = ("disclosed", "under_way", "unknown", "not_disclosed", "withheld", "held", "released")
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
    went = [item for item in record.items if item.permitted] if record else []
    _, channel = max(await hub.database.lookup(_ATTEMPTS, disclosure), default=(0, ""))
    return Told(disclosure, {
        "outcome": _OF_STATE.get(state, state),
        "submission_id": submission,
        "decision_id": decision,
        "program": program,
        "recipient": recipient,
        "channel": channel,
        "purpose": purpose,
        "basis": next((item.basis for item in went if item.basis), ""),
        "laws": _laws(went),
        "reason": "",
        "items": description,
    })  # fmt: skip


async def refused(hub: Hub, body: bytes, submission: str) -> Told | None:
    """What a decision withheld or held; none if everything may go."""
    decision = msgspec.json.decode(body, type=_Bound).decision
    record = await _record(hub, decision)
    if record is None or (record.outcome == "permit" and not record.hold):
        return None
    stays = [item for item in record.items if not item.permitted or item.hold]
    stored = await submissions.read(hub.database, submission)
    classes = stored.facts.asked.classes if stored else {}
    return Told(refusal_of(submission, record.recipient), {
        "outcome": "held" if record.hold else "withheld",
        "submission_id": submission,
        "decision_id": decision,
        "program": record.discloser,
        "recipient": record.recipient,
        "channel": "",
        "purpose": record.purpose,
        "basis": "",
        "laws": _laws(stays),
        "reason": next((reason for item in stays for reason in item.reasons), ""),
        "items": ", ".join(sorted({classes.get(item.item, "") for item in stays} - {""})),
    })  # fmt: skip


async def _record(hub: Hub, decision: str) -> DecisionRecord | None:
    found = await hub.database.lookup(_DECISION, decision)
    return _decode(found[0][1]) if found else None


def _laws(items: Iterable[ItemRecord]) -> str:
    return "; ".join(dict.fromkeys(law for item in items for law in item.laws))
