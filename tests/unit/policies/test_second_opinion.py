"""A second, independent implementation of the core agrees on generated worlds: Cedar policies, run by cedarpy.

The core: own records of a program, a living adult who can act, consents of the kinds that are no form for one special
agency, restrictions that have not ended. Everything else has no counterpart in Cedar and is covered by the laws and
the cases. Sets are Cedar sets and party membership is Cedar's `in`; no function of `policies/` is called to build a
question, save for the vocabulary.
"""

import json
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

import cedarpy
from hypothesis import assume, given, settings

from policies import vocabulary as v
from policies.kernel import decide
from policies.model import AsWritten, Event, PersonAt
from tests.unit.policies.worlds import NOW, PARTIES, TODAY, ZONE, request, requests

POLICIES = cedarpy.PolicySet.from_str(Path(__file__).with_name("second_opinion.cedar").read_text())
NEVER = 2**40
KINDS = {"tpo", "specific", "counseling_notes", "proceeding", "general"}
CORE = v.BASE_PURPOSES | v.PROCEEDINGS | {"housing", "employment", "fundraising"}


def core(request):
    """The request without whatever has no counterpart in Cedar; None if nothing of it has."""
    program = request.world.parties[PARTIES[0]]
    outside = not program.federal_assistance or "veterans_care" in program.roles
    if outside or request.recipient not in PARTIES or program.controlled_by == request.recipient:
        return None
    if PARTIES[0] in line(request.world, request.recipient):
        return None
    base = v.BASE_OF.get(request.purpose, request.purpose)
    purpose = base if base in CORE else "housing"
    packet = tuple(replace(item, source=PARTIES[0], identifies="sud_patient", exempt=None) for item in request.packet)
    patient = replace(request.patient, died=None, adjudicated=False, born=NOW.date().replace(year=1980), removed=False)
    renamed = {request.discloser: PARTIES[0], base: purpose}
    consents = tuple(
        replace(
            consent,
            discloser=consent.discloser and tuple(renamed.get(name, name) for name in consent.discloser),
            purposes=consent.purposes and frozenset(renamed.get(name, name) for name in consent.purposes),
        )
        for consent in request.consents
        if consent.kind in KINDS
    )
    limits = tuple(replace(limit, ended=None) for limit in request.restrictions[:1])
    return replace(
        request,
        discloser=PARTIES[0],
        purpose=purpose,
        packet=packet,
        patient=patient,
        consents=consents,
        restrictions=limits,
        agreements=(),
        through=None,
        emergency=None,
        order=None,
        findings=frozenset(),
        supervision=None,
        registry=None,
        crime=None,
        demand=None,
        relationship=request.relationship or "none",
    )


def line(world, party):
    found = []
    while party is not None and party not in found:
        found.append(party)
        party = world.parties[party].part_of
    return found


def roles(world, party):
    return {role for above in line(world, party) for role in world.parties[above].roles}


def entity(party):
    return {"__entity": {"type": "Party", "id": party}}


def entities(parties):
    return [entity(party) for party in sorted(parties)]


def seconds(instant):
    return int(instant.timestamp())


def midnight(day):
    return seconds(datetime.combine(day, time(), ZONE))


def revocation(consent, number):
    if number >= len(consent.revoked):
        return {"at": NEVER, "all": False, "as_to": []}
    one = consent.revoked[number]
    return {"at": seconds(one.at), "all": one.as_to is None, "as_to": entities(one.as_to or ())}


def ends(request, consent):
    """The instant it ends, and whether the form states an end."""
    expires = consent.expires
    if expires is None or expires == "none":
        return NEVER, expires or "blank"
    if isinstance(expires, Event):
        state = request.events.get(expires.name, "unknown")
        return (seconds(state) if isinstance(state, datetime) else NEVER if state == "not_yet" else 0), "stated"
    if isinstance(expires, datetime):
        return seconds(expires), "stated"
    return midnight(expires + timedelta(days=1)), "stated"


def recipients(request, consent):
    """Named parties, classes, and whether the redisclosure rule must be stated."""
    world, named, classes, mentioned = request.world, set(), set(), set()
    for entry in consent.recipients or ():
        if isinstance(entry, AsWritten):
            namesakes = {party for party in PARTIES if world.parties[party].name == entry.name}
            named |= namesakes if len(namesakes) == 1 else set()
            mentioned |= namesakes
        elif isinstance(entry, PersonAt):
            mentioned |= {entry.person, entry.at}
            if entry.person == request.recipient and entry.at in line(world, entry.person):
                named.add(entry.person)
        elif entry in v.RECIPIENT_CLASSES:
            classes.add(entry)
        else:
            named.add(entry)
            mentioned.add(entry)
    covered = any(roles(world, party) & {"covered_entity", "business_associate"} for party in mentioned)
    return named, classes, bool(classes) or covered


