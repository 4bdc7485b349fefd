"""Referrals in by `$process-message`: Da Vinci's referral notification and BSeR's I12, documents and answers."""

import base64
import copy
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B import get_fhir_model_class

from adapters.api.fhir import message_bundle
from hub.model import ChannelKind, Endpoint
from hub.storage.tables import Inbound, Outbox, Submission
from tests.api import an_api
from tests.contract.channel_parcel import sample_parcel
from tests.integration.test_fhir_messages import EVENTS, Line
from tests.scenes import BORN, CIN, NAME, a_scene

HEADER, TASK, ASKED, PERSON, HOME, CLINIC, PAPER, SCAN = (
    f"urn:uuid:00000000-0000-4000-8000-00000000001{n}" for n in range(8)
)
I12 = {"system": "http://terminology.hl7.org/CodeSystem/v2-0003", "code": "I12"}
LOINC = "http://loinc.org"
PDF = b"%PDF-1.4\nassessment\n"


def referral(*, message: str = "r-1", status: str = "requested", event: Any = None) -> Any:
    """As BSeR and SDOHCC show one, about the member of the scene."""
    cin = {"type": {"coding": [{"code": "MA"}]}, "value": CIN}
    placer = {"type": {"coding": [{"code": "PLAC"}]}, "system": "urn:ehr", "value": "REF-9"}
    assessment = {"coding": [{"system": LOINC, "code": "51848-0"}], "text": "ASAM assessment"}
    resources = {
        HEADER: {
            "resourceType": "MessageHeader",
            "id": "header-1",
            "eventCoding": event or {"system": EVENTS, "code": "notification-referral"},
            "destination": [{"endpoint": "https://hub.example/fhir", "receiver": {"reference": CLINIC}}],
            "sender": {"reference": HOME},
            "source": {"endpoint": "https://ehr.example"},
            "focus": [{"reference": TASK}],
        },
        TASK: {
            "resourceType": "Task",
            "status": status,
            "intent": "order",
            "identifier": [placer],
            "focus": {"reference": ASKED},
            "for": {"reference": PERSON},
            "owner": {"reference": CLINIC},
            "lastModified": "2026-03-06T12:00:00Z",
        },
        ASKED: {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "priority": "urgent",
            "code": {"text": "Residential treatment"},
            "reasonCode": [{"text": "Warm handoff"}],
            "subject": {"reference": PERSON},
        },
        PERSON: {
            "resourceType": "Patient",
            "name": [{"family": NAME[1], "given": [NAME[0]]}],
            "birthDate": BORN,
            "identifier": [cin],
        },
        HOME: {"resourceType": "Organization", "name": "Harbor House"},
        CLINIC: {"resourceType": "Organization", "id": "x", "name": "Lantern", "identifier": [npi("1999999984")]},
        PAPER: {
            "resourceType": "DocumentReference",
            "status": "current",
            "type": assessment,
            "subject": {"reference": PERSON},
            "content": [{"attachment": {"contentType": "application/pdf", "url": SCAN}}],
        },
        SCAN: {"resourceType": "Binary", "contentType": "application/pdf", "data": base64.b64encode(PDF).decode()},
    }
    entry = [{"fullUrl": url, "resource": resource} for url, resource in resources.items()]
    return {
        "resourceType": "Bundle",
        "id": message,
        "type": "message",
        "timestamp": "2026-03-06T12:00:00Z",
        "entry": entry,
    }


def npi(number: str) -> Any:
    return {"system": "http://hl7.org/fhir/sid/us-npi", "value": number}


def at(body: Any, url: str) -> Any:
    return next(each["resource"] for each in body["entry"] if each["fullUrl"] == url)


def add(body: Any, url: str, resource: Any) -> Any:
    body["entry"].append({"fullUrl": url, "resource": resource})
    return body


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene, an_api(scene.hub) as api:
        directory = await scene.hub.directory.current()
        lantern = msgspec.structs.replace(directory.organizations["lantern"], npi="1999999984")
        await scene.hub.directory.put_organization(lantern, by="county", at=scene.hub.clock.now())
        await scene.consent()
        yield Line(scene, api, await api.caller("harbor"))


