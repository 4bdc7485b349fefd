"""Of what was written at the desk: closed matters, their histories, notes about settled work; and of members whom
nothing speaks of any more but ids.

A matter that is open, a restriction in force, a consent that has not ended, anything still sealed about a person: each
of them keeps who the person is.
"""

from typing import Any

from sqlalchemy import func, literal, or_, select

from hub.context import Hub
from hub.storage.disclosures import last_about
from hub.storage.facts import instant
from hub.storage.tables import (
    Consent,
    ConsentDocument,
    ConsentEvent,
    Decision,
    Evidence,
    Item,
    Matter,
    MatterEvent,
    MatterPerson,
    Member,
    Outbox,
    Restriction,
    Submission,
    WorkItem,
    WorkNote,
)
from policies.days import day_of

SETTLED = ("delivered", "withheld", "dead", "recorded")
"""States of a row of the queue that nothing is waited for."""
_NOBODY = literal(None)


def matters(old: int) -> Any:
    """What was written about closed matters."""
    matter: Any = Matter
    return (
        select(matter.id, matter.member_id, matter.organization_id, _NOBODY, matter.closed_at)
        .where(matter.state == "closed", matter.closed_at < old, matter.wrapped_key.is_not(None))
        .order_by(matter.id)
    )


def histories(old: int) -> Any:
    """The reasons in the histories of closed matters."""
    matter: Any = Matter
    event: Any = MatterEvent
    sealed = select(event.id).where(event.matter_id == matter.id, event.wrapped_key.is_not(None))
    return (
        select(matter.id, matter.member_id, matter.organization_id, _NOBODY, matter.closed_at)
        .where(matter.state == "closed", matter.closed_at < old, sealed.correlate(matter).exists())
        .order_by(matter.id)
    )


def notes(old: int) -> Any:
    """Notes about settled work."""
    work: Any = WorkItem
    note: Any = WorkNote
    sealed = select(note.id).where(note.work_id == work.id, note.wrapped_key.is_not(None))
    return (
        select(work.id, _NOBODY, work.organization_id, _NOBODY, work.closed_at)
        .where(work.state == "closed", work.closed_at < old, sealed.correlate(work).exists())
        .order_by(work.id)
    )


def members(old: int, hub: Hub) -> Any:
    """Members about whom nothing happened since, and of whom nothing sealed is left."""
    member: Any = Member
    kept = [*_sealed(member), *_in_force(member, hub)]
    moments = [_last(member, each) for each in (Submission.created_at, Matter.closed_at)]
    moments += [_last_disclosure(member), _last_decision(member), _last_event(member)]
    return (
        select(member.id, member.id, _NOBODY, _NOBODY, member.created_at, member.seen_at, *moments)
        .where(func.coalesce(member.seen_at, member.created_at) < old, member.wrapped_key.is_not(None))
        .where(*(~each.correlate(member).exists() for each in kept))
        .order_by(member.id)
    )


def _sealed(member: Any) -> list[Any]:
    """Every way is by an index: of a member's submissions, consents and matters."""
    submission: Any = Submission
    item: Any = Item
    evidence: Any = Evidence
    outbox: Any = Outbox
    consent: Any = Consent
    paper: Any = ConsentDocument
    matter: Any = Matter
    return [
        select(item.id)
        .join(submission, submission.id == item.submission_id)
        .where(submission.member_id == member.id, item.wrapped_key.is_not(None)),
        select(evidence.disclosure_id)
        .join(outbox, outbox.id == evidence.disclosure_id)
        .join(submission, submission.id == outbox.submission_id)
        .where(submission.member_id == member.id, evidence.wrapped_key.is_not(None)),
        select(paper.consent_id)
        .join(consent, consent.id == paper.consent_id)
        .where(consent.member_id == member.id, paper.wrapped_key.is_not(None)),
        select(matter.id).where(matter.member_id == member.id, matter.wrapped_key.is_not(None)),
    ]


def _in_force(member: Any, hub: Hub) -> list[Any]:
    consent: Any = Consent
    matter: Any = Matter
    person: Any = MatterPerson
    restriction: Any = Restriction
    submission: Any = Submission
    outbox: Any = Outbox
    today = day_of(instant(hub.clock.now()), hub.zone).isoformat()
    ended = (func.length(consent.expires) == len(today)) & (consent.expires < today)
    lasts = or_(consent.expires.is_(None), ~ended)
    return [
        select(consent.id).where(consent.member_id == member.id, consent.state == "active", lasts),
        select(matter.id).where(matter.member_id == member.id, matter.state == "open"),
        select(matter.id)
        .join(person, person.matter_id == matter.id)
        .where(person.member_id == member.id, matter.state == "open"),
        select(restriction.id).where(restriction.member_id == member.id, restriction.ended.is_(None)),
        select(outbox.id)
        .join(submission, submission.id == outbox.submission_id)
        .where(submission.member_id == member.id, outbox.state.not_in(SETTLED)),
    ]


def _last(member: Any, column: Any) -> Any:
    last = select(func.max(column)).where(column.table.c.member_id == member.id)
    return last.correlate(Member).scalar_subquery()


def _last_disclosure(member: Any) -> Any:
    return last_about(member.id).correlate(Member).scalar_subquery()


def _last_decision(member: Any) -> Any:
    decision: Any = Decision
    submission: Any = Submission
    of = select(func.max(decision.at)).join(submission, submission.id == decision.submission_id)
    return of.where(submission.member_id == member.id).correlate(Member).scalar_subquery()


def _last_event(member: Any) -> Any:
    event: Any = ConsentEvent
    consent: Any = Consent
    of = select(func.max(event.at)).join(consent, consent.id == event.consent_id)
    return of.where(consent.member_id == member.id).correlate(Member).scalar_subquery()
