"""The message bundle keeps the rules of Da Vinci Unsolicited Notifications 1.1, labels all it carries, shows
the notice.

The rules are restated from the implementation guide, not taken from our code; golden bundles were read by eye
and validate against the R4B models of fhir.resources 8.3.
"""

import base64
import json
import re
from pathlib import Path

import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.bundle import Bundle

from adapters.api.fhir import message_bundle
from hub.model import Accompaniment, ChannelKind, Document, Endpoint, Event, MessageKind, Priority
from tests.contract.channel_parcel import CONSENT_LINES, NOTICE, PDF, admission, sample_parcel

VECTORS = Path(__file__).parents[3] / "vectors" / "fhir"
ENDPOINT = Endpoint(
    id="e-9", organization="org-plan", channel=ChannelKind.API, address="https://plan.example/r4", form="fhir"
)
FIXED = {"delivery": "06h02oq6idrlr5va1i943fgags", "disclosure": "disclosure-42"}
DA_VINCI = "http://hl7.org/fhir/us/davinci-alerts/CodeSystem/notification-event"
NOTICES = (MessageKind.ADMIT_NOTICE, MessageKind.DISCHARGE_NOTICE)


def bundle(kind: MessageKind, **changes) -> dict:
    base = admission() if kind in NOTICES else {}
    return json.loads(message_bundle(sample_parcel(ENDPOINT, **{**FIXED, **base, "kind": kind, **changes})))


def resources(message: dict, kind: str) -> list[dict]:
    return [entry["resource"] for entry in message["entry"] if entry["resource"]["resourceType"] == kind]


