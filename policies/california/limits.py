"""California's limits on other health information. AB 133 (W&I 14184.102(j)) lifts the first; it never touches
part 2, and is no permission (§2.20).
"""

from policies.california.minors import COUNSELING_AGE
from policies.days import birthday, start_of
from policies.facts import Facts, Matter
from policies.findings import NOTHING, Permit, ProhibitJudge, Reasons
from policies.part2.consent import carrying


def mental_health(facts: Facts) -> ProhibitJudge | None:
    """W&I 5328(a): mental health information goes to who treats her, under CalAIM, or with her consent."""
    if facts.treating or facts.request.calaim:
        return None

    def judge(matter: Matter, _permit: Permit | None) -> Reasons:
        if matter.cls != "mental_health" or carrying(facts, matter) is not None:
            return NOTHING
        return ("california.mental_health",)

    return judge


def minor_record(facts: Facts) -> ProhibitJudge | None:
    """H&S 123115(a): no record of counseling a minor may seek alone goes to a parent without the minor's consent."""
    patient = facts.patient
    if facts.request.service != "counseling" or facts.to.isdisjoint(patient.parents) or not facts.minor():
        return None
    born = patient.born
    if born is not None and facts.at < start_of(birthday(born, COUNSELING_AGE), facts.world.zone):
        return None
    return lambda matter, _: NOTHING if carrying(facts, matter) is not None else ("california.minor_record",)
