"""To whom a letter is and from whom: from the member's facts, the directory, the county's letterhead."""

from hub.compliance.letters.sheet import Head, Sheet
from hub.compliance.letters.words import Speech
from hub.context import Hub
from hub.forms.own import Language
from hub.storage import members
from hub.storage.facts import instant


async def sheet(hub: Hub, member: str, organization: str, reference: str, language: Language, at: int) -> Sheet:
    """An empty letter to the member, dated `at` (microseconds UTC). Raises `NotAvailable` for an unknown member."""
    speech = Speech(language, hub.zone)
    facts = await members.facts_of(hub, member)
    sender = (await hub.directory.current()).organizations.get(organization)
    name = sender.name if sender else organization
    head = Head(
        sender=hub.duties.sender_name or name,
        phone=(sender.phone if sender else "") or "",
        date=speech.day(at),
        name=f"{facts.given} {facts.family}",
        address=_lines(facts.address),
        reference=reference[:12],
    )
    return Sheet(speech.words, language, head, instant(at))


def _lines(address: str) -> tuple[str, ...]:
    """An address as it stands on an envelope: by its lines, or the street apart from the place."""
    broken = address if "\n" in address else address.replace(",", "\n", 1)
    return tuple(filter(None, (line.strip() for line in broken.splitlines())))
