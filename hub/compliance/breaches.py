"""The register of breaches (§2.16(b), 45 CFR 164.400 to 414): discovered, assessed by four factors, concluded, told.

Rules kept here:
- 164.402: an unauthorized use or disclosure of an unsecured record is presumed a breach. Only an assessment of all four
  factors, each with its reasons, that ends in a low probability says otherwise; or one of the three exceptions.
- The clocks run from discovery, whoever in the workforce discovered it (164.404(a)(2)), and stop only when met, or when
  it is concluded that it was no breach.
- 164.412: an official may ask for a delay, in writing for a stated time, orally for thirty days.
- California's clocks are the county's to confirm (hub/compliance/clocks.yaml, `verify`).
"""

from datetime import datetime
from typing import Any, Literal

from hub.compliance import breach_people, matters
from hub.compliance.breach_clocks import INDIVIDUALS, TOLD, clocks_for
from hub.compliance.clocks import Due
from hub.compliance.matters import Act, Effect, Opening
from hub.compliance.suspensions import microseconds
from hub.context import Hub
from hub.errors import Conflict, Malformed
from hub.forms.own import Language
from hub.model import Frozen
from hub.storage.database import Step, Unit

Level = Literal["low", "medium", "high"]
Conclusion = Literal["breach", "low_probability", "exception", "secured"]
"""`secured`: the record was unreadable to whoever had it (§2.11 "unsecured record")."""
FACTORS = ("nature", "recipient", "acquired", "mitigated")
"""164.402(2)(i) to (iv): what and how identifiable; who had it; whether it was seen; how far the risk was lessened."""
PARTS = ("what_happened", "kinds", "protect", "doing", "contact")
"""Of the letters, 164.404(c)(1)(A) to (E)."""


