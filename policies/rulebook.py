"""The table of rules for counsel: paragraph, function, and what was chosen where the law leaves room.

`policies/part2/TABLE.md` and the printed rulebook are written from this table; a test keeps them together, and sees
to it that every function named here exists and every rule of the engine is named here.
"""

from typing import NamedTuple

from policies.choices import OPTIONS, SAFE, Choices


class Entry(NamedTuple):
    """`law`: the paragraph that cases cite (a prefix counts). `function`: where it is decided. `doubt`: an open one."""

    law: str
    function: str
    says: str
    doubt: str = ""


class Doubt(NamedTuple):
    """An open question, the side on which the engine errs, and the function that does."""

    number: str
    question: str
    default: str
    where: str


ENTRIES = (
    Entry("2.2", "part2.exceptions.hhs_compliance", "HHS may find out whether the program complies", "D8"),
    Entry("2.11", "world.is_program", "what a part 2 program is; unknown status counts as one", "D8"),
    Entry("2.11", "facts.Matter", "what a record is, whose it is, and what is a counseling note"),
    Entry("2.11", "world.World", "staff and parts of a program act as the program", "E9"),
    Entry("2.11", "part2.recipients.untreating", "treating provider relationship", "D10"),
    Entry("2.12(a)", "part2.applicability.de_identified", "what identifies nobody is free"),
    Entry("2.12(b)", "world.is_program", "federal assistance; (e)(2)"),
    Entry("2.12(c)(1)", "part2.applicability.veterans_care", "veterans' care has its own law"),
    Entry("2.12(c)(3)", "part2.qso.within_program", "within the program, for SUD duties"),
    Entry("2.12(c)(4)", "part2.qso.qso", "qualified service organizations"),
    Entry("2.12(c)(4)", "part2.qso.transport", "who only transports needs an agreement too", "E2"),
    Entry("2.12(c)(5)", "part2.exceptions.crime_report", "crimes on the premises or against personnel"),
    Entry("2.12(c)(6)", "part2.exceptions.child_abuse_report", "the report of child abuse, not the record"),
    Entry("2.12(c)", "part2.exceptions.no_other_basis", "the list of exceptions is closed"),
    Entry("2.12(d)(1)", "part2.proceedings.proceedings", "the bar on proceedings against the patient"),
    Entry("2.12(d)(1)", "part2.applicability.her_own_act", "the patient hands over her own record"),
    Entry("2.12(d)(2)", "facts.Matter", "what a provider outside writes itself is no record; a received one stays one"),
    Entry("2.12(e)", "facts.Matter", "evidence only, no SUD shown, no federal assistance"),
    Entry("2.13(a)", "part2.notice.necessity", "no more than the purpose needs"),
    Entry("2.13(a)", "part2.necessary.needed", "what a purpose needs, where the sender did not say"),
    Entry("2.13(b)", "part2.exceptions.no_other_basis", "process and badges open nothing"),
    Entry("2.13(c)", "hipaa.permission", "acknowledging presence"),
    Entry("2.14", "part2.signers.minor_faults", "minors, and parents where state law asks for them", "D9"),
    Entry("2.14(c)", "part2.exceptions.minors_safety", "facts that may avert a threat, to a parent", "D8"),
    Entry("2.15(a)", "part2.signers.unable_faults", "patients who cannot act; agents", "D3"),
    Entry("2.15(b)", "part2.exceptions.cause_of_death", "cause of death", "D8"),
    Entry("2.15(b)", "part2.signers.signer_faults", "the representative of a deceased or adjudicated patient", "D8"),
    Entry("2.19", "part2.exceptions.no_other_basis", "programs that close", "D8"),
    Entry("2.20", "california.limits.mental_health", "state law lifts no limit of part 2"),
    Entry("2.23", "part2.exceptions.patient_access", "the patient's own access"),
    Entry("2.24", "part2.redisclosure.by_intermediary", "intermediaries and their lists"),
    Entry("2.25", "obligations.accountable", "what is accounted for", "D7"),
    Entry("2.26", "part2.restrictions.restriction", "restrictions the patient asked for", "E4"),
    Entry("2.31(a)", "part2.elements.missing", "the ten elements of a written consent"),
    Entry("2.31(a)(3)", "part2.consent.item_faults", "the classes of information listed"),
    Entry("2.31(a)(4)", "part2.recipients.unreached", "whom a consent reaches"),
    Entry("2.31(a)(6)", "part2.validity.effective_revocations", "revocations, written and oral", "D2"),
    Entry("2.31(b)", "part2.counseling_notes.counseling_notes", "counseling notes stand apart", "D1"),
    Entry("2.31(b)(2)", "part2.counseling_notes.combined_with_notes", "no combination with notes"),
    Entry("2.31(c)", "part2.validity.lapses", "false, not prior, expired, revoked", "E3"),
    Entry("2.31(d)", "part2.elements.combined", "a consent for proceedings stands alone", "E1"),
    Entry("2.32", "part2.notice.accompaniment", "notice and copy of the consent", "D5"),
    Entry("2.33(a)", "part2.consent.consent", "a consent that carries the item"),
    Entry("2.33(b)", "part2.redisclosure.redisclosure", "what a holder may pass on", "D4"),
    Entry("2.33(c)", "part2.redisclosure.to_contractor", "contractors of other lawful holders", "E5"),
    Entry("2.34", "part2.registry.registry_faults", "registries against dual enrollment", "D8"),
    Entry("2.35", "part2.justice.supervision_faults", "supervision in the justice system"),
    Entry("2.36", "part2.exceptions.no_other_basis", "prescription drug monitoring needs consent", "D8"),
    Entry("2.51", "part2.emergency.emergency", "medical emergencies", "D6"),
    Entry("2.52", "part2.exceptions.research", "research", "D8"),
    Entry("2.53", "part2.exceptions.audit", "audit and evaluation", "D8"),
    Entry("2.54", "part2.exceptions.no_other_basis", "public health gets no names"),
    Entry("2.61", "part2.proceedings.court_order", "an order of subpart E", "D8"),
    Entry("2.62", "part2.proceedings.in_scope", "not what auditors and researchers hold", "D8"),
    Entry("2.63", "part2.counseling_notes.counseling_notes", "confidential communications need a finding", "D8"),
    Entry("2.64", "part2.proceedings.fits", "civil, administrative, legislative", "D8"),
    Entry("2.65", "part2.proceedings.fits", "criminal, against the patient", "D8"),
    Entry("2.66", "part2.proceedings.fits", "against the program", "D8"),
    Entry("42 USC 290dd-2", "part2.validity.lapses", "consent is prior"),
    Entry(
        "42 USC 290dd-2", "part2.validity.given_on_receipt", "what came before a consent did not come with it", "E10"
    ),
    Entry("164.502", "part2.qso.business_associate", "business associates; minimum necessary"),
    Entry("164.506", "hipaa.permission", "treatment, payment, operations"),
    Entry("164.508", "hipaa.other_health_information", "authorizations; psychotherapy notes"),
    Entry("164.510", "hipaa.permission", "directories; family"),
    Entry("164.512", "hipaa.permission", "disclosures by law; process; orders"),
    Entry("164.514", "part2.notice.identity", "who the recipient is"),
    Entry("Cal. Fam. 6929", "california.minors.minor_alone", "minors who consent alone; AB 816", "D9"),
    Entry("Cal. W&I 5328", "california.limits.mental_health", "mental health information", "D9"),
    Entry("Cal. W&I 14184.102", "california.limits.mental_health", "AB 133 lifts state limits only", "D9"),
    Entry("Cal. H&S 123115", "california.limits.minor_record", "a parent and the minor's record", "D9"),
    Entry("Cal. Civ. 56.106", "part2.consent.item_faults", "parents of a removed minor", "D9"),
    Entry("ASCMI", "part2.consent.kind_faults", "the Medi-Cal form is for Medi-Cal members", "D9"),
    Entry("county", "county.packs.county_consent", "county packs"),
    Entry("design", "part2.applicability.unclassified", "items of unknown origin wait"),
)

