"""What patients ask for: an accounting of disclosures (45 CFR 164.528), a list by an intermediary (§2.24).

Rules kept here:
- 164.528(c)(1): sixty days, once thirty more, told in writing within the sixty, with the reason and the new date.
- 164.528(c)(2): the first in twelve months is free; a fee for another is said before, so that it can be withdrawn.
- §2.24: thirty days, no extension, no fee; only an intermediary owes it.
- 164.528(d)(2): the written answer is kept as it went out, sealed, for as long as the matter's history; the register
  binds it by its digest.
"""

import hashlib
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlmodel import col

from hub.compliance import clocks, matters
from hub.compliance.accounting import Scope, years_before
from hub.compliance.clocks import Due
from hub.compliance.matters import Act, Effect, Opening
from hub.compliance.suspensions import microseconds
from hub.context import Hub
from hub.errors import Conflict, IntegrityFailed, Malformed, NotAvailable
from hub.forms.own import Language
from hub.model import Frozen
from hub.storage import matters as stored
from hub.storage import members
from hub.storage.tables import Matter

Kind = Literal["accounting", "list"]
_CLOCK: dict[str, str] = {"accounting": "accounting.answer", "list": "list.answer"}
_MOST_FEE = 100_000
"""Cents; a fee is "reasonable, cost-based" (164.528(c)(2)(ii))."""


class AccountingRequest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A patient's request. `years`: fewer than the law's, if the patient wants fewer."""

    member: str
    received_at: datetime
    kind: Kind = "accounting"
    language: Language = "en"
    scope: Scope = "due"
    years: int | None = None
    asked: str = ""
    """In the patient's words (sealed)."""


async def ask(hub: Hub, asking: AccountingRequest, organization: str, *, by: str) -> str:
    """Enter a request; the matter's id. Raises `Malformed`, `NotAvailable` for a member this organization does not
    know, `Conflict` for a list that nobody here owes.
    """
    if not await members.may_see(hub, organization, asking.member):
        raise NotAvailable
    if asking.years is not None and not 1 <= asking.years <= 6:
        raise Malformed("An accounting reaches back 1 to 6 years.", field="years")
    if asking.kind == "list" and not await owes_list(hub, organization):
        raise Conflict("Only an intermediary owes a list of disclosures (2.24).", code="not-an-intermediary")
    received = microseconds(asking.received_at, "received_at")
    free = asking.kind == "list" or await _first_in_a_year(hub, asking.member, organization, received)
    opening = Opening(
        kind=asking.kind,
        organization=organization,
        member=asking.member,
        received_at=received,
        facts={"language": asking.language, "scope": asking.scope, "years": asking.years, "free": free},
        words={"asked": asking.asked} if asking.asked else {},
        clocks=(_CLOCK[asking.kind],),
    )
    return await matters.open_matter(hub, opening, by=by)


async def extend(hub: Hub, matter: str, act: Act) -> int:
    """Take the thirty days more; the new deadline (microseconds UTC). The patient is told by letter at once.

    Raises `Malformed` without a reason, `Conflict` a second time or after the sixty days.
    """
    found = await matters.read(hub, matter, act.organization, "accounting")
    if not act.reason.strip():
        raise Malformed("The patient is told the reason.", field="reason")
    if found["facts"].get("extended"):
        raise Conflict("There is one extension only (45 CFR 164.528(c)(1)(ii)).", code="extended")
    (clock,) = [each for each in found["clocks"] if each["name"] == _CLOCK["accounting"]]
    if clock["state"] != "running":
        raise Conflict("The sixty days are over.", code="too-late")
    more = clocks.due(hub.duties.clocks, "accounting.extension", clock["due_at"] - 1, hub.zone, hub.calendar)
    if more is None:
        raise Conflict("The county grants no extension.", code="no-extension")
    later = Due(clock["name"], more.law, more.at)
    effect = Effect(facts={"extended": True}, words={"extension": act.reason}, postpones=(later,))
    await matters.change(hub, matter, act._replace(code="extended"), effect)
    return more.at


async def tell_fee(hub: Hub, matter: str, cents: int, act: Act) -> None:
    """The patient was told what it would cost, and may withdraw. Raises `Conflict` if it is free."""
    found = await matters.read(hub, matter, act.organization, "accounting")
    if found["facts"]["free"]:
        raise Conflict("The first accounting in twelve months is free.", code="free")
    if not 0 < cents <= _MOST_FEE:
        raise Malformed(f"A fee is 1 to {_MOST_FEE} cents, by what it costs.", field="cents")
    await matters.change(hub, matter, act._replace(code="fee_told"), Effect(facts={"fee_cents": cents}))


async def answered(hub: Hub, matter: str, pdf: bytes, act: Act) -> None:
    """The letter went out: it is kept, the clock met, the matter closed."""
    found = await matters.read(hub, matter, act.organization)
    if found["kind"] not in _CLOCK:
        raise NotAvailable
    effect = Effect(
        facts={"letter": hashlib.sha256(pdf).hexdigest()},
        meets=(_CLOCK[found["kind"]],),
        steps=(stored.letter_sent(hub.ring, matter, hub.clock.now(), act.by, pdf),),
    )
    await matters.close(hub, matter, act._replace(code="answered"), effect)


async def as_sent(hub: Hub, matter: str, organization: str | None) -> bytes:
    """The PDF that went out. Raises `NotAvailable` if none did or its years are over, and `IntegrityFailed` if it is
    not the one that the register binds.
    """
    found = await matters.read(hub, matter, organization)
    pdf = await stored.letter(hub, matter) if found["code"] == "answered" else None
    if pdf is None:
        raise NotAvailable
    if hashlib.sha256(pdf).hexdigest() != found["facts"]["letter"]:
        raise IntegrityFailed("The letter is not the one that the register binds.")
    return pdf


async def is_kept(hub: Hub, matter: str) -> bool:
    """Whether there is a letter that `as_sent` gives."""
    return await stored.has_letter(hub, matter)


async def withdraw(hub: Hub, matter: str, act: Act) -> None:
    """The patient no longer asks."""
    found = await matters.read(hub, matter, act.organization)
    if found["kind"] not in _CLOCK:
        raise NotAvailable
    await matters.close(hub, matter, act._replace(code="withdrawn"), Effect(lifts=(_CLOCK[found["kind"]],)))


async def owes_list(hub: Hub, organization: str) -> bool:
    """Whether the hub, by its legal role, or this organization, by its own, is an intermediary (§2.11)."""
    party: Any = (await hub.directory.current()).organizations.get(organization)
    return hub.duties.role == "intermediary" or (party is not None and "intermediary" in party.roles)


async def _first_in_a_year(hub: Hub, member: str, organization: str, received: int) -> bool:
    statement = select(col(Matter.id)).where(
        col(Matter.kind) == "accounting",
        col(Matter.member_id) == member,
        col(Matter.organization_id) == organization,
        col(Matter.code) != "withdrawn",
        col(Matter.received_at) > years_before(hub, received, 1),
        col(Matter.received_at) <= received,
    )
    return not await hub.database.query(statement.limit(1))
