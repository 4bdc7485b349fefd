"""An answer to a referral, made ready to go to the other side: its Task moved, the number that side knows it by."""

import msgspec

from hub.arrivals import ArrivedPacket
from hub.context import Hub
from hub.inbound import referral_tasks, said
from hub.inbound.referral_tasks import Said
from hub.inbound.threads import Answer
from hub.storage.database import Step

_LABEL = "Referral"


async def moves(hub: Hub, content: ArrivedPacket, found: Answer, sender: str) -> list[Step]:
    """The steps by which the Task follows; none if it was moved before. Raises `Conflict` (`referral.ended`)."""
    step = content.event.kind if content.event else ""
    return (
        []
        if content.moved
        else await referral_tasks.follow(hub, found.shares, found.party, Said(step, content.slot), by=sender)
    )


async def addressed(hub: Hub, content: ArrivedPacket, found: Answer) -> ArrivedPacket:
    """To those it is for. Who asked hears of the referral under the number they gave it, who was asked under ours."""
    submission = await said.submission_of(hub, found.submission)
    number = said.value(await said.text_of(hub, submission, "summary"), _LABEL) if found.party == "target" else ""
    if not number and len(found.shares) == 1:
        number = found.shares[0]
    if not number:
        return msgspec.structs.replace(content, recipients=found.recipients)
    documents = tuple(
        msgspec.structs.replace(each, content=_numbered(each.content, number)) if each.id == "status" else each
        for each in content.documents
    )
    return msgspec.structs.replace(content, recipients=found.recipients, documents=documents)


def _numbered(content: bytes, number: str) -> bytes:
    lines = content.decode("utf-8", "replace").rstrip("\n").split("\n")
    return "".join(f"{line}\n" for line in said.with_values(lines, {_LABEL: number}, (_LABEL,))).encode()
