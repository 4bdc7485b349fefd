"""The accounting of disclosures (§2.25, 45 CFR 164.528) and the list by an intermediary (§2.24), from the log.

Rules kept here:
- §2.25: what went with consent, three years back; for treatment, payment and operations only through an electronic
  health record. The decision noted `accounting` for it, under the answer to D7 of its day.
- 45 CFR 164.528(a)(1): what went without consent, six years back, but not within the program or to who works for it,
  not to the patient, and not under HIPAA's treatment, payment and operations. Emergencies are listed: the patient has
  no other way to learn of them.
- What was made outside of the hub is listed like any other, once it is recorded, and what was not permitted for six
  years: 164.528(a)(1) excepts only what the rules allow. Who received it is opened, for the person whom it is about.
- INVARIANT: unknown-is-disclosed. What is under way, and what nobody knows the end of, is listed.
- 164.528(b)(3): three and more of the same to one recipient for one purpose are one line: first, how many, last.
- 164.528(a)(2): what a suspension covers is left out as long as it lasts, and counted for the staff.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Literal, NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub.compliance import log
from hub.compliance.left_out import called, in_force
from hub.compliance.log import Wanted
from hub.context import Hub
from hub.errors import Malformed
from hub.model import Frozen
from hub.storage import outside
from hub.storage.facts import instant
from hub.storage.tables import Consent, Proof
from policies.days import day_of, start_of

Scope = Literal["due", "all"]
"""`due`: what the law asks for; `all`: every disclosure of the window, for a program that tells its patients more."""
YEARS = {"2.24": 3, "2.25": 3, "164.528": 6}
_WITHOUT_ACCOUNT = frozenset(
    {"de_identified", "within_program", "qso", "patient_access", "business_associate", "contract_2_33c"}
)
_TPO = frozenset({"164.506(c)(2)", "164.506(c)(3)", "164.506(c)(4)", "164.524"})
_CERTAIN = ("disclosed", outside.RECORDED)
_ALIKE = ("discloser", "recipient", "recipient_name", "address", "purpose", "description")
_REPEATED = 3
_AT_ONCE = 500


class Line(Frozen, frozen=True, kw_only=True):
    """One disclosure of an accounting, or several to one recipient for one purpose. Instants: microseconds UTC."""

    first: int
    last: int
    count: int
    discloser: str
    recipient: str
    recipient_name: str
    address: str
    description: tuple[str, ...]
    """Classes of information."""
    purpose: str
    bases: tuple[str, ...]
    """What carried it: `consent`, or as `emergency`."""
    law: str
    """Under which it is listed: `2.25`, `164.528`, `2.24`; empty: listed beyond what the law asks."""
    certain: bool
    """False: at least one of them may not have arrived."""
    disclosures: tuple[str, ...]
    moments: tuple[int, ...]
    """When each of them was made."""
    way: str = ""
    """How it was told, if not through the hub: a word of `hub.outside.manifest.Way`."""
    permitted: bool = True
    """False: the rules of the day, as far as is known, did not permit all of it."""
    entered: tuple[int, ...] = ()
    """When the ledger took each of them: before it left, or when it was recorded."""


class Accounting(NamedTuple):
    """The lines, oldest first; how many disclosures a suspension left out; the window's first instant by paragraph."""

    lines: tuple[Line, ...]
    suspended: int
    since: int


async def account(
    hub: Hub, member: str, organization: str | None, *, at: int, scope: Scope = "due", years: int | None = None
) -> Accounting:
    """What the organization (none: anybody) disclosed about the member before `at`, in the law's windows.

    `years`: fewer, if the patient asked for fewer. Raises `Malformed` for more than the law's six.
    """
    most = max(YEARS.values())
    if years is not None and not 1 <= years <= most:
        raise Malformed(f"An accounting reaches back 1 to {most} years.", field="years")
    rows = [
        (row, law)
        async for row in log.stream(hub, Wanted(organization=organization, member=member, until=at))
        if (law := due_under(row)) is not None or scope == "all"
    ]
    reach = {law: _since(hub, at, law if scope == "due" else None, years) for law in (None, *YEARS)}
    within = [(row, law or "") for row, law in rows if reach[law] <= row["intended_at"]]
    return await _accounted(hub, member, within, at, years or most)


async def intermediary_list(hub: Hub, member: str, organization: str | None, *, at: int) -> Accounting:
    """§2.24: to whom something went under a general designation, in the three years before `at`."""
    general = {
        row[0]
        for row in await hub.database.query(
            select(col(Consent.id)).where(col(Consent.member_id) == member, col(Consent.kind) == "intermediary")
        )
    }
    since, years = _since(hub, at, "2.24", None), YEARS["2.24"]
    rows = [
        (row, "2.24")
        async for row in log.stream(hub, Wanted(organization=organization, member=member, since=since, until=at))
        if not general.isdisjoint(row["consents"])
    ]
    return await _accounted(hub, member, rows, at, years)


