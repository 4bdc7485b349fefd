"""Explanations for people: a consent is said by the day it was signed, as nobody at a desk knows it by its number."""

from collections.abc import Mapping
from typing import Any

from hub.desk import standing
from hub.desk.story import Story
from hub.storage import consents
from hub.web.pages import times
from hub.web.pages.visit import Visit

_SENTENCES = ("explanation", "remedies")


async def dated(visit: Visit, member: str | None, answer: dict[str, Any]) -> dict[str, Any]:
    """The same answer (as `hub.explanations` gives it about this member) with days in its sentences."""
    words = await _days(visit, member)
    told = {name: [each | {"text": _said(each["text"], words)} for each in answer[name]] for name in _SENTENCES}
    return answer | told


async def told_by_day(visit: Visit, story: Story) -> Story:
    """The same of a story of the log."""
    words = await _days(visit, story.submission.member)
    parts = [each._replace(text=_said(each.text, words)) for each in story.parts]
    return story._replace(parts=parts, remedies=[_said(each, words) for each in story.remedies])


async def _days(visit: Visit, member: str | None) -> dict[str, str]:
    """By the quoted number of each consent of this member, how it is said."""
    known = await consents.list_for(visit.hub, member) if member is not None else []
    return {f'"{each["id"]}"': signed(visit, each) for each in known}


def signed(visit: Visit, consent: Mapping[str, Any]) -> str:
    """On which day a consent was signed, in words."""
    on = standing.day_of(consent, visit.hub.zone)
    return visit.say("packet.dated", day=times.date(on, visit.language)) if on else visit.say("packet.undated")


def _said(text: str, words: dict[str, str]) -> str:
    for quoted, day in words.items():
        text = text.replace(quoted, day)
    return text
