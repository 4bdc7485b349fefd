"""A medical emergency (§2.51) from the desk: first what would go, then handed in, like any other submission.

Rules kept here:
- What a system hands in is checked and decided, and so is this: the same manifest through `exchange.submit`, into the
  same register and the same review, by another person than the one who hands it in.
- Two clicks are one disclosure: the form carries its key.
- What is typed becomes a page of plain text with a head of ours, so that no word of it can make it anything else.
"""

import asyncio
import hashlib
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from hub import exchange
from hub.compliance import viewing
from hub.crypto.identifiers import hash_idempotency
from hub.decide import asked_by
from hub.deliver import usable
from hub.desk import drafts, log, projection
from hub.errors import Malformed, NotAvailable
from hub.explanations import Sides, foreseen
from hub.intake import Handed, read_manifest
from hub.model import MessageKind, new_id
from hub.storage import members, submissions
from hub.storage.facts import instant
from hub.web.desk import emergency_papers, whose
from hub.web.desk.emergency_papers import Attached
from hub.web.desk.named import names
from hub.web.pages import terms
from hub.web.pages.door import ACT, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other
from policies.vocabulary import CLASSES

_STATED = ("determined_by_name", "recipient_name", "recipient_facility", "discloser_name")
_MOST_WORDS = 8_000
_LOOKS, _LOOK_S = 8, 0.25
"""How often, and how far apart in seconds, it is looked whether it has left."""


class _Wrong(Exception):
    """Which field, and the key of what is said beside it, or its text."""

    def __init__(self, field: str, said: str = "registers.missing", text: str = "") -> None:
        super().__init__(said)
        self.field, self.said, self.text = field, said, text


class _Meant(NamedTuple):
    member: str
    recipient: str
    handed: Handed


async def ask(visit: Visit) -> web.Response:
    """`GET /desk/emergencies/new`: the form."""
    return await _form(visit)


async def enter(visit: Visit) -> web.Response:
    """`POST /desk/emergencies/new`: what would go; with `step=disclose` it is handed in."""
    papers = await emergency_papers.attached(visit)
    if papers.gone and (sent := await _sent_before(visit)):
        return see_other(f"/desk/emergencies/{sent}")
    try:
        meant = await _meant(visit, papers)
    except _Wrong as wrong:
        return await _form(visit, papers, wrong=wrong, status=400)
    if visit.field("step") != "disclose" or not papers.shown or not papers.whole:
        return await _preview(visit, meant, papers)
    submission = await exchange.submit(visit.hub, meant.handed)
    if papers.draft is not None:
        await drafts.drop(visit.hub, papers.draft.id)
    return see_other(f"/desk/emergencies/{submission}")


async def show(visit: Visit) -> web.Response:
    """`GET /desk/emergencies/{id}`: to its entry, as soon as there is one: what leaves has none before its intent."""
    submission = visit.request.match_info["id"]
    stored = await submissions.read(visit.hub.database, submission)
    # INVARIANT: no-existence-leak. Outside of the scope it looks like none.
    if stored is None or not visit.who.may_see(stored.sender) or stored.kind is not MessageKind.EMERGENCY_DISCLOSURE:
        raise NotAvailable
    for _ in range(_LOOKS):
        await projection.catch_up(visit.hub)
        if rows := await log.rows_of(visit.hub, submission, visit.who.scope):
            return see_other(f"/desk/log/{rows[0]['position']}")
        await asyncio.sleep(_LOOK_S)
    return page("emergency_sent.html", visit, submission=submission)


async def _preview(visit: Visit, meant: _Meant, papers: Attached) -> web.Response:
    sides = Sides(meant.handed.sender, meant.recipient, meant.member)
    answer = await foreseen(visit.hub, asked_by(meant.handed.manifest), sides, visit.language)
    ways = usable(meant.recipient, await visit.hub.directory.current(), visit.hub.channels)
    await viewing.note(visit.hub, visit.who.by, "member", meant.member, meant.member)
    return page(
        "emergency_preview.html", visit, answer=answer, recipient=meant.recipient, sender=meant.handed.sender,
        way=ways[0].channel.value if ways else "",
        facts=await members.facts_of(visit.hub, meant.member), names=await names(visit),
        kept={**_typed(visit), "member": meant.member, "draft": papers.draft.id if papers.draft else ""},
        papers=papers.draft.papers if papers.draft else (), whole=papers.whole, kinds=_kinds(visit),
    )  # fmt: skip


