"""The two statements of §2.32(a), word for word, and the signs of the wording that 89 FR 12472 replaced."""

from typing import Final

FULL: Final = (
    "This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR part 2). "
    "These rules prohibit you from using or disclosing this record, or testimony that describes the information "
    "contained in this record, in any civil, criminal, administrative, or legislative proceedings by any Federal, "
    "State, or local authority, against the patient, unless authorized by the consent of the patient, except as "
    "provided at 42 CFR 2.12(c)(5) or as authorized by a court in accordance with 42 CFR 2.64 or 2.65. In addition, "
    "the Federal rules prohibit you from making any other use or disclosure of this record unless at least one of "
    "the following applies:\n"
    "(i) Further use or disclosure is expressly permitted by the written consent of the individual whose information "
    "is being disclosed in this record or as otherwise permitted by 42 CFR part 2.\n"
    "(ii) You are a covered entity or business associate and have received the record for treatment, payment, or "
    "health care operations, or\n"
    "(iii) You have received the record from a covered entity or business associate as permitted by 45 CFR part 164, "
    "subparts A and E.\n"
    "A general authorization for the release of medical or other information is NOT sufficient to meet the required "
    "elements of written consent to further use or redisclose the record (see 42 CFR 2.31)."
)
SHORT: Final = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
LABEL: Final = "NO_USE_IN_PROCEEDINGS_AGAINST_PATIENT"
"""The permanent mark of §2.12(d)(1) that follows the record."""

OBSOLETE: Final = (
    "prohibits unauthorized disclosure of these records",
    "prohibit you from making any further disclosure of information in this record that identifies",
)


def notice_in(text: str) -> str:
    """Which statement a text carries: "full", "short", "obsolete" or "none", the words of FORMAT.md.

    Line breaks and spaces do not count; every word does.
    """
    flat = " ".join(text.split())
    if " ".join(FULL.split()) in flat:
        return "full"
    if SHORT in flat:
        return "short"
    return "obsolete" if any(phrase in flat for phrase in OBSOLETE) else "none"
