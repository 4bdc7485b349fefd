"""Who looks at what: the queue of what waits, how many people let it go, and the review of what has left.

Whatever left on another basis than consent is reviewed by the end of the next business day; whatever rests on a
court's order leaves only after two people approved it. What was disclosed outside of the hub was let go by nobody
here: whatever the rules of its day would have had a person look at first is reviewed afterwards, as soon.
"""

from hub.bases import evidence
from hub.bases.stated import NOTHING, Stated
from hub.context import Hub
from hub.decisions import DecisionRecord
from hub.storage import submissions
from hub.storage.database import Step
from hub.storage.statements import Lookup
from hub.storage.submissions import StoredSubmission
from hub.storage.tables import Outbox
from hub.waiting.work import open_work
from policies.vocabulary import PROCEEDINGS

LEGAL, HOLD = "legal", "hold"
_ROW = Lookup(Outbox, ("submission_id", "recipient"), "id")
PROCESS = frozenset({"164.512(e)", "164.512(f)"})
OF_BASIS = {
    "emergency": ("emergency_review", "2.51"),
    "court_order": ("order_review", "2.61"),
    "child_abuse_report": ("child_abuse_review", "2.12(c)(6)"),
    "crime_report": ("crime_review", "2.12(c)(5)"),
    "minors_safety": ("finding_review", "2.14(c)"),
    "cause_of_death": ("death_review", "2.15(b)(1)"),
    "research": ("research_review", "2.52"),
    "audit": ("audit_review", "2.53"),
    "hhs_compliance": ("compliance_review", "2.2(b)"),
}
"""The review of a disclosure by the basis that carried an item."""
OF_STATEMENT = {
    "supervision": ("supervision_review", "2.35"),
    "registry": ("registry_review", "2.34"),
    "qso": ("qso_review", "2.12(c)(4)"),
    "demand": ("demand_review", "2.61"),
    "findings": ("finding_review", "2.15(a)(2)"),
    "research": ("research_review", "164.512(i)"),
}
"""The review of a disclosure whose basis is a consent, an agreement or HIPAA's, by what was stated beside it."""
UNSEEN = {True: ("proceeding_review", "2.12(d)(1)"), False: ("unseen_review", "")}
"""The review of what rests on a consent or on HIPAA and a person looks at first (§2.31(d), 45 CFR 164.512(e), (f)), by
whether it serves a proceeding.
"""
BREAK_GLASS = "break_glass"
"""The review of what somebody read where their role or scope opened nothing (`hub.glass`)."""
REVIEWS = frozenset(kind for kind, _ in (*OF_BASIS.values(), *OF_STATEMENT.values(), *UNSEEN.values())) | {BREAK_GLASS}
WITHOUT_STATEMENT = frozenset({"cause_of_death", "hhs_compliance"})
"""Purposes that are a basis by themselves."""


def queue(decision: DecisionRecord) -> str:
    """Where what waits is looked at: court papers by those who answer courts, the rest by whoever releases."""
    for item in decision.items:
        if item.hold and (decision.ordered or not PROCESS.isdisjoint(item.laws)):
            return LEGAL
        if any(reason.startswith("proceeding.") for reason in item.reasons):
            return LEGAL
    return HOLD


def waiting(hub: Hub, organization: str, ticket: str, decision: DecisionRecord, now: int) -> Step:
    """The work item of what waits under an outbox row."""
    due = hub.calendar.end_of_next(now, hub.zone)
    return open_work(queue(decision), organization, ticket, codes(decision), now, due=due)


def codes(decision: DecisionRecord) -> tuple[str, ...]:
    """Why it waits: reasons, and the bases of what would go."""
    waiting = [item.basis for item in decision.items if item.permitted and item.hold and item.basis]
    return tuple(dict.fromkeys((*decision.reasons, *waiting)))


def persons(decision: DecisionRecord) -> int:
    """How many people let go what waits: two where a court's order was stated, else one."""
    return 2 if decision.ordered else 1


def approved(decision: DecisionRecord, by: str | None) -> bool:
    """Whether enough people did (`by`: their names, separated by a space)."""
    return len(set((by or "").split())) >= persons(decision)


def after(
    hub: Hub, ticket: str, submission: StoredSubmission, decision: DecisionRecord, released: tuple[str, ...], now: int
) -> list[Step]:
    """What follows a disclosure that was or may have been made: its evidence is dated, its review is due."""
    stated = submission.facts.asked.stated
    if stated is None and submission.purpose not in WITHOUT_STATEMENT:
        return []
    dated = [] if stated is None or not stated.kinds else [evidence.disclosed(ticket, now)]
    return [*dated, *owed(hub, ticket, submission, decision, released, now)]


def owed(
    hub: Hub,
    ticket: str,
    submission: StoredSubmission,
    decision: DecisionRecord,
    released: tuple[str, ...],
    now: int,
    *,
    seen: bool = True,
) -> list[Step]:
    """The reviews of a disclosure that is on record since `now`; not `seen`: nobody let go what waits for a person."""
    stated = submission.facts.asked.stated or NOTHING
    found = _due(stated, decision, released)
    found |= {} if seen else _unseen(stated, decision, reviewed=bool(found))
    due = hub.calendar.end_of_next(now, hub.zone)
    return [
        open_work(
            kind,
            submission.sender,
            ticket,
            (*filter(None, (law,)), *_also(kind, stated, decision)),
            now,
            due=due,
        )
        for kind, law in found.items()
    ]


async def after_loss(hub: Hub, ticket: str) -> list[Step]:
    """The same, where the process that disclosed is gone: everything it might have sent counts."""
    ((submission_id, recipient),) = await hub.database.lookup(_ROW, ticket)
    submission = await submissions.read(hub.database, submission_id)
    assert submission is not None
    decision = (await submissions.last_decision(hub.database, submission_id, recipient)).record
    went = tuple(item.item for item in decision.items if item.permitted)
    return after(hub, ticket, submission, decision, went, hub.clock.now())


def _due(stated: Stated, decision: DecisionRecord, released: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = dict(OF_STATEMENT[kind] for kind in stated.kinds if kind in OF_STATEMENT)
    for item in decision.items:
        if item.item in released and item.basis in OF_BASIS:
            kind, law = OF_BASIS[item.basis]
            found[kind] = law
    return found


def _unseen(stated: Stated, decision: DecisionRecord, *, reviewed: bool) -> dict[str, str]:
    if "order" in stated.kinds:  # also where it did not carry what went: its paper is looked at
        return dict((OF_BASIS["court_order"],))
    # What was withheld by the rules and went all the same is looked into as a breach.
    waits = decision.hold and decision.outcome not in ("deny", "partial")
    return dict((UNSEEN[decision.purpose in PROCEEDINGS],)) if waits and not reviewed else {}


def _also(kind: str, stated: Stated, decision: DecisionRecord) -> tuple[str, ...]:
    """What of a review is said beside its paragraph."""
    if kind == UNSEEN[False][0]:
        return codes(decision)
    return stated.missing if kind == "emergency_review" else ()