async def _meant(visit: Visit, papers: Attached) -> _Meant:
    """What the form says, as it is handed in. Raises `_Wrong`, and `NotAvailable` for another organization."""
    sender, recipient, information = (visit.field(name, 64) for name in ("organization", "recipient", "information"))
    organizations = (await visit.hub.directory.current()).organizations
    if not sender:
        raise _Wrong("organization")
    if not visit.who.may_see(sender) or sender not in organizations:
        raise NotAvailable
    if recipient not in organizations or recipient == sender:
        raise _Wrong("recipient")
    if information not in CLASSES:
        raise _Wrong("information")
    # The one of the page before, or the one that is named here.
    member = await whose.chosen(visit) if visit.field("member", 64) else await whose.meant(visit)
    if member is None:
        raise _Wrong("cin", "emergency.nobody")
    stated = _stated(visit)
    if papers.wrong:
        raise _Wrong("files", text=papers.wrong)
    manifest = {
        "kind": "emergency_disclosure",
        "member": {"id": member},
        "purpose": "treatment",
        "priority": "urgent",
        "recipients": [{"organization": recipient}],
        "items": [
            {"document": "words", "title": visit.say("emergency.document"), "information": information},
            *emergency_papers.items(papers.draft),
        ],
        "emergency": stated,
    }
    raw = msgspec.json.encode(manifest)
    documents = {"words": _document(visit, organizations[sender].name)} | await emergency_papers.contents(
        visit, papers.draft
    )
    try:
        read = read_manifest(raw)
    except Malformed as error:
        raise _Wrong((error.field or "").rpartition(".")[2], "registers.wrong_field") from None
    handed = Handed(
        sender=sender, key=_key(visit), manifest=read, documents=documents, by=visit.who.by,
        body_digest=hashlib.sha256(
            raw + b"".join(hashlib.sha256(each).digest() for each in documents.values())
        ).digest(),
    )  # fmt: skip
    return _Meant(member, recipient, handed)


async def _sent_before(visit: Visit) -> str:
    """What was handed in under this form's key; empty: nothing was."""
    sender = visit.field("organization", 64)
    if not visit.who.may_see(sender):
        return ""
    key = hash_idempotency(visit.hub.ring, sender, _key(visit))
    found = await submissions.earlier(visit.hub.database, sender, key)
    return found[0] if found else ""


def _key(visit: Visit) -> str:
    return f"desk-{visit.field('key', 64)}"


def _stated(visit: Visit) -> dict[str, str]:
    """The clinician's determination and the fields of §2.51(c); what is missing of the nature, the review asks for."""
    for name in (*_STATED, "consent", "words"):
        if not visit.field(name, _MOST_WORDS):
            raise _Wrong(name)
    if visit.field("determined") != "yes":
        raise _Wrong("determined", "emergency.undetermined")
    if len(visit.field("key", 64)) < 16:
        raise _Wrong("words", "registers.wrong_field")
    given = {name: visit.field(name, 200) for name in (*_STATED, "kind", "consent")}
    return {**given, "determined_by": "clinician", "nature": visit.field("nature", 2_000)}


def _document(visit: Visit, program: str) -> bytes:
    """What the recipient reads. The hour stays out, so that the same form sent twice is the same document."""
    day = instant(visit.hub.clock.now()).astimezone(visit.hub.zone).date().isoformat()
    return f"{visit.say('emergency.document')}\n{program}, {day}\n\n{visit.field('words', _MOST_WORDS)}\n".encode()


def _kinds(visit: Visit) -> list[tuple[str, str]]:
    return sorted(((each, terms.classes(visit.language, each)) for each in CLASSES), key=itemgetter(1))


async def _form(
    visit: Visit, papers: Attached | None = None, *, wrong: _Wrong | None = None, status: int = 200
) -> web.Response:
    known = await names(visit)
    return page(
        "emergency_new.html",
        visit,
        status=status,
        own={each: name for each, name in known.organizations.items() if visit.who.may_see(each)},
        everybody=known.organizations,
        information_named=_kinds(visit),
        draft=papers.draft if papers else None,
        given=_typed(visit),
        key=visit.field("key", 64) or new_id(),
        wrong=wrong.field if wrong else "",
        said=(wrong.text or visit.say(wrong.said)) if wrong else "",
    )


def _typed(visit: Visit) -> dict[str, Any]:
    return {name: many[0] for name, many in visit.form.items() if name != "form_token"}


PAGES = (
    Page("GET", "/desk/emergencies/new", ask, ACT),
    Page("POST", "/desk/emergencies/new", enter, ACT, uploads=True),
    Page("GET", "/desk/emergencies/{id}", show, ACT),
)
