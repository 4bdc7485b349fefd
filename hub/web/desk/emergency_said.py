"""What the form of an emergency says, as a system would hand it in; and what is wrong with it, by field.

What is typed becomes a page of plain text with a head of ours, so that no word of it can make it anything else.
"""

import hashlib
from typing import Any, NamedTuple

import msgspec

from hub.errors import Malformed, NotAvailable
from hub.intake import read_manifest
from hub.manifest import Handed
from hub.storage.directory import Organization
from hub.storage.facts import instant
from hub.web.desk import emergency_papers, whose
from hub.web.desk.emergency_papers import Attached
from hub.web.pages.visit import Visit
from policies.vocabulary import CLASSES

_STATED = ("determined_by_name", "recipient_name", "recipient_facility", "discloser_name")
_MOST_WORDS = 8_000


class Wrong(Exception):
    """Which field, and the key of what is said beside it, or its text."""

    def __init__(self, field: str, said: str = "registers.missing", text: str = "") -> None:
        super().__init__(said)
        self.field, self.said, self.text = field, said, text


class Meant(NamedTuple):
    """About whom, to whom, and all of it."""

    member: str
    recipient: str
    handed: Handed


async def read(visit: Visit, papers: Attached) -> Meant:
    """What the form says, as it is handed in. Raises `Wrong`, and `NotAvailable` for another organization."""
    try:
        return await _read(visit, papers)
    except Malformed as error:
        long = error.detail_code == "text-too-long"
        field = (error.field or "").rpartition(".")[2]
        raise Wrong(field, "registers.too_long" if long else "registers.wrong_field") from None


async def _read(visit: Visit, papers: Attached) -> Meant:
    sender, recipient = await _parties(visit)
    if visit.field("information", 64) not in CLASSES:
        raise Wrong("information")
    # The one of the page before, or the one that is named here.
    member = await whose.chosen(visit) if visit.field("member", 64) else await whose.meant(visit)
    if member is None:
        raise Wrong("cin", "emergency.nobody")
    stated = _stated(visit)
    if papers.wrong:
        raise Wrong("files", text=papers.wrong)
    raw = msgspec.json.encode(_manifest(visit, papers, member, recipient, stated))
    documents = {"words": _document(visit, sender.name), **await emergency_papers.contents(visit, papers.draft)}
    digest = hashlib.sha256(raw + b"".join(hashlib.sha256(each).digest() for each in documents.values())).digest()
    handed = Handed(
        sender=sender.id, key=key_of(visit), manifest=read_manifest(raw), documents=documents, by=visit.who.by,
        body_digest=digest,
    )  # fmt: skip
    return Meant(member, recipient, handed)


async def _parties(visit: Visit) -> tuple[Organization, str]:
    """Who discloses, and to whom."""
    sender, recipient = visit.field("organization", 64), visit.field("recipient", 64)
    organizations = (await visit.hub.directory.current()).organizations
    if not sender:
        raise Wrong("organization")
    if not visit.who.may_see(sender) or sender not in organizations:
        raise NotAvailable
    if recipient not in organizations or recipient == sender:
        raise Wrong("recipient")
    return organizations[sender], recipient


def _manifest(visit: Visit, papers: Attached, member: str, recipient: str, stated: dict[str, str]) -> dict[str, Any]:
    words = {"document": "words", "title": visit.say("emergency.document"), "information": visit.field("information")}
    return {
        "kind": "emergency_disclosure",
        "member": {"id": member},
        "purpose": "treatment",
        "priority": "urgent",
        "recipients": [{"organization": recipient}],
        "items": [words, *emergency_papers.items(papers.draft)],
        "emergency": stated,
    }


def key_of(visit: Visit) -> str:
    """Under which the form is handed in, once however often it is sent."""
    return f"desk-{visit.field('key', 64)}"


def _stated(visit: Visit) -> dict[str, str]:
    """The clinician's determination and the fields of §2.51(c); what is missing of the nature, the review asks for."""
    for name in (*_STATED, "consent", "words"):
        if not visit.field(name, _MOST_WORDS):
            raise Wrong(name)
    if visit.field("determined") != "yes":
        raise Wrong("determined", "emergency.undetermined")
    if len(visit.field("key", 64)) < 16:
        raise Wrong("words", "registers.wrong_field")
    given = {name: visit.field(name, 200) for name in (*_STATED, "kind", "consent")}
    return {**given, "determined_by": "clinician", "nature": visit.field("nature", 2_000)}


def _document(visit: Visit, program: str) -> bytes:
    """What the recipient reads. The hour stays out, so that the same form sent twice is the same document."""
    day = instant(visit.hub.clock.now()).astimezone(visit.hub.zone).date().isoformat()
    return f"{visit.say('emergency.document')}\n{program}, {day}\n\n{visit.field('words', _MOST_WORDS)}\n".encode()
