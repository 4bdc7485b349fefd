"""Disclosures made outside of the hub at the desk: recorded by a form, with what the rules say first; found again.

Rules kept here:
- What is typed is looked at before it is recorded, and two clicks are one record: the form carries its key.
- The rules refuse no record: the page says what they say, and that a matter opens where they would not have permitted.
- INVARIANT: no-existence-leak. A record of another organization looks like none.
"""

import hashlib
from operator import itemgetter
from typing import Any, get_args

from aiohttp import web

from hub import views
from hub.compliance import viewing
from hub.decide import OUTSIDER
from hub.errors import Conflict, Malformed, NotAvailable
from hub.explanations import explained
from hub.model import new_id
from hub.outside import corrections, listing, recording, showing
from hub.outside.corrections import Mistake
from hub.outside.judging import Judged, judge
from hub.outside.manifest import BY, Notice, OutsideManifest, Scope
from hub.outside.rows import Hand
from hub.storage import members, outside
from hub.storage.member_facts import MemberFacts
from hub.web.desk import outside_form as form
from hub.web.desk import whose
from hub.web.desk.named import names, parties
from hub.web.desk.outside_form import Wrong
from hub.web.pages import terms, times
from hub.web.pages.door import ACT, STAFF, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other
from policies.vocabulary import CLASSES

ROLES = (*STAFF, *ACT)
_AT = "/desk/disclosures"


async def ask(visit: Visit) -> web.Response:
    """`GET /desk/disclosures/new`: the form; `corrects` a record, whose words it then holds."""
    corrects = visit.asked("corrects")
    return await _form(visit, await _to_correct(visit, corrects) if corrects else _fresh(visit))


async def enter(visit: Visit) -> web.Response:
    """`POST /desk/disclosures/new`: what would be recorded; with `step=record` it is, with `step=change` it is not."""
    if visit.field("step") == "change":
        return await _form(visit, _typed(visit))
    try:
        organization, member = await _organization(visit), await _member(visit)
        raw, manifest = form.read(visit, member)
        judged = await _judged(visit, manifest, organization)
    except Malformed as error:
        return await _form(visit, _typed(visit), wrong=form.wrong(error), status=400)
    except Wrong as wrong:
        given = {k: v for k, v in _typed(visit).items() if (wrong.field, k) != ("cin", "member")}
        return await _form(visit, given, wrong=wrong, status=400)
    if visit.field("step") == "record":
        key = f"desk-{visit.field('key', 64)}"
        hand = Hand(organization, visit.who.by, key, hashlib.sha256(raw).digest(), visit.language)
        made = await recording.record(visit.hub, manifest, hand)
        return see_other(f"{_AT}/{made.id}")
    await viewing.note(visit.hub, visit.who.by, "member", member, member)
    return page(
        "outside_preview.html", visit, manifest=manifest, judged=judged, organization=organization,
        facts=await members.facts_of(visit.hub, member), names=await parties(visit), item=judged.asked.classes,
        kept=[*_pairs(visit), ("member", member)],
    )  # fmt: skip


async def show(visit: Visit) -> web.Response:
    """`GET /desk/disclosures/{id}`: the record as it stands; what was told is opened when asked for."""
    return await _record(visit, await _codes(visit))


async def told(visit: Visit) -> web.Response:
    """`POST /desk/disclosures/{id}/told`: what was told, opened; that somebody looked is on the ledger."""
    found = await _codes(visit)
    seen = await showing.whole(visit.hub, found["id"], None, by=visit.who.by)
    if "HX-Request" in visit.request.headers:
        return page("told.html", visit, words=seen["words"])
    return await _record(visit, found, words=seen["words"])


async def retract(visit: Visit) -> web.Response:
    """`POST /desk/disclosures/{id}/retract`: it was no disclosure, with why."""
    found, mistake = await _codes(visit), visit.field("mistake")
    known = next((each for each in get_args(Mistake) if each == mistake), None)
    if known is None:
        return await _record(visit, found, problem=visit.say("outside.no_mistake"), status=400)
    try:
        await corrections.retract(visit.hub, found["id"], known, organization=found["discloser"], by=visit.who.by)
    except Conflict:
        return await _record(visit, await _codes(visit), problem=visit.say("outside.stands_no_more"), status=409)
    return see_other(f"{_AT}/{found['id']}")


async def records(visit: Visit) -> web.Response:
    """`GET /desk/disclosures`: those of one's own organizations, what was recorded last at the top."""
    before = visit.asked("before")
    found = await listing.page(visit.hub, visit.who.scope, before)
    await viewing.listed(visit.hub, visit.who.by, "outside_records", (row["member_id"] for row in found.rows))
    following = f"{_AT}?before={found.following}" if found.following else ""
    people = {row["id"]: await _person(visit, row["member_id"]) for row in found.rows}
    return page(
        "outside_list.html", visit, rows=found.rows, people=people, names=await parties(visit), following=following,
        first=_AT if before else "",
    )  # fmt: skip


async def _codes(visit: Visit) -> dict[str, Any]:
    found = await showing.codes(visit.hub, visit.request.match_info["id"])
    if found is None or not visit.who.may_see(found["discloser"]):
        raise NotAvailable
    return found