DOUBTS = (
    Doubt(
        "D1",
        "Do counseling notes go in an emergency? §2.31(b)(1) omits §2.51, the statute does not.",
        "they stay, and a person decides",
        "part2.counseling_notes.counseling_notes",
    ),
    Doubt(
        "D2",
        "Does an oral revocation count after 2024?",
        "it stops disclosure at once, and is got in writing",
        "part2.validity.effective_revocations",
    ),
    Doubt(
        "D3",
        "May an agent under a power of attorney sign for an adult whom no court adjudicated?",
        "no, and a person decides",
        "part2.signers.unable_faults",
    ),
    Doubt(
        "D4",
        "Does a consent narrower than TPO open HIPAA's redisclosure to a covered entity?",
        "no, and a person decides",
        "part2.redisclosure.expressly_permitted",
    ),
    Doubt(
        "D5",
        "Must a covered entity repeat the §2.32 notice when it passes a record on under HIPAA?",
        "the proceedings label goes along; the notice where it rests on a consent or a §2.33(c) contract",
        "obligations.due",
    ),
    Doubt(
        "D6",
        "May an emergency override a competent patient who refuses?",
        "no, and a person decides",
        "part2.emergency.emergency",
    ),
    Doubt("D7", "When does §2.25 begin to operate?", "everything is logged as if it did", "obligations.accountable"),
    Doubt(
        "D8",
        "The amended text of these sections was not seen; they rest on older text or on knowledge.",
        "as the older text reads",
        "the functions marked D8",
    ),
    Doubt(
        "D9",
        "California's rules are for California counsel to confirm.",
        "the stricter reading",
        "california, part2.signers",
    ),
    Doubt(
        "D10",
        "Is a clinic that was asked, and has not answered, a treating provider?",
        "no, and a person decides",
        "part2.recipients.untreating",
    ),
    Doubt(
        "E1",
        'Are two kinds of proceeding on one form "combined"?',
        "yes, and a person decides",
        "part2.elements.combined",
    ),
    Doubt(
        "E2",
        "Does other health information, too, need an agreement with who transports it?",
        "yes (164.502(e))",
        "part2.qso.transport",
    ),
    Doubt(
        "E3",
        "Was a consent in force on receipt if nobody wrote down when, or whether its event had happened?",
        "judged as of now; what hangs on an event nobody knows of waits until somebody does",
        "part2.validity.doubt_on_receipt",
    ),
    Doubt(
        "E4",
        "Does a restriction give way to an emergency for payment or operations?",
        "no, for treatment only",
        "part2.emergency.clinical_emergency",
    ),
    Doubt(
        "E5",
        "Does a revocation stop a holder that is not covered, and its contractor?",
        "yes; only a covered holder keeps what it received",
        "part2.redisclosure.to_contractor",
    ),
    Doubt(
        "E6",
        "May a party named in `onward` get what the consent does not list, or after it ended?",
        "no; the consent must carry it but for the recipient",
        "part2.redisclosure.expressly_permitted",
    ),
    Doubt(
        "E7",
        "Does a revocation of a justice consent count if nobody knows whether the case is over?",
        "yes; nothing compels a disclosure",
        "part2.validity.lapses",
    ),
    Doubt(
        "E8",
        "Is a patient whose birth date nobody recorded a minor?",
        "yes, old enough for counseling only",
        "facts.Facts.minor",
    ),
    Doubt(
        "E9",
        "Do staff and parts of a program that have no function of their own act as the program?",
        "yes: what they send is its record, and its consents and agreements serve them",
        "world.World",
    ),
    Doubt(
        "E10",
        "May a holder pass on what came before the consent was signed, or upon a spoken or a forged one?",
        "no, and a person decides",
        "part2.validity.given_on_receipt",
    ),
    Doubt(
        "E11",
        "Does a consent taken back as to the party that discloses stop that party?",
        "yes, as it stops a recipient",
        "part2.validity.concerned",
    ),
    Doubt(
        "E12",
        "Does Cal. H&S 11845.5 bind an SUD program that part 2 does not reach?",
        "not asked: its records go as other health information, as the case format has it; a county pack may ask more",
        "california.limits",
    ),
    Doubt(
        "E13",
        "Does an emergency make the emergency department a treating provider under Cal. W&I 5328(a)?",
        "no; the sender states that it treats her, which in an emergency it does",
        "california.limits.mental_health",
    ),
)


