"""Generated worlds: parties, patients, consents and requests that nobody wrote by hand.

A request is drawn from one number, so that thousands are cheap and each can be had again. Most are nearly good: a
program, a consent that fits, facts that fit the purpose; then a few things are not as they should be. A request drawn
wholly at random is refused for ten reasons at once and tests little.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from policies import vocabulary as v
from policies.model import (
    Agreement,
    AsWritten,
    Consent,
    CourtOrder,
    Emergency,
    Event,
    Item,
    Party,
    Patient,
    PersonAt,
    Registry,
    Request,
    Restriction,
    Revocation,
    Supervision,
    World,
)

ZONE = ZoneInfo("Etc/GMT+8")  # no summer time: shifting all instants by whole days changes nothing
NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
TODAY = date(2026, 3, 2)
PARTIES = tuple(f"party-{number}" for number in range(8))
PURPOSES = (*sorted(v.BASE_PURPOSES) * 5, *sorted(v.PURPOSES))
CLASSES = ("summary", "attendance", "medications", "mental_health", "counseling_notes")
WANTED = {
    "payment": "covered_entity",
    "operations": "health_plan",
    "child_abuse_report": "child_abuse_authority",
    "adult_abuse_report": "adult_protective_services",
    "crime_report": "law_enforcement",
    "threat_warning": "law_enforcement",
    "public_health": "public_health_authority",
    "audit": "oversight_agency",
    "research": "researcher",
    "cause_of_death": "coroner",
    "hhs_compliance": "hhs",
    "supervision": "criminal_justice",
    "dual_enrollment": "central_registry",
}
CLASS_FOR = {
    "child_abuse_report": "abuse_report",
    "crime_report": "incident",
    "cause_of_death": "cause_of_death",
    "dual_enrollment": "medications",
}
KIND_FOR = {
    "supervision": "criminal_justice",
    "dual_enrollment": "registry",
    **dict.fromkeys(v.PROCEEDINGS, "proceeding"),
}
FAULTS = (
    {"written": False},
    {"verified": False},
    {"patient": None},
    {"patient": "other"},
    {"discloser": None},
    {"information": None},
    {"information": frozenset({v.ANY_AND_ALL})},
    {"recipients": None},
    {"information": frozenset({v.COMPLETE_RECORD, v.COUNSELING_NOTES})},
    {"states_fundraising_opt_out": False},
    {"states_redisclosure_rule": False},
    {"purposes": None},
    {"purposes": frozenset({v.AT_PATIENT_REQUEST})},
    {"purposes": frozenset({"treatment", "civil_proceeding"})},
    {"states_how_to_revoke": False},
    {"expires": None},
    {"expires": "none"},
    {"expires": Event("discharge")},
    {"expires": date(2026, 2, 1)},
    {"expires": NOW},
    {"signed_by": None},
    {"signature": "doubtful"},
    {"signed_on": None},
    {"kind": "general"},
    {"signed_on": date(2026, 5, 1)},
    {"signed_at": NOW + timedelta(hours=1)},
    {"conditioned": True},
    {"form": "ascmi_ab133"},
    {"signed_by": frozenset({v.THE_DIRECTOR})},
    {"participants": v.ALL_PARTICIPANTS},
    {"revocable_from": v.AFTER_FINAL_DISPOSITION},
    {"revocable_from": date(2026, 2, 1)},
    {"states_period": False},
    {"states_redisclosure_risk": False},
    {"states_refusal_consequences": False},
    {"signed_by": frozenset({"party-6"})},
    {"discloser": ("party-5",)},
    {"recipients": ("party-5",)},
)


def some(rng, values, size):
    return frozenset(rng.sample(values, rng.randint(0, size)))


def maybe(rng, share, value, otherwise=None):
    return value if rng.random() < share else otherwise


@lru_cache(maxsize=400)
def world(number):
    rng = Random(number)
    parties = {}
    for index, name in enumerate(PARTIES):
        roles = some(rng, sorted(v.ROLES), 3) | some(rng, ["provider", "covered_entity", "medical_personnel"], 2)
        parties[name] = Party(
            id=name,
            name="Hope Clinic" if rng.random() < 0.2 else f"Party {index}",
            roles=roles,
            part_of=rng.choice(PARTIES[:index]) if index and rng.random() < 0.3 else None,
            controlled_by=maybe(rng, 0.2, rng.choice(PARTIES)),
            sud_program="holds_out" if index < 2 else rng.choice([None, None, "incidental", "unknown"]),
            federal_assistance=rng.random() < 0.9,
            sud_only=rng.random() < 0.5,
            participants=some(rng, PARTIES, 4) if "intermediary" in roles or rng.random() < 0.2 else frozenset(),
        )
    agreements = {
        f"agreement-{index}": Agreement(
            f"agreement-{index}",
            kind,
            rng.choice(PARTIES[:4]),
            rng.choice(PARTIES),
            rng.choice(["data_processing", "legal", "care_coordination"]),
            maybe(rng, 0.2, date(2026, 2, 1)),
            rng.random() < 0.7,
        )
        for index, kind in enumerate(sorted(v.AGREEMENT_KINDS) * 3)
    }
    return World(parties, agreements, ZONE)


def patient(rng):
    return Patient(
        id="pat",
        born=rng.choice([date(1988, 4, 11)] * 6 + [date(2012, 5, 1), date(2009, 1, 1), date(2008, 2, 20), None]),
        died=maybe(rng, 0.07, date(2026, 2, 1)),
        adjudicated=rng.random() < 0.07,
        representative=maybe(rng, 0.5, "party-6"),
        agents=some(rng, PARTIES, 2),
        parents=frozenset({"party-6"}),
        removed=rng.random() < 0.2,
        plans=some(rng, PARTIES, 3),
        payers=some(rng, PARTIES, 2),
        programs=some(rng, PARTIES, 4),
        treating_providers=some(rng, PARTIES, 4),
        medi_cal=rng.random() < 0.5,
    )


def revocation(rng):
    at = NOW + timedelta(hours=rng.randint(-2000, 200))
    as_to = some(rng, PARTIES, 3) or frozenset(PARTIES)
    return Revocation(at, rng.choice(["written", "oral"]), maybe(rng, 0.5, as_to))


def recipients(rng, recipient):
    named = rng.choice(
        [
            (recipient,),
            (recipient,),
            tuple(sorted(v.RECIPIENT_CLASSES)),
            ("treating_providers",),
            (AsWritten("Hope Clinic"),),
            (PersonAt(recipient, rng.choice(PARTIES)),),
        ]
    )
    return (*named, *some(rng, PARTIES, 2))


def consent(rng, name, ask):
    """A form that fits the request, or nearly."""
    base = v.BASE_OF.get(ask["purpose"], ask["purpose"])
    kind = KIND_FOR.get(base) or rng.choice(["tpo", "specific", "specific", "counseling_notes", "intermediary"])
    kind = maybe(rng, 0.9, kind, rng.choice(sorted(v.CONSENT_KINDS)))
    own = {i.source for i in ask["packet"]} - {None, v.UNKNOWN_SOURCE}
    information = {i.information for i in ask["packet"]} | maybe(rng, 0.5, {v.COMPLETE_RECORD}, set())
    information = {v.COUNSELING_NOTES} if kind == v.COUNSELING_NOTES else information - {v.COUNSELING_NOTES}
    others = tuple(sorted(own)) or (v.TREATING_PROGRAMS,)
    form = Consent(
        id=name,
        kind=kind,
        patient="pat",
        discloser=(ask["discloser"], *sorted(own)) if rng.random() < 0.7 else others,
        information=frozenset(information or {"summary"}),
        recipients=recipients(rng, ask["recipient"]),
        intermediary=maybe(rng, 0.5, ask["discloser"], ask["recipient"]) if kind == "intermediary" else None,
        participants=rng.choice([v.TREATING_PARTICIPANTS, frozenset({ask["recipient"]})]),
        states_redisclosure_rule=True,
        purposes=v.BASE_PURPOSES if kind == "tpo" else frozenset({base}),
        states_fundraising_opt_out=True,
        states_right_to_revoke=True,
        states_how_to_revoke=True,
        expires=date(2026, 12, 31),
        signature="handwritten",
        signed_on=date(2026, 1, 15),
        signed_by=frozenset({"pat"}) | maybe(rng, 0.3, {"party-6"}, set()),
        states_redisclosure_risk=True,
        states_refusal_consequences=True,
        onward=some(rng, [*PARTIES, ask["recipient"]], 3),
        states_period=True,
        revocable_from=Event("final_disposition"),
    )
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        form = replace(form, **rng.choice(FAULTS))
    if rng.random() < 0.2:
        form = replace(form, revoked=tuple(revocation(rng) for _ in range(rng.randint(1, 2))))
    return form


def item(rng, name, purpose):
    base = v.BASE_OF.get(purpose, purpose)
    cls = maybe(rng, 0.7, CLASS_FOR.get(base, rng.choice(CLASSES)), rng.choice(sorted(v.CLASSES)))
    foreign = rng.random() < 0.4
    return Item(
        id=name,
        information=cls,
        source=maybe(rng, 0.95, rng.choice(PARTIES[:3]), v.UNKNOWN_SOURCE) if foreign else None,
        held_under=rng.choice(["form-0", "form-0", "form-1", *sorted(v.HOLDINGS), None]) if foreign else None,
        received=maybe(rng, 0.5, NOW + timedelta(hours=rng.randint(-1500, 0))),
        identifies=rng.choice(["sud_patient"] * 7 + ["person", "person", "nobody"]),
        exempt=maybe(rng, 0.05, "evidence_only"),
        needed=rng.random() < 0.93,
        kept_apart=rng.random() < 0.7,
        originator=maybe(rng, 0.5, rng.choice(PARTIES)),
        made=maybe(rng, 0.5, TODAY + timedelta(days=rng.randint(-60, 0))),
    )


def restriction(rng):
    return Restriction(
        maybe(rng, 0.5, some(rng, PARTIES, 3) or None),
        frozenset({rng.choice([*CLASSES, v.COMPLETE_RECORD])}),
        rng.random() < 0.7,
        rng.random() < 0.4,
        maybe(rng, 0.4, NOW + timedelta(hours=rng.randint(-900, 90))),
        rng.choice(["patient", "notice"]),
    )


def order(rng):
    return CourtOrder(
        rng.choice(sorted(v.ORDER_SECTIONS)),
        maybe(rng, 0.2, rng.choice(PARTIES)),
        maybe(rng, 0.2, some(rng, PARTIES, 3)),
        frozenset({rng.choice([*CLASSES, v.COMPLETE_RECORD, v.COMPLETE_RECORD])}),
        maybe(rng, 0.5, "serious_crime"),
        maybe(rng, 0.3, NOW + timedelta(hours=rng.randint(-50, 500))),
    )


def request(seed):
    """One request from one number."""
    rng = Random(seed)
    here = world(rng.randrange(300))
    purpose = rng.choice(PURPOSES)
    base = v.BASE_OF.get(purpose, purpose)
    fitting = [party for party in PARTIES if WANTED.get(base, "provider") in here.roles[party]] or PARTIES
    patients_own = base in {"patient_access", "list_of_disclosures"} and rng.random() < 0.8
    ask = {
        "purpose": purpose,
        "discloser": rng.choice([*PARTIES[:2] * 4, *PARTIES, *PARTIES, v.THE_PATIENT]),
        "recipient": v.THE_PATIENT if patients_own else rng.choice(fitting if rng.random() < 0.7 else PARTIES),
        "packet": tuple(item(rng, f"item-{n}", purpose) for n in range(rng.randint(1, 3))),
    }
    justice = base in v.PROCEEDINGS or rng.random() < 0.05
    return Request(
        world=here,
        patient=patient(rng),
        at=NOW,
        **ask,
        consents=tuple(consent(rng, f"form-{n}", ask) for n in range(rng.choice([0, 1, 1, 2, 3]))),
        relationship=maybe(rng, 0.5, rng.choice(["treating", "accepted", "asked", "none"])),
        agreements=tuple(sorted(some(rng, sorted(here.agreements), 6))) if rng.random() < 0.6 else (),
        restrictions=tuple(restriction(rng) for _ in range(rng.choice([0, 0, 0, 1, 2]))),
        events={
            name: rng.choice([NOW - timedelta(days=3), NOW + timedelta(days=3), "not_yet", "unknown"])
            for name in ("discharge", "final_disposition")
            if rng.random() < 0.7
        },
        by=rng.choice(sorted(v.CHANNELS)),
        through=maybe(rng, 0.05, rng.choice(PARTIES)),
        identity=maybe(rng, 0.95, "verified", "unverified"),
        notice=maybe(rng, 0.9, "full", rng.choice(sorted(v.NOTICES))),
        consent_copy=rng.random() < 0.95,
        sud_duty=rng.random() < 0.8,
        service=maybe(rng, 0.7, "counseling", rng.choice(sorted(v.SERVICES))),
        calaim=rng.random() < 0.3,
        emergency=maybe(
            rng,
            0.1,
            Emergency(
                rng.choice([*["medical"] * 4, *sorted(v.EMERGENCY_KINDS)]),
                maybe(rng, 0.8, "clinician", "software"),
                maybe(rng, 0.8, "unobtainable", "refused"),
            ),
        ),
        demand=rng.choice(sorted(v.DEMANDS)) if justice and rng.random() < 0.6 else None,
        order=order(rng) if justice and rng.random() < 0.5 else None,
        against=maybe(rng, 0.7, "patient", rng.choice(sorted(v.ADVERSARIES))),
        supervision=Supervision(rng.random() < 0.8, rng.random() < 0.8) if base == "supervision" else None,
        registry=maybe(
            rng,
            base == "dual_enrollment",
            Registry(rng.choice(sorted(v.TRIGGERS)), rng.choice([50, 200, 250])),
        ),
        findings=some(rng, sorted(v.FINDINGS), 4) if rng.random() < 0.5 else frozenset(),
        crime=rng.choice(sorted(v.CRIMES)) if base == "crime_report" else None,
    )


requests = st.integers(0, 2**40).map(request)
"""Shrinking a number means nothing; the number itself is what a failure reports."""
