"""Documents of the demo's members that look like a program's own: PDF, FHIR JSON and text.

    python -m deploy.demo.documents FOLDER [MEMBER]

Rules kept: the same county, member, day and seed give the same bytes; everything is invented; each document names its
class of information in the words of the case format, and the counseling note is a document of its own.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import yaml

from deploy.demo import bundles, clinical, forms
from deploy.demo.chart import Chart, chart, us_date

COUNTY = Path(__file__).parent / "county" / "county.yaml"
PACKET = ("member-information", "transition-of-care", "assessment", "diagnosis", "risk", "service-notes")
"""The six kinds of SON-07, in the order of the procedure."""


@dataclass(frozen=True)
class Made:
    """One finished document."""

    kind: str
    title: str
    information: str
    media_type: str
    content: bytes


PDFS = {
    "member-information": ("Member information", "demographics", forms.member_information),
    "transition-of-care": ("Transition of Care Tool", "summary", forms.transition_of_care_tool),
    "assessment": ("ASAM assessment", "assessment", clinical.assessment),
    "diagnosis": ("Diagnosis document", "diagnosis", clinical.diagnosis),
    "risk": ("Risk assessment", "assessment", clinical.risk_assessment),
    "service-notes": ("Recent service notes", "summary", clinical.service_notes),
    "counseling-note": ("SUD counseling note", "counseling_notes", clinical.counseling_note),
    "discharge-summary": ("Discharge summary", "summary", clinical.discharge_summary),
    "crisis-report": ("Crisis report", "summary", clinical.crisis_report),
}
BUNDLES = {
    "admission": ("Admission (FHIR)", bundles.admission),
    "discharge": ("Discharge (FHIR)", bundles.discharge),
}


def county() -> dict[str, Any]:
    """The invented county."""
    return dict(yaml.safe_load(COUNTY.read_text(encoding="utf-8")))


def document(kind: str, of: Chart, at: datetime | None = None) -> Made:
    """One document of a member; `kind` is a key of `PDFS` or `BUNDLES`, or `handover` (plain text).

    `at` is the instant of an admission or discharge, by default 22:40 UTC of the chart's day. Raises KeyError.
    """
    if kind in PDFS:
        title, information, write = PDFS[kind]
        return Made(kind, title, information, "application/pdf", write(of))
    if kind == "handover":
        return Made(kind, "Handover by telephone", "summary", "text/plain", _handover(of))
    title, bundle = BUNDLES[kind]
    instant = at or datetime.combine(of.on, time(22, 40), UTC)
    return Made(kind, title, "attendance", "application/fhir+json", bundle(of, instant))


def packet(of: Chart) -> tuple[Made, ...]:
    """The six kinds of SON-07, and the counseling note that a rule must hold back."""
    return tuple(document(kind, of) for kind in (*PACKET, "counseling-note"))


def consent_paper(of: Chart, consent: Mapping[str, Any]) -> Made:
    """A consent of the county as the paper that was signed."""
    return Made("consent", "Signed consent", "demographics", "application/pdf", forms.consent_form(of, consent))


def _handover(of: Chart) -> bytes:
    return (
        f"Handover by telephone, {us_date(of.on)} 14:05\n"
        f"From: {of.manager}, {of.head.name}, {of.head.phone}\n"
        f"About: {of.name}, born {us_date(date.fromisoformat(of.member['born']))}\n\n"
        f"Spoke with intake at {of.next_program or 'the next provider'}. {of.name} was on the line for ten minutes and "
        "asked about evening groups.\n"
        "- First appointment in two days, 10:00. Ride is booked for 09:20.\n"
        f"- Medication: {of.medications[0][0]}, {of.medications[0][1]}; fourteen days in hand.\n"
        "- Wants to be called by first name only. No messages with content.\n"
        "Open: bus pass; letter for the employer (not before asking again).\n"
    ).encode()


def main(folder: Path, member: str = "m01") -> None:
    """Write every document of one member, to look at."""
    data = county()
    person = data["members"][member]
    first, *others = person["programs"]
    of = chart(data, member, first, on=date(2026, 3, 9), to=others[-1] if others else "")
    made = [document(kind, of) for kind in (*PDFS, *BUNDLES, "handover")]
    made += [consent_paper(of, consent) for consent in data["consents"].values() if consent["member"] == member]
    folder.mkdir(parents=True, exist_ok=True)
    suffixes = {"application/pdf": "pdf", "application/fhir+json": "json", "text/plain": "txt"}
    for number, each in enumerate(made, 1):
        (folder / f"{number:02}-{each.kind}.{suffixes[each.media_type]}").write_bytes(each.content)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
