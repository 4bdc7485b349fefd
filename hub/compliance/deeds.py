"""What a person may do on the registers, by name: for the HTTP API and for the command line alike.

    open     a matter of a kind, from the fields of its form
    do       a deed to a matter, as `extend` to an accounting request, from the fields of its form

A deed takes a `reason` beside its own fields; it is sealed into the matter's history.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from hub import jsontext
from hub.compliance import (
    breach_people,
    breaches,
    complaints,
    left_out,
    matters,
    notice_sending,
    requests,
    restriction_requests,
    suspensions,
)
from hub.compliance.breaches import Assessment, Breach, Factor, Notice
from hub.compliance.complaints import Complaint
from hub.compliance.matters import Act
from hub.compliance.requests import AccountingRequest
from hub.compliance.restriction_requests import RestrictionRequest
from hub.compliance.suspensions import Suspension
from hub.context import Hub
from hub.errors import Conflict, Malformed
from hub.model import Frozen


class Reasoned(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A deed with no field but its reason."""

    reason: str = ""


class Fee(Reasoned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cents: int


class ReasonedUntil(Reasoned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    until: datetime | None = None


class Disposition(Reasoned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    outcome: complaints.Outcome


class RestrictionEnd(Reasoned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ended_by: Literal["patient", "notice"] = "patient"


class Assignment(Reasoned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`to`: the id of their token or account; none: whoever does it."""

    to: str | None = None


class PersonTold(Reasoned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    member: str


class PeopleConcerned(Reasoned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    members: tuple[str, ...]


class Covered(Reasoned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    disclosures: tuple[str, ...]


class ClockMet(Reasoned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    clock: str


class Assessed(Reasoned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The four factors of 45 CFR 164.402(2), and the conclusion; `reason` is that of the conclusion."""

    conclusion: breaches.Conclusion
    nature: Factor | None = None
    recipient: Factor | None = None
    acquired: Factor | None = None
    mitigated: Factor | None = None


class Deed(NamedTuple):
    form: type[Frozen]
    """With a `reason` among its fields."""
    act: Callable[[Hub, str, Any, Act], Awaitable[Any]]


class Kind(NamedTuple):
    form: type[Frozen]
    open: Callable[..., Awaitable[str]]


OPENED: dict[str, Kind] = {
    "accounting": Kind(AccountingRequest, requests.ask),
    "list": Kind(AccountingRequest, requests.ask),
    "complaint": Kind(Complaint, complaints.complain),
    "restriction": Kind(RestrictionRequest, restriction_requests.request),
    "suspension": Kind(Suspension, suspensions.suspend),
    "breach": Kind(Breach, breaches.discover),
}


async def _assess(hub: Hub, matter: str, form: Assessed, act: Act) -> None:
    given = {name: getattr(form, name) for name in ("conclusion", *breaches.FACTORS)}
    await breaches.assess(hub, matter, Assessment(reasons=form.reason, **given), act)


async def _in_writing(hub: Hub, matter: str, form: ReasonedUntil, act: Act) -> None:
    if form.until is None:
        raise Malformed("A written statement names the time.", field="until")
    await suspensions.put_in_writing(hub, matter, form.until, act)


EVERY: dict[str, Deed] = {
    "note": Deed(Reasoned, lambda hub, matter, _, act: matters.note(hub, matter, act)),
    "assign": Deed(Assignment, lambda hub, matter, form, act: matters.assign(hub, matter, form.to, act)),
}
"""What may be done to a matter of any register, and changes nothing about where it stands."""
_WITHDRAW = Deed(Reasoned, lambda hub, matter, _, act: requests.withdraw(hub, matter, act))
DEEDS: dict[str, dict[str, Deed]] = {
    "accounting": {
        "extend": Deed(Reasoned, lambda hub, matter, _, act: requests.extend(hub, matter, act)),
        "fee": Deed(Fee, lambda hub, matter, form, act: requests.tell_fee(hub, matter, form.cents, act)),
        "withdraw": _WITHDRAW,
    },
    "list": {"withdraw": _WITHDRAW},
    "complaint": {
        "answer": Deed(Disposition, lambda hub, matter, form, act: complaints.answer(hub, matter, form.outcome, act)),
    },
    "restriction": {
        "agree": Deed(Reasoned, lambda hub, matter, _, act: restriction_requests.agree(hub, matter, act)),
        "refuse": Deed(Reasoned, lambda hub, matter, _, act: restriction_requests.refuse(hub, matter, act)),
        "end": Deed(
            RestrictionEnd, lambda hub, matter, form, act: restriction_requests.end(hub, matter, form.ended_by, act)
        ),
    },
    "suspension": {
        "write": Deed(ReasonedUntil, _in_writing),
        "cover": Deed(Covered, lambda hub, matter, form, act: left_out.cover(hub, matter, form.disclosures, act)),
        "uncover": Deed(Covered, lambda hub, matter, form, act: left_out.uncover(hub, matter, form.disclosures, act)),
        "end": Deed(Reasoned, lambda hub, matter, _, act: suspensions.end(hub, matter, act)),
    },
    "notice": {
        "send": Deed(Reasoned, lambda hub, matter, _, act: notice_sending.send(hub, matter, act)),
        "let_be": Deed(Reasoned, lambda hub, matter, _, act: matters.close(hub, matter, act)),
    },
    "breach": {
        "assess": Deed(Assessed, _assess),
        "notice": Deed(Notice, breaches.write_notice),
        "people": Deed(
            PeopleConcerned, lambda hub, matter, form, act: breach_people.concerned(hub, matter, form.members, act)
        ),
        "person": Deed(PersonTold, lambda hub, matter, form, act: breach_people.told(hub, matter, (form.member,), act)),
        "people_told": Deed(
            PeopleConcerned, lambda hub, matter, form, act: breach_people.told(hub, matter, form.members, act)
        ),
        "told": Deed(ClockMet, lambda hub, matter, form, act: breaches.told(hub, matter, form.clock, act)),
        "delay": Deed(ReasonedUntil, lambda hub, matter, form, act: breaches.delay(hub, matter, form.until, act)),
        "finish": Deed(Reasoned, lambda hub, matter, _, act: breaches.finish(hub, matter, act)),
    },
}


async def open_matter(hub: Hub, kind: str, fields: bytes, organization: str, *, by: str) -> str:
    """Open a matter from the JSON of its form; its id. Raises `Malformed` naming the field, or as its register does."""
    if kind not in OPENED:
        raise Malformed("No register has this name.", field="kind")
    form = _decoded(fields, OPENED[kind].form)
    if isinstance(form, AccountingRequest) and form.kind != kind:
        form = msgspec.structs.replace(form, kind=kind)
    return await OPENED[kind].open(hub, form, organization, by=by)


async def do(hub: Hub, matter: str, deed: str, fields: bytes, organization: str | None, *, by: str) -> None:
    """Do a deed from the JSON of its form. Raises `NotAvailable`, `Malformed` naming the field, `Conflict`."""
    found = await matters.read(hub, matter, organization)
    known = EVERY | DEEDS.get(found["kind"], {})
    if deed not in known:
        raise Conflict("This matter takes " + ", ".join(sorted(known)) + ".", code="no-such-deed")
    form = _decoded(fields or b"{}", known[deed].form)
    await known[deed].act(hub, matter, form, Act(deed, form.reason, by, organization))


def _decoded(fields: bytes, form: type[Any]) -> Any:
    try:
        found = msgspec.json.decode(fields, type=form)
        jsontext.check(fields)
    except msgspec.ValidationError as error:
        # The library's words may quote the value; the path at their end does not.
        _, at, path = str(error).rpartition(" - at `")
        raise Malformed("The fields do not follow the form.", field=path.rstrip("`") if at else "$") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Malformed("The fields are not JSON.", field="$") from None
    return found
