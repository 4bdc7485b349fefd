"""Explanations for people: a consent is said by the day it was signed, as nobody at a desk knows it by its number."""

from typing import Any

from hub.storage import consents
from hub.web.pages import times
from hub.web.pages.visit import Visit

_SENTENCES = ("explanation", "remedies")


async def dated(visit: Visit, member: str | None, answer: dict[str, Any]) -> dict[str, Any]:
    """The same answer (as `hub.explanations` gives it about this member) with days in its sentences."""
    if member is None:
        return answer
    known = await consents.list_for(visit.hub, member)
    words = {f'"{each["id"]}"': _day(visit, each["signed_on"]) for each in known}
    told = {name: [each | {"text": _said(each["text"], words)} for each in answer[name]] for name in _SENTENCES}
    return answer | told


def _day(visit: Visit, signed_on: str | None) -> str:
    if not signed_on:
        return visit.say("packet.undated")
    return visit.say("packet.dated", day=times.date(signed_on, visit.language))


def _said(text: str, words: dict[str, str]) -> str:
    for quoted, day in words.items():
        text = text.replace(quoted, day)
    return text