async def _record(
    visit: Visit, found: dict[str, Any], *, words: Any = None, problem: str = "", status: int = 200
) -> web.Response:
    decision = await explained(visit.hub, await views.decision(visit.hub, found["decision_id"], None), visit.language)
    await viewing.note(visit.hub, visit.who.by, "entry", found["member"], found["id"])
    classes = found["description"].split(", ")
    return page(
        "outside_shown.html", visit, status=status, recorded=found | {"by": await _by(visit, found), "places": {}},
        decision=decision, names=await parties(visit), problem=problem, words=words, mistakes=get_args(Mistake),
        item={f"item-{n}": each for n, each in enumerate(classes, 1)},
        officer=bool(set(ACT) & set(visit.who.roles)), facts=await _person(visit, found["member"]),
    )  # fmt: skip


async def _by(visit: Visit, found: dict[str, Any]) -> str:
    return (await names(visit)).person(found["recorded_by"])


async def _judged(visit: Visit, manifest: OutsideManifest, organization: str) -> Judged:
    """An officer of several programs may have named a person of another one. Raises `Malformed`, `Wrong`."""
    try:
        return await judge(visit.hub, manifest, organization, visit.language)
    except NotAvailable:
        raise Wrong("cin", "emergency.nobody") from None


async def _organization(visit: Visit) -> str:
    given = visit.field("organization", 64)
    if not given:
        raise Wrong("organization")
    if not visit.who.may_see(given) or given not in (await visit.hub.directory.current()).organizations:
        raise NotAvailable
    return given


async def _member(visit: Visit) -> str:
    """The one of the page before, or the one that is named here."""
    member = await whose.chosen(visit) if visit.field("member", 64) else await whose.meant(visit)
    if member is None:
        raise Wrong("cin", "emergency.nobody")
    return member


def _fresh(visit: Visit) -> dict[str, list[str]]:
    """Today, told by whoever fills it in; neither is taken without being seen."""
    today = times.local(visit.hub.clock.now(), visit.hub.zone).date().isoformat()
    return {"day": [today], "discloser_name": [visit.who.name], "organization": [visit.who.home]}


async def _to_correct(visit: Visit, disclosure: str) -> dict[str, list[str]]:
    found = await showing.codes(visit.hub, disclosure)
    if found is None or not visit.who.may_see(found["discloser"]):
        raise NotAvailable
    if found["state"] != outside.RECORDED:
        raise Conflict("Another record stands in its place, or it was a mistake.", code="corrected")
    words = (await showing.whole(visit.hub, disclosure, None, by=visit.who.by))["words"] or {}
    made, somebody = times.local(found["made_at"], visit.hub.zone), words.get("somebody") or {}
    given = {
        "corrects": disclosure, "organization": found["discloser"], "member": found["member"], "way": found["way"],
        "day": f"{made:%Y-%m-%d}", "time": f"{made:%H:%M}", "recipient": found["recipient"],
        "purpose": found["purpose"], "notice": found["notice"], "scope": found["scope"],
        "name": somebody.get("name", ""), "at": somebody.get("organization", ""),
        "address": somebody.get("address", ""),
        **{name: words.get(name, "") for name in ("told", "discloser_name", "recipient_person")},
    }  # fmt: skip
    return {name: [value] for name, value in given.items()} | {"information": found["description"].split(", ")}


async def _form(
    visit: Visit, given: dict[str, list[str]], *, wrong: Wrong | None = None, status: int = 200
) -> web.Response:
    directory, member = await visit.hub.directory.current(), given.get("member", [""])[0]
    known = {each.id: each.name for each in directory.organizations.values()}
    language = visit.language
    audits = [each for each in directory.agreements.values() if each.kind == "audit" and visit.who.may_see(each.holder)]
    return page(
        "outside_new.html", visit, status=status, given=given, outsider=OUTSIDER,
        own=sorted(((k, v) for k, v in known.items() if visit.who.may_see(k)), key=itemgetter(1)),
        everybody=sorted(known.items(), key=itemgetter(1)),
        ways=tuple(BY), bases=tuple(form.BASES), who=tuple(form.WHO), criteria=form.CRITERIA,
        notices=get_args(Notice), scopes=get_args(Scope),
        purposes=sorted(((each, terms.purpose(language, each)) for each in form.PURPOSES_ASKED), key=itemgetter(1)),
        kinds=sorted(((each, terms.classes(language, each)) for each in CLASSES), key=itemgetter(1)),
        agreements=[(each.id, known.get(each.with_party, each.with_party)) for each in audits],
        facts=await _person(visit, member) if member else None,
        key=given.get("key", [""])[0] or new_id(),
        wrong=wrong.field if wrong else "", said=visit.say(wrong.said) if wrong else "",
    )  # fmt: skip


async def _person(visit: Visit, member: str) -> MemberFacts | None:
    """Whom it is about; none if none of one's organizations has to do with them any more, or they are forgotten."""
    links = await members.links_of(visit.hub, member)
    if not any(visit.who.may_see(organization) for organization, _ in links):
        return None
    try:
        return await members.facts_of(visit.hub, member)
    except NotAvailable:
        return None


def _typed(visit: Visit) -> dict[str, list[str]]:
    return {name: many for name, many in visit.form.items() if name not in ("form_token", "step")}


def _pairs(visit: Visit) -> list[tuple[str, str]]:
    return [(name, each) for name, many in _typed(visit).items() if name != "member" for each in many]


PAGES = (
    Page("GET", f"{_AT}/new", ask, ROLES),
    Page("POST", f"{_AT}/new", enter, ROLES),
    Page("GET", _AT, records, ROLES),
    Page("GET", f"{_AT}/{{id}}", show, ROLES),
    Page("POST", f"{_AT}/{{id}}/told", told, ROLES),
    Page("POST", f"{_AT}/{{id}}/retract", retract, ROLES),
)
