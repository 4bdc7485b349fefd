"""The letter to a person whose record a breach reached (45 CFR 164.404(c)): what happened, what to do, whom to call."""

import hashlib

from hub.compliance import matters
from hub.compliance.letters.accounting import Made
from hub.compliance.letters.addressed import sheet
from hub.compliance.letters.words import Speech
from hub.context import Hub
from hub.errors import Conflict, NotAvailable
from hub.forms.own import Language
from hub.storage import matters as stored


async def notice(hub: Hub, matter: str, member: str, language: Language, organization: str | None) -> Made:
    """One person's letter. Raises `NotAvailable` for a person it does not concern, `Conflict` before its words are
    written in this language.
    """
    found = await matters.read(hub, matter, organization, "breach")
    if member not in await stored.people(hub, matter):
        raise NotAvailable
    written = (await matters.words(hub, matter)).get("notice", {}).get(language)
    if written is None:
        raise Conflict("The words of the letter are not written in this language yet.", code="no-notice")
    speech = Speech(language, hub.zone)
    said, at = speech.words.breach, hub.clock.now()
    paper = await sheet(hub, member, found["organization_id"], matter, language, at)
    paper.letterhead(said["title"])
    paper.paragraph(said["opening"])
    paper.heading(said["what_happened"])
    paper.paragraph(written["what_happened"])
    paper.paragraph(_dates(speech, found["facts"]["happened_at"], found["received_at"]))
    for part in ("kinds", "protect", "doing", "contact"):
        paper.heading(said[part])
        paper.paragraph(written[part])
    paper.closing(said["rights"])
    pdf = bytes(paper.output())
    return Made(pdf, hashlib.sha256(pdf).hexdigest())


def _dates(speech: Speech, happened: int | None, discovered: int) -> str:
    said = speech.words.breach
    if happened is None:
        return said["discovered"].format(discovered=speech.day(discovered))
    return said["dates"].format(happened=speech.day(happened), discovered=speech.day(discovered))
