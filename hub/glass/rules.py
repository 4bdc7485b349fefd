"""Who may break the glass, and why: the county's setting and the law.

- The hub's own people in a role that the county named (45 CFR 164.312(a)(2)(ii)): those of its own organization
  (`HUB_OPERATOR`), and those whose office is for every organization.
- People of an organization that the county named, if it is medical personnel: reading what others hold is a disclosure
  to them, and only a medical emergency or a disaster permits it (§2.51(a)).
"""

from typing import Literal, NamedTuple, get_args

from hub.context import Hub
from hub.people.accounts import Account

Reason = Literal["medical_emergency", "disaster", "patient_safety", "usual_way_down"]
REASONS: tuple[Reason, ...] = get_args(Reason)
_MEDICAL: tuple[Reason, ...] = ("medical_emergency", "disaster")


class Reader(NamedTuple):
    """Who would break it: an account or a person's token."""

    by: str
    """As the record names them."""
    roles: tuple[str, ...]
    """Of the desk (`compliance`, `administrator`) or of the token (`staff`)."""
    home: str
    """Their own organization."""
    office: bool
    """Whether they act for every organization, though perhaps in a role that opens nobody's data."""


def offered(hub: Hub, account: Account) -> bool:
    """Whether a page points this account to it: the county named the role, here or in their organization."""
    home = "" if account.home == hub.operator or account.scope is None else account.home
    return any((role, home) in hub.glass.who for role in account.roles)


async def reasons(hub: Hub, reader: Reader) -> tuple[Reason, ...]:
    """With which reasons they may; none: they may not."""
    named = hub.glass.who
    if reader.home == hub.operator or reader.office:
        return REASONS if any((role, "") in named for role in reader.roles) else ()
    organization = (await hub.directory.current()).organizations.get(reader.home)
    medical = organization is not None and organization.active and "medical_personnel" in organization.roles
    return _MEDICAL if medical and any((role, reader.home) in named for role in reader.roles) else ()