class Breach(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was discovered. Words are sealed; counts and flags choose the clocks."""

    discovered_at: datetime
    what: str
    happened_at: datetime | None = None
    members: tuple[str, ...] = ()
    affected: int | None = None
    """How many people, where more than are known by name here."""
    licensed: bool = False
    """A clinic or facility licensed by the state's health department (Health & Safety Code 1280.15)."""
    reference: str | None = None
    """The disclosure or work item that it came from."""


class Factor(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    level: Level
    reasons: str


class Assessment(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The four factors and what follows from them."""

    conclusion: Conclusion
    reasons: str
    nature: Factor | None = None
    recipient: Factor | None = None
    acquired: Factor | None = None
    mitigated: Factor | None = None


class Notice(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each affected person is told (164.404(c)), in plain words; sealed."""

    what_happened: str
    kinds: str
    """Which kinds of information."""
    protect: str
    """What the person should do."""
    doing: str
    """What the program does about it."""
    contact: str
    """A toll-free number, an address, a web site."""
    language: Language = "en"
    reason: str = ""


async def discover(hub: Hub, breach: Breach, organization: str, *, by: str) -> str:
    """Enter what was discovered; the matter's id. Raises `Malformed` naming the field, for a person whom the
    organization does not know as well.
    """
    matter, steps = await discovered(hub, breach, organization, by=by)
    await hub.database.commit(Unit((), steps))
    return matter


async def discovered(hub: Hub, breach: Breach, organization: str, *, by: str) -> tuple[str, tuple[Step, ...]]:
    """The same inside another unit: the matter's id, and the steps that open it. Raises as `discover`."""
    if not breach.what.strip():
        raise Malformed("What happened is written down.", field="what")
    people = await breach_people.known(hub, breach.members, organization)
    affected = max(len(people), breach.affected or 0)
    happened = None if breach.happened_at is None else microseconds(breach.happened_at, "happened_at")
    opening = Opening(
        kind="breach",
        organization=organization,
        reference=breach.reference,
        received_at=microseconds(breach.discovered_at, "discovered_at"),
        code="discovered",
        facts={"affected": affected, "licensed": breach.licensed, "happened_at": happened},
        words={"what": breach.what},
        clocks=clocks_for(affected, licensed=breach.licensed),
    )
    return matters.opened(hub, opening, by=by, people=people)


async def assess(hub: Hub, matter: str, assessment: Assessment, act: Act) -> None:
    """Conclude. A breach stays open until everybody is told; anything else is closed with its reasons.

    Raises `Malformed` for a low probability without all four factors and their reasons, `Conflict` if concluded.
    """
    found = await matters.read(hub, matter, act.organization, "breach")
    if "conclusion" in found["facts"]:
        raise Conflict("It was concluded; a new fact is a new matter.", code="concluded")
    _check(assessment)
    factors = {name: factor for name in FACTORS if (factor := getattr(assessment, name)) is not None}
    levels = {name: factor.level for name, factor in factors.items()}
    words = {name: factor.reasons for name, factor in factors.items()} | {"conclusion": assessment.reasons}
    facts: dict[str, Any] = {"conclusion": assessment.conclusion, "factors": levels}
    done = act._replace(code=assessment.conclusion, reason=assessment.reasons)
    if assessment.conclusion == "breach":
        await matters.change(hub, matter, done, Effect(facts=facts, words=words))
        return
    lifts = tuple(clock["name"] for clock in found["clocks"])
    await matters.close(hub, matter, done, Effect(facts=facts, words=words, lifts=lifts))


async def write_notice(hub: Hub, matter: str, notice: Notice, act: Act) -> None:
    """Keep the words of the letters in one language. Raises `Malformed` for an empty part (164.404(c)(1))."""
    await matters.read(hub, matter, act.organization, "breach")
    for name in PARTS:
        if not getattr(notice, name).strip():
            raise Malformed("The letter says this too (164.404(c)(1)).", field=name)
    written = (await matters.words(hub, matter)).get("notice", {})
    words = {"notice": written | {notice.language: {name: getattr(notice, name) for name in PARTS}}}
    await matters.change(hub, matter, act._replace(code="notice_written"), Effect(words=words))


async def told(hub: Hub, matter: str, clock: str, act: Act) -> None:
    """HHS, the media, the state or all individuals (where more than are known here) were told: that clock is met."""
    found = await matters.read(hub, matter, act.organization, "breach")
    if clock not in (*TOLD, INDIVIDUALS) or clock not in {each["name"] for each in found["clocks"]}:
        raise Malformed("No such clock runs for this breach.", field="clock")
    await matters.change(hub, matter, act._replace(code="told"), Effect(meets=(clock,)))


async def delay(hub: Hub, matter: str, until: datetime | None, act: Act) -> None:
    """A law enforcement official asks for a delay (164.412); `until` none: orally, thirty days."""
    found = await matters.read(hub, matter, act.organization, "breach")
    oral = matters.deadline(hub, "breach.delay_oral", hub.clock.now())
    ends = oral.at if until is None and oral else microseconds(until, "until") if until else hub.clock.now()
    later = tuple(Due(c["name"], c["law"], max(c["due_at"], ends)) for c in found["clocks"] if c["state"] == "running")
    await matters.change(hub, matter, act._replace(code="delayed"), Effect(facts={"delay": ends}, postpones=later))


async def finish(hub: Hub, matter: str, act: Act) -> None:
    """Close a breach. Raises `Conflict` while a clock is still to be met."""
    found = await matters.read(hub, matter, act.organization, "breach")
    if any(clock["state"] in ("running", "missed") for clock in found["clocks"]):
        raise Conflict("Somebody is still to be told.", code="not-told")
    await matters.close(hub, matter, act._replace(code="told_all"))


def _check(assessment: Assessment) -> None:
    if not assessment.reasons.strip():
        raise Malformed("A conclusion has its reasons.", field="reasons")
    if assessment.conclusion != "low_probability":
        return
    for name in FACTORS:
        factor = getattr(assessment, name)
        if factor is None or not factor.reasons.strip():
            raise Malformed("A low probability rests on all four factors, each with its reasons.", field=name)
        if factor.level == "high":
            raise Malformed("A factor is high: that is no low probability.", field=name)
