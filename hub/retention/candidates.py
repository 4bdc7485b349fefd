"""Which payloads may be destroyed: by kind, what is old enough to be looked at, and when its clock started.

A payload that anything still waits for has no clock yet: a row of the queue that is not settled, an open work item, a
consent in force, an arrival that a person has to look at.
"""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import case, func, literal, or_, select

from hub.context import Hub
from hub.retention import registers
from hub.retention.schedule import LEAST_YEARS
from hub.storage.disclosures import last_about
from hub.storage.facts import instant
from hub.storage.statements import Row, table_of
from hub.storage.tables import (
    Consent,
    ConsentDocument,
    ConsentEvent,
    Decision,
    Disclosure,
    Evidence,
    Inbound,
    Item,
    Matter,
    MatterEvent,
    Member,
    Outbox,
    Submission,
    WorkItem,
    WorkNote,
)
from hub.storage.tables.declared import Declared
from policies.days import day_of, end_of

PAGE = 200
_OLD_ENOUGH_US = timedelta(days=365 * LEAST_YEARS) // timedelta(microseconds=1)
_MARGIN_US = 60_000_000


class Candidate(NamedTuple):
    """One thing whose payloads share a clock: a submission's items, a disclosure's evidence, a consent's paper."""

    kind: str
    model: type[Declared]
    key: str
    """The column by which its rows are found."""
    id: str
    member: str | None
    organization: str | None
    submission: str | None
    start: int
    """When the clock started, microseconds UTC."""

    @property
    def covered_by(self) -> dict[str, str | None]:
        """What a hold on it may name."""
        consent = self.id if self.kind == "consent_paper" else None
        return {
            "member": self.member, "organization": self.organization, "submission": self.submission, "consent": consent,
        }  # fmt: skip


async def candidates(hub: Hub) -> AsyncIterator[Candidate]:
    """Everything sealed that was last needed six years ago or earlier, in pages of constant size."""
    old = hub.clock.now() - _OLD_ENOUGH_US
    # An id begins with its milliseconds: the key's own order ends the search where the years do. A member's tells none.
    bound = f"{(old + _MARGIN_US) // 1_000:012x}"
    for kind, model, key, source in (
        ("packet", Item, "submission_id", _packets(old)),
        ("evidence", Evidence, "disclosure_id", _evidence(old)),
        ("consent_paper", ConsentDocument, "consent_id", _papers(old, hub)),
        ("arrival", Inbound, "id", _arrivals(old)),
        ("matter", Matter, "id", registers.matters(old)),
        ("history", MatterEvent, "matter_id", registers.histories(old)),
        ("note", WorkNote, "work_id", registers.notes(old)),
        # Last, for who somebody is decides how long a minor's papers are kept.
        ("member", Member, "id", registers.members(old, hub)),
    ):
        first, after = source.selected_columns[0], ""
        within = source if kind == "member" else source.where(first < bound)
        while rows := await hub.database.query(within.where(first > after).limit(PAGE)):
            for row in rows:
                yield _candidate(hub, kind, model, key, row)
            after = rows[-1][0]


def _candidate(hub: Hub, kind: str, model: type[Declared], key: str, row: Row) -> Candidate:
    found, member, organization, submission, *moments = row
    start = max(_instant(hub, moment) for moment in moments if moment is not None)
    return Candidate(kind, model, key, found, member, organization, submission, start)


def _instant(hub: Hub, moment: int | str) -> int:
    """Microseconds UTC; of a date the end of that day in the county's zone."""
    if isinstance(moment, int):
        return moment
    return (end_of(date.fromisoformat(moment), hub.zone) - instant(0)) // timedelta(microseconds=1)