async def arrived(line: Line) -> Any:
    assert await line.scene.dispatch_all() == ["delivered"]
    return line.scene.channel.received[-1].parcel


@pytest.mark.parametrize("event", [None, I12])
async def test_a_referral_becomes_a_packet_for_whom_it_names(line: Line, event: Any) -> None:
    assert (await line.send(referral(event=event))).status == 200
    assert await line.last() == ("submitted", None)
    parcel = await arrived(line)
    assert (parcel.kind, parcel.recipient.id, parcel.priority) == ("referral_packet", "lantern", "urgent")
    assert [(each.title, each.information) for each in parcel.documents] == [
        ("Referral request", "summary"),
        ("ASAM assessment", "assessment"),
    ]
    assert parcel.documents[0].content.decode() == (
        "Referral\nReferral: REF-9\nAsked for: Residential treatment\nReason: Warm handoff\nPriority: urgent\n"
    )
    assert parcel.documents[1].content == PDF


async def test_a_request_without_a_task_is_a_referral_too(line: Line) -> None:
    body = referral()
    at(body, HEADER)["focus"] = [{"reference": ASKED}]
    at(body, ASKED)["performer"] = [{"identifier": npi("1999999984")}]
    assert (await line.send(body)).status == 200
    assert (await arrived(line)).recipient.id == "lantern"


async def test_it_is_answered_by_a_message_that_another_library_reads(line: Line) -> None:
    answers = [await line.send(referral()) for _ in range(2)]
    for answer in answers:
        get_fhir_model_class("Bundle").model_validate(answer.json)
    first = answers[0].json
    header = first["entry"][0]["resource"]
    assert (first["type"], header["response"]) == ("message", {"identifier": "header-1", "code": "ok"})
    assert header["destination"] == [{"endpoint": "https://ehr.example"}]
    assert first["id"] == answers[1].json["id"], "a repeat has the same answer"
    assert len(await line.scene.rows(Submission.id)) == 1


async def test_the_answer_says_nothing_about_consent_or_person(line: Line) -> None:
    permitted = await line.send(referral())
    nobody = referral()
    nobody["entry"][3]["resource"]["name"] = [{"family": "Nobody", "given": ["Ann"]}]
    nobody["entry"][3]["resource"]["identifier"][0]["value"] = "09999999A"
    unknown = await line.send(nobody | {"id": "r-2"})
    assert permitted.status == unknown.status == 200
    assert _without_own_ids(permitted.json) == _without_own_ids(unknown.json)


def _without_own_ids(bundle: Any) -> Any:
    (entry,) = bundle["entry"]
    return bundle | {"id": "", "timestamp": "", "entry": [entry["resource"] | {"id": ""}]}


async def test_each_part_is_an_item_that_is_decided_by_itself(line: Line) -> None:
    body = add(referral(), "urn:uuid:m", {"resourceType": "MedicationRequest", "subject": {"reference": PERSON}})
    add(body, "urn:uuid:c", {"resourceType": "Condition", "code": {"text": "Asthma"}, "subject": {"reference": PERSON}})
    await line.send(body)
    parcel = await arrived(line)
    assert [each.information for each in parcel.documents] == ["summary", "diagnosis", "assessment", "medications"]
    (kept,) = json.loads(parcel.documents[3].content)["entry"]
    assert kept["resource"]["resourceType"] == "MedicationRequest"


def _odd_paper(body: Any) -> None:
    at(body, PAPER)["type"] = {"coding": [{"system": LOINC, "code": "99999-9"}]}


def _paper_of_another(body: Any) -> None:
    other = {"resourceType": "Patient", "name": [{"family": "Else"}]}
    add(body, "urn:uuid:other", other)
    at(body, PAPER)["subject"] = {"reference": "urn:uuid:other"}


