"""Why an item stays: the reason codes, the paragraph of each, and whether a person must look.

Reasons are for the sender's own staff and the ledger; the outside world sees one generic refusal (§2.13(c)(2)).
The codes are those of FORMAT.md section 9, and three of the engine's own.
"""

from typing import Final, NamedTuple


class Reason(NamedTuple):
    """`law`: paragraphs, separated by commas. `hold`: a person must look. `says`: in a few words."""

    code: str
    law: str
    says: str
    hold: bool = False

    @property
    def layer(self) -> str:
        """The layer of law that withholds: federal, california or county."""
        head = self.code.partition(".")[0]
        return head if head in {"california", "county"} else "federal"

    @property
    def laws(self) -> tuple[str, ...]:
        """The paragraphs, each written out: a bare "(d)" belongs to the one before it."""
        parts = self.law.split(", ")
        return tuple(parts[0].partition("(")[0] + part if part.startswith("(") else part for part in parts)


_ALL = (
    Reason("consent.none", "2.31, 2.33", "no consent on file and no other basis"),
    Reason("consent.general", "2.32(a)(1)", "a general authorization is not enough"),
    Reason("consent.unwritten", "2.31(a)", "the consent is not in writing"),
    Reason("consent.unverified", "2.31(c)(2)", "scanned, not yet checked", hold=True),
    Reason("consent.missing.patient", "2.31(a)(1)", "the form does not name the patient"),
    Reason("consent.missing.discloser", "2.31(a)(2)", "the form does not say who may disclose"),
    Reason("consent.missing.information", "2.31(a)(3)", "the form does not say what may be disclosed"),
    Reason("consent.missing.recipient", "2.31(a)(4)(i)", "the form names no recipient"),
    Reason(
        "consent.missing.participants",
        "2.31(a)(4)(ii)",
        "none, or a designation not limited to treating ones",
    ),
    Reason(
        "consent.missing.redisclosure_rule",
        "2.31(a)(4)(iii)",
        "the form does not state the redisclosure rule",
    ),
    Reason("consent.missing.purpose", "2.31(a)(5)", "the form states no purpose"),
    Reason(
        "consent.missing.fundraising_opt_out",
        "2.31(a)(5)(iii)",
        "the form lacks the fundraising opt-out",
    ),
    Reason("consent.missing.revocation", "2.31(a)(6)", "the right to revoke, or how"),
    Reason("consent.missing.expiry", "2.31(a)(7)", 'blank, or "none" where not allowed'),
    Reason("consent.missing.signature", "2.31(a)(8)", "the form is not signed"),
    Reason("consent.missing.date", "2.31(a)(9)", "the form is not dated"),
    Reason(
        "consent.missing.redisclosure_risk",
        "2.31(a)(10)(i)",
        "the form does not state the risk of redisclosure",
    ),
    Reason(
        "consent.missing.refusal_consequences",
        "2.31(a)(10)(ii)",
        "the form does not state what follows from refusing",
    ),
    Reason("consent.information_vague", "2.31(a)(3)", '"any and all information"', hold=True),
    Reason(
        "consent.not_patient_initiated",
        "2.31(a)(5)(i)",
        '"at the request of the patient", but it was not',
        hold=True,
    ),
    Reason("consent.signer", "2.31(a)(8)", "signed by someone without authority"),
    Reason("consent.combined", "2.31(b)(2), (d)", "combined with what must stand alone", hold=True),
    Reason("consent.conditioned", "2.31(b)(3)", "notes consent was a condition of care", hold=True),
    Reason("consent.false", "2.31(c)(4)", "materially false, or knowable to be", hold=True),
    Reason("consent.not_prior", "42 USC 290dd-2(b)(1)(A)", "signed after the disclosure", hold=True),
    Reason("consent.expired", "2.31(c)(1)", "the consent has ended"),
    Reason("consent.expiry_unknown", "2.31(c)(1)", "nobody knows whether the event happened", hold=True),
    Reason("consent.revoked", "2.31(c)(3)", "the consent was revoked"),
    Reason("consent.reliance", "2.31(a)(6)", "revoked, but the service was given before", hold=True),
    Reason("scope.patient", "2.31(a)(1)", "another patient's consent", hold=True),
    Reason("scope.discloser", "2.31(a)(2)", "the consent does not name this discloser"),
    Reason("scope.recipient", "2.31(a)(4)", "the consent does not reach this recipient"),
    Reason("scope.recipient_ambiguous", "2.31(a)(4)", "it is not clear which recipient is meant", hold=True),
    Reason("scope.no_treating_relationship", "2.11", "the recipient does not treat the patient"),
    Reason("scope.treating_relationship_pending", "2.11", "asked, not yet agreed", hold=True),
    Reason("scope.purpose", "2.31(a)(5)", "the consent does not list this purpose"),
    Reason("scope.information", "2.31(a)(3)", "the consent does not list this class of information"),
    Reason("scope.not_needed", "2.13(a)", "the purpose does not need it"),
    Reason("scope.no_sud_duty", "2.12(c)(3)", "the recipient has no duty that arises from SUD services"),
    Reason("notes.separate_consent", "2.31(b)(1)", "counseling notes need a consent of their own"),
    Reason("notes.emergency", "2.31(b)(1), 2.51", "the two sections conflict", hold=True),
    Reason("notice.missing", "2.32(a)", "the notice is missing"),
    Reason("notice.obsolete", "2.32(a)", "the notice is the wording from before 2024"),
    Reason("notice.consent_copy", "2.32(b)", "the copy of the consent is missing"),
    Reason("restriction.agreed", "2.26(a)(3)", "the patient asked for this limit and it was agreed"),
    Reason("restriction.paid_in_full", "2.26(a)(6)", "the patient paid in full; the plan is not told"),
    Reason("identity.unverified", "164.514(h)", "nobody has verified who the recipient is", hold=True),
    Reason("unclassified", "design", "nobody knows where it comes from", hold=True),
    Reason("qso.no_agreement", "2.11, 2.12(c)(4)", "none in force"),
    Reason("qso.scope", "2.11", "not a service to the program", hold=True),
    Reason("qso.third_party", "2.12(c)(4)", "a QSO may not pass it on"),
    Reason("emergency.not_medical_personnel", "2.51(a)", "the recipient is not medical personnel"),
    Reason("emergency.not_determined", "2.51(a)", "software cannot decide it", hold=True),
    Reason("emergency.consent_obtainable", "2.51(a)(1)", "the patient could be asked", hold=True),
    Reason("emergency.over", "2.51(a)(2)", "the program has resumed"),
    Reason("proceeding.barred", "2.12(d)(1)", "the record may not be used against the patient", hold=True),
    Reason("proceeding.unclear", "2.12(d)(1), 2.33(b)(1)", "against the patient or not?", hold=True),
    Reason(
        "proceeding.subpoena_only",
        "2.61(b)(1)",
        "a subpoena without a subpart E order opens nothing",
        hold=True,
    ),
    Reason(
        "proceeding.warrant_only",
        "2.13(b), 2.65",
        "a warrant without a subpart E order opens nothing",
        hold=True,
    ),
    Reason("proceeding.wrong_order", "2.61", "the order is not one for this proceeding", hold=True),
    Reason("proceeding.order_scope", "2.62, 2.64(e), 2.65(e)", "the order does not cover this", hold=True),
    Reason(
        "proceeding.confidential_communication",
        "2.63(a)",
        "the order makes no finding for it",
        hold=True,
    ),
    Reason("presence.acknowledgment", "2.13(c)(1)", "presence may not be acknowledged"),
    Reason("justice.consent_kind", "2.33(a)(1), 2.35", "supervision needs a criminal justice consent"),
    Reason("justice.not_condition", "2.35(a)", "treatment is no condition of the release"),
    Reason("justice.not_monitoring", "2.35(a)(1)", "the recipient has no duty to monitor"),
    Reason(
        "justice.revocability",
        "2.35(b), (c)",
        "the period or the time of revocation is not stated as it must be",
    ),
    Reason("justice.other_use", "2.35(d)", "a record for supervision serves nothing else"),
    Reason("registry.consent_kind", "2.34(a)(3)", "dual enrollment needs a registry consent"),
    Reason("registry.distance", "2.34(a)", "the program is more than 200 miles away"),
    Reason("registry.trigger", "2.34(a)(1)", "nothing happened that is reported"),
    Reason("registry.information", "2.34(a)(2)", "only identity, drug, dose and dates go"),
    Reason("registry.other_use", "2.34(b)", "a registry uses its data for nothing else"),
    Reason("pdmp.consent", "2.36", "the monitoring program needs the patient's consent"),
    Reason("child_abuse.original_record", "2.12(c)(6)", "the report, not the record"),
    Reason(
        "crime.beyond_incident",
        "2.12(c)(5)(ii)",
        "only the incident may be told, and only to law enforcement",
    ),
    Reason("report.no_exception", "2.12(c)", "part 2 knows no such report", hold=True),
    Reason("public_health.identified", "2.54", "public health gets de-identified records only"),
    Reason("public_health.not_authority", "2.54", "the recipient is no public health authority"),
    Reason(
        "research.no_determination",
        "2.52(a)",
        "nobody determined that the research requirements are met",
        hold=True,
    ),
    Reason("research.other_use", "2.52(b)", "a researcher gives it back to its source only"),
    Reason("audit.no_agreement", "2.53", "no audit agreement in force covers this"),
    Reason("audit.other_use", "2.53(d)", "an auditor gives it back to its source only"),
    Reason("closing.no_consent", "2.19", "the patient did not consent to the transfer", hold=True),
    Reason(
        "death.representative",
        "2.15(b)(2)",
        "the representative of the deceased has not signed",
        hold=True,
    ),
    Reason("death.beyond_cause", "2.15(b)(1)", "only the cause of death may be told, and only to a coroner"),
    Reason("capacity.representative", "2.15(a)(1)", "the representative has not signed", hold=True),
    Reason("capacity.agent", "2.15(a)", "agent of an adult whom no court has adjudicated", hold=True),
    Reason("capacity.payment_only", "2.15(a)(2)", "the director may consent to payment by a payer only"),
    Reason("minor.consent", "2.14(a)", "the minor has not signed"),
    Reason("minor.payment", "2.14(a)", "beside it, for payment: a person sees to bill and mail", hold=True),
    Reason("minor.parent_consent", "2.14(b)(1)", "a parent must sign too", hold=True),
    Reason("minor.turned_adult", "2.14", "the patient has turned 18 and signs again", hold=True),
    Reason("redisclosure.not_permitted", "2.32(a)(1)(i), 2.33(b)", "nothing permits passing it on"),
    Reason("redisclosure.beyond_consent", "2.33(b)(2)", "the consent does not go that far"),
    Reason("redisclosure.narrow_consent", "2.33(b)(1)", "unclear for a consent narrower than TPO", hold=True),
    Reason("redisclosure.no_contract", "2.33(c)", "no contract under 2.33(c) in force"),
    Reason("redisclosure.not_contractor", "2.33(b)(3)", "only a contractor for payment or operations"),
    Reason("redisclosure.not_lawful_holder", "2.11", "the holder does not hold it lawfully", hold=True),
    Reason("hipaa.authorization", "164.508", "HIPAA asks for an authorization"),
    Reason("hipaa.relationship", "164.506(c)(4)", "the recipient has no relationship with the patient"),
    Reason("hipaa.no_contract", "164.502(e)", "no business associate contract in force"),
    Reason("hipaa.assurances", "164.512(e)", "a subpoena needs satisfactory assurances", hold=True),
    Reason("hipaa.family", "164.510(b)", "the patient has not agreed that family be told", hold=True),
    Reason(
        "california.mental_health",
        "Cal. W&I 5328(a)",
        "mental health information needs treatment, CalAIM or consent",
    ),
    Reason(
        "california.minor_record",
        "Cal. H&S 123115(a)",
        "a parent gets no record of care the minor may seek alone",
    ),
    Reason(
        "california.removed_minor",
        "Cal. Civ. 56.106",
        "the parent of a removed minor cannot authorize this",
        hold=True,
    ),
    Reason("california.form", "ASCMI", "this form is for Medi-Cal members only"),
    Reason("county.written_consent", "county", "the county asks for a written consent"),
    Reason("county.justice_basis", "county", "the county asks for a criminal justice consent or a court's basis"),
    Reason("county.expressly", "county", "the county asks for a consent that lists this class itself"),
    Reason("design.not_modelled", "design", "the engine does not know a word of the question", hold=True),
    Reason("design.rule_failed", "design", "a rule could not be run", hold=True),
)
REASONS: Final = {reason.code: reason for reason in _ALL}
LAWS: Final = {reason.code: reason.laws for reason in _ALL}
HOLDS: Final = frozenset(reason.code for reason in _ALL if reason.hold)
