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


class Made(NamedTuple):
    """A record as it is entered: what was said, by whom, what the rules say of it, and where it stands."""

    id: str
    """The disclosure's."""
    form: OutsideManifest
    hand: Hand
    judged: Judged
    decided: Decided
    submission: StoredSubmission
    """What stands among the submissions for it, so that whatever asks whose a disclosure is finds it."""
    matter: str | None
    """The breach matter that looks into it."""

    @property
    def at(self) -> int:
        """When it is recorded, microseconds UTC."""
        return self.submission.created_at


def row(made: Made) -> tuple[Any, ...]:
    """A row of the queue that is settled: by it everything finds whose disclosure it is."""
    found = {
        "id": made.id, "submission_id": made.submission.id, "recipient": made.judged.recipient, "share": "ready",
        "state": RECORDED, "attempts": 0, "tries": 0, "due_at": made.at, "created_at": made.at,
    }  # fmt: skip
    return tuple(found.get(name) for name in ENQUEUE.columns)


def disclosure(made: Made) -> tuple[Any, ...]:
    judged, form = made.judged, made.form
    accounted = "accounting" in judged.decision.obligations
    described = ", ".join(sorted(form.information))
    return (
        made.id, made.submission.id, made.decided.id, judged.member, made.submission.sender, judged.recipient,
        form.purpose, described, "", RECORDED, accounted, form.instant, made.at,
    )  # fmt: skip


def codes(made: Made) -> tuple[Any, ...]:
    form = made.form
    return (
        made.id, form.way, form.instant, made.at, made.hand.by, form.notice or "", form.scope or "", form.consent,
        " ".join(made.judged.later), form.corrects, made.matter, "",
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


def bound(made: Made) -> dict[str, Any]:
    """What the ledger holds of it: that it was told, how, when and to whom, and what the rules said of it."""
    form, judged, decision = made.form, made.judged, made.judged.decision
    return {
        "by": made.hand.by,
        "claimed": tuple(stated(form)) or (form.basis,),
        "consent": form.consent,
        "consents": decision.consents,
        "corrects": form.corrects,
        "decision": made.decided.id,
        "decision_digest": made.decided.digest,
        "discloser": made.hand.discloser,
        "held_under": form.held_under,
        "information": form.information,
        "later": judged.later,
        "laws": decision.laws,
        "made_at": form.instant,
        "matter": made.matter,
        "notice": form.notice,
        "obligations": decision.obligations,
        "outcome": decision.outcome,
        "purpose": form.purpose,
        "received": form.received,
        "recipient": judged.recipient,
        "scope": form.scope,
        "source": form.source,
        "way": form.way,
    }
