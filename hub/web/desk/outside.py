"""Disclosures made outside of the hub at the desk: recorded by a form, with what the rules say first.

Rules kept here:
- What is typed is looked at before it is recorded, and two clicks are one record: the form carries its key.
- The rules refuse no record: the page says what they say, and that a matter opens where they would not have permitted.
- INVARIANT: no-existence-leak. Somebody else's patient, or record, looks like none.
"""

import hashlib
from operator import itemgetter
from typing import Any, get_args

from aiohttp import web

from hub.bases.manifests import Demand
from hub.compliance import viewing
from hub.decide import OUTSIDER
from hub.errors import Conflict, Malformed, NotAvailable
from hub.model import new_id
from hub.outside import recording, showing
from hub.outside.judging import Judged, judge
from hub.outside.manifest import BY, Notice, OutsideManifest, Scope
from hub.outside.rows import Hand
from hub.storage import members, outside
from hub.web.desk import held_consents, whose
from hub.web.desk import outside_form as form
from hub.web.desk.dated import dated
from hub.web.desk.named import parties
from hub.web.desk.outside_form import Wrong
from hub.web.desk.outside_records import AT, ROLES, codes, person
from hub.web.pages import terms, times
from hub.web.pages.door import Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other
from policies.vocabulary import CLASSES


async def ask(visit: Visit) -> web.Response:
    """`GET /desk/disclosures/new`: the form; `corrects` a record, whose words it then holds."""
    corrects = visit.asked("corrects")
    if not corrects:
        return await _form(visit, _fresh(visit))
    found = await codes(visit, corrects)
    if found["state"] != outside.RECORDED:
        return see_other(f"{AT}/{corrects}")  # which says what stands in its place
    return await _form(visit, await _to_correct(visit, found))


async def enter(visit: Visit) -> web.Response:
    """`POST /desk/disclosures/new`: what would be recorded; with `step=record` it is, with `step=change` it is not."""
    if visit.field("step") == "change":
        return await _form(visit, _typed(visit))
    member = ""
    try:
        organization, member = await _organization(visit), await _member(visit)
        raw, manifest = form.read(visit, member)
        judged = await _judged(visit, manifest, organization)
    except Malformed as error:
        return await _form(visit, _typed(visit), wrong=form.wrong(error), status=400)
    except Wrong as wrong:
        typed = _typed(visit) | ({"member": [member]} if wrong.field == "held_consent" else {})
        given = {k: v for k, v in typed.items() if (wrong.field, k) != ("cin", "member")}
        return await _form(visit, given, wrong=wrong, status=400)
    if visit.field("step") == "record":
        return await _record(visit, manifest, organization, hashlib.sha256(raw).digest())
    await viewing.note(visit.hub, visit.who.by, "member", member, member)
    return page(
        "outside_preview.html", visit, manifest=manifest, judged=judged, organization=organization,
        facts=await members.facts_of(visit.hub, member), names=await parties(visit), item=judged.asked.classes,
        held=form.HELD,
        explanation=(await dated(visit, member, judged.words))["explanation"],
        kept=[*_pairs(visit), ("member", member)],
    )  # fmt: skip


async def _record(visit: Visit, manifest: OutsideManifest, organization: str, digest: bytes) -> web.Response:
    """Recorded, once; what cannot be is given back as it was typed, with why and what to do."""
    hand = Hand(organization, visit.who.by, f"desk-{visit.field('key', 64)}", digest, visit.language)
    try:
        made = await recording.record(visit.hub, manifest, hand)
    except Conflict as conflict:
        used = conflict.detail_code == "idempotency-key-reused"
        given = _typed(visit) | ({"key": [new_id()]} if used else {})
        return await _form(visit, given, problem="outside.used" if used else "outside.stands_no_more", status=409)
    return see_other(f"{AT}/{made.id}")


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


async def _to_correct(visit: Visit, found: dict[str, Any]) -> dict[str, list[str]]:
    """The form with the words of the record, which are opened for it."""
    words = (await showing.whole(visit.hub, found["id"], None, by=visit.who.by))["words"] or {}
    made, somebody = times.local(found["made_at"], visit.hub.zone), words.get("somebody") or {}
    given = {
        "corrects": found["id"], "organization": found["discloser"], "member": found["member"], "way": found["way"],
        "day": f"{made:%Y-%m-%d}", "time": f"{made:%H:%M}", "recipient": found["recipient"],
        "purpose": found["purpose"], "notice": found["notice"], "scope": found["scope"],
        "name": somebody.get("name", ""), "at": somebody.get("organization", ""),
        "address": somebody.get("address", ""),
        **{name: words.get(name, "") for name in ("told", "discloser_name", "recipient_person")},
        **_held(visit, found),
    }  # fmt: skip
    return {name: [value] for name, value in given.items()} | {"information": found["description"].split(", ")}


def _held(visit: Visit, found: dict[str, Any]) -> dict[str, str]:
    held, received = found["held_under"] or "", found["received"]
    on = times.local(received, visit.hub.zone).date().isoformat() if received else ""
    under = {"held": held} if held in ("", *form.HELD) else {"held": form.CONSENT, "held_consent": held}
    return {"source": found["source"] or "", "received": on, **under}


async def _form(
    visit: Visit, given: dict[str, list[str]], *, wrong: Wrong | None = None, problem: str = "", status: int = 200
) -> web.Response:
    directory, member = await visit.hub.directory.current(), given.get("member", [""])[0]
    known = {each.id: each.name for each in directory.organizations.values()}
    language = visit.language
    audits = [each for each in directory.agreements.values() if each.kind == "audit" and visit.who.may_see(each.holder)]
    return page(
        "outside_new.html", visit, status=status, given=given, outsider=OUTSIDER,
        own=sorted(((k, v) for k, v in known.items() if visit.who.may_see(k)), key=itemgetter(1)),
        everybody=sorted(known.items(), key=itemgetter(1)),
        ways=tuple(BY), bases=tuple(form.BASES), who=tuple(form.WHO), criteria=form.CRITERIA, demands=get_args(Demand),
        notices=get_args(Notice), scopes=get_args(Scope),
        purposes=sorted(((each, terms.purpose(language, each)) for each in form.PURPOSES_ASKED), key=itemgetter(1)),
        kinds=sorted(((each, terms.classes(language, each)) for each in CLASSES), key=itemgetter(1)),
        agreements=[(each.id, known.get(each.with_party, each.with_party)) for each in audits],
        facts=await person(visit, member) if member else None, held=(form.CONSENT, *form.HELD),
        consents=await held_consents.choices(visit, member, given.get("held_consent", ())) if member else [],
        key=given.get("key", [""])[0] or new_id(),
        wrong=wrong.field if wrong else "", said=visit.say(wrong.said) if wrong else "",
        problem=visit.say(problem) if problem else "",
    )  # fmt: skip


def _typed(visit: Visit) -> dict[str, list[str]]:
    return {name: many for name, many in visit.form.items() if name not in ("form_token", "step")}


def _pairs(visit: Visit) -> list[tuple[str, str]]:
    return [(name, each) for name, many in _typed(visit).items() if name != "member" for each in many]


PAGES = (
    Page("GET", f"{AT}/new", ask, ROLES),
    Page("POST", f"{AT}/new", enter, ROLES),
)
