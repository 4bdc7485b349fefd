"""Matching what came in, in two steps: first what would go to whom, then handed in, or filed, or closed.

Rules kept here: a sender that the channel proved is not chosen anew; what is handed in is decided like any other.
"""

from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from hub import explanations
from hub.arrivals import ArrivedPacket
from hub.compliance import viewing
from hub.errors import Conflict, Malformed
from hub.explanations import WhatIf
from hub.inbound import belonging, matching, paper, people
from hub.inbound.keep import Kept
from hub.inbound.paper import Sorting
from hub.model import MemberIdentity
from hub.storage import members
from hub.waiting.items import CLOSING
from hub.web.desk import whose
from hub.web.desk.inbound import looked, shown, theirs
from hub.web.desk.named import names
from hub.web.pages.door import ACT, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other
from policies.vocabulary import CLASSES, PURPOSES


class Meant(NamedTuple):
    """What a person says that an arrival is."""

    sender: str
    sorting: Sorting | None
    """Of paper; none of what says by itself what it is, or is only filed."""


async def preview(visit: Visit) -> web.Response:
    """`POST /desk/inbound/{id}/preview`: whom it would concern and what would go to whom; nothing is done yet."""
    kept = await looked(visit)
    try:
        said = await _said(visit, kept)
    except Malformed as error:
        return await shown(visit, kept, problem=visit.say(f"inbound.wrong_{error.field}"), status=400)
    member = await whose.meant(visit)
    if member is None:
        return await shown(visit, kept, problem=visit.say("inbound.nobody"), status=404)
    facts = await members.facts_of(visit.hub, member)
    await viewing.note(visit.hub, visit.who.by, "member", member, member)
    content = packet = kept.arrival.content
    if said.sorting is not None:
        packet = paper.packet(kept.arrival, said.sorting, MemberIdentity(given="", family="", born=""))
    goes = await _goes(visit, packet, said.sender, member) if isinstance(packet, ArrivedPacket) else None
    return page(
        "arrival_preview.html", visit, kept=kept, member=member, facts=facts, said=said, goes=goes,
        read=content.person if isinstance(content, ArrivedPacket) else None, names=await names(visit),
    )  # fmt: skip


async def match(visit: Visit) -> web.Response:
    """`POST /desk/inbound/{id}/match`: handed in as the sender's submission."""
    kept, member = await theirs(visit), await whose.chosen(visit)
    said = await _said(visit, kept)
    organization = None if visit.who.scope is None else kept.organization
    try:
        await people.match(
            visit.hub, kept.id, said.sender, member, organization=organization, by=visit.who.by, sorting=said.sorting
        )
    except Conflict as error:
        if error.detail_code != "still-waiting":
            raise
        return await shown(visit, await looked(visit), problem=visit.say("inbound.still_waiting"), status=409)
    return _back(kept)


async def attach(visit: Visit) -> web.Response:
    """`POST /desk/inbound/{id}/attach`: which earlier notice or referral it belongs to."""
    kept = await theirs(visit)
    organization = None if visit.who.scope is None else kept.organization
    try:
        await belonging.attach(
            visit.hub, kept.id, visit.field("submission", 64), organization=organization, by=visit.who.by
        )
    except Conflict as error:
        if error.detail_code == "not-waiting":
            raise
        return await shown(visit, await looked(visit), problem=visit.say("inbound.still_waiting"), status=409)
    return _back(kept)


async def file(visit: Visit) -> web.Response:
    """`POST /desk/inbound/{id}/file`: kept with the member, told to nobody."""
    kept, member = await theirs(visit), await whose.chosen(visit)
    await people.close(visit.hub, kept.id, "filed", organization=kept.organization, by=visit.who.by, member=member)
    return _back(kept)


async def close(visit: Visit) -> web.Response:
    """`POST /desk/inbound/{id}/close`: it goes no further, for a reason."""
    kept, reason = await theirs(visit), visit.field("reason")
    why = next((each for each in CLOSING if each == reason), None)
    if why is None:
        raise Malformed("This reason does not fit.", field="reason")
    await people.close(visit.hub, kept.id, why, organization=kept.organization, by=visit.who.by)
    return _back(kept)


async def _said(visit: Visit, kept: Kept) -> Meant:
    """Raises `Malformed` naming the field."""
    content, is_paper = kept.arrival.content, kept.arrival.media_type in paper.PAPER
    if content is not None or not is_paper:
        packet = isinstance(content, ArrivedPacket)
        return Meant(await _sender(visit, kept) if packet else "", None)
    return Meant(await _sender(visit, kept), await _sorting(visit))


async def _sender(visit: Visit, kept: Kept) -> str:
    sender = kept.organization or visit.field("sender", 64)
    if sender not in (await visit.hub.directory.current()).organizations:
        raise Malformed("The directory has no such organization.", field="sender")
    return sender


async def _sorting(visit: Visit) -> Sorting:
    organizations = (await visit.hub.directory.current()).organizations
    recipients = tuple(dict.fromkeys(each for each in visit.form.get("recipients", []) if each))
    if not set(recipients) <= organizations.keys():
        raise Malformed("The directory has no such organization.", field="recipients")
    given = {name: visit.field(name, 200) for name in ("kind", "purpose", "information", "title")}
    if not given["title"]:
        raise Malformed("A document has a title.", field="title")
    if given["purpose"] not in PURPOSES or given["information"] not in CLASSES:
        raise Malformed("A word that is not known here.", field="purpose")
    try:
        return msgspec.convert({**given, "recipients": recipients}, Sorting)
    except msgspec.ValidationError:
        raise Malformed("A word that is not known here.", field="purpose") from None


async def _goes(visit: Visit, packet: ArrivedPacket, sender: str, member: str) -> list[tuple[str, dict[str, Any]]]:
    """What the rules say today about each recipient; empty where nobody is named or known."""
    directory = await visit.hub.directory.current()
    told = await matching.recipients_of(visit.hub, packet.kind, packet.recipients, member, sender, directory)
    items = tuple(dict.fromkeys(document.information for document in packet.documents))
    found = []
    for recipient in told or ():
        asked = WhatIf(
            discloser=sender, recipient=recipient, purpose=packet.purpose, member=member, items=items,
            language=visit.language,
        )  # fmt: skip
        found.append((recipient, await explanations.what_if(visit.hub, asked)))
    return found


def _back(kept: Kept) -> web.Response:
    return see_other(f"/desk/inbound/{kept.id}")


PAGES = (
    Page("POST", "/desk/inbound/{id}/preview", preview, ACT),
    Page("POST", "/desk/inbound/{id}/match", match, ACT),
    Page("POST", "/desk/inbound/{id}/attach", attach, ACT),
    Page("POST", "/desk/inbound/{id}/file", file, ACT),
    Page("POST", "/desk/inbound/{id}/close", close, ACT),
)
