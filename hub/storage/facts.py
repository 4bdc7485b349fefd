"""What is known about a member at one instant: the facts a decision rests on.

Every change of a member's consents, restrictions, relations or identity raises the member's fence in the same
transaction (`hub.storage.fence`). So facts are remembered by member and fence, and each decision reads the fence anew.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from hub.crypto.envelope import Sealed
from hub.crypto.keyring import KeyRing
from hub.model import MemberIdentity
from hub.storage.database import Database
from hub.storage.denials import SHARE_NOTHING, STOPS, Denial, stopped_by
from hub.storage.member_facts import MemberFacts, open_facts
from hub.storage.statements import Lookup, Row, columns_of
from hub.storage.tables import Consent as ConsentRow
from hub.storage.tables import Member, MemberLink
from hub.storage.tables import Restriction as RestrictionRow
from policies.model import AsWritten, Consent, Event, Patient, PersonAt, Restriction, Revocation
from policies.vocabulary import FORMS

FENCE = Lookup(Member, ("fence",), "id")
MEMBER = Lookup(Member, ("fence", "key_id", "wrapped_key", "sealed"), "id")
LINKS = Lookup(MemberLink, ("organization_id", "relation"), "member_id")
_CONSENT_COLUMNS = columns_of(ConsentRow)
CONSENTS = Lookup(ConsentRow, _CONSENT_COLUMNS, "member_id")
_RESTRICTION_COLUMNS = columns_of(RestrictionRow)
RESTRICTIONS = Lookup(RestrictionRow, _RESTRICTION_COLUMNS, "member_id")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Facts(NamedTuple):
    """A member as the policy sees one, and the fence that tells whether any of it has changed since."""

    member: str | None
    fence: int
    patient: Patient
    identity: MemberIdentity
    consents: tuple[Consent, ...]
    restrictions: tuple[Restriction, ...]
    events: Mapping[str, datetime | str]
    known_to: frozenset[str]
    """Organizations that have to do with the member; to all others the person is nobody (§2.13(c))."""
    instants: tuple[int, ...]
    """All instants among the facts, sorted: the moments at which time alone may change a decision."""


NOBODY = Facts(None, 0, Patient(id="nobody"), MemberIdentity(given="", family="", born=""), (), (), {}, frozenset(), ())
"""Stands for a person unknown here, so that the same work is done for one (§2.13(c))."""


def instant(microseconds: int) -> datetime:
    """The UTC datetime of an instant in microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=microseconds)


REMEMBERED = 256
"""Members with five consents each take 20 KiB; dispatch comes soon after submission, so more would rarely be asked."""


class FactsReader:
    """Reads facts of members, and remembers those of the last few."""

    def __init__(self, database: Database, ring: KeyRing, *, remembered: int = REMEMBERED) -> None:
        self._database = database
        self._ring = ring
        self._most = remembered
        self._known: dict[str, Facts] = {}

    async def of(self, member: str | None) -> Facts:
        """The committed facts of a member; those of nobody if there is none. Raises `IntegrityFailed`."""
        if member is None:
            return NOBODY
        rows = await self._database.lookup(FENCE, member)
        known = self._known.get(member)
        if known is not None and rows and rows[0][0] == known.fence:
            return known
        facts = await _read(self._database, self._ring, member)
        if len(self._known) >= self._most:
            self._known.pop(next(iter(self._known)))
        if facts is not NOBODY:
            self._known[member] = facts
        return facts

    async def as_of(self, member: str, at: int) -> Facts:
        """The same without the restrictions that were recorded after an instant; all else says itself when it counts.
        Raises `IntegrityFailed`.
        """
        return await _read(self._database, self._ring, member, at)


