"""The consents of the invented county do what their remarks say: each row is a question a county would ask."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from policies.kernel import decide
from policies.model import (
    Agreement,
    AsWritten,
    Consent,
    Event,
    Item,
    Party,
    Patient,
    Request,
    Restriction,
    Revocation,
    Supervision,
    World,
)

COUNTY = yaml.safe_load(Path("deploy/demo/county/county.yaml").read_text())
AT = datetime.fromisoformat("2026-04-20T10:00:00-07:00")
SETS = ("information", "purposes", "signed_by")


def world():
    parties = {}
    for key, row in COUNTY["organizations"].items():
        facts = {name: row[name] for name in ("part_of", "controlled_by", "sud_program", "sud_only") if name in row}
        roles, participants = frozenset(row.get("roles", [])), frozenset(row.get("participants", []))
        parties[key] = Party(key, row["name"], roles, participants=participants, **facts)
    agreements = {
        key: Agreement(key, row["kind"], row["holder"], row["with"], row.get("service"))
        for key, row in COUNTY["agreements"].items()
    }
    return World(parties, agreements, ZoneInfo(COUNTY["zone"]))


WORLD = world()


def patient(key):
    row = COUNTY["members"][key]
    sets = {
        name: frozenset(row.get(name, []))
        for name in ("agents", "parents", "plans", "payers", "programs", "treating_providers")
    }
    return Patient(
        id=key,
        born=date.fromisoformat(row["born"]),
        died=date.fromisoformat(row["died"]) if "died" in row else None,
        adjudicated=row.get("adjudicated", False),
        representative=row.get("representative"),
        removed=row.get("removed", False),
        medi_cal=row["medi_cal"],
        **sets,
    )


def end(value):
    if isinstance(value, dict):
        return Event(value["event"])
    return value if value in {None, "none"} else date.fromisoformat(value)


def consent(key):
    row = {name: value for name, value in COUNTY["consents"][key].items() if name != "event_status"}
    member = row.pop("member")
    given = {name: frozenset(row.pop(name)) for name in SETS if row.get(name) is not None}
    given["signed_by"] = (
        frozenset(member if who == "the-patient" else who for who in given.get("signed_by", [])) or None
    )
    recipients = (AsWritten(r["as_written"]) if isinstance(r, dict) else r for r in row.pop("recipients"))
    revoked = (
        Revocation(datetime.fromisoformat(r["at"]), r["how"], frozenset(r["as_to"]) if "as_to" in r else None)
        for r in row.pop("revoked", [])
    )
    row |= given | {
        "patient": member,
        "discloser": tuple(row["discloser"]),
        "recipients": tuple(recipients),
        "revoked": tuple(revoked),
        "expires": end(row["expires"]),
        "revocable_from": end(row.get("revocable_from")),
        "signed_on": date.fromisoformat(row["signed_on"]) if row["signed_on"] else None,
        "signed_at": datetime.fromisoformat(row["signed_at"]) if "signed_at" in row else None,
    }
    return Consent(id=key, **row)


def events(member):
    rows = [row for row in COUNTY["consents"].values() if row["member"] == member and "event_status" in row]
    return {
        row["expires"]["event"]: s if (s := row["event_status"]) == "not_yet" else datetime.fromisoformat(s)
        for row in rows
    }


def asked(member, discloser, recipient, purpose="treatment", information="summary", **more):
    """What the policy says to one item of the program's own, with every consent of the member on file."""
    consents = tuple(consent(key) for key, row in COUNTY["consents"].items() if row["member"] == member)
    restrictions = tuple(
        Restriction(
            frozenset(row["against"]), frozenset(row["information"]), row["agreed"], row.get("paid_in_full", False)
        )
        for row in COUNTY["restrictions"].values()
        if row["member"] == member and "ended" not in row
    )
    request = Request(
        world=WORLD,
        patient=patient(member),
        at=AT,
        discloser=discloser,
        recipient=recipient,
        purpose=purpose,
        packet=(Item("item", information),),
        consents=consents,
        restrictions=restrictions,
        events=events(member),
        **more,
    )
    return decide(request)


