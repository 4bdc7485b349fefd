"""The signed "share nothing": a record of its own, unlike having no record, and what it stops.

Rules kept here:
- A denial permits nothing and prohibits nothing: the policy never sees it. An emergency is as it was.
- It stops, from the moment it was recorded, every consent signed on the same day or before, whichever of the two was
  recorded first (hub/fhir/CONSENT.md). A consent signed later counts again.
- It counts without a second look: a mistaken stop is undone by marking it entered in error, a disclosure is not.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from policies.model import Consent, Revocation

SHARE_NOTHING = "share_nothing"
"""Stands where a consent has its kind."""
STOPS = {"ascmi_revocation": frozenset({"ascmi_ab133", "ascmi_non_ab133", "ccc"})}
"""A revocation form takes back what was signed on these forms; any other denial, whatever was signed."""


class Denial(NamedTuple):
    """`as_to` None: to everybody. `forms` None: whatever was signed."""

    signed_on: date | None
    signed_at: datetime | None
    recorded_at: datetime
    as_to: frozenset[str] | None
    forms: frozenset[str] | None


def stopped_by(denials: Iterable[Denial], consent: Consent, form: str | None = None) -> Consent:
    """The consent with a written revocation for each denial signed on its day or later (§2.31(a)(6))."""
    stops = tuple(
        Revocation(at=denial.recorded_at, how="written", as_to=denial.as_to)
        for denial in denials
        if _stops(denial, consent, form)
    )
    return replace(consent, revoked=(*consent.revoked, *stops)) if stops else consent


def _stops(denial: Denial, consent: Consent, form: str | None) -> bool:
    if denial.forms is not None and form not in denial.forms:
        return False
    if consent.signed_at is not None and denial.signed_at is not None:
        return consent.signed_at <= denial.signed_at
    # What has no date may have been signed before, and a day has no order within it.
    return consent.signed_on is None or denial.signed_on is None or consent.signed_on <= denial.signed_on
