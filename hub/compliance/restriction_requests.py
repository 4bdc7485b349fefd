"""Requests to restrict (§2.26): asked, agreed or refused, ended; what is agreed binds from that instant.

Rules kept here:
- (a)(2): a program need not agree, and says why.
- (a)(6): it must agree where the disclosure is to a health plan for payment or operations, no law asks for it, and the
  item was paid in full by somebody else; such a restriction ends by the patient's word only (b).
"""

from datetime import datetime
from typing import Any, Literal

from hub.compliance import matters
from hub.compliance.matters import Act, Effect, Opening
from hub.compliance.suspensions import microseconds
from hub.context import Hub
from hub.errors import Conflict, Malformed, NotAvailable
from hub.model import Frozen
from hub.storage import members, restrictions
from hub.storage.restrictions import RestrictionForm
from policies.vocabulary import CLASSES, COMPLETE_RECORD

_CLOCK = "restriction.answer"


class RestrictionRequest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the patient asked for. `against` empty: whoever receives."""

    member: str
    received_at: datetime
    against: tuple[str, ...] = ()
    information: tuple[str, ...] = (COMPLETE_RECORD,)
    paid_in_full: bool = False
    asked: str = ""
    """In the patient's words (sealed)."""


async def request(hub: Hub, asked: RestrictionRequest, organization: str, *, by: str) -> str:
    """Enter a request; the matter's id. Nothing binds yet. Raises `NotAvailable`, `Malformed`."""
    if not await members.may_see(hub, organization, asked.member):
        raise NotAvailable
    if set(asked.against) - (await hub.directory.current()).organizations.keys():
        raise Malformed("No such organization in the directory.", field="against")
    if not asked.information or set(asked.information) - CLASSES - {COMPLETE_RECORD}:
        raise Malformed("A word that is not known here.", field="information")
    opening = Opening(
        kind="restriction",
        organization=organization,
        member=asked.member,
        received_at=microseconds(asked.received_at, "received_at"),
        facts={"against": asked.against, "information": asked.information, "paid_in_full": asked.paid_in_full},
        words={"asked": asked.asked} if asked.asked else {},
        clocks=(_CLOCK,),
    )
    return await matters.open_matter(hub, opening, by=by)


async def agree(hub: Hub, matter: str, act: Act) -> None:
    """Agree: the restriction binds every later decision. Raises `NotAvailable`, `Conflict`, `Malformed`."""
    found = await _open(hub, matter, act)
    facts = found["facts"]
    form = RestrictionForm(
        against=tuple(facts["against"]), information=tuple(facts["information"]), paid_in_full=facts["paid_in_full"]
    )
    # Under the matter's own id: if the hub stops between the two steps, agreeing again finds the first done.
    if matter not in {each["id"] for each in await restrictions.list_for(hub, found["member_id"])}:
        await restrictions.restrict(hub, found["member_id"], form, by=act.by, restriction=matter)
    effect = Effect(facts={"restriction": matter}, meets=(_CLOCK,))
    await matters.change(hub, matter, act._replace(code="agreed"), effect)


async def refuse(hub: Hub, matter: str, act: Act) -> None:
    """Refuse, with the reason. Raises `Conflict` where the law asks for agreement (§2.26(a)(6))."""
    found = await _open(hub, matter, act)
    if await must_agree(hub, found["facts"]):
        raise Conflict("Paid in full by somebody else: this must be agreed to (2.26(a)(6)).", code="must-agree")
    await matters.close(hub, matter, act._replace(code="refused"), Effect(meets=(_CLOCK,)))


async def end(hub: Hub, matter: str, ended_by: Literal["patient", "notice"], act: Act) -> None:
    """End what was agreed (§2.26(b)): by the `patient`, or by the program's `notice` for what comes after it.

    Raises `Conflict` where nothing was agreed, or where only the patient may end it.
    """
    found = await matters.read(hub, matter, act.organization, "restriction")
    restriction = found["facts"].get("restriction")
    if restriction is None or found["state"] != "open":
        raise Conflict("No restriction is in force under this request.", code="not-agreed")
    if ended_by == "notice" and await must_agree(hub, found["facts"]):
        raise Conflict("Only the patient ends this one (2.26(b)).", code="must-agree")
    await restrictions.end(hub, found["member_id"], restriction, ended_by=ended_by, by=act.by)
    await matters.close(hub, matter, act._replace(code=f"ended_by_{ended_by}"))


async def must_agree(hub: Hub, facts: dict[str, Any]) -> bool:
    """§2.26(a)(6): paid in full, and against health plans only."""
    organizations = (await hub.directory.current()).organizations
    plans = [name in organizations and "health_plan" in organizations[name].roles for name in facts["against"]]
    return bool(facts["paid_in_full"] and plans and all(plans))


async def _open(hub: Hub, matter: str, act: Act) -> dict[str, Any]:
    found = await matters.read(hub, matter, act.organization, "restriction")
    if found["state"] != "open" or found["code"] != "received":
        raise Conflict("This request was answered.", code="closed")
    return found
