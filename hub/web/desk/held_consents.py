"""The consents with which somebody else's information may have come, as a form lets them be chosen."""

from collections.abc import Collection, Mapping
from typing import Any

from hub.storage import consents
from hub.web.access import concerns, reaches
from hub.web.desk.dated import signed
from hub.web.pages.visit import Visit
from hub.web.pages.words import named


async def choices(visit: Visit, member: str, chosen: Collection[str]) -> list[tuple[str, str]]:
    """Each with how it is called; `chosen` was named already.

    INVARIANT: no-existence-leak. A consent between others is not here: that there is one says where else they go.
    """
    known = await consents.list_for(visit.hub, member)
    seen = [each for each in known if each["id"] in chosen or await _seen(visit, each)]
    return [(each["id"], _called(visit, each)) for each in seen]


async def _seen(visit: Visit, consent: dict[str, Any]) -> bool:
    hub, scope = visit.hub, visit.who.scope
    if scope is None:
        return True
    return any([await concerns(hub, each, consent) or await reaches(hub, each, consent) for each in sorted(scope)])


def _called(visit: Visit, consent: Mapping[str, Any]) -> str:
    kind = named(visit.language, "consent_kind", consent["kind"])
    return visit.say("outside.consent_of", kind=kind, signed=signed(visit, consent))
