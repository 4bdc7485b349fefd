"""Restrictions the patient asked for and the holder agreed to (§2.26), recorded and ended behind the fence."""

from collections.abc import Collection
from typing import Any

import msgspec

from hub.context import Hub
from hub.errors import Malformed, NotAvailable
from hub.model import Frozen, new_id
from hub.record import entry
from hub.storage.database import Step
from hub.storage.facts import instant
from hub.storage.fence import commit_fenced
from hub.storage.statements import Change, Insert, Lookup, Row, columns_of
from hub.storage.tables import Restriction
from policies.vocabulary import CLASSES, COMPLETE_RECORD, ENDERS

_COLUMNS = columns_of(Restriction)
_ADD = Insert(Restriction, _COLUMNS)
_END = Change(Restriction, ("ended", "ended_by"), ("member_id", "id"))
_BY_MEMBER = Lookup(Restriction, _COLUMNS, "member_id")


class RestrictionForm(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of the case format, section 5. `against` empty: whoever receives."""

    against: tuple[str, ...] = ()
    information: tuple[str, ...] = (COMPLETE_RECORD,)
    agreed: bool = True
    paid_in_full: bool = False


class Ended(Frozen, frozen=True, kw_only=True):
    """When and by whose word a restriction ended; `at` in microseconds UTC."""

    at: int
    by: str = "patient"


async def restrict(
    hub: Hub, member: str, form: RestrictionForm, *, by: str, restriction: str | None = None, ended: Ended | None = None
) -> str:
    """Record a restriction; its id. Raises `Malformed` naming the field, `NotAvailable` for an unknown member."""
    organizations = (await hub.directory.current()).organizations
    _known("against", form.against, organizations)
    _known("information", form.information, CLASSES | {COMPLETE_RECORD})
    if not form.information:
        raise Malformed("A restriction covers at least one class of information.", field="information")
    restriction, now = restriction or new_id(), hub.clock.now()
    _known("ended_by", (ended.by,) if ended else (), ENDERS)
    ending = (ended.at, ended.by) if ended else (None, None)
    lists = (_json(form.against), _json(form.information))
    values = (member, restriction, *lists, form.agreed, form.paid_in_full, *ending, now)

    async def writes() -> tuple[Step, ...]:
        body = {"restriction": restriction, "by": by, "agreed": form.agreed}
        return Step(_ADD, values), entry("restriction.recorded", now, body, member=member, reference=restriction)

    await commit_fenced(hub, member, writes)
    return restriction


async def end(hub: Hub, member: str, restriction: str, *, ended_by: str, by: str) -> None:
    """End a restriction, by the `patient` (or agreement) or by the program's `notice` (§2.26(a)(5))."""
    _known("ended_by", (ended_by,), ENDERS)
    now = hub.clock.now()

    async def writes() -> tuple[Step, ...]:
        if restriction not in {each["id"] for each in await list_for(hub, member)}:
            raise NotAvailable
        body = {"restriction": restriction, "by": by, "ended_by": ended_by}
        change = Step(_END, (now, ended_by, member, restriction))
        return change, entry("restriction.ended", now, body, member=member, reference=restriction)

    await commit_fenced(hub, member, writes, frees=True)


async def list_for(hub: Hub, member: str) -> list[dict[str, Any]]:
    """All restrictions of a member; empty for an unknown one."""
    return [_view(row) for row in await hub.database.lookup(_BY_MEMBER, member)]


def _view(row: Row) -> dict[str, Any]:
    view = dict(zip(_COLUMNS, row, strict=True))
    for name in ("against", "information"):
        view[name] = msgspec.json.decode(view[name])
    for name in ("agreed", "paid_in_full"):
        view[name] = bool(view[name])
    for name in ("ended", "recorded_at"):
        view[name] = view[name] and instant(view[name]).isoformat()
    return {name: value for name, value in view.items() if value is not None}


def _known(field: str, values: Collection[str], known: Collection[str]) -> None:
    if not set(values) <= set(known):
        raise Malformed("A word or an organization that is not known here.", field=field)


def _json(values: Collection[str]) -> str:
    return msgspec.json.encode(sorted(set(values))).decode()
