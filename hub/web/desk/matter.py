"""One matter of a register: its clocks, what was written, its history, what may be done, and the letter it ends in."""

from typing import Any

from aiohttp import web

from hub.compliance import accounting, deeds, left_out, matters, requests
from hub.compliance.accounting import Accounting
from hub.compliance.matters import Act
from hub.errors import Conflict, HubError, Malformed, NotAvailable
from hub.forms.own import LANGUAGES
from hub.storage import outside
from hub.web.desk import register_forms
from hub.web.desk.named import colleagues, names
from hub.web.desk.register_forms import Wrong
from hub.web.desk.registers import typed
from hub.web.pages.door import ACT, READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other

_LETTERS = ("accounting", "list")
_MOST_SHOWN = 100
"""People of a breach on its page, first those who were told nothing yet; others are told by CIN or id."""


async def show(visit: Visit) -> web.Response:
    """`GET /desk/registers/{id}`; that it was looked at is on the ledger."""
    return await _page(visit, await _matter(visit))


async def act(visit: Visit) -> web.Response:
    """`POST /desk/registers/{id}/{deed}`: as `extend`, `assess`, `agree`."""
    found, deed = await _matter(visit), visit.request.match_info["deed"]
    fields = (register_forms.EVERY | register_forms.DEED.get(found["kind"], {})).get(deed)
    if fields is None:
        raise NotAvailable
    try:
        given = await register_forms.read(visit, fields)
        await deeds.do(visit.hub, found["id"], deed, given, found["organization_id"], by=visit.who.by)
    except (Malformed, Conflict) as error:
        return await _page(visit, found, problem=error, deed=deed)
    return see_other(f"/desk/registers/{found['id']}")


async def letter(visit: Visit) -> web.Response:
    """`GET /desk/registers/{id}/letter`: as it would go out now; `about=sent`: as it did; `about=extension`; for a
    breach `member` and `in`.
    """
    found = await _matter(visit)
    organization = found["organization_id"]
    await matters.show(visit.hub, found["id"], organization, by=visit.who.by)
    if visit.asked("about") == "sent":
        return _pdf(await requests.as_sent(visit.hub, found["id"], organization))
    from hub.compliance.letters import accounting, breach  # noqa: PLC0415 - fpdf2: 20 MiB, and a third of the start

    if found["kind"] == "breach":
        language = next((each for each in LANGUAGES if each == visit.asked("in")), LANGUAGES[0])
        made = await breach.notice(
            visit.hub, await breach.read(visit.hub, found["id"], organization), visit.asked("member"), language
        )
    elif visit.asked("about") == "extension":
        made = await accounting.extension(visit.hub, found["id"], organization)
    else:
        made = await accounting.answer(visit.hub, found["id"], organization)
    return _pdf(made.pdf)


async def letters(visit: Visit) -> web.Response:
    """`GET /desk/registers/{id}/letters/{part}`: of whoever a breach reached and who was told nothing yet, one PDF."""
    found = await _matter(visit)
    if found["kind"] != "breach":
        raise NotAvailable
    organization, part = found["organization_id"], int(visit.request.match_info["part"][:6])
    await matters.show(visit.hub, found["id"], organization, by=visit.who.by)
    from hub.compliance.letters import bundle  # noqa: PLC0415 - as above

    return _pdf((await bundle.bundle(visit.hub, found["id"], part - 1, organization)).pdf)


async def answer(visit: Visit) -> web.Response:
    """`POST /desk/registers/{id}/answered`: the letter goes out and is kept; the clock is met, the matter closed."""
    found = await _matter(visit)
    from hub.compliance.letters import accounting  # noqa: PLC0415 - as above

    made = await accounting.answer(visit.hub, found["id"], found["organization_id"])
    done = Act("answered", visit.field("reason", 4_000), visit.who.by, found["organization_id"])
    try:
        await requests.answered(visit.hub, found["id"], made.pdf, done)
    except (Malformed, Conflict) as error:
        return await _page(visit, found, problem=error, deed="answered")
    return see_other(f"/desk/registers/{found['id']}?answered=yes")


