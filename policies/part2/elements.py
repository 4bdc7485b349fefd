"""The elements that a written consent must have on its face, §2.31(a)(1) to (10), and what may not be combined.

Each function names every fault it finds. A form with any of them carries nothing (§2.31(c)(2)); whether a defect is
insubstantial is for a person, never for the engine.
"""

from collections.abc import Iterable
from typing import Final

from policies.model import AsWritten, Consent, PersonAt
from policies.vocabulary import (
    ALL_PARTICIPANTS,
    ANY_AND_ALL,
    AT_PATIENT_REQUEST,
    BASE_PURPOSES,
    CONSENT_KINDS,
    FORMS,
    PROCEEDINGS,
    RECIPIENT_CLASSES,
    SIGNATURES,
)
from policies.world import World

COVERED: Final = frozenset({"covered_entity", "business_associate"})


def missing(consent: Consent, world: World) -> tuple[str, ...]:
    """Every blank element of §2.31(a), and the two marks of a form that cannot be relied on yet."""
    listed = consent.purposes or frozenset()
    tpo = not listed.isdisjoint(BASE_PURPOSES)
    statements = consent.states_right_to_revoke and consent.states_how_to_revoke
    intermediary = consent.kind == "intermediary"
    revocable = consent.kind != "criminal_justice"  # §2.35(a)(2) excepts (a)(6)
    needs_rule = tpo and (intermediary or reaches_covered(consent, world))
    faults = (
        ("consent.unverified", not consent.verified),
        ("consent.missing.patient", not consent.patient),
        ("consent.missing.discloser", not consent.discloser),
        ("consent.missing.information", not consent.information),
        ("consent.information_vague", ANY_AND_ALL in (consent.information or ())),
        ("consent.missing.recipient", not intermediary and not consent.recipients),
        ("consent.missing.participants", intermediary and not _limited(consent)),
        ("consent.missing.redisclosure_rule", needs_rule and not consent.states_redisclosure_rule),
        ("consent.missing.purpose", not listed),
        ("consent.not_patient_initiated", AT_PATIENT_REQUEST in listed and not consent.patient_initiated),
        ("consent.missing.fundraising_opt_out", _fundraising(consent)),
        ("consent.missing.revocation", revocable and not statements),
        ("consent.missing.expiry", not _ends(consent)),
        ("consent.missing.signature", not consent.signed_by or not consent.signature),
        ("consent.missing.date", consent.signed_on is None),
        ("consent.missing.redisclosure_risk", tpo and not consent.states_redisclosure_risk),
        ("consent.missing.refusal_consequences", tpo and not consent.states_refusal_consequences),
    )
    return tuple([code for code, fault in faults if fault])


def combined(consent: Consent) -> tuple[str, ...]:
    """§2.31(d): a consent for a proceeding stands alone. Two kinds of proceeding on one form count as combined
    too: the text leaves room, and a person looks at every proceeding consent anyway.
    """
    listed = consent.purposes or frozenset()
    return ("consent.combined",) if len(listed) > 1 and not listed.isdisjoint(PROCEEDINGS) else ()


def unmodelled(consent: Consent) -> tuple[str, ...]:
    """A kind, form or signature that the engine does not know carries nothing, and a person looks."""
    known = (
        consent.kind in CONSENT_KINDS
        and (consent.form is None or consent.form in FORMS)
        and (consent.signature is None or consent.signature in SIGNATURES)
    )
    return () if known else ("design.not_modelled",)


def reaches_covered(consent: Consent, world: World) -> bool:
    """§2.31(a)(4)(iii) is stated if any recipient is a class, a covered entity or a business associate."""
    for entry in consent.recipients or ():
        if entry in RECIPIENT_CLASSES:
            return True
        if any(not COVERED.isdisjoint(world.roles.get(party, ())) for party in _named(entry, world)):
            return True
    return False


def _named(entry: str | AsWritten | PersonAt, world: World) -> Iterable[str]:
    if isinstance(entry, AsWritten):
        return world.by_name.get(entry.name, ())
    return (entry.person, entry.at) if isinstance(entry, PersonAt) else (entry,)


def _limited(consent: Consent) -> bool:
    """§2.31(a)(4)(ii): participants by name, or those that treat the patient; never all of them."""
    return bool(consent.participants) and consent.participants != ALL_PARTICIPANTS


def _fundraising(consent: Consent) -> bool:
    return "fundraising" in (consent.purposes or ()) and not consent.states_fundraising_opt_out


def _ends(consent: Consent) -> bool:
    """§2.31(a)(7): "none" is an end only if every purpose is treatment, payment or operations."""
    if consent.expires == "none":
        return (consent.purposes or frozenset()) <= BASE_PURPOSES
    return consent.expires is not None
