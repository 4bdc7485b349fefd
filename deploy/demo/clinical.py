"""Clinical documents of the demo: assessment, diagnosis, risk, notes, discharge summary, crisis report."""

from datetime import timedelta

from deploy.demo.chart import Chart, us_date
from deploy.demo.paper import Paper

RISK = ("0 none", "1 mild", "2 moderate", "3 significant", "4 severe")


DIMENSIONS = (
    "1 Acute intoxication, withdrawal potential",
    "2 Biomedical conditions",
    "3 Emotional, behavioral, cognitive conditions",
    "4 Readiness to change",
    "5 Relapse, continued use potential",
    "6 Recovery and living environment",
)


def assessment(chart: Chart) -> bytes:
    """SON-07c: ASAM criteria, 3rd edition, six dimensions; on its second sheet the needs by ANSA or CANS."""
    paper = Paper(chart.head, "ASAM assessment (3rd edition)", chart.band, chart.on)
    paper.section("Assessment").facts(
        ("Date", us_date(chart.on - timedelta(days=4))),
        ("Kind", "Continued stay, transfer"),
        ("Admitted", us_date(chart.admitted)),
        ("Present level", chart.steps[0]),
        ("Assessed by", ", ".join(chart.counselor)),
        ("Reviewed by", ", ".join(chart.clinician)),
    )
    rows = zip(DIMENSIONS, _findings(chart), (RISK[rating] for rating in chart.ratings), strict=True)
    paper.section("Dimensions").grid(("Dimension", "Findings", "Risk"), list(rows), (46, 108, 26))
    paper.section("Level of care").grid(
        ("Level", "Indicated", "Reason"),
        [
            (chart.steps[0], "No longer", "Dimensions 1 to 3 stable; goals of the stay met"),
            (chart.steps[1], "Yes", "Dimension 5 needs structure several days a week; dimension 6 has safe housing"),
            (chart.steps[2], "Not yet", "Two relapses within a month of earlier care at this level"),
        ],
        (52, 24, 104),
    )
    paper.prose(
        f"Recommendation: {chart.steps[1]}, from {us_date(chart.on + timedelta(days=2))}. Agreed with the member."
    )
    _needs(paper, chart)
    paper.signed(*chart.counselor, _when(chart, 4, "16:45"))
    return paper.signed(*chart.clinician, _when(chart, 3, "09:10")).made()


def _needs(paper: Paper, chart: Chart) -> None:
    paper.add_page()
    tool = "CANS" if chart.minor else "ANSA"
    paper.section(f"Needs ({tool}: 0 none, 1 watch, 2 act, 3 act at once)").grid(
        ("Item", "Rating", "Plan"),
        [
            ("Substance use", "3", "See dimension 5"),
            ("Depression, anxiety", "2", f"{chart.other[2][0].capitalize()}; therapy offered"),
            ("Adjustment to trauma", "1", "Asked at each visit, not pressed"),
            ("Sleep", "2", "Medication reviewed by primary care"),
            ("School" if chart.minor else "Employment", "2", "Case manager goes along in the second week"),
            ("Living skills, money", "2", "Budget with the case manager, first four weeks"),
            ("Transportation", "2", "Rides to groups until a bus pass is issued"),
            ("Legal", "0", ""),
        ],
        (60, 20, 100),
    )
    paper.section(f"Strengths ({tool}: 0 centerpiece, 3 not yet found)").grid(
        ("Item", "Rating", "How it is used"),
        [
            ("Family", "1", "Sister joins the safety plan, with consent of her own"),
            ("Optimism", "1", "Writes down one thing gained each week"),
            ("Community", "2", "Volunteer kitchen on Saturdays"),
        ],
        (60, 20, 100),
    )


def diagnosis(chart: Chart) -> bytes:
    """SON-07d: the diagnoses, and that someone whose licence allows it made them."""
    paper, since = Paper(chart.head, "Diagnosis document", chart.band, chart.on), us_date(chart.admitted)
    paper.section("Diagnoses (ICD-10-CM, DSM-5-TR)").grid(
        ("Code", "Diagnosis", "Since", "Status"),
        [
            (chart.substance.code, chart.substance.diagnosis, since, "Active, in treatment"),
            (chart.other[0], chart.other[1], us_date(chart.admitted + timedelta(days=6)), "Active"),
            ("Z59.811", "Housing instability, housed, with risk of homelessness", since, "Improving"),
        ],
        (22, 84, 28, 46),
    )
    paper.section("Criteria").prose(
        f"{chart.name} meets {chart.substance.criteria} of eleven criteria for {chart.substance.diagnosis.lower()}, "
        "among them larger amounts than meant, failed attempts to cut down, craving, and use in spite of problems "
        f"with others. History: {chart.substance.pattern}.",
        f"{chart.other[1]}: symptoms were present before the use began and went on after four weeks without it, so "
        "they are not explained by the substance alone.",
    )
    paper.section("Basis").facts(
        ("Interview", us_date(chart.admitted + timedelta(days=1))),
        ("Made by", ", ".join(chart.clinician)),
        ("Face to face", "Yes"),
        ("Counselor's part", "History taken, reviewed"),
    )
    return paper.signed(*chart.clinician, _when(chart, 20, "11:35")).made()


