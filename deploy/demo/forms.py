"""Forms of the demo: member information, the Transition of Care Tool, the signed consent."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from deploy.demo.chart import Chart, us_date, us_phone
from deploy.demo.paper import Paper

REDISCLOSURE = (
    "A covered entity or business associate that receives my records for treatment, payment or health care operations "
    "may redisclose them as HIPAA permits, but not in proceedings against me."
)


def member_information(chart: Chart) -> bytes:
    """SON-07a: who the member is, how to reach the member, who else takes part."""
    member = chart.member
    paper = Paper(chart.head, "Member information", chart.band, chart.on)
    paper.section("Identification").facts(
        ("Name", chart.name),
        ("Preferred name", member["given"]),
        ("Date of birth", f"{us_date(date.fromisoformat(member['born']))} (age {chart.age})"),
        ("Sex", member["sex"]),
        ("Medi-Cal CIN", member["cin"]),
        ("Language", "English"),
        ("Address", member["address"]),
        ("Phone", us_phone(member["phone"])),
        ("Message may be left", "Yes, first name only"),
        ("Text messages", "No"),
    )
    paper.section("Coverage and sources of care").grid(
        ("", "Name", "Since", "Contact"),
        [
            ("Health plan", _names(chart, member["plans"]), "01/01/2026", "Care management line"),
            ("Primary care", chart.named(member.get("pcp")), "2023", "Front desk"),
            ("Also treating", _names(chart, member["treating_providers"], without=member.get("pcp")), "", ""),
            ("Current program", chart.head.name, us_date(chart.admitted), chart.head.phone),
        ],
        (34, 70, 28, 48),
    )
    paper.section("Primary case manager").facts(
        ("Name", chart.manager),
        ("Phone", chart.head.phone),
        ("Told to the member", f"{us_date(chart.admitted)}, card given"),
        ("Next contact", f"{us_date(chart.on + timedelta(days=2))}, 10:00"),
    )
    if chart.next_program:
        paper.section("This referral").facts(
            ("Goes to", chart.next_program),
            ("Asked for", chart.steps[1]),
            ("Why", "Goals of the present level met"),
            ("Told and agreed", f"Yes, {us_date(chart.on - timedelta(days=1))}"),
            ("Concern raised", "Getting there without a car"),
            ("Answer", "Ride booked for the first week"),
        )
    paper.section("Strengths and supports").prose(
        f"Keeps appointments, wants {'to finish the school year' if chart.minor else 'steady work'}. An adult sister "
        f"lives nearby and may be called with {chart.her} say-so only. Prefers mornings. No interpreter needed."
    )
    return paper.made()


def transition_of_care_tool(chart: Chart) -> bytes:
    """SON-07b: the tool by which care is handed over between plans; between programs it goes along for information."""
    member = chart.member
    drug = "; ".join(f"{name} {dose}" for name, dose, _ in chart.medications)
    paper = Paper(chart.head, f"Transition of Care Tool ({'youth' if chart.minor else 'adult'})", chart.band, chart.on)
    paper.section("Referring organization").facts(
        ("Organization", chart.head.name),
        ("Phone", chart.head.phone),
        ("Contact", f"{chart.manager}, case manager"),
        ("Date", us_date(chart.on)),
    )
    paper.boxes(("Step-down to another level of care", True), ("Services to be added to those in place", False))
    paper.section("Member").facts(
        ("Health plan", _names(chart, member["plans"])),
        ("Primary care", chart.named(member.get("pcp"))),
        ("Agrees to transition", "Yes, in person"),
        ("Best time to call", "Mornings"),
    )
    paper.section("Care needs").grid(
        ("Area", "Summary"),
        [
            ("Diagnoses", f"{chart.substance.code} {chart.substance.diagnosis}; {chart.other[0]} {chart.other[1]}"),
            ("Presenting needs", f"History of {chart.substance.pattern}. Stable since admission; cravings on stress."),
            ("Environment", "Shared housing arranged, first month paid; one room-mate, also in recovery."),
            (
                "Behavioral health history",
                "One earlier outpatient episode (2023), left after five weeks. No inpatient stay.",
            ),
            ("Medical history", "Mild asthma, inhaler as needed. No allergy to drugs known."),
            ("Medications", drug),
            ("Culture and language", "No special request."),
        ],
        (44, 136),
    )
    paper.section("Asked of the receiving organization").boxes(
        ("Intake within three business days", True),
        ("Medication continued without a gap; prescriber to prescriber call", True),
        ("Care management by the health plan", True),
        ("Mental health therapy", chart.other[0].startswith("F4")),
    )
    return paper.signed(*chart.clinician, _stamp(chart, "15:20")).made()


def consent_form(chart: Chart, consent: Mapping[str, Any]) -> bytes:
    """A consent as paper, from its fields in the county file; what the form leaves blank stays blank (§2.31)."""
    member, blank = chart.member, "______________________"
    paper = Paper(chart.head, "Consent to disclose protected treatment records", chart.band, chart.on)
    paper.section("I agree that").facts(
        ("Patient", chart.name if consent["patient"] else blank),
        ("Date of birth", us_date(date.fromisoformat(member["born"]))),
    )
    paper.grid(
        ("42 CFR 2.31", "What is agreed", ""),
        [
            ("(a)(2)", "Who may disclose", _parties(chart, consent["discloser"]) or blank),
            ("(a)(3)", "What may be disclosed", _words(consent["information"]) or blank),
            (
                "(a)(4)",
                "Who may receive it",
                _parties(chart, consent["recipients"]) or _through(chart, consent) or blank,
            ),
            ("(a)(5)", "For what purpose", _words(consent["purposes"]) or blank),
            ("(a)(7)", "This consent ends", _end(consent) or blank),
        ],
        (24, 48, 108),
    )
    paper.section("I was told").boxes(
        (
            "I can revoke this consent at any time, except where someone has already relied on it.",
            consent["states_right_to_revoke"],
        ),
        (f"To revoke, I write to or call {chart.head.name}, {chart.head.phone}.", consent["states_how_to_revoke"]),
        (REDISCLOSURE, consent["states_redisclosure_rule"]),
        ("What is disclosed may be redisclosed and then no longer be protected.", consent["states_redisclosure_risk"]),
        ("What follows if I do not sign: I am treated all the same.", consent["states_refusal_consequences"]),
        ("I can opt out of fundraising.", consent["states_fundraising_opt_out"]),
    )
    paper.ln(3)
    if consent["kind"] != "counseling_notes":
        paper.prose(
            "Counseling notes that are kept apart need a consent of their own and are not covered by this form."
        )
    if consent["signed_by"]:
        mine = "the-patient" in consent["signed_by"]
        when = us_date(date.fromisoformat(consent["signed_on"]))
        by_hand = consent["signature"] != "electronic"
        signer = chart.name if mine else f"for {chart.name}"
        paper.signed(signer, "patient" if mine else "representative", when, by_hand=by_hand)
    else:
        paper.signed("", "signature of the patient", "")
    return paper.made()


CLASSES = {
    "treating_providers": "my treating providers",
    "health_plans": "my health plans",
    "third_party_payers": "my third-party payers",
    "programs_within_200_miles": "treatment programs within 200 miles",
    "treating_programs": "the programs that treat me",
}


def _parties(chart: Chart, parties: list[Any] | None) -> str:
    named = (party if isinstance(party, str) else party["as_written"] for party in parties or [])
    return "; ".join(chart.named(party, CLASSES.get(party, party)) for party in named)


def _through(chart: Chart, consent: Mapping[str, Any]) -> str:
    if not consent.get("intermediary"):
        return ""
    return f"through {chart.named(consent['intermediary'])}: those of its participants who treat me"


def _words(values: list[str] | None) -> str:
    return ", ".join(value.replace("_", " ") for value in values or [])


def _end(consent: Mapping[str, Any]) -> str:
    end = consent["expires"]
    if isinstance(end, dict):
        return f"with this event: {end['event'].replace('_', ' ')}"
    return (
        {"none": "none, until I revoke it", None: ""}.get(end)
        if end in {"none", None}
        else us_date(date.fromisoformat(end))
    )


def _names(chart: Chart, keys: list[str], without: str | None = None) -> str:
    return ", ".join(chart.named(key) for key in keys if key != without) or "none"


def _stamp(chart: Chart, clock: str) -> str:
    return f"{us_date(chart.on)} {clock}"
