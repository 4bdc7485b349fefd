"""Who consents to a minor's care in California: Fam. Code 6929(b) and AB 816. Part 2 follows it (§2.14)."""

from datetime import date
from typing import Final

from policies.days import birthday

COUNSELING_AGE: Final = 12
BUPRENORPHINE_AGE: Final = 16


def minor_alone(born: date | None, on: date, service: str) -> bool:
    """May a minor of that age consent to the service without a parent?

    Methadone never, nor a service that is not known. Where the birth date is unknown the minor is taken to be
    old enough for counseling only.
    """
    if service == "counseling":
        return born is None or on >= birthday(born, COUNSELING_AGE)
    if service == "buprenorphine":
        return born is not None and on >= birthday(born, BUPRENORPHINE_AGE)
    return False
