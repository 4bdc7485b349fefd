"""The registers on the pages: requests, complaints, restrictions, suspensions, breaches, each with its clocks."""

from typing import Any

from aiohttp import web

from hub.compliance import deeds, matters
from hub.compliance.matters import REGISTERS, Listed
from hub.desk import reading
from hub.errors import Malformed, NotAvailable
from hub.web.desk import register_forms
from hub.web.desk.named import names
from hub.web.pages.door import ACT, READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other

_MOST = 100


async def show(visit: Visit) -> web.Response:
    """`GET /desk/registers`: `kind`, `state` open, closed or any, `overdue`."""
    kind, state = visit.asked("kind"), visit.asked("state") or "open"
    if kind not in (*REGISTERS, "") or state not in ("open", "closed", "any"):
        raise NotAvailable
    overdue = visit.asked("overdue") == "yes"
    found = await _listed(visit, kind, state, overdue=overdue)
    await reading.listed(visit.hub, visit.who.by, "registers", [each["id"] for each in found])
    counts = {each: 0 for each in REGISTERS if each in register_forms.OPENING}
    for each in await _listed(visit, "", "open", overdue=False):
        if each["kind"] in counts:
            counts[each["kind"]] += 1
    return page(
        "registers.html", visit, matters=found, kind=kind, state=state, overdue=overdue, counts=counts,
        names=await names(visit), acts=_acts(visit),
    )  # fmt: skip


async def ask(visit: Visit) -> web.Response:
    """`GET /desk/registers/new/{kind}`: an empty form."""
    return await _form(visit, _kind(visit))


async def enter(visit: Visit) -> web.Response:
    """`POST /desk/registers/new/{kind}`: a new matter, its clocks running."""
    kind, organization = _kind(visit), visit.field("organization")
    if not visit.who.may_see(organization):
        raise NotAvailable
    try:
        fields = await register_forms.read(visit, register_forms.OPENING[kind])
        matter = await deeds.open_matter(visit.hub, kind, fields, organization, by=visit.who.by)
    except (Malformed, NotAvailable) as error:
        wrong = error.field if isinstance(error, Malformed) else "member"
        return await _form(visit, kind, wrong=wrong or "", status=400)
    return see_other(f"/desk/registers/{matter}")


async def _form(visit: Visit, kind: str, *, wrong: str = "", status: int = 200) -> web.Response:
    known = await names(visit)
    own = {each: name for each, name in known.organizations.items() if visit.who.may_see(each)}
    given = {name: many[0] for name, many in visit.form.items()}
    return page(
        "matter_new.html", visit, status=status, kind=kind, fields=register_forms.OPENING[kind], own=own,
        everybody=known.organizations, wrong=wrong.partition(".")[0].removeprefix("$"), given=given,
    )  # fmt: skip


async def _listed(visit: Visit, kind: str, state: str, *, overdue: bool) -> list[dict[str, Any]]:
    """Newest first, of every organization within the scope."""
    scope = visit.who.scope
    whose: list[str | None] = [None] if scope is None else [*sorted(scope)]
    found = [
        each
        for organization in whose
        for each in await matters.listing(
            visit.hub,
            Listed(organization, kind or None, None if state == "any" else state, overdue=overdue, limit=_MOST),
        )
    ]
    return sorted(found, key=lambda each: str(each["id"]), reverse=True)[:_MOST]


def _kind(visit: Visit) -> str:
    kind = visit.request.match_info["kind"]
    if kind not in register_forms.OPENING:
        raise NotAvailable
    return kind


def _acts(visit: Visit) -> bool:
    return bool(set(ACT) & set(visit.who.roles))


PAGES = (
    Page("GET", "/desk/registers", show, READ),
    Page("GET", "/desk/registers/new/{kind}", ask, ACT),
    Page("POST", "/desk/registers/new/{kind}", enter, ACT),
)