def due_under(row: dict[str, Any]) -> str | None:
    """The paragraph under which a row of the log is accounted for; none if no law asks for it."""
    if not row["counts"]:
        return None
    if not row["permitted"]:
        return "164.528"
    if row["accounting"]:
        return "2.25"
    bases, laws = set(row["bases"]), set(row["laws"])
    if row["consents"] or not bases or bases <= _WITHOUT_ACCOUNT:
        return None
    return None if bases == {"hipaa"} and laws & _TPO else "164.528"


def summarised(rows: Iterable[tuple[dict[str, Any], str]], unreached: frozenset[str] = frozenset()) -> tuple[Line, ...]:
    """The lines of an accounting, oldest first, repeated disclosures together (45 CFR 164.528(b)(3)).

    `unreached`: disclosures that left, and of which the other side says nothing but that they did not reach anybody.
    """
    groups: dict[tuple[str, ...], list[tuple[dict[str, Any], str]]] = {}
    for row, law in sorted(rows, key=lambda each: (each[0]["intended_at"], each[0]["id"])):
        alike = tuple(row[name] for name in _ALIKE)
        groups.setdefault((*alike, *row["bases"], law, _way(row), str(row["permitted"])), []).append((row, law))
    lines = []
    for group in groups.values():
        together = [group] if len(group) >= _REPEATED else [[each] for each in group]
        lines += [_line([row for row, _ in each], each[0][1], unreached) for each in together]
    return tuple(sorted(lines, key=lambda line: (line.first, line.disclosures)))


async def _accounted(hub: Hub, member: str, rows: list[tuple[dict[str, Any], str]], at: int, years: int) -> Accounting:
    told = [(row, law) for row, law in rows if row["counts"]]
    suspended = await in_force(hub, member)
    listed = []
    for row, law in told:
        names = await called(hub, row) if suspended else frozenset()
        if not any(each.covers(row, names) for each in suspended):
            listed.append((await _named(hub, row), law))
    unreached = await _unreached(hub, [row["id"] for row, _ in listed])
    return Accounting(summarised(listed, unreached), len(told) - len(listed), years_before(hub, at, years))


async def _named(hub: Hub, row: dict[str, Any]) -> dict[str, Any]:
    """With name and address of a recipient who is not in the directory (45 CFR 164.528(b)(2)(ii))."""
    reached = await outside.reached(hub, row["id"], row["recipient"])
    return row if reached is None else row | dict(zip(("recipient_name", "address"), reached, strict=True))


def _way(row: dict[str, Any]) -> str:
    return row["outside"]["way"] if row["outside"] else ""


async def _unreached(hub: Hub, disclosures: list[str]) -> frozenset[str]:
    """INVARIANT: unknown-is-disclosed. A failure that is reported afterwards leaves it in the list, as one in doubt."""
    statement = select(col(Proof.disclosure_id), col(Proof.says))
    said = {
        row
        for at in range(0, len(disclosures), _AT_ONCE)
        for row in await hub.database.query(
            statement.where(col(Proof.disclosure_id).in_(disclosures[at : at + _AT_ONCE]))
        )
    }
    failed = {disclosure for disclosure, says in said if says == "failed"}
    return frozenset(failed - {disclosure for disclosure, says in said if says != "failed"})


def _line(rows: list[dict[str, Any]], law: str, unreached: frozenset[str]) -> Line:
    first = rows[0]
    return Line(
        first=first["intended_at"],
        last=rows[-1]["intended_at"],
        count=len(rows),
        discloser=first["discloser"],
        recipient=first["recipient"],
        recipient_name=first["recipient_name"],
        address=first["address"],
        description=tuple(first["description"].split(", ")),
        purpose=first["purpose"],
        bases=tuple(first["bases"]),
        law=law,
        certain=all(row["state"] in _CERTAIN and row["id"] not in unreached for row in rows),
        disclosures=tuple(row["id"] for row in rows),
        moments=tuple(row["intended_at"] for row in rows),
        way=_way(first),
        permitted=first["permitted"],
        entered=tuple(row["outside"]["recorded_at"] if row["outside"] else row["intended_at"] for row in rows),
    )


def _since(hub: Hub, at: int, law: str | None, years: int | None) -> int:
    most = YEARS[law] if law else max(YEARS.values())
    return years_before(hub, at, min(most, years or most))


def years_before(hub: Hub, at: int, years: int) -> int:
    """The beginning of the local day so many years before `at`; of 28 February, where there is no 29th."""
    day = day_of(instant(at), hub.zone)
    try:
        back = day.replace(year=day.year - years)
    except ValueError:
        back = date(day.year - years, 2, 28)
    return round(start_of(back, hub.zone).timestamp()) * 1_000_000
