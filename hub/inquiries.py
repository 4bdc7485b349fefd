"""Asking a discloser about a person by CIN: passed on to its people if the policy would let it answer, else nothing.

INVARIANT: no-existence-leak. Unknown, uncovered and not theirs are one refusal: the same words, the same writes, and
an answer that leaves on a fixed beat whatever the work took (§2.13(c)(2)).
"""

from hub import cadence
from hub.context import Hub
from hub.decide import decide, question
from hub.decisions import Asked
from hub.errors import Malformed, NotAvailable
from hub.manifest import ItemManifest
from hub.model import Frozen, new_id
from hub.record import entry
from hub.storage import members
from hub.storage.database import Step, Unit
from hub.storage.statements import Insert, columns_of
from hub.storage.tables import Inquiry
from hub.waiting.work import open_work
from policies.vocabulary import CLASSES, PURPOSES

_ADD = Insert(Inquiry, columns_of(Inquiry))


class Asking(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is asked, about whom, why, for what."""

    discloser: str
    cin: str
    purpose: str = "treatment"
    information: str = "summary"


async def inquire(hub: Hub, requester: str, asking: Asking) -> str:
    """Pass the question on; its id. Raises `NotAvailable` in every other case, `Malformed` for unknown words."""
    started = cadence.clock()
    _check(asking, frozenset((await hub.directory.current()).organizations))
    try:
        return await _inquire(hub, requester, asking)
    finally:
        await cadence.until_beat(started)


async def would_answer(hub: Hub, requester: str, member: str | None, asking: Asking) -> bool:
    """Whether the policy lets this discloser answer; decided for a person unknown here just as for a known one."""
    theirs = member is not None and await members.may_see(hub, asking.discloser, member)
    facts = await hub.facts.of(member if theirs else None)
    directory = await hub.directory.current()
    request = question(
        Asked(
            purpose=asking.purpose,
            items=(ItemManifest(document="", title="", information=asking.information),),
        ),
        facts,
        directory,
        discloser=asking.discloser,
        recipient=requester,
        at=hub.clock.now(),
        operator=hub.operator,
        county_pack=hub.county_pack,
    )
    return decide(request, directory.rules_at(request.at)).outcome == "permit" and facts.member is not None


async def _inquire(hub: Hub, requester: str, asking: Asking) -> str:
    member = await members.find_by_cin(hub, asking.cin)
    permitted = await would_answer(hub, requester, member, asking)
    now, inquiry = hub.clock.now(), new_id()
    outcome = "passed_on" if permitted else "refused"
    row = (inquiry, requester, asking.discloser, member, asking.purpose, now, outcome)
    body = {"inquiry": inquiry, "requester": requester, "discloser": asking.discloser, "outcome": outcome}
    writes = [Step(_ADD, row), entry("inquiry.made", now, body, member=member, reference=inquiry)]
    if permitted:
        writes.append(open_work("information_request", asking.discloser, inquiry, (asking.purpose,), now))
    await hub.database.commit(Unit((), tuple(writes)))
    if not permitted:
        raise NotAvailable
    return inquiry


def _check(asking: Asking, organizations: frozenset[str]) -> None:
    if asking.discloser not in organizations:
        raise Malformed("No such organization in the directory.", field="discloser")
    if asking.purpose not in PURPOSES:
        raise Malformed("Unknown purpose.", field="purpose")
    if asking.information not in CLASSES:
        raise Malformed("Unknown class of information.", field="information")
