"""The whole story of one disclosure for an auditor: who handed in what about whom, what permitted it, how it was kept
to the necessary, what was delivered and with which proof.

Ids, codes and the law's words; no name of a patient, no title, no document.
"""

from typing import Any

from hub.compliance import log, trail
from hub.context import Hub
from hub.errors import NotAvailable
from hub.explanations import explained
from hub.model import RecordKind
from hub.storage import consents, submissions
from hub.storage.facts import instant
from hub.storage.submissions import StoredSubmission
from hub.views import decision


async def of_disclosure(hub: Hub, disclosure: str) -> dict[str, Any]:
    """Submission, decision with its explanation, consents as they stood, obligations, attempts, ledger entries.

    Raises `NotAvailable` if there is no such disclosure.
    """
    found = await log.some(hub, [disclosure], None)
    if disclosure not in found:
        raise NotAvailable
    row = found[disclosure]
    decided = await decision(hub, row["decision_id"], None)
    told = await explained(hub, decided)
    del told["remedies"]  # what would help today says nothing about that day
    return {
        "disclosure": row,
        "submission": await _submission(hub, row["submission_id"]),
        "decision": told,
        "consents": [await _as_it_stood(hub, consent, decided["at"]) for consent in row["consents"]],
        "entries": await trail.of_disclosure(hub, row),
    }


async def _submission(hub: Hub, submission: str) -> dict[str, Any]:
    stored = await submissions.read(hub.database, submission)
    if stored is None:
        raise NotAvailable
    return {
        "id": stored.id,
        "sender": stored.sender,
        "kind": stored.kind,
        "purpose": stored.purpose,
        "priority": stored.priority,
        "created_at": stored.created_at,
        "items": await _items(hub, stored),
    }


async def _items(hub: Hub, submission: StoredSubmission) -> list[dict[str, str]]:
    if submission.kind is RecordKind.OUTSIDE_DISCLOSURE:  # nothing was handed in: it was told, on paper or in words
        return [{"id": item, "information": kind} for item, kind in submission.facts.asked.classes.items()]
    return [
        {"id": item.id, "information": item.information, "media_type": item.media_type}
        for item in (await submissions.read_items(hub.database, submission.id)).values()
    ]


async def _as_it_stood(hub: Hub, consent: str, at: int) -> dict[str, Any]:
    """The consent with what had happened to it by then, and nothing later."""
    view = await consents.show(hub, consent)
    then = instant(at).isoformat()
    history = [event for event in view["history"] if event["at"] <= then]
    later = {event["what"] for event in view["history"]} - {event["what"] for event in history}
    hidden = {"state", *(("verified", "verified_by") if "verified" in later else ())}
    stood = {name: value for name, value in view.items() if name not in hidden | {"revoked", "history"}}
    revoked = [each for each in view.get("revoked", []) if str(each.get("at", "")) <= then]
    return stood | {"as_of": then, "revoked": revoked, "history": history}
