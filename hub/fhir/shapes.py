"""The part of FHIR Consent that is read and written here: R4 and R5 in one shape, everything else left in the raw.

Unknown elements are ignored, as FHIR asks of a reader, save `modifierExtension`, which may turn a meaning round.
"""

from typing import Any

import msgspec

PURPOSE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
LABEL_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ROLE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
SCOPE_SYSTEM = "http://terminology.hl7.org/CodeSystem/consentscope"
# Words of the case format that no code system has; urn-named, since the hub publishes no terminology.
HUB_PURPOSE = "urn:part2hub:purpose"
HUB_INFORMATION = "urn:part2hub:information"
HUB_CLASS = "urn:part2hub:recipient-class"
HUB_SIGNATURE = "urn:part2hub:signature"
HUB_EVENT = "urn:part2hub:expires-on-event"
HUB_NO_END = "urn:part2hub:no-end"
HUB_FORM = "urn:part2hub:form:"
"""`policy.uri` of a form whose printed text is known here: kind or form, and edition."""
PURPOSES = {
    "TREAT": "treatment",
    "HPAYMT": "payment",
    "HOPERAT": "operations",
    "HRESCH": "research",
    "PUBHLTH": "public_health",
}
LABELS = {"42CFRPart2": ("complete_record",), "ETH": ("complete_record",), "SUD": ("complete_record",)}
"""Labels that mark all SUD treatment records; a narrower one (alcohol only) has no class here."""
LOINC = "http://loinc.org"
NPI = "http://hl7.org/fhir/sid/us-npi"
DOCUMENTS = {
    "18842-5": "summary",  # discharge summary
    "51848-0": "assessment",
    "18776-5": "treatment_plan",
    "10160-0": "medications",
}


class Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Reads what it names."""


class Coding(Shape, frozen=True, kw_only=True, rename="camel"):
    system: str | None = None
    code: str | None = None


class Concept(Shape, frozen=True, kw_only=True, rename="camel"):
    coding: tuple[Coding, ...] = ()


class Identifier(Shape, frozen=True, kw_only=True, rename="camel"):
    system: str | None = None
    value: str | None = None


class Reference(Shape, frozen=True, kw_only=True, rename="camel"):
    reference: str | None = None
    identifier: Identifier | None = None
    display: str | None = None


class Period(Shape, frozen=True, kw_only=True, rename="camel"):
    start: str | None = None
    end: str | None = None


class Extension(Shape, frozen=True, kw_only=True, rename="camel"):
    url: str
    value_code: str | None = None
    value_boolean: bool | None = None


class Actor(Shape, frozen=True, kw_only=True, rename="camel"):
    role: Concept | None = None
    reference: Reference | None = None
    modifier_extension: tuple[Any, ...] = ()


class Data(Shape, frozen=True, kw_only=True, rename="camel"):
    meaning: str | None = None
    reference: Reference | None = None


class Provision(Shape, frozen=True, kw_only=True, rename="camel"):
    """Of R4 (`type`, `class`, one code) and R5 (no type of its own, `documentType`)."""

    type: str | None = None
    period: Period | None = None
    actor: tuple[Actor, ...] = ()
    action: tuple[Concept, ...] = ()
    security_label: tuple[Coding, ...] = ()
    purpose: tuple[Coding, ...] = ()
    class_: tuple[Coding, ...] = msgspec.field(default=(), name="class")
    document_type: tuple[Coding, ...] = ()
    resource_type: tuple[Coding, ...] = ()
    code: tuple[Concept, ...] = ()
    data_period: Period | None = None
    data: tuple[Data, ...] = ()
    expression: Any = None
    provision: tuple["Provision", ...] = ()
    extension: tuple[Extension, ...] = ()
    modifier_extension: tuple[Any, ...] = ()


class Policy(Shape, frozen=True, kw_only=True, rename="camel"):
    uri: str | None = None


class ConsentResource(Shape, frozen=True, kw_only=True, rename="camel"):
    """R4, or R5 by its `decision`, `subject`, `period`, `grantor` and list of provisions."""

    resource_type: str
    contained: tuple[dict[str, Any], ...] = ()
    status: str | None = None
    scope: Concept | None = None
    patient: Reference | None = None
    subject: Reference | None = None
    date_time: str | None = None
    date: str | None = None
    performer: tuple[Reference, ...] = ()
    grantor: tuple[Reference, ...] = ()
    policy: tuple[Policy, ...] = ()
    decision: str | None = None
    period: Period | None = None
    provision: Provision | tuple[Provision, ...] | None = None
    extension: tuple[Extension, ...] = ()
    modifier_extension: tuple[Any, ...] = ()
    implicit_rules: str | None = None
    language: str | None = None
