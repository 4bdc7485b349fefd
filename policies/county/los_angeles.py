"""Los Angeles County, SAPC case management references (california.md 1.3): what in them bears on disclosure.

The references list scenarios and what may be billed. That the patient must consent to be accompanied is theirs; the
other conditions are how the hub reads the duties of 1.3 on top of part 2, and each is open until the county's counsel
answers. All speak of what shows that somebody is or was a SUD patient.
"""

from datetime import date

from policies.county.pack import Condition, Pack, Question
from policies.vocabulary import WITHOUT_NOTES

SUD = frozenset({"sud_patient"})
JUSTICE = frozenset({"court", "criminal_justice", "law_enforcement"})
TELLS_LITTLE = frozenset({"summary", "demographics", "attendance"})
"""What a status report to an agency outside health care says (LA-13)."""

LOS_ANGELES = Pack(
    "la-sapc",
    "Los Angeles County SAPC Case Management References",
    date(2024, 4, 16),
    (
        Condition(
            "LA-05",
            "whoever accompanies her shows where she is treated, so she consents first",
            shows=SUD,
            information=frozenset({"attendance"}),
        ),
        Condition(
            "LA-07",
            "SUD content of an action plan shared with mental health or other providers needs her consent",
            shows=SUD,
            purposes=frozenset({"treatment"}),
        ),
        Condition(
            "LA-10, LA-11",
            "judges, probation and police are told on a criminal justice or proceeding consent, or a court's basis",
            reason="county.justice_basis",
            shows=SUD,
            roles=JUSTICE,
            kinds=frozenset({"criminal_justice", "proceeding"}),
        ),
        Condition(
            "LA-09",
            "each export to a system outside health care is a disclosure with its own basis, a consent that reaches it",
            shows=SUD,
            outside=True,
        ),
        Condition(
            "LA-21, LA-13",
            "agencies outside health care learn more than a status report only by a consent that lists it",
            reason="county.expressly",
            shows=SUD,
            information=WITHOUT_NOTES - TELLS_LITTLE,
            outside=True,
            expressly=True,
        ),
    ),
    questions=(
        Question("LA-00", "From when on? The references bear no date.", "from the first edition of the rules on"),
        Question(
            "LA-07",
            "Does it bind providers that are no SUD program, for their own notes about SUD?",
            "yes, to every provider; mental health providers have no role of their own in the directory",
        ),
        Question(
            "LA-09",
            "Does a consent that names the county, or an agency, cover each of its systems (TCPX, DCMIS, HMIS)?",
            "yes, as a consent reaches whoever belongs to a party it names; each export is still decided by itself",
        ),
        Question(
            "LA-10",
            "Which consent serves a juvenile referred under the JJCPA?",
            "a criminal justice consent (2.35) signed by the minor (2.14), and nothing of the general one",
        ),
        Question(
            "LA-11",
            "May a consent for treatment or benefits that lists a court be used to speak to the judge?",
            "no",
        ),
        Question(
            "LA-21",
            "Which classes is an agency outside health care told without an express listing?",
            "summary, demographics, attendance",
        ),
    ),
)
