"""FHIR Consents as partners send them, read as hub/fhir/CONSENT.md says. Shapes: IHE PCF, SHIFT, LEAP, BSeR, R5."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Malformed
from hub.fhir.consent_in import Place, Reading, parse, read_consent
from hub.fhir.consent_out import consent_out
from hub.storage.consent_form import ConsentForm, EndEvent
from hub.storage.directory import Organization
from tests.api import TPO
from tests.hubs import ZONE

ORGANIZATIONS = {
    name: Organization(id=name, name=title, npi=npi)
    for name, title, npi in (
        ("harbor", "Harbor House", None),
        ("valley-clinic", "Valley Clinic", "1234567893"),
        ("sunrise", "Sunrise Plan", None),
    )
}
PLACE = Place(ORGANIZATIONS, ZONE, datetime(2026, 3, 2, 18, tzinfo=UTC))
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
SCOPE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]}


def role(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": code}]}


def actor(name: str, code: str = "IRCP") -> dict[str, Any]:
    return {"role": role(code), "reference": {"reference": f"Organization/{name}"}}


def purposes(*codes: str) -> list[dict[str, str]]:
    return [{"system": REASON, "code": code} for code in codes]


# IHE PCF 1.1, ex-consent-basic-treat, with our references.
PCF_BASIC: dict[str, Any] = {
    "resourceType": "Consent",
    "status": "active",
    "scope": SCOPE,
    "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
    "patient": {"reference": "Patient/nora"},
    "dateTime": "2026-01-15",
    "performer": [{"reference": "Patient/nora"}],
    "organization": [{"reference": "Organization/harbor"}],
    "sourceReference": {"reference": "DocumentReference/ex-documentreference"},
    "policy": [{"uri": "http://policies.example/basePrivacyConsentPolicy.txt"}],
    "provision": {"type": "permit", "purpose": purposes("TREAT", "HPAYMT", "HOPERAT")},
}
LABEL = [{"system": ACT_CODE, "code": "42CFRPart2"}]
WHOLE = {
    "type": "permit",
    "period": {"end": "2026-12-31"},
    "actor": [actor("harbor", "CST"), actor("valley-clinic")],
    "purpose": purposes("TREAT"),
    "securityLabel": LABEL,
}


def read(resource: dict[str, Any]) -> Reading:
    return read_consent(parse(json.dumps(resource).encode()), PLACE)


def one(resource: dict[str, Any]) -> ConsentForm:
    (form,) = read(resource).consents
    return form


def paths(reading: Reading) -> set[str]:
    return {each.where for each in reading.unread}


# -- nothing is filled in -------------------------------------------------------------------------------------------


def test_a_pcf_basic_consent_states_patient_purposes_and_signer_and_nothing_else() -> None:
    form = one(PCF_BASIC)
    assert (form.patient, form.signed_by, form.signed_on) == ("the-patient", ("the-patient",), "2026-01-15")
    assert form.purposes == ("treatment", "payment", "operations")
    blank = (form.discloser, form.information, form.recipients, form.expires, form.signature)
    assert blank == (None,) * 5
    assert not any(getattr(form, name) for name in ConsentForm.__struct_fields__ if name.startswith("states_"))


def test_purposes_alone_never_make_it_a_consent_for_all_care() -> None:
    assert one(PCF_BASIC).kind == "specific"


def test_who_keeps_the_consent_is_not_who_may_disclose() -> None:
    assert one(PCF_BASIC).discloser is None
    assert one(PCF_BASIC | {"provision": WHOLE}).discloser == ("harbor",)


def test_the_statements_of_a_form_are_known_only_by_the_form_it_names() -> None:
    named = one(PCF_BASIC | {"policy": [{"uri": "urn:part2hub:form:specific:2026-02"}]})
    assert named.states_right_to_revoke
    assert named.states_redisclosure_rule
    other = one(PCF_BASIC | {"policy": [{"uri": "urn:part2hub:form:specific:1999-01"}]})
    assert not other.states_right_to_revoke


def test_a_signature_for_somebody_else_is_no_signature_of_the_patient() -> None:
    assert one(PCF_BASIC | {"performer": [{"reference": "RelatedPerson/aunt"}]}).signed_by is None


# -- shapes ---------------------------------------------------------------------------------------------------------


def test_a_permission_with_all_criteria_is_read_element_by_element() -> None:
    form = one(PCF_BASIC | {"provision": WHOLE})
    assert (form.recipients, form.information) == (("valley-clinic",), ("complete_record",))
    assert (form.purposes, form.expires) == (("treatment",), "2026-12-31")


def test_a_consent_without_scope_is_read_as_leap_writes_it() -> None:
    assert one({name: value for name, value in PCF_BASIC.items() if name != "scope"}) == one(PCF_BASIC)


def test_a_root_that_denies_with_a_permission_for_each_actor_is_read_as_shift_writes_it() -> None:
    nested = [{"type": "permit", "actor": [actor(name, "PRCP")], "purpose": purposes("TREAT"), "securityLabel": LABEL}
              for name in ("valley-clinic", "sunrise")]  # fmt: skip
    reading = read(PCF_BASIC | {"provision": {"type": "deny", "provision": nested}})
    assert [form.recipients for form in reading.consents] == [("valley-clinic",), ("sunrise",)]
    assert reading.denials == ()


def test_r5_is_read_too() -> None:
    r5 = {
        "resourceType": "Consent",
        "status": "active",
        "subject": {"reference": "Patient/nora"},
        "date": "2026-01-15",
        "period": {"end": "2026-12-31"},
        "grantor": [{"reference": "Patient/nora"}],
        "decision": "deny",
        "provision": [{"actor": [actor("valley-clinic")], "purpose": purposes("TREAT"), "securityLabel": LABEL}],
    }
    form = one(r5)
    assert (form.recipients, form.purposes, form.expires) == (("valley-clinic",), ("treatment",), "2026-12-31")
    assert (form.signed_by, form.signed_on) == (("the-patient",), "2026-01-15")


def test_a_recipient_is_found_by_npi_or_kept_as_written() -> None:
    by_npi = {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}}
    by_name = {"display": "Dr. Somebody"}
    actors = [{"role": role("IRCP"), "reference": each} for each in (by_npi, by_name)]
    form = one(PCF_BASIC | {"provision": WHOLE | {"actor": actors}})
    assert form.recipients == ("valley-clinic", {"as_written": "Dr. Somebody"})


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"resourceType": "Patient"}', b'{"resourceType": 7}', b"\xff"])
def test_what_is_no_consent_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse(raw)


# -- what is not understood -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"status": "draft"}, "Consent.status"),
        ({"status": "entered-in-error"}, "Consent.status"),
        ({"scope": {"coding": [{"code": "research"}]}}, "Consent.scope"),
        ({"modifierExtension": [{"url": "urn:x"}]}, "Consent.modifierExtension"),
        ({"implicitRules": "urn:x"}, "Consent.implicitRules"),
        ({"provision": WHOLE | {"modifierExtension": [{"url": "urn:x"}]}}, "Consent.provision.modifierExtension"),
        ({"provision": {"purpose": purposes("TREAT")}}, "Consent.provision.type"),
        ({"provision": WHOLE | {"provision": [WHOLE]}}, "Consent.provision.provision"),
    ],
)
def test_what_may_mean_something_else_is_not_applicable_with_its_reason(change: dict[str, Any], where: str) -> None:
    reading = read(PCF_BASIC | change)
    assert (reading.consents, reading.denials) == ((), ())
    assert where in paths(reading)


def test_an_unknown_purpose_is_left_out_of_a_permission_and_named() -> None:
    reading = read(PCF_BASIC | {"provision": WHOLE | {"purpose": purposes("TREAT", "HMARKT")}})
    assert reading.consents[0].purposes == ("treatment",)
    assert paths(reading) == {"Consent.provision.purpose[1]"}


@pytest.mark.parametrize(
    "unknown",
    [
        {"purpose": purposes("HMARKT")},
        {"actor": [actor("valley-clinic", "WIT")]},
        {"securityLabel": [{"system": ACT_CODE, "code": "ETHUD"}]},
        {"class": [{"system": "http://loinc.org", "code": "0-0"}]},
        {"dataPeriod": {"start": "2026-01-01"}},
        {"data": [{"meaning": "instance", "reference": {"reference": "Observation/1"}}]},
        {"action": [{"coding": [{"code": "correct"}]}]},
        {"period": {"start": "2027-01-01"}},
        {"period": {"end": "2026"}},
    ],
)
def test_a_permission_of_which_nothing_is_understood_permits_nothing(unknown: dict[str, Any]) -> None:
    provision = {name: value for name, value in WHOLE.items() if name != "securityLabel"} | unknown
    reading = read(PCF_BASIC | {"provision": provision})
    assert reading.consents == ()
    assert reading.unread


# -- exceptions and denials --------------------------------------------------------------------------------------------


def excepted(*denials: dict[str, Any]) -> Reading:
    provision = WHOLE | {"actor": [actor("valley-clinic"), actor("sunrise")], "provision": list(denials)}
    return read(PCF_BASIC | {"provision": provision})


def test_an_exception_takes_its_recipient_out_and_is_a_denial_to_it() -> None:
    reading = excepted({"type": "deny", "actor": [actor("sunrise")]})
    assert reading.consents[0].recipients == ("valley-clinic",)
    assert [denial.as_to for denial in reading.denials] == [("sunrise",)]


def test_an_exception_takes_its_purpose_or_class_out() -> None:
    assert excepted({"type": "deny", "purpose": purposes("TREAT")}).consents[0].purposes is None
    notes = {"type": "deny", "class": [{"system": "urn:part2hub:information", "code": "medications"}]}
    left = excepted(notes).consents[0].information
    assert left is not None
    assert "medications" not in left
    assert "summary" in left


@pytest.mark.parametrize(
    "denial",
    [
        {"type": "deny"},
        {"type": "deny", "purpose": purposes("HMARKT")},
        {"type": "deny", "actor": [{"role": role("IRCP"), "reference": {"display": "Valley Clinic"}}]},
        {"type": "deny", "actor": [actor("valley-clinic", "WIT")]},
    ],
)
def test_a_denial_that_is_not_understood_denies_everything(denial: dict[str, Any]) -> None:
    assert excepted(denial).consents == ()


def test_a_root_that_denies_alone_is_share_nothing() -> None:
    reading = read(PCF_BASIC | {"provision": {"type": "deny"}})
    assert [denial.as_to for denial in reading.denials] == [None]
    to_one = read(PCF_BASIC | {"provision": {"type": "deny", "actor": [actor("sunrise")]}})
    assert [denial.as_to for denial in to_one.denials] == [("sunrise",)]


SOME_DENIALS = st.lists(
    st.fixed_dictionaries(
        {"type": st.just("deny")},
        optional={
            "actor": st.lists(
                st.sampled_from([actor("valley-clinic"), actor("sunrise"), actor("nowhere")]), min_size=1, max_size=2
            ),
            "purpose": st.lists(st.sampled_from(purposes("TREAT", "HPAYMT", "HMARKT")), min_size=1, max_size=2),
            "securityLabel": st.just(LABEL),
            "dataPeriod": st.just({"start": "2025-01-01"}),
        },
    ),
    max_size=3,
)


def tells(reading: Reading) -> set[tuple[str, str, str]]:
    """Whom a reading reaches, for what, with what: every way of it."""
    return {
        (str(recipient), purpose, cls)
        for form in reading.consents
        for recipient in form.recipients or ()
        for purpose in form.purposes or ()
        for cls in form.information or ()
    }


@settings(max_examples=300)
@given(SOME_DENIALS, SOME_DENIALS)
def test_one_more_exception_never_permits_more(some: list[dict[str, Any]], more: list[dict[str, Any]]) -> None:
    whole = {"class": [{"system": "urn:part2hub:information", "code": each} for each in ("summary", "medications")]}
    base = {name: value for name, value in WHOLE.items() if name != "securityLabel"} | whole

    def with_(denials: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
        provision = base | {"actor": [actor("valley-clinic"), actor("sunrise")], "provision": denials}
        return tells(read(PCF_BASIC | {"provision": provision}))

    assert with_([*some, *more]) <= with_(some)
    assert with_([*more, *some]) == with_([*some, *more])


# -- there and back --------------------------------------------------------------------------------------------------


def view(**changes: Any) -> dict[str, Any]:
    stored = {"id": "c1", "member_id": "nora", "recorded_by": "harbor/x", "state": "active", "verified": True}
    return TPO | stored | {"revoked": [], "form": "part2"} | changes


@pytest.mark.parametrize(
    ("changes", "expires"),
    [
        ({"expires": "2026-12-31"}, "2026-12-31"),
        ({"expires": "none"}, "none"),
        ({"expires": "event:end_of_treatment"}, EndEvent(event="end_of_treatment")),
        ({"kind": "specific", "purposes": ["housing"], "expires": "2026-12-31"}, "2026-12-31"),
    ],
)
def test_what_is_written_is_read_back_the_same(changes: dict[str, Any], expires: Any) -> None:
    stored = view(**changes)
    form = one(consent_out(stored, ORGANIZATIONS))
    assert form.expires == expires
    for name in ("discloser", "information", "recipients", "purposes", "signed_by"):
        assert list(getattr(form, name) or ()) == stored[name], name
    for name in ("kind", "patient", "signature", "signed_on", *(n for n in stored if n.startswith("states_"))):
        assert getattr(form, name) == stored[name], name


def test_a_consent_whose_text_nobody_knows_claims_no_statement() -> None:
    form = one(consent_out(view(form=None), ORGANIZATIONS))
    assert not form.states_right_to_revoke


def test_a_partly_revoked_consent_is_written_with_its_exception() -> None:
    stored = view(
        recipients=["valley-clinic", "sunrise"], revoked=[{"as_to": ["sunrise"], "how": "written", "at": "x"}]
    )
    reading = read(consent_out(stored, ORGANIZATIONS))
    assert reading.consents[0].recipients == ("valley-clinic",)


def test_a_denial_is_written_as_a_denial() -> None:
    resource = consent_out(view(kind="share_nothing", recipients=["sunrise"]), ORGANIZATIONS)
    assert resource["provision"]["type"] == "deny"
    assert [each.as_to for each in read(resource).denials] == [("sunrise",)]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "active"),
        ({"verified": False}, "proposed"),
        ({"state": "revoked"}, "inactive"),
        ({"state": "entered_in_error"}, "entered-in-error"),
    ],
)
def test_only_a_verified_consent_is_written_as_active(changes: dict[str, Any], status: str) -> None:
    assert consent_out(view(**changes), ORGANIZATIONS)["status"] == status


def test_what_is_written_keeps_the_constraints_of_pcf() -> None:
    """IHE ITI.PCF, FoundationConsent: what must be there once, what must not be there, one level of exceptions."""
    resource = consent_out(view(), ORGANIZATIONS)
    for name in ("status", "scope", "patient", "dateTime"):
        assert resource[name]
    for name in ("category", "performer", "organization"):
        assert len(resource[name]) >= 1
    assert sum(name.startswith("source") for name in resource) == 1
    assert resource["policy"][0].keys() == {"uri"}
    assert not resource.keys() & {"policyRule", "verification"}
    provision = resource["provision"]
    assert not provision.keys() & {"action", "class", "code", "securityLabel"}
    assert {each["role"]["coding"][0]["code"] for each in provision["actor"]} == {"IRCP"}
    assert not any(each.get("provision") for each in provision.get("provision", ()))


def test_a_form_of_another_party_states_what_its_crosswalk_says() -> None:
    form = one(PCF_BASIC | {"policy": [{"uri": "urn:part2hub:form:ascmi_non_ab133:2025"}]})
    assert (form.form, form.states_refusal_consequences) == ("ascmi_non_ab133", True)
    assert not one(PCF_BASIC | {"policy": [{"uri": "urn:part2hub:form:county_roi:2025"}]}).states_right_to_revoke


DISCHARGE = [{"system": "http://loinc.org", "code": "18842-5"}]


def permitting(**changes: Any) -> dict[str, Any]:
    return PCF_BASIC | {"provision": WHOLE | changes}


def test_a_label_and_a_document_type_hold_together_and_not_instead_of_each_other() -> None:
    """Discharge summaries that are Part 2 records are not all Part 2 records."""
    form = one(permitting(**{"class": DISCHARGE}))
    assert form.information == ("summary",)


def test_of_two_lists_that_have_nothing_in_common_nothing_is_permitted() -> None:
    coded = [{"coding": [{"system": "http://loinc.org", "code": "10160-0"}]}]
    assert read(permitting(securityLabel=[], **{"class": DISCHARGE}, code=coded)).consents == ()


def test_a_denial_by_label_and_type_is_read_widely() -> None:
    deny = {"type": "deny", "securityLabel": LABEL, "class": DISCHARGE}
    assert [form.information for form in read(permitting(provision=[deny])).consents] == [None]


@pytest.mark.parametrize(
    "own",
    [
        {"actor": [actor("elsewhere", "CST"), actor("sunrise")]},
        {
            "actor": [actor("sunrise")],
            "data": [{"meaning": "authoredby", "reference": {"reference": "Practitioner/x"}}],
        },
        {"actor": [actor("sunrise")], "data": [{"meaning": "authoredby"}]},
    ],
)
def test_a_keeper_whom_nobody_knows_is_not_replaced_by_the_one_of_the_root(own: dict[str, Any]) -> None:
    nested = {"type": "permit", "purpose": purposes("TREAT"), "securityLabel": LABEL, **own}
    root = {"type": "deny", "actor": [actor("harbor", "CST")], "provision": [nested]}
    assert one(PCF_BASIC | {"provision": root}).discloser is None


def test_records_of_one_kept_by_another_are_not_the_keepers_own() -> None:
    authored = [{"meaning": "authoredby", "reference": {"reference": "Organization/sunrise"}}]
    assert one(permitting(data=authored)).discloser is None
