"""The context of a message as facts, and the one error for what cannot be understood of it."""

from dataclasses import dataclass, field

from hub.errors import Malformed

VERSIONS = ("1.0", "1.1")
CATEGORIES = frozenset({"laboratory", "radiology", "pharmacy", "referral", "general"})
ACTIONS = frozenset({"order", "report", "result", "query", "response", "notification", "error"})
PURPOSES = {
    "treatment": "TREAT",
    "payment": "HPAYMT",
    "operations": "HOPERAT",
    "emergency": "ETREAT",
    "research": "HRESCH",
}
"""Direct's word to HL7 ActReason."""
PATIENT_FIELDS = (
    "givenName",
    "surname",
    "middleName",
    "dateOfBirth",
    "gender",
    "socialSecurityNumber",
    "telephoneNumber",
    "streetAddress",
    "localityName",
    "stateOrProvinceName",
    "postalCode",
    "country",
    "directAddress",
)
EVENT_FIELDS = ("creation-time", "format-code", "type-code", "content-type-code")
"""Of version 1.1, for event notifications."""
ENCAPSULATIONS = frozenset({"hl7v2"})


class ContextError(Malformed):
    """The context is there and cannot be understood; `detail_code` says which part. A person must look.

    `context-missing` (the header names a part that is not in the message), `context-unreadable`, `context-version`,
    `context-type`, `context-purpose`, `context-patient-id`, `context-patient`, `context-encapsulation`.
    """

    code = "context-unreadable"


@dataclass(frozen=True, slots=True)
class PatientId:
    """An identifier in one assigner's system. It is no proof of identity: see `Context`."""

    system: str
    """OID of the assigning authority."""
    value: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a message says it is about.

    `category` and `action` are the two halves of `type`; `patient` holds fields of `PATIENT_FIELDS`; `event` those of
    `EVENT_FIELDS`; `other` is what later versions or others add, untouched.

    The patient named here is a claim of the sender's: match on three demographics or more, else a person decides.
    """

    id: str
    version: str = "1.1"
    category: str = ""
    action: str = ""
    purpose: str = ""
    patient_ids: tuple[PatientId, ...] = ()
    patient: dict[str, str] = field(default_factory=dict)
    encapsulation: str = ""
    event: dict[str, str] = field(default_factory=dict)
    other: dict[str, str] = field(default_factory=dict)
