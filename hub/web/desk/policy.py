"""Counsel's choices on their page: each doubt in words, what is in force, and a change of it by two people.

The rules are everybody's, so only somebody who sees every organization changes them.
"""

from aiohttp import web

from hub import choices
from hub.choices import REASONS
from hub.errors import Forbidden
from hub.people import persons
from hub.storage.facts import instant
from hub.web.desk.named import names
from hub.web.pages.door import ACT, READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other


async def show(visit: Visit) -> web.Response:
    """`GET /desk/policy`."""
    edition = (await visit.hub.directory.current()).rules_at(instant(visit.hub.clock.now())).edition
    doubts = await choices.listing(visit.hub)
    waiting = [each.waiting for each in doubts if each.waiting]
    mine = {each.id for each in waiting if await persons.same(visit.hub, visit.who.by, each.proposed_by)}
    return page(
        "policy.html", visit, doubts=doubts, edition=edition, reasons=REASONS, names=await names(visit),
        acts=_acts(visit), mine=mine,
    )  # fmt: skip


async def propose(visit: Visit) -> web.Response:
    """`POST /desk/policy`: another answer, for another person to confirm."""
    _check(visit)
    asked = (visit.field(name) for name in ("doubt", "answer", "reason"))
    await choices.propose(visit.hub, *asked, by=visit.who.by)
    return see_other("/desk/policy")


async def confirm(visit: Visit) -> web.Response:
    """`POST /desk/policy/{id}/confirm`: in force from this moment."""
    _check(visit)
    await choices.confirm(visit.hub, visit.request.match_info["id"], by=visit.who.by)
    return see_other("/desk/policy")


async def refuse(visit: Visit) -> web.Response:
    """`POST /desk/policy/{id}/refuse`: refused, or taken back by whoever proposed it."""
    _check(visit)
    await choices.refuse(visit.hub, visit.request.match_info["id"], by=visit.who.by)
    return see_other("/desk/policy")


def _acts(visit: Visit) -> bool:
    return visit.who.scope is None and bool(set(ACT) & set(visit.who.roles))


def _check(visit: Visit) -> None:
    if not _acts(visit):
        raise Forbidden("The rules are of every organization.")


PAGES = (
    Page("GET", "/desk/policy", show, READ),
    Page("POST", "/desk/policy", propose, ACT),
    Page("POST", "/desk/policy/{id}/confirm", confirm, ACT),
    Page("POST", "/desk/policy/{id}/refuse", refuse, ACT),
)