@pytest.mark.parametrize("kind", list(MessageKind))
def test_every_message_is_a_bundle_as_the_guide_asks(kind):
    message = bundle(kind)
    assert message["resourceType"] == "Bundle"
    assert message["type"] == "message"
    assert message["id"] == FIXED["delivery"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", message["timestamp"])
    assert "total" not in message
    assert len(message["entry"]) >= 2
    assert message["entry"][0]["resource"]["resourceType"] == "MessageHeader"
    for entry in message["entry"]:
        assert not {"search", "request", "response"} & set(entry)
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", entry["fullUrl"])
        assert entry["resource"]["id"] == entry["fullUrl"].removeprefix("urn:uuid:")


@pytest.mark.parametrize("kind", list(MessageKind))
def test_the_header_points_at_what_is_bundled(kind):
    message = bundle(kind)
    header = message["entry"][0]["resource"]
    assert "response" not in header
    assert len(header["focus"]) == 1
    assert [one["endpoint"] for one in header["destination"]] == [ENDPOINT.address]
    bundled = {entry["fullUrl"] for entry in message["entry"]}
    pointed = set(re.findall(r'"(urn:uuid:[0-9a-f-]{36})"', json.dumps(message)))
    assert pointed == bundled


@pytest.mark.parametrize(
    ("kind", "system", "code", "focus"),
    [
        (MessageKind.ADMIT_NOTICE, DA_VINCI, "notification-admit", "Encounter"),
        (MessageKind.DISCHARGE_NOTICE, DA_VINCI, "notification-discharge", "Encounter"),
        (MessageKind.REFERRAL_PACKET, DA_VINCI, "notification-referral", "Task"),
        (MessageKind.STATUS_REPORT, DA_VINCI, "notification-progress-update", "Task"),
        (MessageKind.CRISIS_FOLLOWUP, "urn:part2hub:event", "crisis-followup", "Communication"),
        (MessageKind.EMERGENCY_DISCLOSURE, "urn:part2hub:event", "emergency-disclosure", "Communication"),
    ],
)
def test_each_kind_has_its_event_code_and_its_focus(kind, system, code, focus):
    message = bundle(kind)
    header = message["entry"][0]["resource"]
    assert (header["eventCoding"]["system"], header["eventCoding"]["code"]) == (system, code)
    (pointed,) = [one for one in message["entry"] if one["fullUrl"] == header["focus"][0]["reference"]]
    assert pointed["resource"]["resourceType"] == focus


@pytest.mark.parametrize("kind", list(MessageKind))
def test_everything_is_labelled_restricted_part_2_no_redisclosure(kind):
    message = bundle(kind)
    for labelled in [message, *(entry["resource"] for entry in message["entry"])]:
        codes = {label["code"] for label in labelled["meta"]["security"]}
        assert {"R", "42CFRPart2", "NORDSCLCD", "NO_USE_IN_PROCEEDINGS_AGAINST_PATIENT"} <= codes


@pytest.mark.parametrize("kind", list(MessageKind))
def test_notice_and_consent_copy_stand_in_the_header_and_as_the_first_document(kind):
    message = bundle(kind)
    shown = re.sub(r"<br/>", "\n", message["entry"][0]["resource"]["text"]["div"])
    first = resources(message, "DocumentReference")[0]["content"][0]["attachment"]
    (binary,) = [one["resource"] for one in message["entry"] if one["fullUrl"] == first["url"]]
    for text in (shown, base64.b64decode(binary["data"]).decode()):
        assert NOTICE in text
        assert all(f"{label}: {value}" in text for label, value in CONSENT_LINES)


def test_a_crisis_follow_up_shows_the_notice_in_the_message_itself_and_its_urgency():
    message = bundle(MessageKind.CRISIS_FOLLOWUP, priority=Priority.URGENT)
    (communication,) = resources(message, "Communication")
    assert communication["priority"] == "urgent"
    assert communication["payload"][0]["contentString"].startswith(f"NOTICE TO THE RECIPIENT\n{NOTICE}")


def test_an_emergency_owes_no_notice_but_keeps_its_label_in_sight():
    bare = Accompaniment(labels=("NO_USE_IN_PROCEEDINGS_AGAINST_PATIENT",))
    header = bundle(MessageKind.EMERGENCY_DISCLOSURE, accompaniment=bare)["entry"][0]["resource"]
    assert "proceedings against the patient" in header["text"]["div"]


def test_documents_arrive_byte_for_byte_even_if_they_are_bundles_themselves():
    inner = b'{ "resourceType":"Bundle",\n "type":"document" }'
    document = Document(id="d", title="CCD", information="summary", media_type="application/fhir+json", content=inner)
    message = bundle(MessageKind.REFERRAL_PACKET, documents=(document,))
    binaries = resources(message, "Binary")
    assert [one["contentType"] for one in binaries[1:]] == ["application/fhir+json"]
    assert base64.b64decode(binaries[1]["data"]) == inner
    assert PDF in [base64.b64decode(one["data"]) for one in resources(bundle(MessageKind.REFERRAL_PACKET), "Binary")]


def test_an_admission_begins_and_a_discharge_ends():
    (admitted,) = resources(bundle(MessageKind.ADMIT_NOTICE), "Encounter")
    (discharged,) = resources(bundle(MessageKind.DISCHARGE_NOTICE), "Encounter")
    assert (admitted["status"], list(admitted["period"])) == ("in-progress", ["start"])
    assert (discharged["status"], list(discharged["period"])) == ("finished", ["end"])


def test_a_setting_nobody_foresaw_still_makes_a_valid_encounter():
    event = Event(kind="admit", at=1_793_000_000_000_000, setting="sobering center")
    (encounter,) = resources(bundle(MessageKind.ADMIT_NOTICE, event=event), "Encounter")
    assert encounter["class"]["code"] == "IMP"
    assert encounter["type"] == [{"text": "sobering center"}]


def test_markup_in_a_name_stays_text():
    copies = Accompaniment(notice="a < b & <script>x</script>")
    header = bundle(MessageKind.REFERRAL_PACKET, accompaniment=copies)["entry"][0]["resource"]
    assert "<script>" not in header["text"]["div"]


def test_the_same_delivery_is_the_same_bundle():
    parcel = sample_parcel(ENDPOINT, **FIXED)
    assert message_bundle(parcel) == message_bundle(parcel)


@pytest.mark.parametrize("kind", [MessageKind.ADMIT_NOTICE, MessageKind.REFERRAL_PACKET, MessageKind.CRISIS_FOLLOWUP])
def test_the_golden_bundles(kind):
    assert bundle(kind) == json.loads((VECTORS / f"{kind.value}.json").read_text())


def _activity(message: dict) -> str:
    (stated,) = resources(message, "Provenance")
    assert stated["target"] == [{"reference": message["entry"][0]["fullUrl"]}]
    return stated["activity"]["coding"][0]["code"]


def test_what_was_withheld_is_stated_as_an_amendment_and_never_what_it_was():
    whole, amended = bundle(MessageKind.DISCHARGE_NOTICE), bundle(MessageKind.DISCHARGE_NOTICE, amended=True)
    assert (_activity(whole), _activity(amended)) == ("transmit", "amend")
    agents = [agent["type"]["coding"][0]["code"] for agent in resources(amended, "Provenance")[0]["agent"]]
    assert agents == ["author", "assembler"]
    differing = [a for a, b in zip(whole["entry"], amended["entry"], strict=True) if a != b]
    assert [each["resource"]["resourceType"] for each in differing] == ["Provenance"]


@pytest.mark.parametrize("kind", list(MessageKind))
def test_every_label_names_the_law_it_rests_on(kind):
    message = bundle(kind)
    for labelled in [message, *(entry["resource"] for entry in message["entry"])]:
        for label in labelled["meta"]["security"]:
            (basis,) = label["extension"]
            assert basis["url"].endswith("security-label-ds4p/StructureDefinition/extension-sec-label-basis")
            assert basis["valueCoding"]["code"] == "42CFRPart2"
        assert "ETH" in {label["code"] for label in labelled["meta"]["security"]}


@pytest.mark.parametrize("kind", list(MessageKind))
def test_another_implementations_models_take_every_message(kind):
    message = bundle(kind)
    for entry in message["entry"]:
        get_fhir_model_class(entry["resource"]["resourceType"]).model_validate(entry["resource"])
    Bundle.model_validate(message)


@pytest.mark.parametrize("kind", ["transfer", "transfer_cancelled"])
def test_a_transfer_and_its_cancellation_name_the_profile_of_a_transfer(kind):
    event = Event(kind=kind, at=1_793_000_000_000_000)
    header = bundle(MessageKind.ADMIT_NOTICE, event=event)["entry"][0]["resource"]
    assert header["eventCoding"]["code"] == "notification-transfer"
    assert any(profile.endswith("transfer-notification-messageheader") for profile in header["meta"]["profile"])