def risk_assessment(chart: Chart) -> bytes:
    """SON-07e: risk to self and others, and what is planned against it."""
    paper = Paper(chart.head, "Risk assessment and safety plan", chart.band, chart.on)
    paper.section("Screen").grid(
        ("Question", "Past month", "Lifetime", "Comment"),
        [
            ("Wish to be dead", "No", "Yes", "2021, after a separation"),
            ("Thoughts of suicide", "No", "Yes", "2021, without a plan"),
            ("Plan or preparation", "No", "No", ""),
            ("Attempt", "No", "No", ""),
            ("Harm to others", "No", "No", ""),
            ("Overdose", "No", "Yes" if chart.substance.code == "F11.20" else "No", "Naloxone carried"),
        ],
        (54, 26, 26, 74),
    )
    paper.section("Judgment").facts(
        ("Risk to self", "Low, raised on relapse"),
        ("Risk to others", "Low"),
        ("Victimization", "Moderate: former partner"),
        ("Homelessness", "Moderate in the first month"),
    )
    paper.section("Safety plan").grid(
        ("Step", "What"),
        [
            ("Warning signs", "Two nights without sleep; staying away from groups; calls from old contacts"),
            ("What helps alone", "Walking by the river, music, calling the sister"),
            ("Who to call", f"{chart.head.name} {chart.head.phone}; the county's access line, day and night"),
            ("At hand", "Naloxone kit, shown how to use it; no firearm at home"),
        ],
        (40, 140),
    )
    return paper.signed(*chart.clinician, _when(chart, 4, "10:05")).made()


def service_notes(chart: Chart) -> bytes:
    """SON-07f: recent notes; counseling notes are kept apart and are not among them."""
    paper = Paper(chart.head, "Service notes, last fourteen days", chart.band, chart.on)
    for ago, clock, service, text, author in _entries(chart):
        paper.section(f"{us_date(chart.on - timedelta(days=ago))} {clock}   {service}")
        paper.prose(text, f"{author[0]}, {author[1]}, signed {us_date(chart.on - timedelta(days=ago))}")
    return paper.made()


def _entries(chart: Chart) -> tuple[tuple[int, str, str, str, tuple[str, str]], ...]:
    """Days ago, time, service, text and author."""
    drug, dose, _ = chart.medications[0]
    manager = (chart.manager, "case manager")
    group = (
        "Skills group on triggers. Took part, named payday and evenings alone as the hardest times. Role-played "
        "declining an offer; others gave feedback."
    )
    coordination = (
        f"Called the health plan's care manager about rides. Talked over the move with {chart.her} primary care "
        "office; next visit set."
    )
    medication = (
        f"{drug.capitalize()} {dose}. Takes it daily, no side effects but dry mouth. Blood pressure 118/76, pulse 72. "
        "Continue; refill for fourteen days at discharge."
    )
    individual = (
        f"Reviewed goals: {chart.she} has worked through the relapse plan and wrote {chart.her} own list of warning "
        f"signs. Wants to {'go back to school' if chart.minor else 'return to kitchen work'}."
    )
    planning = (
        f"Agreed on {chart.next_program or 'outpatient care'}. Explained why, asked for concerns: no car. Ride booked. "
        "First appointment to be confirmed by the receiving program."
    )
    return (
        (12, "10:00", "Group, 90 min", group, chart.counselor),
        (9, "14:15", "Care coordination, 30 min", coordination, manager),
        (7, "09:30", "Medication support, 20 min", medication, chart.prescriber),
        (5, "13:00", "Individual, 50 min", individual, chart.counselor),
        (2, "11:00", "Discharge planning, 45 min", planning, manager),
    )


def counseling_note(chart: Chart) -> bytes:
    """A counseling note in the sense of §2.11: analysis of the conversation, kept apart from the record."""
    paper = Paper(chart.head, "SUD counseling note", chart.band, chart.on)
    paper.prose("KEPT APART FROM THE REST OF THE RECORD (42 CFR 2.11). Not part of any packet without its own consent.")
    paper.section(f"{us_date(chart.on - timedelta(days=5))} 13:00   Individual session").prose(
        f"My reading of the session: {chart.she} speaks of the separation as of somebody else's, and the anger is "
        f"aimed at {chart.herself} rather than at the former partner. When I stayed silent {chart.she} came back to "
        "the father's drinking, for the first time since admission.",
        "Hypothesis: use began as a way to sleep in a house where nobody slept. To follow next time: the brother's "
        "accident, which was only touched and quickly left.",
        "My own reaction: protective, more than helps. To be taken to supervision.",
    )
    return paper.signed(*chart.counselor, _when(chart, 5, "14:20"), by_hand=True).made()


