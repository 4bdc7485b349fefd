"""What is known of the facts of an earlier instant, and what of them may have been otherwise.

Consents, revocations, denials and the rules carry their own dates, and count as of then. Nobody kept how a person's
relations, the directory and the agreements stood: where one of them has changed since, the record says so, and the
answer is what the hub would say of then with what it knows now.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlmodel import col

from hub.context import Hub
from hub.decide import OUTSIDER
from hub.decisions import DecisionRecord
from hub.storage.statements import Lookup
from hub.storage.tables import ChoiceChange, Consent, Member, Organization, Restriction

MEMBER, CONSENTS, RESTRICTIONS, DIRECTORY, AGREEMENTS, CHOICES = (
    "member", "consents", "restrictions", "directory", "agreements", "choices",
)  # fmt: skip
LATER = (MEMBER, CONSENTS, RESTRICTIONS, DIRECTORY, AGREEMENTS, CHOICES)
"""What may have been otherwise: who the person is and who has to do with them; consents and restrictions entered since;
the organizations' entries; agreements, of which no history is kept; counsel's choices.
"""
_UNDATED = frozenset({"qso", "audit", "business_associate", "contract_2_33c"})
"""Bases that rest on an agreement."""
_MEMBER = Lookup(Member, ("created_at", "seen_at"), "id")


async def later(hub: Hub, member: str, parties: Iterable[str], decision: DecisionRecord, at: int) -> tuple[str, ...]:
    """What of the facts behind a decision may have been otherwise at `at` (microseconds UTC); words of `LATER`."""
    found = set()
    ((created, seen),) = await hub.database.lookup(_MEMBER, member)
    if at < max(created, seen or 0):
        found.add(MEMBER)
    for name, model in ((CONSENTS, Consent), (RESTRICTIONS, Restriction)):
        column: Any = model
        if await _any(hub, col(column.member_id) == member, col(column.recorded_at) > at):
            found.add(name)
    known = [party for party in parties if party != OUTSIDER]
    if await _any(hub, col(Organization.id).in_(known), col(Organization.updated_at) > at):
        found.add(DIRECTORY)
    if any(item.basis in _UNDATED for item in decision.items):
        found.add(AGREEMENTS)
    if await _any(hub, col(ChoiceChange.state) == "in_force", col(ChoiceChange.settled_at) > at):
        found.add(CHOICES)
    return tuple(name for name in LATER if name in found)


async def _any(hub: Hub, *conditions: ColumnElement[bool]) -> bool:
    return bool(await hub.database.query(select(1).where(*conditions).limit(1)))
