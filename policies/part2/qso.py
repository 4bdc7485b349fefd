"""Communication that is no restricted disclosure: within the program and with its QSO (§2.12(c)(3), (4))."""

from typing import Final

from policies.facts import BAA, SERVICE_AGREEMENTS, Facts, Matter
from policies.findings import NOTHING, Permit, PermitJudge, ProhibitJudge, Reasons
from policies.vocabulary import QSO_SERVICES
from policies.world import Agreement

WITHIN: Final = Permit("within_program", ("2.12(c)(3)",))
QSO: Final = Permit("qso", ("2.12(c)(4)", "2.11"), obligations=frozenset({"agreement_on_file"}))


def within_program(facts: Facts) -> PermitJudge | None:
    """§2.12(c)(3): staff of the program and the entity with direct control, for duties that arise from SUD care."""
    program = facts.program
    if program is None:
        return None
    controls = facts.world.parties[program].controlled_by
    if program not in facts.to and facts.request.recipient != controls:
        return None
    found = WITHIN if facts.request.sud_duty else ("scope.no_sud_duty",)
    return lambda _: found


def qso(facts: Facts) -> PermitJudge:
    """§2.12(c)(4), §2.11: the program to its QSO under an agreement in force, and the QSO back to its program."""
    request = facts.request
    named = any(
        agreement.kind in SERVICE_AGREEMENTS and agreement.with_party in facts.to
        for agreement in map(facts.world.agreements.__getitem__, request.agreements)
    )
    to_qso = facts.from_program and (named or "business_associate" in facts.roles)
    found: Permit | Reasons = NOTHING
    if to_qso:
        services = {agreement.service for agreement in serving_agreements(facts)}
        lacking = "qso.scope" if services else "qso.no_agreement"
        found = (lacking,) if services.isdisjoint(QSO_SERVICES) else QSO

    def judge(matter: Matter) -> Permit | Reasons:
        return QSO if matter.as_qso and matter.principal in facts.to else found

    return judge


def serving_agreements(facts: Facts) -> list[Agreement]:
    """The agreements in force by which the recipient serves the disclosing program."""
    return facts.agreed(SERVICE_AGREEMENTS, facts.holders, facts.to)


def transport(facts: Facts) -> ProhibitJudge | None:
    """§2.12(c)(4): who transports for the discloser needs an agreement with it.

    FORMAT.md says so of records; it is asked for other health information too (164.502(e)).
    """
    through = facts.request.through
    assert through is not None
    if facts.agreed(SERVICE_AGREEMENTS, facts.holders, facts.world.lines[through]):
        return None
    return lambda _matter, _permit: ("qso.no_agreement",)


def business_associate(facts: Facts) -> bool:
    """164.502(e): to the discloser's business associate under a contract in force, or back to whom it serves."""
    return bool(facts.agreed(BAA, facts.holders, facts.to) or facts.agreed(BAA, facts.to, facts.discloser_line))
