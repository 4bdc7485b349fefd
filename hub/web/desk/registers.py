"""The registers on the pages: requests, complaints, restrictions, suspensions, breaches, each with its clocks."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from aiohttp import web

from hub.compliance import deeds, on_registers, viewing
from hub.compliance.matters import REGISTERS
from hub.compliance.on_registers import Listed
from hub.compliance.suspensions import AGENCIES
from hub.desk import log
from hub.desk.queues import QUEUES
from hub.errors import Malformed, NotAvailable
from hub.model import is_id
from hub.storage.facts import instant
from hub.waiting import listing as waiting
from hub.web.desk import narrowed, register_forms
from hub.web.desk.named import names
from hub.web.desk.narrowed import AGES
from hub.web.desk.register_forms import Wrong
from hub.web.pages.door import ACT, READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other

_LIMIT = 50
_CHOICES = {
    "kind": REGISTERS, "state": ("open", "closed", "any"), "overdue": ("yes",), "mine": ("yes",), "with": ("me",),
    "age": AGES,
}  # fmt: skip


async def show(visit: Visit) -> web.Response:
    """`GET /desk/registers`: how many stand on each, and a page of what the address chooses (`before`: the next)."""
    hub, scope = visit.hub, visit.who.scope
    chosen = narrowed.read(visit, "/desk/registers", _CHOICES)
    kind, state, before = chosen.text("kind"), chosen.text("state") or "open", visit.asked("before")
    if before and not is_id(before):
        raise NotAvailable
    wanted = Listed(
        scope,
        kind or None,
        None if state == "any" else state,
        overdue=bool(chosen.text("overdue")),
        opened_by=visit.who.by if chosen.text("mine") else "",
        assigned_to=visit.who.by if chosen.text("with") else "",
        until=narrowed.since(visit, chosen.text("age")),
        before=before or None,
        limit=_LIMIT + 1,
    )
    found = await on_registers.listing(hub, wanted)
    shown = found[:_LIMIT]
    await viewing.listed(
        hub, visit.who.by, "registers", (each["member_id"] for each in shown), [each["id"] for each in shown]
    )
    values: dict[str, Any] = {
        "matters": shown, "chosen": chosen, "acts": _acts(visit), "later": before,
        "total": await on_registers.count(hub, wanted),
        "following": chosen.address(before=shown[-1]["id"]) if len(found) > _LIMIT else "",
        "kinds": [each for each in REGISTERS if each in register_forms.OPENING],
    }  # fmt: skip
    if "HX-Request" in visit.request.headers:
        return page("registers_results.html", visit, names=await names(visit), **values)
    tiles = await on_registers.loads(hub, scope, REGISTERS)
    reviews = await waiting.loads(hub, scope, {"emergencies": QUEUES["emergencies"]})
    return page(
        "registers.html", visit, names=await names(visit), tiles=tiles, **values,
        emergencies=reviews["emergencies"],
        registers_named=[(each, visit.say(f"register.{each}")) for each in REGISTERS],
        ages_named=narrowed.ages_named(visit),
    )  # fmt: skip


async def ask(visit: Visit) -> web.Response:
    """`GET /desk/registers/new/{kind}`: an empty form; a breach is begun from an `entry` of the log as well."""
    kind = _kind(visit)
    return await _form(visit, kind, given=await _begun(visit) if kind == "breach" else {})


async def enter(visit: Visit) -> web.Response:
    """`POST /desk/registers/new/{kind}`: a new matter, its clocks running."""
    kind, organization = _kind(visit), visit.field("organization")
    if not organization:
        missing = Wrong("organization", visit.say("registers.missing"))
        return await _form(visit, kind, wrong=missing, given=typed(visit), status=400)
    if not visit.who.may_see(organization):
        raise NotAvailable
    try:
        fields = await register_forms.read(visit, register_forms.OPENING[kind])
        matter = await deeds.open_matter(visit.hub, kind, fields, organization, by=visit.who.by)
    except (Malformed, NotAvailable) as error:
        return await _form(visit, kind, wrong=register_forms.wrong(visit, error), given=typed(visit), status=400)
    return see_other(f"/desk/registers/{matter}")


def typed(visit: Visit) -> dict[str, str | list[str]]:
    """What was typed into a form that comes back; of a list with several chosen, each of them."""
    return {name: many if len(many) > 1 else many[0] for name, many in visit.form.items()}


async def _begun(visit: Visit) -> dict[str, str]:
    """What an entry of the log says of a breach already: whose, about whom, when."""
    position = visit.asked("entry")
    if not (position.isascii() and position.isdigit() and len(position) < 16):
        return {}
    row = await log.row_at(visit.hub, int(position), visit.who.scope)
    if row is None:
        raise NotAvailable
    day = instant(row["at"]).astimezone(visit.hub.zone).date().isoformat()
    begun = {"organization": row["program"], "members": row["member_id"] or "", "happened_at": day}
    return begun | {"reference": row["reference"]}


async def _form(
    visit: Visit, kind: str, *, given: Mapping[str, str | list[str]], wrong: Wrong | None = None, status: int = 200
) -> web.Response:
    known, directory = await names(visit), await visit.hub.directory.current()
    agencies = [(each.id, each.name) for each in directory.organizations.values() if AGENCIES & each.roles]
    own = {each: name for each, name in known.organizations.items() if visit.who.may_see(each)}
    return page(
        "matter_new.html", visit, status=status, kind=kind, fields=register_forms.OPENING[kind], own=own,
        everybody=known.organizations, agencies=sorted(agencies, key=itemgetter(1)), wrong=wrong or Wrong(),
        given=given,
    )  # fmt: skip


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
