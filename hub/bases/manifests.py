"""What a sender states about a basis other than a consent, and the evidence that each needs.

Codes and party ids are facts that the policy reads. Names of people, docket numbers and free text are evidence: they
are sealed with the disclosure and stand nowhere else. A field without a default is one the basis cannot do without.
"""

from operator import attrgetter
from typing import Annotated, Literal

from msgspec import Meta

from hub.model import Frozen

Words = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=r"\S")]
Reference = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
Part = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
"""The name of the part of the submission that carries a paper: an item's document, or one sent as evidence only."""
Instant = str
"""RFC 3339 with its offset."""
Judge = Literal["director", "designee", "clinician", "software"]
Adversary = Literal["patient", "program", "brought_by_patient", "third_party", "unclear"]
Demand = Literal["subpoena", "subpoena_with_assurances", "search_warrant", "arrest_warrant", "administrative_warrant"]
Criterion = Literal["no_other_means", "public_interest", "extremely_serious_crime", "substantial_value"]


class EmergencyManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A clinician's determination and the fields of §2.51(c). A missing `nature` delays nothing; the review asks."""

    kind: Literal["medical", "disaster", "disaster_over", "product_error"] = "medical"
    determined_by: Literal["clinician", "software"]
    determined_by_name: Reference
    consent: Literal["unobtainable", "obtainable", "refused"]
    recipient_name: Reference
    recipient_facility: Reference
    discloser_name: Reference
    nature: Annotated[str, Meta(max_length=2_000)] = ""


class OrderManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A court's order (§§2.61 to 2.66): it authorizes, a mandate compels. Whom and what it covers is never assumed."""

    section: Literal["2.64", "2.65", "2.66", "other"]
    court: Reference
    docket: Reference
    document: Part
    holder: str
    recipients: Annotated[tuple[str, ...], Meta(min_length=1)]
    information: Annotated[tuple[str, ...], Meta(min_length=1)]
    criteria: tuple[Criterion, ...] = ()
    """What the order says it found (§2.64(d), §2.65(d)); an order that found nothing is none of subpart E."""
    finding: Literal["threat_to_life", "serious_crime", "patient_testified"] | None = None
    """§2.63(a), for confidential communications."""
    expires: Instant | None = None
    mandate: Reference | None = None
    """The subpoena or like that compels what the order authorizes (§2.61(a))."""


class DemandManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Process served. By itself it opens no record (§2.13(b), §2.61(b)(1))."""

    kind: Demand
    issued_by: Reference
    reference: Reference
    document: Part
    assurances: Reference | None = None
    """45 CFR 164.512(e)(1)(ii): where the satisfactory assurances are kept."""


class SupervisionManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """§2.35(a): treatment is a condition of the disposition, and this recipient must monitor it."""

    condition: bool
    monitors: bool
    case: Reference
    officer: Reference


class RegistryManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """§2.34(a): what happened in treatment, when, and how far away the recipient is."""

    trigger: Literal["accepted", "changed", "interrupted", "resumed", "terminated", "none"]
    at: Instant
    miles: Annotated[float, Meta(ge=0, le=10_000)]


class CrimeManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """§2.12(c)(5): a crime or a threat, on the premises or against personnel, as somebody of the program saw it."""

    kind: Literal["on_premises", "against_personnel", "threat_against_personnel", "elsewhere"]
    at: Instant
    reported_by_name: Reference


class ChildAbuseManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """§2.12(c)(6): the report that state law asks for."""

    report: Reference
    made_by_name: Reference
    at: Instant


class ResearchManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """§2.52(a): the director's or a designee's determination that the recipient meets the requirements."""

    determination: Reference
    requirement: Literal["hipaa", "common_rule", "fda"]
    determined_by: Judge
    determined_by_name: Reference
    at: Instant


class AuditManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """§2.53: the written agreement (of the directory), on what authority, and what is looked at."""

    agreement: Reference
    authority: Literal["government_agency", "payer", "quality_improvement_organization", "found_qualified"]
    scope: Words


class ServiceManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """§2.11, §2.12(c)(4): the qualified service organization's written agreement (of the directory)."""

    agreement: Reference


class FindingManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """§2.14(c), §2.15(a)(2): what the responsible person found about the patient, and why."""

    finding: Literal["lacks_capacity", "substantial_threat", "medically_unable"]
    determined_by: Judge
    determined_by_name: Reference
    at: Instant
    because: Words


class Bases(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of a manifest that state a basis; each is left out where the disclosure rests on consent alone."""

    emergency: EmergencyManifest | None = None
    order: OrderManifest | None = None
    demand: DemandManifest | None = None
    against: Adversary = "patient"
    """Whom a proceeding, investigation or lawsuit is against."""
    supervision: SupervisionManifest | None = None
    registry: RegistryManifest | None = None
    crime: CrimeManifest | None = None
    child_abuse: ChildAbuseManifest | None = None
    research: ResearchManifest | None = None
    audit: AuditManifest | None = None
    qso: ServiceManifest | None = None
    findings: tuple[FindingManifest, ...] = ()


FORMS = (
    "emergency", "order", "demand", "supervision", "registry", "crime", "child_abuse", "research", "audit", "qso",
    "findings",
)  # fmt: skip
_every = attrgetter(*FORMS)


def stated(bases: Bases) -> dict[str, Frozen | tuple[FindingManifest, ...]]:
    """The bases that were stated, by field."""
    forms = _every(bases)
    return {name: form for name, form in zip(FORMS, forms, strict=True) if form} if any(forms) else {}


def papers(bases: Bases) -> dict[str, str]:
    """The parts that carry a court's papers: field → name of the part."""
    return {name: form.document for name in ("order", "demand") if (form := getattr(bases, name)) is not None}
