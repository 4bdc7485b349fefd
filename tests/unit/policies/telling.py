"""May this be told, by the effect alone? The other side of the proof that a read-back and the engine agree."""

from datetime import date, datetime

from policies.days import start_of
from policies.effect import Effect, Span
from policies.model import Event, Request, Revocation
from policies.vocabulary import BASE_OF, TRIGGERS

MILES = 200
PAYERS = frozenset({"health_plan", "third_party_payer"})


def may_be_told(effect: Effect, request: Request, information: str) -> bool:
    """Whether the effect lets a program's own record of this class be told in the circumstances of the request.

    Reads of the request: who, to whom, for what, when, and the facts about the patient; not its consents or packet.
    """
    return (
        effect.verified
        and not effect.faults
        and _disclosed_by(effect, request)
        and _reaches(effect, request)
        and _serves(effect, request, information)
        and _in_force(effect, request)
    )


def _disclosed_by(effect: Effect, request: Request) -> bool:
    line = request.world.lines[request.discloser]
    if not line.isdisjoint(effect.disclosers):
        return True
    return effect.treating_programs and not (line & request.patient.programs).isdisjoint(request.world.programs)


def _reaches(effect: Effect, request: Request) -> bool:
    line, roles = request.world.lines[request.recipient], request.world.roles[request.recipient]
    if effect.exchange is not None:
        return effect.exchange in line
    if "intermediary" in roles:  # §2.31(a)(4)(ii): an exchange needs the form made for it
        return False
    named = not line.isdisjoint(effect.recipients)
    person = any(each.person == request.recipient and each.at in line for each in effect.people)
    return named or person or any(_in_class(each, request) for each in effect.classes)


def _in_class(cls: str, request: Request) -> bool:
    world, patient = request.world, request.patient
    line = world.lines[request.recipient]
    if cls == "health_plans":
        return not line.isdisjoint(patient.plans)
    if cls == "third_party_payers":
        return not line.isdisjoint(patient.payers)
    if cls == "treating_providers":
        treats = request.relationship in {"treating", "accepted"}
        derived = request.relationship is None and not line.isdisjoint(patient.treating_providers)
        return "provider" in world.roles[request.recipient] and (treats or derived)
    near = request.registry is not None and request.registry.miles <= MILES
    return near and request.recipient in world.programs


def _serves(effect: Effect, request: Request, information: str) -> bool:
    base = BASE_OF.get(request.purpose, request.purpose)
    granted = any(base in grant.purposes and information in grant.information for grant in effect.grants)
    if base == "supervision":
        supervision = request.supervision
        return granted and supervision is not None and supervision.condition and supervision.monitors
    if base == "dual_enrollment":
        registry = request.registry
        central = "central_registry" in request.world.roles[request.recipient]
        happened = registry is not None and registry.trigger in TRIGGERS - {"none"}
        return granted and registry is not None and happened and (central or registry.miles <= MILES)
    return granted


def _in_force(effect: Effect, request: Request) -> bool:
    at = request.at
    begun = effect.start is not None and effect.start <= at
    ended = effect.end is not None and at >= effect.end
    if effect.event is not None:
        state = request.events.get(effect.event, "unknown")
        ended = at >= state if isinstance(state, datetime) else state != "not_yet"
    program = request.world.program_of.get(request.discloser, request.discloser)
    line = request.world.lines[request.recipient] | {request.discloser, program}
    revoked = any(_revokes(each, effect, request, line) for each in effect.revoked)
    return begun and not ended and not revoked and any(_signed(span, request) for span in effect.spans)


def _revokes(revocation: Revocation, effect: Effect, request: Request, line: frozenset[str]) -> bool:
    """§2.31(a)(6); §2.35(c): a consent for supervision can be taken back only from its date or event on."""
    if revocation.at > request.at or (revocation.as_to is not None and revocation.as_to.isdisjoint(line)):
        return False
    since = effect.revocable_from
    if isinstance(since, Event):
        state = request.events.get(since.name, "unknown")
        return revocation.at >= state if isinstance(state, datetime) else state != "not_yet"
    return not isinstance(since, date) or revocation.at >= start_of(since, request.world.zone)


def _signed(span: Span, request: Request) -> bool:
    if (span.start is not None and request.at < span.start) or (span.end is not None and request.at >= span.end):
        return False
    if request.service not in span.services:
        return False
    if not span.unable:
        return True
    payment = BASE_OF.get(request.purpose, request.purpose) == "payment"
    payer = not PAYERS.isdisjoint(request.world.roles[request.recipient])
    return "medically_unable" in request.findings and payment and payer
