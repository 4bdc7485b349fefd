"""The rows of a record, and what the ledger holds of it.

INVARIANT: metadata-is-content. Names and words are evidence under its seal; here stand codes, ids and instants.
"""

from typing import Any, NamedTuple

import msgspec

from hub.bases.manifests import stated
from hub.decided import Decided
from hub.model import Frozen
from hub.outbox import ENQUEUE
from hub.outside.judging import Judged
from hub.outside.manifest import Claimed, OutsideManifest, Outsider
from hub.storage.outside import RECORDED
from hub.storage.submissions import StoredSubmission

_encode = msgspec.json.Encoder().encode


class Hand(NamedTuple):
    """Whose record it is, who enters it, under which key; `language`: of what is written about it."""

    discloser: str
    by: str
    key: str
    digest: bytes
    """SHA-256 of what was handed in."""
    language: str = "en"


class Told(Frozen, frozen=True, kw_only=True):
    """What is sealed of a record."""

    told: str
    discloser_name: str
    recipient_person: str
    somebody: Outsider | None
    basis: Claimed | None
    reason: str


def submitted(submission: StoredSubmission, key: bytes, digest: bytes) -> tuple[Any, ...]:
    facts = _encode(submission.facts).decode()
    return (
        submission.id, submission.sender, key, digest, submission.member, submission.kind.value, submission.purpose,
        submission.priority.value, facts, submission.created_at,
    )  # fmt: skip


def row(disclosure: str, submission: StoredSubmission, judged: Judged) -> tuple[Any, ...]:
    """A row of the queue that is settled: by it everything finds whose disclosure it is."""
    now = submission.created_at
    found = {
        "id": disclosure, "submission_id": submission.id, "recipient": judged.recipient, "share": "ready",
        "state": RECORDED, "attempts": 0, "tries": 0, "due_at": now, "created_at": now,
    }  # fmt: skip
    return tuple(found.get(name) for name in ENQUEUE.columns)


def disclosure(
    disclosure: str, submission: StoredSubmission, judged: Judged, decided: Decided, form: OutsideManifest, now: int
) -> tuple[Any, ...]:
    accounted = "accounting" in judged.decision.obligations
    described = ", ".join(sorted(form.information))
    return (
        disclosure, submission.id, decided.id, judged.member, submission.sender, judged.recipient, form.purpose,
        described, "", RECORDED, accounted, form.instant, now,
    )  # fmt: skip


def codes(
    disclosure: str, form: OutsideManifest, hand: Hand, judged: Judged, matter: str | None, now: int
) -> tuple[Any, ...]:
    return (
        disclosure, form.way, form.instant, now, hand.by, form.notice or "", form.scope or "", form.consent,
        " ".join(judged.later), form.corrects, matter, "",
    )  # fmt: skip


def told(form: OutsideManifest) -> Told:
    """What is sealed."""
    return Told(
        told=form.told,
        discloser_name=form.discloser_name,
        recipient_person=form.recipient_person,
        somebody=form.somebody,
        basis=form.basis,
        reason=form.reason,
    )


def bound(form: OutsideManifest, hand: Hand, judged: Judged, decided: Decided, matter: str | None) -> dict[str, Any]:
    """What the ledger holds of it: that it was told, how, when and to whom, and what the rules said of it."""
    decision = judged.decision
    return {
        "by": hand.by,
        "claimed": tuple(stated(form)) or (form.basis,),
        "consent": form.consent,
        "consents": decision.consents,
        "corrects": form.corrects,
        "decision": decided.id,
        "decision_digest": decided.digest,
        "discloser": hand.discloser,
        "information": form.information,
        "later": judged.later,
        "laws": decision.laws,
        "made_at": form.instant,
        "matter": matter,
        "notice": form.notice,
        "obligations": decision.obligations,
        "outcome": decision.outcome,
        "purpose": form.purpose,
        "recipient": judged.recipient,
        "scope": form.scope,
        "way": form.way,
    }