DOUBT_HEAD = ("no.", "question", "safe default", "other answer (`HUB_CHOICES`)", "where", "status")
NO_CHOICE = "none: a new edition of the function"
CHANGES_NOTHING = {
    "D8": "none: whoever reads the amended text corrects the function",
    "D9": "none: the decisions are those of California's law, which counsel confirms",
}


def doubt_rows(choices: Choices = SAFE) -> tuple[tuple[str, ...], ...]:
    """The open questions under DOUBT_HEAD, each with its other answer and what has been chosen."""
    options = {option.doubt: option for option in OPTIONS}
    found = []
    for doubt in DOUBTS:
        option = options.get(doubt.number)
        other, status = CHANGES_NOTHING.get(doubt.number, NO_CHOICE), "open"
        if option is not None:
            other = f"{option.doubt}={option.other}: {option.means}"
            status = f"chosen: {option.other}" if getattr(choices, option.field) else "open"
        found.append((doubt.number, doubt.question, doubt.default, other, doubt.where, status))
    return tuple(found)


def entry_of(law: str) -> Entry | None:
    """The entry whose paragraph a case cites: the longest that the citation begins with."""
    fitting = [entry for entry in ENTRIES if _within(law, entry.law)]
    return max(fitting, key=lambda entry: len(entry.law), default=None)


def _within(law: str, paragraph: str) -> bool:
    rest = law[len(paragraph) :]
    return law.startswith(paragraph) and (not rest or not rest[0].isdigit())
