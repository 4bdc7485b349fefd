"""What a delivery leaves for a person to look at, though it was made: pages at another machine than the directory's,
pages that may be damaged, a server that needs somebody.

INVARIANT: unknown-is-disclosed. Pages that another machine took were disclosed to whoever stands before it: the record
names that station beside the number, and an incident is open until somebody has assessed it (§2.16(b)).

Why both stand in words in `disclosure.address`, though a mistyped number may be a private person's: the patient is owed
the address of whoever received the record, if it is known (45 CFR 164.528(b)(2)(ii)), and it is how the pages are
called back. They say where pages went and nothing of the patient. The number is the directory's, entered by two people
(`hub.waiting.numbers`). Whoever reads the row sees no name; the ledger, which others verify, has a keyed hash alone.
"""

from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.crypto.identifiers import hash_secret
from hub.model import Deferred, Delivered, Doubt, Outcome, Receipt, Refused, Unknown
from hub.record import entry
from hub.storage.database import Step
from hub.storage.statements import Change
from hub.storage.tables import Disclosure, WorkItem
from hub.waiting.work import open_work

STATION, QUALITY, ALARM = "fax_station", "fax_quality", "channel_alarm"
"""Kinds of work items."""
_LOOK = {
    Doubt.OTHER_STATION: STATION,
    Doubt.NO_STATION: STATION,
    Doubt.PAGES: QUALITY,
    Doubt.NOT_CORRECTED: QUALITY,
    Doubt.NO_CALLBACK: QUALITY,
}
ALARMS = frozenset({"fax-server-stalled", "fax-auth", "fax-quota"})
"""Codes that no retry mends."""
_ADDRESS = Change(Disclosure, ("address",), ("id",))


async def after(hub: Hub, organization: str, ticket: str, member: str | None, outcome: Outcome, now: int) -> list[Step]:
    """What follows an outcome besides its record; nothing for nearly every one."""
    if isinstance(outcome, Deferred | Refused):
        return await _alarm(hub, outcome.code, now) if outcome.code in ALARMS else []
    receipt = outcome.receipt if isinstance(outcome, Delivered | Unknown) else None
    if receipt is None or not receipt.doubts:
        return []
    due = hub.calendar.end_of_next(now, hub.zone)
    steps = [
        open_work(kind, organization, ticket, tuple(d for d in receipt.doubts if _LOOK.get(d) == kind), now, due=due)
        for kind in dict.fromkeys(_LOOK[doubt] for doubt in receipt.doubts if doubt in _LOOK)
    ]
    if Doubt.OTHER_STATION in receipt.doubts:
        steps += _elsewhere(hub, organization, ticket, member, receipt, now, due)
    return steps


def _elsewhere(
    hub: Hub, organization: str, ticket: str, member: str | None, receipt: Receipt, now: int, due: int
) -> list[Step]:
    told = dict(receipt.detail)
    number, station = told["number"], told["station"]
    # A misdialled number can be a private person's, and a station calls itself what it likes: the ledger binds both by
    # a keyed hash; in words they stand where the accounting needs them (45 CFR 164.528(b)(2)(ii)).
    bound = hash_secret(hub.ring, "fax-station", f"{number}\0{station}").hex()
    body = {"station": bound, "receipt": receipt.reference}
    return [
        Step(_ADDRESS, (f"{number} [{station}]", ticket)),
        entry("disclosure.elsewhere", now, body, member=member, reference=ticket),
        open_work("incident", organization, ticket, ("2.16(b)", Doubt.OTHER_STATION), now, due=due),
    ]


async def _alarm(hub: Hub, code: str, now: int) -> list[Step]:
    """One open alarm of a kind is enough: every waiting row meets the same server."""
    statement = select(col(WorkItem.id)).where(
        col(WorkItem.kind) == ALARM, col(WorkItem.state) == "open", col(WorkItem.reference) == code
    )
    if await hub.database.query(statement.limit(1)):
        return []
    return [open_work(ALARM, "", code, (code,), now)]
