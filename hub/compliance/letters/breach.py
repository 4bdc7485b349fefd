"""The letter to a person whose record a breach reached (45 CFR 164.404(c)): what happened, what to do, whom to call."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.compliance import matters
from hub.compliance.letters.accounting import Made
from hub.compliance.letters.addressed import sheet
from hub.compliance.letters.words import Speech
from hub.context import Hub
from hub.errors import Conflict, NotAvailable
from hub.forms.own import Language
from hub.storage import matters as stored


class Reached(NamedTuple):
    """A breach as its letters need it, read once for all of them."""

    found: Mapping[str, Any]
    """The matter, without what was written."""
    people: Mapping[str, int | None]
    """Whom it concerns, and when each was told (microseconds UTC)."""
    notices: Mapping[str, Mapping[str, str]]
    """The words of its letter by language, as far as they are written."""


async def read(hub: Hub, matter: str, organization: str | None) -> Reached:
    """Raises `NotAvailable` for anything but a breach of this organization."""
    found = await matters.read(hub, matter, organization, "breach")
    words = await matters.words(hub, matter)
    return Reached(found, await stored.people(hub, matter), words.get("notice", {}))


async def notice(hub: Hub, breach: Reached, member: str, language: Language) -> Made:
    """One person's letter. Raises `NotAvailable` for a person it does not concern, `Conflict` before its words are
    written in this language.
    """
    if member not in breach.people:
        raise NotAvailable
    found, written = breach.found, breach.notices.get(language)
    if written is None:
        raise Conflict("The words of the letter are not written in this language yet.", code="no-notice")
    speech = Speech(language, hub.zone)
    said, at = speech.words.breach, hub.clock.now()
    paper = await sheet(hub, member, found["organization_id"], found["id"], language, at)
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