async def _page(
    visit: Visit, found: dict[str, Any], *, problem: HubError | None = None, deed: str = ""
) -> web.Response:
    shown = await matters.show(visit.hub, found["id"], found["organization_id"], by=visit.who.by)
    people = sorted(shown["people"].items(), key=lambda person: person[1] or 0)
    acts = bool(set(ACT) & set(visit.who.roles)) and shown["state"] == "open"
    return page(
        "matter.html",
        visit,
        status=problem.status if problem else 200,
        matter=shown,
        recorded=bool(await outside.some(visit.hub, [shown["reference"] or ""])),
        names=await names(visit),
        colleagues=await colleagues(visit, shown["organization_id"]) if acts else [],
        preview=await _preview(visit, shown),
        elsewhere=await left_out.told(visit.hub, shown) if _suspends(shown) else [],
        deeds=register_forms.DEED.get(shown["kind"], {}) if acts else {},
        letters=shown["kind"] in _LETTERS,
        kept=await requests.is_kept(visit.hub, shown["id"]),
        acts=acts,
        problem=problem,
        failed=deed,
        answered=bool(visit.asked("answered")) and shown["code"] == "answered",
        wrong=register_forms.wrong(visit, problem) if problem else Wrong(),
        given=typed(visit),
        prefilled={"notice": _written(visit, shown)},
        parts=await _parts(visit, shown) if acts else [],
        people=people[:_MOST_SHOWN],
        more_people=len(people) - _MOST_SHOWN,
        told=sum(at is not None for at in shown["people"].values()),
    )


def _suspends(matter: dict[str, Any]) -> bool:
    return bool(matter["kind"] == "suspension" and matter["state"] == "open")


async def _parts(visit: Visit, matter: dict[str, Any]) -> list[Any]:
    """Of a breach's letters those that are still to go out."""
    if matter["kind"] != "breach" or not matter["people"]:
        return []
    from hub.compliance.letters import breach, bundle  # noqa: PLC0415 - as above

    return await bundle.waiting(visit.hub, await breach.read(visit.hub, matter["id"], matter["organization_id"]))


def _written(visit: Visit, matter: dict[str, Any]) -> dict[str, str]:
    """The words of a breach's letter as they stand, to go on writing."""
    written = matter["words"].get("notice", {}).get(visit.language)
    return {**written, "language": visit.language} if written else {}


async def _preview(visit: Visit, matter: dict[str, Any]) -> Accounting | None:
    """What the letter would list now."""
    if matter["member_id"] is None or matter["kind"] not in _LETTERS or matter["state"] != "open":
        return None
    hub, member, organization, facts = visit.hub, matter["member_id"], matter["organization_id"], matter["facts"]
    if matter["kind"] == "list":
        return await accounting.intermediary_list(hub, member, organization, at=hub.clock.now())
    return await accounting.account(
        hub, member, organization, at=hub.clock.now(), scope=facts["scope"], years=facts["years"]
    )


async def _matter(visit: Visit) -> dict[str, Any]:
    # INVARIANT: no-existence-leak. Outside of the scope it looks like none.
    found = await matters.read(visit.hub, visit.request.match_info["id"], None)
    if not visit.who.may_see(found["organization_id"]):
        raise NotAvailable
    return found


def _pdf(content: bytes) -> web.Response:
    headers = {"Content-Disposition": 'inline; filename="letter.pdf"', "X-Frame-Options": "DENY"}
    return web.Response(body=content, content_type="application/pdf", headers=headers)


PAGES = (
    Page("GET", "/desk/registers/{id}", show, READ),
    Page("GET", "/desk/registers/{id}/letter", letter, READ),
    Page("GET", r"/desk/registers/{id}/letters/{part:\d+}", letters, READ),
    Page("POST", "/desk/registers/{id}/answered", answer, ACT),
    Page("POST", "/desk/registers/{id}/{deed}", act, ACT),
)