def discharge_summary(chart: Chart) -> bytes:
    """SON-13, SON-33: what was done, how the member leaves, what comes next."""
    paper = Paper(chart.head, "Discharge summary and plan", chart.band, chart.on)
    paper.section("Stay").facts(
        ("Admitted", us_date(chart.admitted)),
        ("Discharged", f"{us_date(chart.on)} 16:00"),
        ("Level", chart.steps[0]),
        ("Reason", "Completed; step-down"),
        ("Goes to", chart.next_program or "home"),
        ("Lives", "Shared housing, Port Almendra"),
    )
    paper.section("Course").prose(
        f"Admitted with {chart.substance.diagnosis.lower()} ({chart.substance.code}): {chart.substance.pattern}. "
        f"Withdrawal: {chart.substance.withdrawal}. Attended 118 of 124 groups and every individual session.",
        f"{chart.other[1]} was treated with {chart.other[2][0]}; sleep and mood improved by the third week.",
    )
    paper.section("Medications at discharge").grid(
        ("Drug", "Dose", "For", "Supply"), [(*drug, "14 days") for drug in chart.medications], (60, 50, 46, 24)
    )
    paper.section("Plan").grid(
        ("What", "When", "With"),
        [
            (
                "First appointment",
                f"{us_date(chart.on + timedelta(days=2))} 10:00",
                chart.next_program or "Primary care",
            ),
            ("Primary care", us_date(chart.on + timedelta(days=9)), chart.named(chart.member.get("pcp"))),
            ("Call after discharge", f"within 7 days, by {us_date(chart.on + timedelta(days=7))}", chart.manager),
        ],
        (60, 56, 64),
    )
    paper.section("Smooth landing").boxes(
        ("Housing: place confirmed, first month paid", True),
        ("Victimization: contact with former partner planned for, numbers blocked", True),
        ("Crisis: safety plan and naloxone handed over", True),
    )
    return paper.signed(*chart.clinician, _when(chart, 0, "15:40")).made()


def crisis_report(chart: Chart) -> bytes:
    """SON-46: what happened, what was done, what others are asked to do within a day."""
    paper = Paper(chart.head, "Crisis contact and follow-up", chart.band, chart.on)
    paper.section("Contact").facts(
        ("Began", f"{us_date(chart.on)} 02:10"),
        ("Ended", f"{us_date(chart.on)} 04:05"),
        ("Where", "At home"),
        ("Called by", "The member"),
        ("Kind", "Relapse support"),
        ("Police, ambulance", "Neither"),
    )
    paper.section("What happened").prose(
        f"{chart.member['given']} called after using on one evening, alone and frightened, with thoughts of not waking "
        "up but no plan. Two of the team went out. Oriented, breathing and color normal, blood pressure 132/84, pulse "
        "96, oxygen 98 percent. No sign of overdose. Naloxone kit renewed.",
        "Agreed with the plan: slept at the sister's, first dose in the morning as prescribed, seen at "
        f"{chart.head.name} the same day. Risk at the end of the contact: low.",
    )
    paper.section("Medications known").grid(("Drug", "Dose", "For"), list(chart.medications), (70, 60, 50))
    paper.section("Asked of those who follow up").boxes(
        ("Call the member within 24 hours", True),
        ("Check medications and interactions at the next visit", True),
        ("Hospital needed", False),
    )
    return paper.signed(*chart.clinician, _when(chart, 0, "05:15")).made()


def _findings(chart: Chart) -> tuple[str, ...]:
    return (
        chart.substance.withdrawal[0].upper() + chart.substance.withdrawal[1:] + ".",
        "Mild asthma, inhaler twice a month. Blood pressure and weight normal. Hepatitis C antibody negative.",
        f"{chart.other[1]}, on treatment. Sleeps six hours. No psychosis. Oriented, plans ahead.",
        f"Says {chart.she} wants this for {chart.herself}, not for the court or the family. Attends every group.",
        f"History of {chart.substance.pattern}. Knows {chart.her} triggers; has not yet tested them outside.",
        "Left a shared flat where others use. Room in supported housing from the day of discharge.",
    )


def _when(chart: Chart, ago: int, clock: str) -> str:
    return f"{us_date(chart.on - timedelta(days=ago))} {clock}"
