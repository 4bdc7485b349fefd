"""Which clocks a breach starts: 45 CFR 164.404, 164.406 and 164.408 by how many people, California's by who holds the
record.
"""

INDIVIDUALS = "breach.individuals"
TOLD = ("breach.media", "breach.hhs_500", "breach.hhs_log", "breach.california_individuals",
        "breach.california_department", "breach.california_attorney_general")  # fmt: skip
_MANY = 500


def clocks_for(affected: int, *, licensed: bool) -> tuple[str, ...]:
    """Their names. `licensed`: a clinic or facility licensed by the state's health department."""
    federal = ("breach.hhs_500", "breach.media") if affected >= _MANY else ("breach.hhs_log",)
    # 164.406(a): *more than* 500 residents; exactly 500 are told to HHS at once and to no newspaper.
    federal = ("breach.hhs_500",) if affected == _MANY else federal
    state = ("breach.california_individuals", "breach.california_department") if licensed else ()
    attorney = ("breach.california_attorney_general",) if affected > _MANY else ()
    return (INDIVIDUALS, *federal, *state, *attorney)
