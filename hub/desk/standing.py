"""A consent as it stood when a decision rested on it, and what has become of it since.

What it permits is read from the form as the policy reads it, without the revocations that came later.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from hub.context import Hub
from hub.errors import NotAvailable
from hub.storage import consents
from hub.storage.facts import instant
from hub.storage.statements import Lookup
from hub.storage.tables import ConsentDocument
from policies.effect import effect_of
from policies.readback import read_back

_PAPER = Lookup(ConsentDocument, ("consent_id",), "consent_id")


class Standing(NamedTuple):
    """`reads`: what it permitted then, in plain words. `then`, `since`: its history up to the decision, and after."""

    id: str
    kind: str
    form: str
    signed_on: str
    signed_by: tuple[str, ...]
    reads: str
    then: list[dict[str, Any]]
    since: list[dict[str, Any]]
    paper: bool
    """Whether the signed paper was kept."""


async def of(hub: Hub, member: str, consent: str, at: int, language: str) -> Standing | None:
    """The consent as of an instant (microseconds UTC); none if it is not on file."""
    try:
        view = await consents.show(hub, consent)
    except NotAvailable:
        return None
    moment = instant(at)
    history = [each | {"at": int(_us(each["at"]))} for each in view["history"]]
    return Standing(
        id=consent,
        kind=str(view.get("kind", "")),
        form=str(view.get("form") or ""),
        signed_on=day_of(view, hub.zone),
        signed_by=tuple(view.get("signed_by") or ()),
        reads=await _reads(hub, member, consent, moment, language),
        then=[each for each in history if each["at"] <= at],
        since=[each for each in history if each["at"] > at],
        paper=bool(await hub.database.lookup(_PAPER, consent)),
    )


def day_of(consent: Mapping[str, Any], zone: tzinfo) -> str:
    """When it was signed, YYYY-MM-DD; empty: nobody says. A system may send the instant alone (FHIR dateTime)."""
    on, at = consent.get("signed_on"), consent.get("signed_at")
    return str(on or (at and datetime.fromisoformat(at).astimezone(zone).date()) or "")


async def _reads(hub: Hub, member: str, consent: str, moment: datetime, language: str) -> str:
    facts = await hub.facts.of(member)
    found = next((each for each in facts.consents if each.id == consent), None)
    if found is None:
        return ""
    stood = replace(found, revoked=tuple(each for each in found.revoked if each.at <= moment))
    world = (await hub.directory.current()).world
    return read_back(effect_of(stood, facts.patient, world), world, language)


def _us(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1_000_000
