"""Sonoma County, Coordination of Care Procedures 7.1.12, issue of 11/2025 (california.md 1.5)."""

from datetime import date

from policies.county.pack import Condition, Pack, Question

SONOMA = Pack(
    "sonoma-7.1.12",
    "Sonoma County Coordination of Care Procedures 7.1.12",
    date(2025, 11, 1),
    (Condition("SON-09", "written consent of the member for any disclosure"),),
    questions=(
        Question(
            "SON-09, C-02",
            "Does “any disclosure” reach the 24-hour notices and the crisis follow-up (SON-30, SON-31, SON-46)?",
            "yes; what lacks a consent is held, and counted apart from missed",
        ),
        Question(
            "SON-09",
            "Is the consent under which a plan or clinic received a record enough for it to pass the record on?",
            "no; a consent must carry it to the new recipient, unless it goes back to its source",
        ),
        Question(
            "SON-09",
            "Are her own access and reports that other law asks for “disclosures” of the procedure?",
            "no; a county procedure does not forbid what law above it grants or compels",
        ),
    ),
)
