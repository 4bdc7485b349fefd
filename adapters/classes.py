"""The class of information of a document, as partners and other hubs say it (case format, section 4)."""

INFORMATION = "urn:part2hub:information"
"""The coding system of the hub's own classes, in packages from one hub to another."""
INFORMATION_V2 = "99PART2HUB"
"""The same in HL7 v2, where a local system's name begins with 99 (table 0396)."""
OF_LOINC = {
    "34133-9": "summary",
    "57133-1": "summary",
    "18842-5": "summary",
    "18761-7": "summary",
    "11488-4": "assessment",
    "51848-0": "assessment",
    "34117-2": "assessment",
    "18776-5": "treatment_plan",
    "10160-0": "medications",
    "11502-2": "tests",
    "52521-2": "treatment_plan",
}
"""By the LOINC code of a document's type."""
KNOWN = frozenset({"summary", "demographics", "attendance", "diagnosis", "medications", "tests", "assessment"}) | {
    "treatment_plan", "billing", "mental_health", "medical", "counseling_notes", "psychotherapy_notes",
}  # fmt: skip
"""The classes that a document can have."""
