"""What an invented program knows about an invented member: the facts that all documents of the member share.

Rules kept: drawn from a seed, so the same member has the same history in every document and every run; no fact is
taken from anybody's life.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from deploy.demo.paper import Letterhead

COLOURS = ((28, 62, 84), (66, 48, 92), (24, 78, 62), (104, 44, 36), (52, 58, 66))
STREETS = ("12 Ferry Road", "480 Foundry Street", "9 Marsh Lane", "77 Harbor Steps", "215 Quarry Road")
CLINICIANS = (("L. Marchetti", "LCSW"), ("D. Okonjo", "LMFT"), ("H. Lindqvist", "PsyD"), ("E. Farouk", "LPCC"))
PRESCRIBERS = (("P. Sandoval", "MD"), ("R. Abara", "NP"), ("S. Whitcombe", "PA"))
ADULT = 18
COUNSELORS = (("J. Winter", "SUDCC II"), ("C. Amaya", "CADC II"), ("T. Brannock", "SUDCC"))


@dataclass(frozen=True)
class Substance:
    """The main diagnosis and how its history reads."""

    name: str
    code: str
    diagnosis: str
    criteria: str
    """How many of the eleven of DSM-5-TR: two or three are mild, four or five moderate, six or more severe."""
    pattern: str
    withdrawal: str
    medication: tuple[str, str, str]


OPIOID = Substance(
    "opioids (fentanyl)", "F11.20", "Opioid use disorder, severe", "eight",
    "daily smoking of fentanyl for three years, last use on the day before admission",
    "COWS 6 on admission, 2 after three days on buprenorphine; no complications",
    ("buprenorphine-naloxone film", "8 mg/2 mg twice a day", "opioid use disorder"),
)  # fmt: skip
ALCOHOL = Substance(
    "alcohol", "F10.20", "Alcohol use disorder, severe", "seven",
    "about a pint of spirits a day for six years, two earlier attempts to stop without help",
    "CIWA-Ar 9 on admission, under 4 since the second day; no seizure in the history",
    ("naltrexone", "50 mg once a day", "alcohol use disorder"),
)  # fmt: skip
STIMULANT = Substance(
    "methamphetamine", "F15.20", "Other stimulant use disorder, severe", "seven",
    "smoking methamphetamine four to five days a week for four years, last use six days before admission",
    "fatigue and long sleep in the first days, resolved; no medical withdrawal needed",
    ("mirtazapine", "15 mg at night", "sleep and mood"),
)  # fmt: skip
CANNABIS = Substance(
    "cannabis", "F12.20", "Cannabis use disorder, moderate", "five",
    "vaping cannabis after school on most days since age 13",
    "irritable and short of sleep for a week, resolved",
    ("melatonin", "3 mg at night", "sleep"),
)  # fmt: skip
OTHERS = (
    ("F33.1", "Major depressive disorder, recurrent, moderate", ("sertraline", "100 mg once a day", "depression")),
    ("F41.1", "Generalized anxiety disorder", ("buspirone", "10 mg twice a day", "anxiety")),
    ("F43.10", "Post-traumatic stress disorder, unspecified", ("prazosin", "2 mg at night", "nightmares")),
)


STEPS = {
    "residential": ("3.5 residential", "2.1 intensive outpatient", "1 outpatient"),
    "withdrawal": ("3.2-WM withdrawal management", "3.5 residential", "2.1 intensive outpatient"),
    "outpatient": ("2.1 intensive outpatient", "1 outpatient", "recovery services"),
    "otp": ("opioid treatment program", "opioid treatment program, take-home doses", "office-based treatment"),
}
"""The present level of care, the next, and the one after, by kind of program (ASAM, 3rd edition)."""


@dataclass(frozen=True)
class Chart:
    """One member at one program on one day."""

    id: str
    member: Mapping[str, Any]
    names: Mapping[str, str]
    """Organization ids to names."""
    program: str
    head: Letterhead
    on: date
    admitted: date
    substance: Substance
    other: tuple[str, str, tuple[str, str, str]]
    ratings: tuple[int, ...]
    """ASAM dimensions 1 to 6, risk 0 to 4."""
    steps: tuple[str, str, str]
    """The level of care, the next, and the one after."""
    clinician: tuple[str, str]
    """Of a licence that allows a diagnosis."""
    prescriber: tuple[str, str]
    counselor: tuple[str, str]
    next_program: str
    """Name of the program the member goes to; empty if none."""

    @property
    def name(self) -> str:
        return f"{self.member['given']} {self.member['family']}"

    @property
    def band(self) -> str:
        """The line on every page by which a loose page finds its chart."""
        born, cin = us_date(date.fromisoformat(self.member["born"])), self.member["cin"]
        return f"{self.member['family']}, {self.member['given']}     born {born}     CIN {cin}"

    @property
    def age(self) -> int:
        born = date.fromisoformat(self.member["born"])
        return self.on.year - born.year - ((self.on.month, self.on.day) < (born.month, born.day))

    @property
    def minor(self) -> bool:
        return self.age < ADULT

    @property
    def she(self) -> str:
        return {"female": "she", "male": "he"}.get(self.member["sex"], "they")

    @property
    def her(self) -> str:
        return {"female": "her", "male": "his"}.get(self.member["sex"], "their")

    @property
    def herself(self) -> str:
        return {"female": "herself", "male": "himself"}.get(self.member["sex"], "themself")

    @property
    def medications(self) -> tuple[tuple[str, str, str], ...]:
        return self.substance.medication, self.other[2]

    @property
    def manager(self) -> str:
        return self.named(self.member.get("primary_case_manager"), "to be assigned").removeprefix("Case manager ")

    def named(self, key: str | None, otherwise: str = "none") -> str:
        return self.names.get(key or "", otherwise)


def chart(county: Mapping[str, Any], member: str, program: str, *, on: date, seed: int = 2026, to: str = "") -> Chart:
    """The chart of a member at a program as of `on`; `to` is the program the member goes to next, if any."""
    organizations, person = county["organizations"], county["members"][member]
    chance = random.Random(f"{seed}:{member}")
    place = sorted(organizations).index(program)
    unit = organizations[program]
    kind, age = unit["kind"], (on - date.fromisoformat(person["born"])).days // 365
    substances = (CANNABIS,) if age < ADULT else (OPIOID,) if kind == "otp" else (OPIOID, ALCOHOL, STIMULANT)
    return Chart(
        id=member,
        member=person,
        names={key: organization["name"] for key, organization in organizations.items()},
        program=program,
        head=Letterhead(
            name=unit["name"],
            address=f"{STREETS[place % len(STREETS)]}, Port Almendra, CA",
            phone=us_phone(unit["phone"]),
            fax=us_phone(unit.get("fax", unit["phone"])),
            colour=COLOURS[place % len(COLOURS)],
        ),
        on=on,
        admitted=on - timedelta(days=chance.randint(64, 74)),
        substance=chance.choice(substances),
        other=chance.choice(OTHERS),
        ratings=(1, chance.randint(0, 1), 2, chance.randint(1, 2), 3, chance.randint(2, 3)),
        steps=STEPS.get(kind, STEPS["outpatient"]),
        clinician=chance.choice(CLINICIANS),
        prescriber=chance.choice(PRESCRIBERS),
        counselor=chance.choice(COUNSELORS),
        next_program=organizations[to]["name"] if to else "",
    )


def us_date(day: date) -> str:
    return day.strftime("%m/%d/%Y")


def us_phone(number: str) -> str:
    """`+17075550102` as (707) 555-0102."""
    return f"({number[2:5]}) {number[5:8]}-{number[8:]}" if number.startswith("+1") else number