async def _read(database: Database, ring: KeyRing, member: str, at: int | None = None) -> Facts:
    # The fence is read first: should a change commit between the reads, the older fence fails the intent's guard.
    rows = await database.lookup(MEMBER, member)
    if not rows:
        return NOBODY
    fence, key_id, wrapped, sealed = rows[0]
    links = await database.lookup(LINKS, member)
    consents = await database.lookup(CONSENTS, member)
    restrictions = await database.lookup(RESTRICTIONS, member)
    stored = open_facts(ring, member, Sealed(key_id, wrapped, sealed))
    held = [row for row in consents if row[_STATE] != "entered_in_error"]
    denials = [_denial(row) for row in held if row[_KIND] == SHARE_NOTHING]
    given = [row for row in held if row[_KIND] != SHARE_NOTHING]
    signed = tuple(stopped_by(denials, policy_consent(row), row[_FORM]) for row in given)
    limits = tuple(_restriction(row) for row in restrictions if at is None or row[_RESTRICTED] <= at)
    events = _events(consents)
    return Facts(
        member,
        fence,
        _patient(member, stored, tuple(links)),
        stored.identity,
        signed,
        limits,
        events,
        frozenset(organization for organization, _ in links),
        tuple(sorted(instants_of(signed, limits, events))),
    )


def instants_of(
    consents: tuple[Consent, ...], restrictions: tuple[Restriction, ...], events: Mapping[str, datetime | str]
) -> Iterator[int]:
    """Every instant among these facts, in microseconds since the epoch: the moments at which time may change an
    answer.
    """
    moments: list[object] = [*events.values(), *(restriction.ended for restriction in restrictions)]
    for consent in consents:
        moments += [consent.expires, consent.signed_at, *(revocation.at for revocation in consent.revoked)]
    for moment in moments:
        if isinstance(moment, datetime):
            yield (moment - _EPOCH) // timedelta(microseconds=1)


def _patient(member: str, stored: MemberFacts, links: tuple[Row, ...]) -> Patient:
    def linked(relation: str) -> frozenset[str]:
        return frozenset(organization for organization, kind in links if kind == relation)

    return Patient(
        id=member,
        born=date.fromisoformat(stored.born),
        died=date.fromisoformat(stored.died) if stored.died else None,
        adjudicated=stored.adjudicated,
        representative=stored.representative,
        agents=frozenset(stored.agents),
        parents=frozenset(stored.parents),
        removed=stored.removed,
        plans=linked("plan"),
        payers=linked("payer"),
        programs=linked("program"),
        treating_providers=linked("treating_provider"),
        medi_cal=stored.medi_cal,
    )


_STATE = _CONSENT_COLUMNS.index("state")
_KIND = _CONSENT_COLUMNS.index("kind")
_FORM = _CONSENT_COLUMNS.index("form")
_EXPIRES = _CONSENT_COLUMNS.index("expires")
_RESTRICTED = _RESTRICTION_COLUMNS.index("recorded_at")
_EVENT_STATUS = _CONSENT_COLUMNS.index("event_status")


def event_key(consent: str, event: str) -> str:
    """Events are kept apart by consent: "discharge" on two forms need not be one discharge."""
    return f"{event}@{consent}"


def _events(rows: list[Row]) -> dict[str, datetime | str]:
    events: dict[str, datetime | str] = {}
    for row in rows:
        expires, status = row[_EXPIRES], row[_EVENT_STATUS]
        if status and expires and expires.startswith("event:"):
            key = event_key(row[1], expires.removeprefix("event:"))
            events[key] = status if status == "not_yet" else datetime.fromisoformat(status)
    return events


