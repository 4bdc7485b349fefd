"""Whom a breach concerns (45 CFR 164.404): entered with it or found later, each told by a letter of their own.

Rules kept here:
- INVARIANT: no-existence-leak. Only people whom the organization knows are taken; anybody else looks like nobody.
- Whoever is found later counts from the day of discovery like everybody else, and more people may start more clocks.
- The clock of the letters is met when everybody has theirs, and runs again when somebody is found who has none.
"""

from collections.abc import Sequence

from hub.compliance import matters
from hub.compliance.breach_clocks import INDIVIDUALS, clocks_for
from hub.compliance.matters import Act, Effect
from hub.context import Hub
from hub.errors import Malformed
from hub.storage import matters as stored
from hub.storage import members
from hub.storage.database import Step


async def known(hub: Hub, people: Sequence[str], organization: str) -> tuple[str, ...]:
    """These members, each once. Raises `Malformed`, naming which, for one whom the organization does not know."""
    for place, member in enumerate(people):
        if not await members.may_see(hub, organization, member):
            raise Malformed("A person who is not known here.", field=f"members[{place}]")
    return tuple(dict.fromkeys(people))


async def concerned(hub: Hub, matter: str, people: Sequence[str], act: Act) -> None:
    """Add people to a breach. Raises `NotAvailable`, `Malformed` for nobody new or nobody known."""
    found = await matters.read(hub, matter, act.organization, "breach")
    had = await stored.people(hub, matter)
    new = [each for each in await known(hub, people, found["organization_id"]) if each not in had]
    if not new:
        raise Malformed("Nobody is named who is not on it already.", field="members")
    facts = found["facts"]
    affected = max(facts["affected"], len(had) + len(new))
    clocks = {clock["name"]: clock for clock in found["clocks"]}
    wanted = clocks_for(affected, licensed=facts["licensed"])
    due = [matters.deadline(hub, name, found["received_at"]) for name in wanted if name not in clocks]
    # 164.412: what an official asked to delay stays delayed, for clocks that start now as well.
    later = [each._replace(at=max(each.at, facts.get("delay", 0))) for each in due if each is not None]
    again = [Step(stored.MEET, (None, matter, INDIVIDUALS))] if clocks[INDIVIDUALS]["met_at"] else []
    effect = Effect(
        facts={"affected": affected},
        lifts=tuple(name for name, clock in clocks.items() if name not in wanted and clock["state"] == "running"),
        clocks=tuple(later),
        steps=(*again, *(Step(stored.ADD_PERSON, (matter, member, None)) for member in new)),
    )
    await matters.change(hub, matter, act._replace(code="people_added"), effect)


async def told(hub: Hub, matter: str, told_now: Sequence[str], act: Act) -> None:
    """Their letters went out; when all have theirs, the clock is met. Raises `NotAvailable`, `Malformed`."""
    found = await matters.read(hub, matter, act.organization, "breach")
    people = await stored.people(hub, matter)
    if not told_now or not people.keys() >= set(told_now):
        raise Malformed("This person is not among those affected.", field="member")
    left = [each for each, at in people.items() if at is None and each not in told_now]
    everybody = not left and found["facts"]["affected"] <= len(people)
    now = hub.clock.now()
    steps = tuple(Step(stored.TELL, (now, matter, member)) for member in dict.fromkeys(told_now))
    code = "person_told" if len(steps) == 1 else "people_told"
    effect = Effect(meets=(INDIVIDUALS,) if everybody else (), steps=steps)
    await matters.change(hub, matter, act._replace(code=code), effect)
