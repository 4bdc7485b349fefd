"""What a suspension leaves out of an accounting (45 CFR 164.528(a)(2)): what went to that agency, and nothing else.

Rules kept here:
- An agency of the directory is known by its id, one that is in none by its name, however it is spelled.
- A name has more than one form ("FBI"). Whatever was told to somebody who is in no directory is shown beside the
  suspension; a person says which of it went to the agency, and that they said so is on the ledger. It holds for the
  record that corrects such a one.
"""

import re
import unicodedata
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub.compliance import log, matters
from hub.compliance.log import Wanted
from hub.compliance.matters import Act, Effect
from hub.context import Hub
from hub.decide import OUTSIDER
from hub.errors import Malformed
from hub.storage import matters as stored
from hub.storage import outside
from hub.storage.tables import Matter

_WORD = re.compile(r"\w+")


class Suspended(NamedTuple):
    """A suspension in force: whose disclosures to whom."""

    matter: str
    organization: str
    agency: str | None
    """Of the directory; none: one that is in none."""
    names: frozenset[str]
    """What the agency is called, as `_plain` has it."""
    disclosures: frozenset[str]
    """Of which somebody said that they went to the agency."""

    def covers(self, row: dict[str, Any], called: frozenset[str]) -> bool:
        """Whether a row of the log stays out (`called`: names of whoever was told and is in no directory)."""
        if row["discloser"] != self.organization:
            return False
        if row["recipient"] == self.agency or row["id"] in self.disclosures:
            return True
        if self.agency is None and row["recipient"] != OUTSIDER:
            return _plain(row["recipient_name"]) in self.names
        return not called.isdisjoint(self.names)


class Told(NamedTuple):
    """What was told to somebody who is in no directory: a row of the log, to whom, and whether it is left out."""

    row: dict[str, Any]
    name: str
    address: str
    left_out: bool
    said: bool
    """Left out because somebody said so."""


async def in_force(hub: Hub, member: str) -> list[Suspended]:
    """The suspensions that hold for a member now, whatever days somebody asks about."""
    now = hub.clock.now()
    return [
        await _suspended(hub, each)
        for each in await standing(hub, member)
        if each["received_at"] <= now < each["facts"]["until"]
    ]


async def standing(hub: Hub, member: str | None = None) -> list[dict[str, Any]]:
    """The suspensions that nobody has ended; of a member, none: of everybody."""
    statement = select(*(col(getattr(Matter, name)) for name in stored.NAMES)).where(
        col(Matter.kind) == "suspension", col(Matter.state) == "open"
    )
    if member is not None:
        statement = statement.where(col(Matter.member_id) == member)
    return [stored.clear(row) for row in await hub.database.query(statement)]


async def called(hub: Hub, row: dict[str, Any]) -> frozenset[str]:
    """What somebody who is in no directory is called in the record of what they were told; of anybody else nothing."""
    if row["recipient"] != OUTSIDER:
        return frozenset()
    somebody = (await outside.told(hub, row["id"]) or {}).get("somebody") or {}
    return frozenset(filter(None, (_plain(somebody.get(name, "")) for name in ("name", "organization"))))


async def told(hub: Hub, matter: dict[str, Any]) -> list[Told]:
    """What the organization told about the person to somebody who is in no directory, newest first; then what was
    named of it, and told, as it was corrected, to somebody who is in one.
    """
    suspension, organization, member = await _suspended(hub, matter), matter["organization_id"], matter["member_id"]
    wanted = Wanted(organization=organization, member=member, recipient=OUTSIDER)
    rows = [row async for row in log.stream(hub, wanted)]
    others = sorted(suspension.disclosures - {row["id"] for row in rows})
    rows += [row for row in (await log.some(hub, others, organization)).values() if row["member_id"] == member]
    return [await _told(hub, suspension, row) for row in rows if row["counts"]]


async def _told(hub: Hub, suspension: Suspended, row: dict[str, Any]) -> Told:
    name, address = await outside.reached(hub, row["id"], row["recipient"]) or (row["recipient_name"], "")
    is_out = suspension.covers(row, await called(hub, row))
    return Told(row, name, address, is_out, row["id"] in suspension.disclosures)


async def cover(hub: Hub, matter: str, disclosures: tuple[str, ...], act: Act) -> None:
    """Say that these went to the agency too, by whatever name. Raises `NotAvailable`, `Conflict`, and `Malformed` for
    what was not told about this person to somebody who is in no directory.
    """
    found = await matters.read(hub, matter, act.organization, "suspension")
    known = {each.row["id"] for each in await told(hub, found)}
    if not disclosures or not known.issuperset(disclosures):
        raise Malformed("Name what was told about this person to somebody in no directory.", field="disclosures")
    await _said(hub, found, await _named(hub, found) | set(disclosures), act._replace(code="covers"))


async def uncover(hub: Hub, matter: str, disclosures: tuple[str, ...], act: Act) -> None:
    """Say that these did not, though somebody said that they did. Raises `NotAvailable`, `Conflict`, `Malformed`."""
    found = await matters.read(hub, matter, act.organization, "suspension")
    named = await _named(hub, found)
    if not disclosures or not named.issuperset(disclosures):
        raise Malformed("Name what somebody said went to the agency.", field="disclosures")
    await _said(hub, found, named - set(disclosures), act._replace(code="uncovers"))


async def _said(hub: Hub, matter: dict[str, Any], disclosures: set[str], act: Act) -> None:
    effect = Effect(facts={"disclosures": sorted(disclosures)}, version=matter["version"])
    await matters.change(hub, matter["id"], act, effect)


async def _named(hub: Hub, matter: dict[str, Any]) -> set[str]:
    """What somebody said went to the agency; of what was corrected since, the record that stands in its place now."""
    found = set(matter["facts"].get("disclosures", ()))
    while places := {
        each: row["corrected_by"] for each, row in (await outside.some(hub, found)).items() if row["corrected_by"]
    }:
        found = found - places.keys() | set(places.values())
    return found


async def _suspended(hub: Hub, matter: dict[str, Any]) -> Suspended:
    agency = matter["facts"]["agency"]
    if agency is None:
        name = (await matters.words(hub, matter["id"]))["agency_name"]
    else:
        known = (await hub.directory.current()).organizations.get(agency)
        name = known.name if known else ""
    names = frozenset(filter(None, (_plain(name),)))
    return Suspended(matter["id"], matter["organization_id"], agency, names, frozenset(await _named(hub, matter)))


def _plain(name: str) -> str:
    """A name without case, accents, punctuation and its article: "The Sheriff's Office" is "sheriff s office"."""
    letters = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return " ".join(_WORD.findall(letters.casefold())).removeprefix("the ")
