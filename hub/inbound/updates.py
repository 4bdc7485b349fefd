"""What is now said of a visit, laid over the last notice of it: a new notice if that changes what was told.

Rules kept: what an update leaves out stays as it was told (a v2 field that is not valued says nothing); nothing is in
the new notice that a notice does not hold (§2.13(a)); a place that may no longer be said is left out.
"""

from datetime import datetime

from hub.arrivals import ArrivedPacket, ArrivedUpdate
from hub.context import Hub
from hub.inbound import said
from hub.inbound.threads import Told
from hub.model import Document, Event, MessageKind

_ORDER = ("When", "Setting", "Where", "Discharged to")
_REPLACES = "This replaces the earlier notice about this visit."
_RESTRICTED = "Confidentiality: R (restricted)."


async def notice(hub: Hub, update: ArrivedUpdate, told: Told) -> ArrivedPacket | None:
    """The notice that goes to those who have the last one; none if it says nothing new."""
    submission = await said.submission_of(hub, told.submission)
    lines = await said.text_of(hub, submission, "attendance")
    event = submission.facts.event
    if not lines or event is None or not isinstance(submission.kind, MessageKind):
        return None
    discharge = event.kind == "discharge"
    at = (update.discharged_at if discharge else update.admitted_at) or event.instant
    stated = {
        "When": datetime.fromtimestamp(at / 1_000_000, hub.zone).strftime("%Y-%m-%d %H:%M %Z"),
        "Setting": update.setting,
        "Where": "" if update.hidden else update.place,
        "Discharged to": update.disposition if discharge else "",
    }
    news = {label: value for label, value in stated.items() if value and value != said.value(lines, label)}
    if update.hidden and said.value(lines, "Where"):
        news["Where"] = ""  # also for those who have not got the notice yet: none of them is to read the place
    if not news and not (update.restricted and not _labelled(lines)):
        return None
    document = _document(said.with_values(lines, news, _ORDER), restricted=update.restricted)
    return ArrivedPacket(
        kind=submission.kind,
        purpose=submission.purpose,
        person=update.person,
        documents=(document,),
        event=Event(kind=event.kind, at=at, setting=update.setting or event.setting, contact=event.contact),
        priority=submission.priority,
        recipients=told.recipients,
        thread=update.thread,
    )


def _labelled(lines: said.Lines) -> bool:
    return any(line.startswith("Confidentiality: ") for line in lines)


def _document(lines: said.Lines, *, restricted: bool) -> Document:
    title = said.UPDATED + lines[0].removeprefix(said.UPDATED)
    rest = [line for line in lines[1:] if line != _REPLACES]
    if restricted and not _labelled(rest):
        rest.append(_RESTRICTED)
    content = "".join(f"{line}\n" for line in (title, *rest, _REPLACES)).encode()
    return Document(
        id="notice", title=title, information="attendance", media_type="text/plain; charset=utf-8", content=content
    )
