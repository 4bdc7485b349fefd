"""Consents: recorded from paper, verified by a second look, revoked at once; the record of each change.

INVARIANT: revocation-is-a-fence. Every change here is one unit: a raised fence (`commit_fenced`), the consent's
row, an event of its history, and a ledger entry of ids and codes. `by`: an organization, or `organization/token`.
"""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, Literal

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub.compliance import notices
from hub.context import Hub
from hub.errors import Conflict, Malformed, NotAvailable
from hub.model import new_id
from hub.people import persons
from hub.record import entry
from hub.storage.consent_form import ConsentForm, DenialForm, consent_view, denial_row, event_status, form_row
from hub.storage.database import Step
from hub.storage.facts import instant, policy_consent
from hub.storage.fence import commit_fenced
from hub.storage.members import facts_of
from hub.storage.statements import Change, Insert, Lookup, Row, columns_of
from hub.storage.tables import Consent, ConsentEvent, WorkItem
from hub.waiting.work import CLOSE, open_work
from policies.model import Consent as PolicyConsent

How = Literal["written", "oral"]

_COLUMNS = columns_of(Consent)
_ADD = Insert(Consent, _COLUMNS)
_VERIFY = Change(Consent, ("verified", "verified_by"), ("member_id", "id"))
_REVOKE = Change(Consent, ("revoked", "state"), ("member_id", "id"))
_RETRACT = Change(Consent, ("state",), ("member_id", "id"))
_EVENT_HAPPENED = Change(Consent, ("event_status",), ("member_id", "id"))
_BY_MEMBER = Lookup(Consent, _COLUMNS, "member_id")
_ADD_EVENT = Insert(ConsentEvent, columns_of(ConsentEvent))
_EVENTS = Lookup(ConsentEvent, ("member_id", "at", "what", "by", "detail"), "consent_id")


async def record(
    hub: Hub,
    member: str,
    form: ConsentForm | DenialForm,
    *,
    by: str,
    consent: str | None = None,
    origin: Mapping[str, str] | None = None,
) -> str:
    """Record what a paper states, not yet verified (§2.31(c)(2)); the consent's id (`consent` proposes one).

    A denial ("share nothing") is recorded alike, and stops what was signed before it. `origin`: where the record comes
    from, in codes, for its history.
    Raises `Malformed` naming the field, `NotAvailable` for an unknown member, `Conflict` for an id in use.
    """
    row = await _row_of(hub, member, form)
    if consent is not None and await hub.database.lookup(_EVENTS, consent):
        raise Conflict("There is a consent with this id already.", field="id")
    consent = consent or new_id()
    row |= {"member_id": member, "id": consent, "recorded_at": hub.clock.now(), "recorded_by": by}
    row |= {"verified": False, "verified_by": None, "revoked": "[]", "state": "active"}

    async def writes() -> tuple[Step, ...]:
        add = Step(_ADD, tuple(row[column] for column in _COLUMNS))
        detail = {"kind": row["kind"], "digest": digest_of(row), **(origin or {})}
        return add, *_traces(hub, (member, consent), "recorded", by, detail)

    await commit_fenced(hub, member, writes, frees=True)
    return consent


async def verify(hub: Hub, consent: str, *, by: str) -> None:
    """A person has compared the paper with what was recorded.

    Raises `NotAvailable`; `Forbidden` for a system; `Conflict` if it is the person who entered it. What was signed on
    the screen is the one exception: nothing was copied from a paper.
    """
    row = await _row(hub, await member_of(hub, consent), consent)
    if row["verified"]:
        return
    if row["signature"] == "electronic" and row["signed_at"] is not None:
        await persons.need(hub, by)
    else:
        says = "Another person than the one who entered it compares it with the paper."
        await persons.another(hub, by, row["recorded_by"], says)
    await take_as_verified(hub, consent, by=by)


async def take_as_verified(hub: Hub, consent: str, *, by: str) -> None:
    """What people compared elsewhere: a file that two of them signed says so. Raises `NotAvailable`."""
    member = await member_of(hub, consent)

    async def writes() -> tuple[Step, ...]:
        row = await _row(hub, member, consent)
        if row["verified"]:
            return ()
        change = Step(_VERIFY, (True, by, member, consent))
        return change, *_traces(hub, (member, consent), "verified", by, {})

    await commit_fenced(hub, member, writes, frees=True)


async def revoke(
    hub: Hub,
    consent: str,
    *,
    how: How,
    by: str,
    as_to: Collection[str] | None = None,
    at: int | None = None,
) -> None:
    """Revoke, wholly or as to some organizations, from `at` (microseconds UTC; default now) on (§2.31(a)(6)).

    An oral revocation counts at once and opens a work item to get it in writing; a written one closes it.
    Raises `Malformed` for an unknown organization or an instant to come, `NotAvailable`.
    """
    organizations = (await hub.directory.current()).organizations
    if as_to is not None and not (as_to and set(as_to) <= organizations.keys()):
        raise Malformed("Name organizations of the directory, or none for all.", field="as_to")
    now = hub.clock.now()
    if at is not None and at > now:
        raise Malformed("A revocation cannot be recorded ahead of time.", field="at")
    member = await member_of(hub, consent)
    named = None if as_to is None else sorted(set(as_to))
    revocation = {"at": instant(at or now).isoformat(), "how": how, "as_to": named}

    async def writes() -> tuple[Step, ...]:
        row = await _row(hub, member, consent)
        revoked = _json([*msgspec.json.decode(row["revoked"]), revocation])
        change = Step(_REVOKE, (revoked, row["state"] if named else "revoked", member, consent))
        work = await _paper_work(hub, row, how, by, now)
        told = await notices.after_revocation(hub, member, consent, named, by)
        return change, *work, *told, *_traces(hub, (member, consent), "revoked", by, revocation)

    await commit_fenced(hub, member, writes)


