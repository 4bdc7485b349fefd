"""Disclosures of one member, found without an index of their own.

A disclosure has the id of its outbox row, and that names its submission, which is indexed by member. An index by member
of the disclosures too would change one page more for every message, at a random place.
"""

from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel import col

from hub.storage.questions import Question
from hub.storage.tables import Disclosure, Outbox, Submission


def about(member: str) -> ColumnElement[bool]:
    """Of a disclosure: it is about this member."""
    return col(Disclosure.id).in_(_of(select(col(Outbox.id)), member))


def last_about(member: Any) -> Question:
    """When the last disclosure about a member was intended; `member` is a column of a statement around it."""
    newest = select(func.max(col(Disclosure.intended_at))).select_from(Disclosure)
    return _of(newest.join(Outbox, col(Outbox.id) == col(Disclosure.id)), member)


def _of(rows: Question, member: Any) -> Question:
    return rows.join(Submission, col(Submission.id) == col(Outbox.submission_id)).where(
        col(Submission.member_id) == member
    )