def context(request, consent):
    world, patient = request.world, request.patient
    named, classes, needs_rule = recipients(request, consent)
    end, expiry = ends(request, consent)
    programs = {
        p
        for p in patient.programs
        if world.parties[p].federal_assistance and world.parties[p].sud_program in {"holds_out", "unknown"}
    }
    disclosers = set(consent.discloser or ())
    signed_at = consent.signed_at
    limit = request.restrictions[0] if request.restrictions else None
    return {
        "written": consent.written,
        "verified": consent.verified,
        "kind": consent.kind,
        "patient_named": consent.patient is not None,
        "same_patient": consent.patient == "pat",
        "purposes": sorted(consent.purposes or ()),
        "several_purposes": len(consent.purposes or ()) > 1,
        "information": sorted(consent.information or ()),
        "signed": bool(consent.signed_by) and consent.signature is not None,
        "patient_signed": "pat" in (consent.signed_by or ()),
        "doubtful": consent.signature == "doubtful",
        "dated": consent.signed_on is not None,
        "signed_on": midnight(consent.signed_on or TODAY),
        "has_signed_at": signed_at is not None,
        "signed_at": seconds(signed_at) if signed_at else 0,
        "other_day": bool(signed_at and consent.signed_on and signed_at.astimezone(ZONE).date() != consent.signed_on),
        "names_recipients": bool(consent.recipients),
        "names_discloser": bool(consent.discloser),
        "right_to_revoke": consent.states_right_to_revoke,
        "how_to_revoke": consent.states_how_to_revoke,
        "expiry": expiry,
        "end": end,
        "risk": consent.states_redisclosure_risk,
        "refusal": consent.states_refusal_consequences,
        "needs_rule": needs_rule,
        "rule": consent.states_redisclosure_rule,
        "opt_out": consent.states_fundraising_opt_out,
        "patient_initiated": consent.patient_initiated,
        "conditioned": consent.conditioned,
        "form": consent.form or "",
        "medi_cal": patient.medi_cal,
        "first": revocation(consent, 0),
        "second": revocation(consent, 1),
        "discloser": entity(request.discloser),
        "disclosers": entities(disclosers - {v.TREATING_PROGRAMS}),
        "disclosers_by_class": v.TREATING_PROGRAMS in disclosers,
        "programs": entities(programs),
        "recipient_is_intermediary": "intermediary" in roles(world, request.recipient),
        "recipients": entities(named),
        "classes": sorted(classes),
        "provider": "provider" in roles(world, request.recipient),
        "plan": "health_plan" in roles(world, request.recipient),
        "treating": request.relationship in {"treating", "accepted"},
        "plans": entities(patient.plans),
        "payers": entities(patient.payers),
        "purpose": request.purpose,
        "proceeding": request.purpose in v.PROCEEDINGS,
        "at": seconds(request.at),
        "verified_identity": request.identity == "verified",
        "notice": request.notice,
        "consent_copy": request.consent_copy,
        "limited": limit is not None,
        "limit": {
            "all": limit is not None and limit.against is None,
            "against": entities(limit.against or ()) if limit else [],
            "information": sorted(limit.information) if limit else [],
            "agreed": limit is not None and limit.agreed,
            "paid": limit is not None and limit.paid_in_full,
        },
    }


def second_opinion(request):
    """The items that some consent carries, as Cedar sees it."""
    parties = [
        {
            "uid": {"type": "Party", "id": party},
            "attrs": {},
            "parents": [{"type": "Party", "id": above} for above in line(request.world, party)[1:2]],
        }
        for party in PARTIES
    ]
    packet = [
        {
            "uid": {"type": "Item", "id": item.id},
            "parents": [],
            "attrs": {
                "information": "summary"
                if item.information == v.COUNSELING_NOTES and not item.kept_apart
                else item.information,
                "note": item.information == v.COUNSELING_NOTES and item.kept_apart,
                "needed": item.needed,
            },
        }
        for item in request.packet
    ]
    asks = [
        {
            "principal": f'Party::"{request.recipient}"',
            "action": 'Action::"disclose"',
            "resource": f'Item::"{item.id}"',
            "context": context(request, consent),
        }
        for item in request.packet
        for consent in request.consents
    ]
    if not asks:
        return set()
    answers = cedarpy.is_authorized_batch(asks, POLICIES, json.dumps([*parties, *packet]))
    assert not any(answer.diagnostics.errors for answer in answers), answers[0].diagnostics.errors
    per_item = len(request.consents)
    return {
        item.id
        for index, item in enumerate(request.packet)
        if any(answer.allowed for answer in answers[index * per_item : (index + 1) * per_item])
    }


@settings(max_examples=1000)
@given(requests)
def test_cedar_and_the_engine_agree_on_what_a_consent_carries(whole):
    question = core(whole)
    assume(question is not None)
    assert set(decide(question).released) == second_opinion(question)


def test_the_core_is_no_empty_country():
    """Enough of the generated questions are permitted for the agreement to mean something."""
    asked = [question for seed in range(4000) if (question := core(request(seed))) is not None]
    permitted = sum(bool(decide(question).released) for question in asked)
    assert 200 < permitted < len(asked) - 100