async def retract(hub: Hub, consent: str, *, by: str) -> None:
    """Mark as entered in error: nothing rests on it from now on; its history stays. Raises `NotAvailable`.

    What a denial stopped by mistake, and what waits for a consent since, is decided anew.
    """
    member = await member_of(hub, consent)

    async def writes() -> tuple[Step, ...]:
        change = Step(_RETRACT, ("entered_in_error", member, consent))
        return change, *_traces(hub, (member, consent), "entered_in_error", by, {})

    await commit_fenced(hub, member, writes, frees=True)


async def note_event(hub: Hub, consent: str, status: str, *, by: str) -> None:
    """Say where the event stands that the consent ends on: `not_yet`, or the RFC 3339 instant it happened."""
    member = await member_of(hub, consent)
    checked = event_status(status)

    async def writes() -> tuple[Step, ...]:
        before = (await _row(hub, member, consent))["event_status"]
        change = Step(_EVENT_HAPPENED, (checked, member, consent))
        return change, *_traces(hub, (member, consent), "event_noted", by, {"from": before, "status": checked})

    await commit_fenced(hub, member, writes, frees=True)


async def member_of(hub: Hub, consent: str) -> str:
    """Whose consent it is. Raises `NotAvailable`."""
    events = await hub.database.lookup(_EVENTS, consent)
    if not events:
        raise NotAvailable
    return str(events[0][0])


async def policy_consent_of(hub: Hub, member: str, form: ConsentForm) -> PolicyConsent:
    """The form as the policy would read it, nothing recorded. Raises `Malformed`, `NotAvailable`."""
    row = await _row_of(hub, member, form)
    row |= {"member_id": member, "id": "preview", "recorded_at": hub.clock.now(), "recorded_by": ""}
    row |= {"verified": False, "verified_by": None, "revoked": "[]", "state": "active"}
    return policy_consent(tuple(row[column] for column in _COLUMNS))


async def _row_of(hub: Hub, member: str, form: ConsentForm | DenialForm) -> dict[str, Any]:
    organizations = (await hub.directory.current()).organizations.keys()
    signers = (await facts_of(hub, member)).signers
    if isinstance(form, DenialForm):
        return denial_row(form, organizations, signers)
    return form_row(form, organizations, signers)


async def show(hub: Hub, consent: str) -> dict[str, Any]:
    """The consent as recorded, with its history. Raises `NotAvailable`."""
    view = consent_view(await _row(hub, await member_of(hub, consent), consent))
    events = sorted(await hub.database.lookup(_EVENTS, consent), key=lambda event: event[1])
    history = [
        {"at": instant(at).isoformat(), "what": what, "by": by, **msgspec.json.decode(detail)}
        for _, at, what, by, detail in events
    ]
    return view | {"history": history}


async def list_for(hub: Hub, member: str) -> list[dict[str, Any]]:
    """All consents of a member, oldest first, without their history; empty for an unknown member."""
    rows = [_named(row) for row in await hub.database.lookup(_BY_MEMBER, member)]
    return [consent_view(row) for row in sorted(rows, key=lambda row: row["recorded_at"])]


async def _row(hub: Hub, member: str, consent: str) -> dict[str, Any]:
    for row in await hub.database.lookup(_BY_MEMBER, member):
        if row[_COLUMNS.index("id")] == consent:
            return _named(row)
    raise NotAvailable


def _named(row: Row) -> dict[str, Any]:
    return dict(zip(_COLUMNS, row, strict=True))


async def _paper_work(hub: Hub, row: dict[str, Any], how: How, by: str, now: int) -> list[Step]:
    found = await hub.database.query(
        select(col(WorkItem.id)).where(
            col(WorkItem.kind) == "written_revocation",
            col(WorkItem.reference) == row["id"],
            col(WorkItem.state) == "open",
        )
    )
    if how == "written":
        return [Step(CLOSE, ("closed", now, by, "written", each[0], "open")) for each in found]
    if found:
        return []
    work = open_work("written_revocation", await _answerable(hub, row, by), row["id"], ("revocation.oral",), now)
    return [work]


async def _answerable(hub: Hub, row: dict[str, Any], by: str) -> str:
    """Who must get the paper: the organization that was told, else the discloser that the consent names."""
    named = msgspec.json.decode(row["discloser"] or "[]")
    known = (await hub.directory.current()).organizations
    return next((each for each in (by.partition("/")[0], *named) if each in known), "")


def _traces(hub: Hub, whose: tuple[str, str], what: str, by: str, detail: dict[str, Any]) -> tuple[Step, Step]:
    """The event of the consent's history and the ledger entry; `whose`: member and consent."""
    (member, consent), now = whose, hub.clock.now()
    event = Step(_ADD_EVENT, (new_id(), consent, member, now, what, by, _json(detail)))
    body = {"consent": consent, "by": by, **detail}
    return event, entry(f"consent.{what}", now, body, member=member, reference=consent)


def digest_of(row: dict[str, Any]) -> str:
    """What the ledger holds of a consent as it was recorded: SHA-256 of its row, in hex."""
    return hashlib.sha256(_json(row).encode()).hexdigest()


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
