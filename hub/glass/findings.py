"""The review of a broken glass: what its officer sees of it, and what an incident opens."""

from typing import Any

from hub.compliance import breaches, looked, viewing
from hub.compliance.breaches import Breach
from hub.context import Hub
from hub.glass import acts
from hub.storage.database import Step
from hub.storage.facts import instant

_MOST = 200
_WHAT = "Somebody read this person's entries in an emergency (broken glass). The review found no emergency."


async def told(hub: Hub, act: str, *, by: str) -> dict[str, Any] | None:
    """The act, and everything it was used to look at (`looks`, newest first); that its reviewer looked is an entry."""
    found = await acts.of(hub, act)
    if found is None:
        return None
    looks: list[dict[str, Any]] = []
    if found.member is not None:
        seen = await looked.views(hub, member=found.member, by=found.by, since=found.at, limit=_MOST)
        looks = [each for each in seen if each["glass"] == act]
        await viewing.note(hub, by, "glass", found.member, act)
    return acts.told(found, hub.clock.now()) | {"looks": looks}


async def incident(hub: Hub, act: str, organization: str, *, by: str) -> tuple[Step, ...]:
    """An act without an emergency is a use that nothing permitted: presumed a breach until it is assessed (45 CFR
    164.402(2)), in the register of the program whose patient it is.
    """
    found, now = await acts.of(hub, act), hub.clock.now()
    assert found is not None
    people = () if found.member is None else (found.member,)
    breach = Breach(
        discovered_at=instant(now), happened_at=instant(found.at), what=_WHAT, members=people, reference=act
    )
    _, steps = await breaches.discovered(hub, breach, organization, by=by)
    return steps
