"""Referrals that an organization was asked to take, and what each still waits for, by its clock.

    asked ──▶ accepted ──▶ a slot ──▶ attended
      └─▶ declined    ▲       └─▶ did not attend
                      └──────────────┘

INVARIANT: no-existence-leak. Only what arrived is here. Who the person is, is shown while the rules would still give
this organization something of the packet; what was disclosed before stays with it, and is not said anew.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub.compliance import clocks
from hub.compliance.clocks import Due
from hub.context import Hub
from hub.errors import NotAvailable
from hub.explanations import Sides, foreseen
from hub.fhir import referrals
from hub.fhir.referrals import WAITING, Share
from hub.manifest import ItemManifest
from hub.model import Priority
from hub.storage import members, submissions
from hub.storage.member_facts import MemberFacts
from hub.storage.submissions import StoredFacts
from hub.storage.tables import Decision, Disclosure, Outbox, Submission

Waits = Literal["answer", "slot", "attendance", ""]
WAITS: tuple[Waits, ...] = ("answer", "slot", "attendance")
MOST = 1_000
"""Referrals of one organization that are put in order."""
_PLAIN = "counseling"
_decode = msgspec.json.Decoder(StoredFacts).decode


class Place(NamedTuple):
    """By which referrals are put in order, and where a page ends."""

    undue: int
    at: int
    id: str


class Standing(NamedTuple):
    """One referral as its recipient sees it."""

    share: Share
    service: str
    waits: Waits
    """Empty: the loop is closed."""
    since: int
    """When what it waits for began to be due, microseconds UTC."""
    due: Due | None

    @property
    def place(self) -> Place:
        """Where it stands in its list: what waits first what is due first, then what has no clock; what is closed first
        the newest.
        """
        if not self.waits:
            return Place(0, -int(self.share.id, 16), "")
        return Place(int(self.due is None), self.due.at if self.due else self.since, self.share.id)


async def waiting(hub: Hub, organization: str) -> list[Standing]:
    """Those that wait for an answer of the organization, the most urgent first."""
    found = await _standing(hub, organization, waiting=True)
    return sorted(found, key=lambda each: each.place)


async def answered(hub: Hub, organization: str) -> list[Standing]:
    """Those whose loop is closed, the newest first."""
    return await _standing(hub, organization, waiting=False)


async def one(hub: Hub, organization: str, share: str) -> Standing | None:
    """The referral of this number; none if the organization was never told of it."""
    found = await referrals.shares(hub, organization, owner=organization, share=share, limit=1)
    return (await _of(hub, found))[0] if found else None


async def person(hub: Hub, share: Share, language: str) -> MemberFacts | None:
    """Whom it is about; none if today nothing of the packet would go to its recipient, or nobody knows any more."""
    return await person_of(hub, share.submission, share.recipient, language)


async def person_of(hub: Hub, submission: str, recipient: str, language: str) -> MemberFacts | None:
    """The same of any submission that the recipient has received."""
    stored = await submissions.read(hub.database, submission)
    if stored is None or stored.member is None:
        return None
    sides = Sides(stored.sender, recipient, stored.member)
    today = await foreseen(hub, stored.facts.asked, sides, language)
    if not any(each["permitted"] for each in today["items"]):
        return None
    try:
        return await members.facts_of(hub, stored.member)
    except NotAvailable:  # forgotten after its period
        return None


async def received(hub: Hub, share: Share) -> list[ItemManifest]:
    """What went to the recipient, by the decision under which it left."""
    stored = await submissions.read(hub.database, share.submission)
    statement = (
        select(col(Decision.body))
        .join(Disclosure, col(Disclosure.decision_id) == col(Decision.id))
        .join(Outbox, col(Outbox.id) == col(Disclosure.id))
        .where(col(Outbox.submission_id) == share.submission, col(Outbox.recipient) == share.recipient)
        .where(col(Disclosure.state) == "disclosed")
    )
    bodies = [msgspec.json.decode(body) for (body,) in await hub.database.query(statement)]
    went = {each["item"] for body in bodies for each in body["items"] if each["permitted"]}
    return (
        []
        if stored is None
        else [item for number, item in enumerate(stored.facts.asked.items, 1) if f"item-{number}" in went]
    )


async def _standing(hub: Hub, organization: str, *, waiting: bool) -> list[Standing]:
    found = await referrals.shares(hub, organization, owner=organization, waiting=waiting, limit=MOST + 1)
    return await _of(hub, [each for each in found if each.told])


async def _of(hub: Hub, shares: list[Share]) -> list[Standing]:
    services = await _services(hub, {each.submission for each in shares})
    return [_stands(hub, each, services.get(each.submission, _PLAIN)) for each in shares]


async def _services(hub: Hub, wanted: Iterable[str]) -> dict[str, str]:
    statement = select(col(Submission.id), col(Submission.facts)).where(col(Submission.id).in_(list(wanted)))
    return {submission: _decode(facts).asked.service for submission, facts in await hub.database.query(statement)}


def _stands(hub: Hub, share: Share, service: str) -> Standing:
    waits, name, since = _next(share, service)
    due = clocks.due(hub.duties.clocks, name, since, hub.zone, hub.calendar) if name else None
    return Standing(share, service, waits, since, due)


def _next(share: Share, service: str) -> tuple[Waits, str, int]:
    """What it waits for, by which clock, since when."""
    said_at = share.updated_at or share.created_at
    if share.status not in WAITING:
        return "", "", said_at
    if share.status == "requested":
        medication = "referral.medication" if service != _PLAIN else ""
        urgent = "referral.urgent" if share.priority == Priority.URGENT else ""
        return "answer", medication or urgent or "referral.answer", share.created_at
    if share.step == "scheduled":
        return "attendance", "referral.attendance" if share.slot else "", share.slot or said_at
    return "slot", "referral.slot", said_at
