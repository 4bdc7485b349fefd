"""The letter that asks a stranger to give back or destroy a fax that reached them by mistake, on one page.

Rules kept: it names nobody but the sender and the number, and no kind of care, because whoever gets it may not have
the pages; the hub makes it and sends it nowhere: a person takes it on its way.
"""

import hashlib

from hub.compliance.letters.accounting import Made
from hub.compliance.letters.sheet import Head, Sheet
from hub.compliance.letters.words import Speech, telephone
from hub.context import Hub
from hub.errors import Conflict
from hub.forms.own import Language
from hub.record import entry
from hub.storage.database import Unit
from hub.storage.facts import instant
from hub.storage.statements import Lookup
from hub.storage.tables import Attempt, Disclosure
from hub.waiting.settling import read_item

_DISCLOSED = Lookup(Disclosure, ("discloser", "address", "intended_at"), "id")
_ATTEMPTS = Lookup(Attempt, ("number", "id", "channel"), "disclosure_id")


async def recall(hub: Hub, work: str, language: Language, *, organization: str | None, by: str) -> Made:
    """The letter about the fax of a work item; that it was made is on the ledger.

    Raises `NotAvailable` if the item is not this organization's (none: anybody's), `Conflict` if it is about no fax.
    """
    item = await read_item(hub, work, organization)
    rows = await hub.database.lookup(_DISCLOSED, item["reference"])
    attempts = sorted(await hub.database.lookup(_ATTEMPTS, item["reference"]))
    if not rows or not attempts or attempts[-1][2] != "fax":
        raise Conflict("This work item is about no fax that was sent.", code="no-fax")
    (discloser, address, sent_at), (_, delivery, _) = rows[0], attempts[-1]
    number = address.partition(" [")[0]
    speech, at = Speech(language, hub.zone), hub.clock.now()
    said = speech.words.recall
    sender = (await hub.directory.current()).organizations[discloser]
    paper = Sheet(
        speech.words,
        language,
        Head(
            sender=sender.name,
            phone=sender.phone or "",
            date=speech.day(at),
            name=said["whoever"],
            address=(said["fax"].format(number=telephone(number)),),
            reference=delivery[:12],
        ),
        instant(at),
    )
    paper.letterhead(said["title"])
    paper.paragraph(said["opening"].format(day=speech.day(sent_at), number=telephone(number), reference=delivery))
    paper.steps(said[part] for part in ("unread", "call", "destroy", "copies"))
    paper.paragraph(said["law"])
    paper.heading(said["slip"])
    paper.paragraph(said["form"])
    pdf = bytes(paper.output())
    made = Made(pdf, hashlib.sha256(pdf).hexdigest())
    body = {"by": by, "digest": made.digest, "work": work}
    await hub.database.commit(Unit((), (entry("recall.made", at, body, reference=item["reference"]),)))
    return made