def _paper_elsewhere(body: Any) -> None:
    at(body, PAPER)["content"] = [{"attachment": {"url": "https://elsewhere.example/doc"}}]


def _very_restricted_paper(body: Any) -> None:
    coding = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "V"}
    at(body, PAPER)["securityLabel"] = [{"coding": [coding]}]


def _inline_label(body: Any) -> None:
    url = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    at(body, ASKED)["code"]["extension"] = [{"url": url, "valueCoding": {"system": act, "code": "PSYTHPN"}}]


def _deep_modifier(body: Any) -> None:
    at(body, PAPER)["content"][0]["modifierExtension"] = [{"url": "urn:not", "valueBoolean": True}]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_odd_paper, "document.unclassed"),
        (_paper_of_another, "patient.several document.other-person resource.other-person"),
        (_paper_elsewhere, "document.elsewhere"),
        (_very_restricted_paper, "label.very-restricted"),
        (_inline_label, "label.unknown"),
        (_deep_modifier, "modifier.unknown"),
        (lambda body: at(body, ASKED).update(doNotPerform=True), "referral.do-not-perform"),
        (lambda body: at(body, ASKED).update(intent="proposal"), "referral.no-order"),
        (lambda body: add(body, "urn:uuid:z", {"resourceType": "Media"}), "resource.unclassed"),
        (lambda body: at(body, CLINIC).update(identifier=[npi("1000000000")]), "recipient.unknown"),
    ],
)
async def test_what_nobody_here_can_weigh_is_taken_for_a_person(
    line: Line, change: Callable[[Any], Any], code: str
) -> None:
    body = copy.deepcopy(referral())
    change(body)
    assert (await line.send(body)).status == 200
    assert await line.last() == ("waiting", code)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda body: at(body, HEADER).update(focus=[{"reference": PERSON}]), "MessageHeader.focus"),
        (lambda body: at(body, TASK).pop("for") and at(body, ASKED).pop("subject"), "ServiceRequest.subject"),
        (lambda body: at(body, TASK).update({"for": {"reference": "urn:uuid:gone"}}), "Task.for"),
        (lambda body: at(body, SCAN).update(data="%%%"), "DocumentReference[0].content.attachment.data"),
    ],
)
async def test_what_breaks_a_rule_is_refused_with_its_place(
    line: Line, change: Callable[[Any], Any], field: str
) -> None:
    body = copy.deepcopy(referral())
    change(body)
    answer = await line.send(body)
    (issue,) = answer.json["issue"]
    assert (answer.status, issue["expression"]) == (400, [field])
    assert await line.scene.rows(Inbound.id) == []


async def test_who_asked_takes_it_back_from_whom_it_went_to(line: Line) -> None:
    await line.send(referral())
    await arrived(line)
    await line.send(referral(message="r-2", status="cancelled"))
    assert await line.last() == ("submitted", None)
    last = await arrived(line)
    assert (last.kind, last.recipient.id, last.event.kind) == ("status_report", "lantern", "cancelled")


async def test_another_hubs_own_bundle_is_read_whole(line: Line) -> None:
    """What leaves one hub as FHIR comes into the next with the same classes, and without the first one's notice."""
    endpoint = Endpoint(id="e", organization="lantern", channel=ChannelKind.API, address="https://l.example/fhir")
    parcel = sample_parcel(endpoint)
    member = msgspec.structs.replace(parcel.member, given=NAME[0], family=NAME[1], born=BORN, cin=CIN)
    to = msgspec.structs.replace(parcel.recipient, npi="1999999984")
    parcel = msgspec.structs.replace(parcel, member=member, recipient=to)
    assert (await line.send(message_bundle(parcel))).status == 200
    rows = await line.scene.rows(Outbox.recipient)
    assert await line.last() == ("submitted", None)
    assert rows == [("lantern",)]
    received = await arrived(line)
    sent = [(each.title, each.information, each.content) for each in parcel.documents]
    assert [(each.title, each.information, each.content) for each in received.documents[1:]] == sent
