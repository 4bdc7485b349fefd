"""Names for pages: of organizations, and of whoever the record names as `organization/person`."""

from typing import NamedTuple

from hub.decide import OUTSIDER
from hub.explanations import SOMEBODY
from hub.people import accounts
from hub.people.accounts import Account
from hub.web.pages.visit import Visit


class Names(NamedTuple):
    organizations: dict[str, str]
    people: dict[str, str]
    somebody: str
    """Who is in no directory."""

    def organization(self, code: str) -> str:
        """An organization's name."""
        if code == OUTSIDER:
            return self.somebody
        return self.organizations.get(code, code or "–")

    def person(self, by: str | None) -> str:
        """A person's name, or the organization of a system; as it stands where nobody is known."""
        home, _, person = (by or "").partition("/")
        return self.people.get(person) or self.organizations.get(home) or by or "–"


async def names(visit: Visit) -> Names:
    """Everybody's."""
    organizations = (await visit.hub.directory.current()).organizations
    people = await accounts.list_all(visit.hub)
    return Names(
        {each.id: each.name for each in organizations.values()},
        {each.id: each.name for each in people},
        SOMEBODY[visit.language],
    )


async def parties(visit: Visit) -> dict[str, str]:
    """Names of whoever stands in the log: the organizations, and somebody who is in no directory."""
    organizations = (await visit.hub.directory.current()).organizations
    return {each.id: each.name for each in organizations.values()} | {OUTSIDER: SOMEBODY[visit.language]}


async def colleagues(visit: Visit, organization: str) -> list[Account]:
    """Who may be given an item of this organization."""
    people = await accounts.list_all(visit.hub)
    acting = {"compliance", "privacy"}
    return [each for each in people if not each.disabled and acting & set(each.roles) and each.may_see(organization)]
