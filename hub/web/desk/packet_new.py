"""A packet from the desk: first whom, to whom, what for and the documents; then what would go to whom; then handed in.

Rules kept here:
- Nothing is disclosed before the second click, and what is handed in is what was shown: a kind of information that was
  changed meanwhile, a form that was sent anew in another window, and whatever the rules say otherwise than they did
  (a consent that came or went) is shown first.
- Two clicks are one packet: the draft's id is its key.
- What was said and uploaded waits here, sealed (`hub.desk.drafts`), so that an error or a lock costs nobody a file.
"""

import hashlib
from operator import itemgetter

import msgspec
from aiohttp import web

from hub import exchange
from hub.compliance import viewing
from hub.crypto.identifiers import hash_submission_key
from hub.decide import asked_by
from hub.deliver import usable
from hub.desk import drafts
from hub.desk.drafts import Draft
from hub.errors import Conflict, NotAvailable
from hub.explanations import Sides, foreseen
from hub.intake import read_manifest
from hub.manifest import Handed, Manifest
from hub.storage import members, submissions
from hub.web.desk import packet_handoff, packet_said
from hub.web.desk.dated import dated
from hub.web.desk.named import names
from hub.web.desk.packet_handoff import Answer
from hub.web.pages import terms
from hub.web.pages.door import STAFF, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other
from policies.vocabulary import CLASSES

_HOUR_US = 3_600_000_000
_LISTED = 500
"""Organizations that the field suggests; others are found by what is typed."""


async def ask(visit: Visit) -> web.Response:
    """`GET /desk/packets/new`: the form."""
    return await _form(visit, None, {})


async def enter(visit: Visit) -> web.Response:
    """`POST /desk/packets/new`: kept, then shown; what is wrong stands beside its field."""
    said = await packet_said.read(visit)
    await drafts.put(visit.hub, said.draft, said.contents, person=visit.who.id)
    if said.wrong:
        return await _form(visit, said.draft, said.wrong)
    return see_other(f"/desk/packets/new/{said.draft.id}")


async def change(visit: Visit) -> web.Response:
    """`GET /desk/packets/new/{draft}/form`: what was said so far, to be said otherwise; once handed in, its receipt."""
    try:
        draft = await _theirs(visit)
    except NotAvailable:
        return see_other(f"/desk/packets/{await _sent_before(visit)}")
    return await _form(visit, draft, {})


async def preview(visit: Visit) -> web.Response:
    """`GET /desk/packets/new/{draft}`: for each recipient what goes, what stays and why, when and how.

    Of what was handed in already, as after going back in the browser, its receipt.
    """
    try:
        draft = await _theirs(visit)
    except NotAvailable:
        return see_other(f"/desk/packets/{await _sent_before(visit)}")
    if not draft.member or not draft.recipients or not draft.papers:
        return see_other(f"/desk/packets/new/{draft.id}/form")
    return await _preview(visit, draft)


async def settle(visit: Visit) -> web.Response:
    """`POST /desk/packets/new/{draft}`: kinds of information changed (`step=look`), or handed in (`send`); `keep`: what
    only lacks a consent waits for one, and is decided anew when it is recorded.
    """
    try:
        return await _settled(visit)
    except (NotAvailable, Conflict):
        # A click before this one, or one at the same time, handed it in: both lead to its receipt.
        return see_other(f"/desk/packets/{await _sent_before(visit)}")


async def _settled(visit: Visit) -> web.Response:
    """Raises `NotAvailable` or `Conflict` if the draft was handed in before this ended."""
    draft = await _theirs(visit)
    chosen = _chosen(visit, draft)
    if chosen != draft:
        await drafts.change(visit.hub, chosen, person=visit.who.id)
    shown = [(each.number, each.information) for each in draft.papers]
    asked = [(each.number, each.information) for each in chosen.papers]
    unseen = shown != asked or visit.field("version", 64) != draft.version
    step = visit.field("step", 8)
    if step not in ("send", "keep") or unseen or not all(each.information for each in chosen.papers):
        return see_other(f"/desk/packets/new/{draft.id}")
    if visit.field("verdict", 64) != _verdict(await _answers(visit, chosen)):
        return see_other(f"/desk/packets/new/{draft.id}?otherwise=yes")
    submission = await exchange.submit(visit.hub, await _handed(visit, chosen, keep=step == "keep"))
    await drafts.drop(visit.hub, draft.id)
    return see_other(f"/desk/packets/{submission}")


async def _preview(visit: Visit, draft: Draft) -> web.Response:
    hub, answers = visit.hub, await _answers(visit, draft)
    await viewing.note(hub, visit.who.by, "member", draft.member, draft.member)
    facts = await members.facts_of(hub, draft.member)
    return page(
        "packet_preview.html", visit, draft=draft, answers=answers, names=await names(visit),
        facts=facts, kinds=_kinds(visit), handoff=await packet_handoff.of(visit, draft, answers, facts.born),
        goes=any(item["permitted"] for _, _, answer in answers for item in answer["items"]),
        keeps=[recipient for recipient, way, answer in answers if way and answer["lacks_consent"]],
        keeps_h=hub.no_consent_us // _HOUR_US, verdict=_verdict(answers), otherwise=bool(visit.asked("otherwise")),
    )  # fmt: skip


