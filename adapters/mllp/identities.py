"""Events that tell of no visit but change what the hub knows by: numbers merged, moved or deleted, and restrictions
that come with a person's data (A28, A31 and the like).

Rules kept: what touches nobody here is forgotten; what does is a person's, since nobody but a person may say that two
records are one, and a restriction stated once holds (§2.26).
"""

from adapters.mllp.message import Message
from adapters.mllp.person import has_key, prior_of
from adapters.mllp.restrictions import Effect, Restriction
from hub.arrivals import ArrivedUpdate
from hub.model import MemberIdentity

_CHANGES = frozenset({"A18", "A24", "A30", "A34", "A35", "A36", "A37", *(f"A{number}" for number in range(39, 52))})
"""Merges, links and changed numbers."""
_DELETES = frozenset({"A23", "A29"})


def identity_of(
    message: Message,
    person: MemberIdentity,
    restrictions: tuple[Restriction, ...],
    review: tuple[str, ...],
    authorities: tuple[str, ...],
) -> ArrivedUpdate | None:
    """What a person must look at if it touches a member or a visit that somebody was told of; none if nothing can."""
    trigger, merged = message.type[1], message.all("MRG")
    # MRG-5 and MRG-3 are the numbers of PV1-19 and PID-18 before.
    visits = [each.get(field) for each in merged for field in (5, 3)]
    codes = list(review)
    if trigger in _CHANGES:
        codes.append("identity.changed")
    if trigger in _DELETES:
        codes.append("identity.deleted")
        visits += [message.first("PV1").get(19), message.first("PID").get(18)]
    if not codes:
        return None
    others = [prior_of(message, each, authorities) for each in merged] if trigger in _CHANGES else []
    return ArrivedUpdate(
        person=person,
        thread="",
        restricted=bool(restrictions),
        hidden=any(each.effect is Effect.NO_LOCATION for each in restrictions),
        review=tuple(codes),
        others=tuple(each for each in others if has_key(each) and each != person),
        threads=tuple(f"visit/{each}" for each in dict.fromkeys(visits) if each),
    )