def policy_consent(row: Row) -> Consent:
    """A consent's row as the policy reads it."""
    stored = dict(zip(_CONSENT_COLUMNS, row, strict=True))
    member, consent = stored["member_id"], stored["id"]
    signers = _words(stored["signed_by"])
    return Consent(
        id=consent,
        kind=stored["kind"],
        patient=member if stored["names_patient"] else None,
        discloser=_tuple(stored["discloser"]),
        information=_words(stored["information"]),
        recipients=_recipients(stored["recipients"]),
        intermediary=stored["intermediary"],
        participants=_participants(stored["participants"]),
        states_redisclosure_rule=bool(stored["states_redisclosure_rule"]),
        purposes=_words(stored["purposes"]),
        patient_initiated=bool(stored["patient_initiated"]),
        states_fundraising_opt_out=bool(stored["states_fundraising_opt_out"]),
        states_right_to_revoke=bool(stored["states_right_to_revoke"]),
        states_how_to_revoke=bool(stored["states_how_to_revoke"]),
        expires=_ending(consent, stored["expires"]),
        signed_by=signers and frozenset(member if signer == "the-patient" else signer for signer in signers),
        signature=stored["signature"],
        signed_on=_day(stored["signed_on"]),
        signed_at=None if stored["signed_at"] is None else instant(stored["signed_at"]),
        states_redisclosure_risk=bool(stored["states_redisclosure_risk"]),
        states_refusal_consequences=bool(stored["states_refusal_consequences"]),
        written=bool(stored["written"]),
        verified=bool(stored["verified"]),
        revoked=_revocations(stored["revoked"]),
        conditioned=bool(stored["conditioned"]),
        onward=_words(stored["onward"]) or frozenset(),
        revocable_from=_ending(consent, stored["revocable_from"]),
        states_period=bool(stored["states_period"]),
        form=stored["form"] if stored["form"] in FORMS else None,
        language=stored["language"],
    )


def _denial(row: Row) -> Denial:
    stored = dict(zip(_CONSENT_COLUMNS, row, strict=True))
    return Denial(
        signed_on=_day(stored["signed_on"]),
        signed_at=None if stored["signed_at"] is None else instant(stored["signed_at"]),
        recorded_at=instant(stored["recorded_at"]),
        as_to=_words(stored["recipients"]),
        forms=STOPS.get(stored["form"]),
    )


def _restriction(row: Row) -> Restriction:
    stored = dict(zip(_RESTRICTION_COLUMNS, row, strict=True))
    return Restriction(
        against=_words(stored["against"]) or None,
        information=_words(stored["information"]) or frozenset({"complete_record"}),
        agreed=bool(stored["agreed"]),
        paid_in_full=bool(stored["paid_in_full"]),
        ended=None if stored["ended"] is None else instant(stored["ended"]),
        ended_by=stored["ended_by"] or "patient",
    )


def _json(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


@lru_cache(maxsize=4096)
def _words(text: str | None) -> frozenset[str] | None:
    """One set for all consents that say the same."""
    values = _json(text)
    return None if values is None else frozenset(values)


def _tuple(text: str | None) -> tuple[str, ...] | None:
    values = _json(text)
    return None if values is None else tuple(values)


def _recipients(text: str | None) -> tuple[str | AsWritten | PersonAt, ...] | None:
    values = _json(text)
    return None if values is None else tuple(_recipient(value) for value in values)


def _recipient(value: str | dict[str, str]) -> str | AsWritten | PersonAt:
    if isinstance(value, str):
        return value
    return AsWritten(value["as_written"]) if "as_written" in value else PersonAt(value["person"], value["at"])


def _participants(text: str | None) -> frozenset[str] | str | None:
    values = _json(text) if text and text.startswith("[") else text
    return values if values is None or isinstance(values, str) else frozenset(values)


def _ending(consent: str, text: str | None) -> date | datetime | Event | str | None:
    if text is None or text in ("none", "after_final_disposition"):
        return text
    if text.startswith("event:"):
        return Event(event_key(consent, text.removeprefix("event:")))
    return _day(text) if len(text) == 10 else datetime.fromisoformat(text)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _revocations(text: str) -> tuple[Revocation, ...]:
    return tuple(
        Revocation(
            at=datetime.fromisoformat(each["at"]),
            how=each["how"],
            as_to=None if each.get("as_to") is None else frozenset(each["as_to"]),
        )
        for each in msgspec.json.decode(text)
    )