async def _answers(visit: Visit, draft: Draft) -> list[Answer]:
    """What the rules say today of each recipient's copy; nothing before each document has a kind."""
    hub, directory = visit.hub, await visit.hub.directory.current()
    if not all(each.information for each in draft.papers):
        return []
    asked, found = asked_by(_manifest(draft)), []
    for recipient in draft.recipients:
        ways = usable(recipient, directory, hub.channels)
        answer = await foreseen(hub, asked, Sides(visit.who.home, recipient, draft.member), visit.language)
        answer = await dated(visit, draft.member, answer)
        found.append((recipient, ways[0].channel.value if ways else "", answer))
    return found


def _verdict(answers: list[Answer]) -> str:
    """Which document goes to whom by which way, and what is kept, in short: the same while the rules say the same."""
    told = [
        (recipient, way, answer["lacks_consent"], [(each["permitted"], each["hold"]) for each in answer["items"]])
        for recipient, way, answer in answers
    ]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


async def _theirs(visit: Visit) -> Draft:
    return await drafts.read(visit.hub, visit.request.match_info["draft"], person=visit.who.id)


async def _sent_before(visit: Visit) -> str:
    """What was handed in under this draft's key. Raises `NotAvailable`."""
    key = hash_submission_key(visit.hub.ring, visit.who.home, _key(visit.request.match_info["draft"]))
    found = await submissions.earlier(visit.hub.database, visit.who.home, key)
    if found is None:
        raise NotAvailable
    return found[0]


def _chosen(visit: Visit, draft: Draft) -> Draft:
    """With the kinds of information that the page says."""
    papers = []
    for each in draft.papers:
        said = visit.field(f"information-{each.number}", 64)
        known = said if said in CLASSES else each.information
        papers.append(msgspec.structs.replace(each, information=known, guessed=each.guessed and said == ""))
    return msgspec.structs.replace(draft, papers=tuple(papers))


async def _handed(visit: Visit, draft: Draft, *, keep: bool) -> Handed:
    contents = await drafts.contents(visit.hub, draft, person=visit.who.id)
    documents = {f"d{number}": content for number, content in contents.items()}
    manifest = _manifest(draft, keep=keep)
    digest = hashlib.sha256(msgspec.json.encode(manifest))
    for name in sorted(documents):
        digest.update(hashlib.sha256(documents[name]).digest())
    return Handed(
        sender=visit.who.home, key=_key(draft.id), manifest=manifest, documents=documents,
        body_digest=digest.digest(), by=visit.who.by,
    )  # fmt: skip


def _manifest(draft: Draft, *, keep: bool = False) -> Manifest:
    """As a system would hand it in."""
    return read_manifest(
        msgspec.json.encode(
            {
                "kind": "referral_packet",
                "member": {"id": draft.member},
                "purpose": draft.purpose,
                "priority": "urgent" if draft.urgent else "routine",
                "hold_for_consent": keep,
                "recipients": [{"organization": each} for each in draft.recipients],
                "items": [
                    {"document": f"d{each.number}", "title": each.title, "information": each.information}
                    for each in draft.papers
                ],
            }
        )
    )


def _key(draft: str) -> str:
    return f"desk-{draft}"


def _kinds(visit: Visit) -> list[tuple[str, str]]:
    return sorted(((each, terms.classes(visit.language, each)) for each in CLASSES), key=itemgetter(1))


async def _form(visit: Visit, draft: Draft | None, wrong: dict[str, str]) -> web.Response:
    directory = await visit.hub.directory.current()
    known = []
    for each in sorted(directory.organizations.values(), key=lambda each: each.name):
        ways = usable(each.id, directory, visit.hub.channels)
        if each.id != visit.who.home and ways:
            known.append((each.name, ways[0].channel.value))
    if draft is not None and draft.member and not wrong:
        await viewing.note(visit.hub, visit.who.by, "member", draft.member, draft.member)
    return page(
        "packet_new.html", visit, status=400 if wrong else 200, draft=draft, wrong=wrong, known=known[:_LISTED],
        typed=draft.typed if draft else {}, purposes=packet_said.PURPOSES, most=packet_said.MOST_RECIPIENTS,
    )  # fmt: skip


PAGES = (
    Page("GET", "/desk/packets/new", ask, STAFF),
    Page("POST", "/desk/packets/new", enter, STAFF, uploads=True),
    Page("GET", "/desk/packets/new/{draft}", preview, STAFF),
    Page("POST", "/desk/packets/new/{draft}", settle, STAFF),
    Page("GET", "/desk/packets/new/{draft}/form", change, STAFF),
)
