"""Communication that is no restricted disclosure: within the program and with its QSO (§2.12(c)(3), (4))."""

from policies.facts import BAA, SERVICE_AGREEMENTS, Facts, Matter
from policies.findings import NOTHING, Permit, PermitJudge, ProhibitJudge, Reasons
from policies.vocabulary import QSO_SERVICES
from policies.world import Agreement

WITHIN = Permit("within_program", ("2.12(c)(3)",))
QSO = Permit("qso", ("2.12(c)(4)", "2.11"), obligations=frozenset({"agreement_on_file"}))


def within_program(facts: Facts) -> PermitJudge | None:
    """§2.12(c)(3): staff of the program and the entity with direct control, for duties that arise from SUD care."""
    if not facts.from_program:
        return None
    discloser = facts.request.discloser
    controls = facts.world.parties[discloser].controlled_by
    if discloser not in facts.to and facts.request.recipient != controls:
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
        agreement = serving_agreement(facts)
        if agreement is None:
            found = ("qso.no_agreement",)
        else:
            found = QSO if agreement.service in QSO_SERVICES else ("qso.scope",)

    def judge(matter: Matter) -> Permit | Reasons:
        return QSO if matter.as_qso and matter.principal in facts.to else found

    return judge


def serving_agreement(facts: Facts) -> Agreement | None:
    """The agreement in force by which the recipient serves the disclosing program, a QSO service if there is one."""
    serving = [
        agreement
        for agreement in facts.agreements
        if agreement.kind in SERVICE_AGREEMENTS
        and agreement.holder == facts.request.discloser
        and agreement.with_party in facts.to
    ]
    return min(serving, key=lambda agreement: agreement.service not in QSO_SERVICES, default=None)


def transport(facts: Facts) -> ProhibitJudge | None:
    """§2.12(c)(4): who transports for the discloser needs an agreement with it.

    FORMAT.md says so of records; it is asked for other health information too (164.502(e)).
    """
    through = facts.request.through
    assert through is not None
    if facts.agreement(SERVICE_AGREEMENTS, facts.holders, facts.world.lines[through]) is not None:
        return None
    return lambda _matter, _permit: ("qso.no_agreement",)


def business_associate(facts: Facts) -> bool:
    """164.502(e): to the discloser's business associate under a contract in force, or back to whom it serves."""
    return (
        facts.agreement(BAA, facts.holders, facts.to) is not None
        or facts.agreement(BAA, facts.to, facts.discloser_line) is not None
    )