def _packets(old: int) -> Any:
    submission: Any = Submission
    item: Any = Item
    sealed = select(item.id).where(item.submission_id == submission.id, item.wrapped_key.is_not(None))
    return (
        select(
            submission.id, submission.member_id, submission.sender, submission.id, submission.created_at,
            _last_decision(submission.id), _last_delivery(submission.id),
        )
        .where(submission.created_at < old, sealed.correlate(submission).exists(), ~_waiting(submission.id))
        .order_by(submission.id)
    )  # fmt: skip


def _evidence(old: int) -> Any:
    evidence: Any = Evidence
    outbox: Any = Outbox
    submission: Any = Submission
    return (
        select(
            evidence.disclosure_id, submission.member_id, submission.sender, submission.id,
            func.max(submission.created_at), func.max(evidence.disclosed_at), _last_decision(submission.id),
        )
        .join(outbox, outbox.id == evidence.disclosure_id)
        .join(submission, submission.id == outbox.submission_id)
        .where(submission.created_at < old, evidence.wrapped_key.is_not(None), ~_waiting(submission.id))
        .group_by(evidence.disclosure_id, submission.member_id, submission.sender, submission.id)
        .order_by(evidence.disclosure_id)
    )  # fmt: skip


def _papers(old: int, hub: Hub) -> Any:
    """The papers of consents that have ended: revoked, entered in error, or past their date. One that ends with an
    event, or never, keeps its paper: nobody can say when it was last in effect (45 CFR 164.530(j)).
    """
    paper: Any = ConsentDocument
    consent: Any = Consent
    event: Any = ConsentEvent
    last_event = select(func.max(event.at)).where(event.consent_id == paper.consent_id).scalar_subquery()
    relied = last_about(paper.member_id).correlate(ConsentDocument).scalar_subquery()
    today = day_of(instant(hub.clock.now()), hub.zone).isoformat()
    dated = (func.length(consent.expires) == len(today)) & (consent.expires < today)
    ends = case((dated, consent.expires), else_=None)
    return (
        select(paper.consent_id, paper.member_id, consent.recorded_by, literal(None), last_event, relied, ends)
        .join(consent, (consent.id == paper.consent_id) & (consent.member_id == paper.member_id))
        .where(consent.recorded_at < old, paper.wrapped_key.is_not(None), or_(consent.state != "active", dated))
        .order_by(paper.consent_id)
    )


def _arrivals(old: int) -> Any:
    arrival: Any = Inbound
    submission: Any = Submission
    settled = arrival.state.in_(("submitted", "proved", "closed"))
    whose = (arrival.id, submission.member_id, arrival.organization_id, submission.id)
    return (
        select(*whose, arrival.received_at, arrival.settled_at)
        .join(submission, submission.id == arrival.reference, isouter=True)
        .where(arrival.received_at < old, arrival.wrapped_key.is_not(None), settled)
        .order_by(arrival.id)
    )


def _last_decision(submission: Any) -> Any:
    decision: Any = Decision
    last = select(func.max(decision.at)).where(decision.submission_id == submission)
    return last.correlate(Submission).scalar_subquery()


def _last_delivery(submission: Any) -> Any:
    disclosure: Any = Disclosure
    row = table_of(Outbox).alias()
    concluded = func.coalesce(disclosure.concluded_at, disclosure.intended_at)
    # By its row of the queue, which is indexed by submission; a disclosure is not.
    last = select(func.max(concluded)).join(row, row.c.id == disclosure.id).where(row.c.submission_id == submission)
    return last.correlate(Submission).scalar_subquery()


def _waiting(submission: Any) -> Any:
    """Something about it is not settled: a row of the queue, or work that waits for a person."""
    row = table_of(Outbox).alias()
    work = table_of(WorkItem).alias()
    waits = select(row.c.id).join(work, (work.c.reference == row.c.id) & (work.c.state == "open"), isouter=True)
    unsettled = waits.where(
        row.c.submission_id == submission, or_(row.c.state.not_in(registers.SETTLED), work.c.id.is_not(None))
    )
    return unsettled.correlate(Submission).exists()
