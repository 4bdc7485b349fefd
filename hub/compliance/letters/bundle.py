"""All letters of a breach at once (45 CFR 164.404): of whoever is to be told, each in their own language, in one PDF.

Rules kept here:
- A letter begins on a sheet of its own, also where both sides are printed: nobody's words are on another's paper.
- The language is that of the person's newest consent; where that is not known, or not written, they get each one that
  is.
- 164.412: while an official asks for a delay, nothing is put together to go out.
- A part has so many people that it is made while somebody waits; between two letters the hub's work goes on.
"""

import asyncio
import hashlib
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import pypdfium2
from sqlalchemy import select
from sqlmodel import col

from hub.compliance.letters import breach
from hub.compliance.letters.accounting import Made
from hub.compliance.letters.breach import Reached
from hub.context import Hub
from hub.errors import Conflict, NotAvailable
from hub.forms.own import LANGUAGES, Language
from hub.ports import PDFIUM
from hub.storage.tables import Consent

PART = 100
"""People of one part."""


class Reader(NamedTuple):
    """Somebody who is still to be told, and in which languages."""

    member: str
    languages: tuple[Language, ...]


async def waiting(hub: Hub, reached: Reached) -> list[tuple[Reader, ...]]:
    """Whoever has not been told, in parts; nobody before the letter is written, or before a delay has ended."""
    if reached.found["facts"].get("delay", 0) > hub.clock.now():
        return []
    tongues = tuple(each for each in LANGUAGES if each in reached.notices)
    people = [member for member, at in reached.people.items() if at is None] if tongues else []
    parts = [people[at : at + PART] for at in range(0, len(people), PART)]
    return [await _readers(hub, part, tongues) for part in parts]


async def bundle(hub: Hub, matter: str, part: int, organization: str | None) -> Made:
    """The letters of a part, the first being 0. Raises `NotAvailable`, `Conflict` if nothing is to go out."""
    reached = await breach.read(hub, matter, organization)
    parts = await waiting(hub, reached)
    if not parts:
        raise Conflict("There is no letter to send now, or nobody to send it to.", code="no-notice")
    if not 0 <= part < len(parts):
        raise NotAvailable
    letters = []
    for reader in parts[part]:
        for language in reader.languages:
            letters.append((await breach.notice(hub, reached, reader.member, language)).pdf)
            await asyncio.sleep(0)  # packets come first
    pdf = await asyncio.to_thread(_bound, letters)
    return Made(pdf, hashlib.sha256(pdf).hexdigest())


async def _readers(hub: Hub, people: Sequence[str], tongues: tuple[Language, ...]) -> tuple[Reader, ...]:
    columns: tuple[Any, ...] = (col(Consent.member_id), col(Consent.language))
    spoken = select(*columns).where(col(Consent.member_id).in_(people), col(Consent.language).is_not(None))
    newest = {member: language[:2] for member, language in await hub.database.query(spoken.order_by(col(Consent.id)))}
    return tuple(
        Reader(member, tuple(each for each in tongues if each == newest.get(member)) or tongues) for member in people
    )


def _bound(letters: Sequence[bytes]) -> bytes:
    out = io.BytesIO()
    with PDFIUM, pypdfium2.PdfDocument.new() as bound:  # type: ignore[no-untyped-call]
        for each in letters:
            with pypdfium2.PdfDocument(each) as letter:  # type: ignore[no-untyped-call]
                bound.import_pages(letter)
                if len(letter) % 2:
                    bound.new_page(*letter.get_page_size(0))
        bound.save(out)
    return out.getvalue()
