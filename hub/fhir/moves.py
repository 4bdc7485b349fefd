"""Who may move a referral's Task from which status to which (SDOHCC Task for referral management; interop A6)."""

from typing import Literal

Party = Literal["requester", "target"]

_OPEN = frozenset({"requested", "accepted", "in-progress", "on-hold"})
_UNDERWAY = frozenset({"in-progress", "on-hold", "failed", "completed", "cancelled"})
_TARGET = {
    "requested": frozenset({"accepted", "rejected", "cancelled"}),
    "accepted": _UNDERWAY,
    "in-progress": _UNDERWAY - {"in-progress"},
    "on-hold": _UNDERWAY - {"on-hold"},
}
STATUSES = (
    "draft", "requested", "accepted", "rejected", "in-progress", "on-hold", "failed", "completed", "cancelled",
    "entered-in-error",
)  # fmt: skip
"""FHIR's TaskStatus without `received` and `ready`."""
ENDED = "entered-in-error"
APPOINTMENTS = ("scheduled", "no_show")
"""Steps of a referral that was accepted, and stays so."""
BUSINESS = {
    "scheduled": ("5.1.1", "Service Request Event Scheduled"),
    "no_show": ("5.1.2", "Scheduled Service Request Event Unattended"),
}
"""The same as Task.businessStatus, code and words of `BUSINESS_SYSTEM`."""
BUSINESS_SYSTEM = "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS"


def may_move(party: Party, old: str, new: str) -> bool:
    """Whether this party may; from `entered-in-error` and from `draft` (nobody was asked yet) nothing moves."""
    if old not in STATUSES or old in (ENDED, "draft") or old == new:
        return False
    if new == ENDED:
        return True
    if party == "requester":
        return new == "cancelled" and old in _OPEN
    return new in _TARGET.get(old, ())