@pytest.mark.parametrize(
    ("member", "discloser", "recipient", "purpose", "information"),
    [
        ("m01", "alderhaven", "hazelmoor", "treatment", "assessment"),  # the step-down packet
        ("m01", "alderhaven", "greenmark", "operations", "attendance"),  # the admission notice to her plan
        ("m02", "hazelmoor", "thistledown", "treatment", "summary"),  # crisis follow-up to his doctor
        ("m02", "hazelmoor", "mhp", "treatment", "summary"),  # and to the MHP
        ("m03", "alderhaven", "hazelmoor", "treatment", "assessment"),  # until she revokes
        ("m06", "county-sud", "larkmoor", "treatment", "summary"),  # this twin
        ("m10", "hazelmoor", "st-anselm", "treatment", "summary"),  # the state form
        ("m12", "quarry-road", "brookside-pediatrics", "treatment", "summary"),  # minor alone, Fam. 6929
        ("m14", "quarry-road", "brookside-pediatrics", "treatment", "summary"),  # child and parent, 2.14(b)
        ("m18", "hazelmoor", "thistledown", "treatment", "summary"),  # conservator, 2.15(a)(1)
        ("m20", "alderhaven", "thistledown", "treatment", "summary"),  # the newer consent
        ("m21", "alderhaven", "family-fund", "payment", "billing"),
        ("m22", "tamberly", "st-anselm", "treatment", "summary"),  # the event has not come
        ("m25", "hazelmoor", "mhp", "treatment", "summary"),  # signed again
        ("m26", "alderhaven", "mhp", "treatment", "counseling_notes"),  # a consent of their own
        ("m30", "hazelmoor", "larkmoor", "treatment", "summary"),  # on paper, in Spanish
        ("m32", "alderhaven", "mhp", "treatment", "summary"),  # whoever treats her
        ("m37", "tamberly", "dcfs", "child_welfare", "attendance"),
        ("m39", "hazelmoor", "larkmoor", "treatment", "summary"),  # not revoked as to the clinic
        ("m40", "alderhaven", "thistledown", "treatment", "summary"),
    ],
)
def test_what_was_consented_to_may_go(member, discloser, recipient, purpose, information):
    assert asked(member, discloser, recipient, purpose, information).outcome == "permit"


@pytest.mark.parametrize(
    ("member", "discloser", "recipient", "purpose", "information", "reason"),
    [
        ("m01", "alderhaven", "hazelmoor", "treatment", "counseling_notes", "notes.separate_consent"),
        ("m02", "hazelmoor", "westerly", "operations", "summary", "scope.recipient"),  # no consent for his plan
        ("m04", "alderhaven", "greenmark", "operations", "attendance", "consent.none"),
        ("m07", "county-sud", "larkmoor", "treatment", "summary", "consent.none"),  # the other twin
        ("m09", "hazelmoor", "thistledown", "treatment", "summary", "consent.none"),  # the other Maria
        ("m15", "quarry-road", "brookside-pediatrics", "treatment", "summary", "minor.consent"),
        ("m22", "tamberly", "greenmark", "operations", "attendance", "consent.expired"),
        ("m25", "hazelmoor", "greenmark", "operations", "summary", "consent.revoked"),
        ("m31", "nettlebed", "alderhaven", "treatment", "summary", "consent.missing.expiry"),
        ("m33", "hazelmoor", "thistledown", "treatment", "summary", "scope.recipient_ambiguous"),
        ("m34", "marsh-lane", "larkmoor", "treatment", "summary", "consent.false"),
        ("m36", "county-sud", "larkmoor", "treatment", "summary", "consent.unverified"),
        ("m38", "hazelmoor", "thistledown", "treatment", "summary", "scope.purpose"),
        ("m39", "hazelmoor", "greenmark", "operations", "summary", "consent.revoked"),
        ("m40", "alderhaven", "greenmark", "payment", "billing", "restriction.paid_in_full"),
    ],
)
def test_what_was_not_stays_and_the_reason_is_the_one_of_the_remark(
    member, discloser, recipient, purpose, information, reason
):
    decision = asked(member, discloser, recipient, purpose, information)

    assert decision.outcome == "deny"
    assert reason in {found for item in decision.items for found in item.reasons}


def test_probation_may_have_what_the_court_made_a_condition():
    """2.35(a): a condition of the disposition, to those with a duty to monitor it."""
    watched = Supervision(condition=True, monitors=True)

    assert asked("m23", "county-sud", "probation", "supervision", "attendance", supervision=watched).outcome == "permit"


def test_her_own_lawyer_may_have_the_dates_for_the_lawsuit_she_brought():
    assert asked("m38", "hazelmoor", "hale-law", "civil_proceeding", "attendance").outcome == "permit"
