"""FHIR notifications in: the rules of Da Vinci Unsolicited Notifications 1.1 against bundles that others made."""

import copy
import io
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from hub.inbound.reception import settle_taken
from hub.storage.tables import Inbound, Outbox, Submission
from tests.api import Answer, Api, Caller, an_api
from tests.scenes import BORN, CIN, FORM, NAME, Scene, a_scene

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples" / "davinci"
PATH = "/fhir/$process-message"
EVENTS = "http://hl7.org/fhir/us/davinci-alerts/CodeSystem/notification-event"
PERSON, STAY, HEADER, HOSPITAL = (f"urn:uuid:00000000-0000-4000-8000-00000000000{n}" for n in range(4))
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"


def notification(code: str = "notification-admit", *, message: str = "m-1", status: str = "in-progress") -> Any:
    """As the guide shows one, about the member of the scene."""
    name = [{"use": "official", "family": NAME[1], "given": [NAME[0]]}]
    cin = {"type": {"coding": [{"code": "MA"}]}, "value": CIN}
    period = {"start": "2026-10-21T21:22:15-07:00", "end": "2026-10-23T22:22:15-07:00"}
    resources = {
        HEADER: {
            "resourceType": "MessageHeader",
            "id": "header-1",
            "eventCoding": {"system": EVENTS, "code": code},
            "destination": [{"endpoint": "https://hub.example/fhir"}],
            "sender": {"reference": HOSPITAL},
            "source": {"endpoint": "https://hospital.example"},
            "focus": [{"reference": STAY}],
        },
        STAY: {
            "resourceType": "Encounter",
            "status": status,
            "identifier": [{"system": "http://hospital.example", "value": "V-1"}],
            "class": {"system": ACT, "code": "IMP"},
            "subject": {"reference": PERSON},
            "period": period,
        },
        PERSON: {"resourceType": "Patient", "name": name, "birthDate": BORN, "identifier": [cin], "gender": "female"},
        HOSPITAL: {"resourceType": "Organization", "name": "Harbor House"},
    }
    entry = [{"fullUrl": url, "resource": resource} for url, resource in resources.items()]
    return {
        "resourceType": "Bundle",
        "id": message,
        "type": "message",
        "timestamp": "2026-10-21T21:30:00-07:00",
        "entry": entry,
    }


class Line:
    def __init__(self, scene: Scene, api: Api, harbor: Caller) -> None:
        self.scene, self.api, self.harbor = scene, api, harbor

    async def send(self, body: Any, caller: Caller | None = None) -> Answer:
        """The answer; everything is settled when this returns."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/fhir+json"}
        answer = await (caller or self.harbor)("POST", PATH, data=raw, headers=headers)
        while await settle_taken(self.scene.hub):
            pass
        return answer

    async def last(self) -> tuple[str, str | None]:
        columns = (Inbound.state, Inbound.code)
        return (await self.scene.hub.database.query(select(*columns).order_by(Inbound.received_at)))[-1]  # type: ignore[arg-type]


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene, an_api(scene.hub) as api:
        yield Line(scene, api, await api.caller("harbor"))


def sample(name: str) -> Any:
    path = SAMPLES / f"{name}-notification-message-bundle-01.json"
    if not path.exists():
        pytest.skip("the guide's sample bundles are not beside the project")
    return json.loads(path.read_text())


@pytest.mark.parametrize("name", ["admit", "discharge"])
async def test_the_guides_own_samples_are_received(line: Line, name: str) -> None:
    assert (await line.send(sample(name))).status == 200
    assert await line.last() == ("unmatched", "member.unknown"), "nobody here is Elden Halvorson"


async def test_an_admission_is_told_to_those_the_routing_names(line: Line) -> None:
    await line.scene.consent(FORM_FOR_PLAN)
    assert (await line.send(notification())).status == 200
    assert await line.last() == ("submitted", None)
    assert await line.scene.dispatch_all() == ["delivered"]
    (parcel,) = [each.parcel for each in line.scene.channel.received]
    assert (parcel.recipient.id, parcel.event.kind, parcel.amended) == ("sunrise", "admit", False)
    assert parcel.documents[0].content.startswith(b"Admission notice\nWhen: 2026-10-21 21:22 PDT\nSetting: inpatient")


async def test_a_diagnosis_that_a_plan_does_not_need_is_withheld_and_the_message_says_it_was_amended(
    line: Line,
) -> None:
    await line.scene.consent(FORM_FOR_PLAN)
    body = notification()
    condition = {"resourceType": "Condition", "code": {"text": "Opioid dependence"}}
    body["entry"].append({"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000009", "resource": condition})
    await line.send(body)
    assert await line.scene.dispatch_all() == ["delivered"]
    (parcel,) = [each.parcel for each in line.scene.channel.received]
    assert parcel.amended
    assert b"Opioid" not in b"".join(document.content for document in parcel.documents)


async def test_the_answer_says_nothing_about_consent_or_person(line: Line) -> None:
    refused = await line.send(notification(message="a"))
    nobody = notification(message="b")
    nobody["entry"][2]["resource"]["name"] = [{"family": "Nobody", "given": ["Ann"]}]
    nobody["entry"][2]["resource"]["identifier"][0]["value"] = "09999999A"
    unknown = await line.send(nobody)
    await line.scene.consent(FORM_FOR_PLAN)
    permitted = await line.send(notification(message="c"))
    assert refused[:2] == unknown[:2] == permitted[:2]


async def test_a_repeat_is_one_notice_and_the_same_ids_with_other_content_a_conflict(line: Line) -> None:
    first, second = await line.send(notification()), await line.send(notification())
    assert first[:2] == second[:2]
    assert len(await line.scene.rows(Submission.id)) == 1
    answer = await line.send(notification(status="arrived"))
    assert (answer.status, answer.json["issue"][0]["code"]) == (409, "conflict")


async def test_another_organization_may_use_the_same_ids(line: Line) -> None:
    await line.send(notification())
    assert (await line.send(notification(status="arrived"), await line.api.caller("lantern"))).status == 200


async def test_a_cancelled_encounter_takes_the_notice_back(line: Line) -> None:
    await line.scene.consent(FORM_FOR_PLAN)
    await line.send(notification())
    await line.scene.dispatch_all()
    await line.send(notification(message="m-2", status="entered-in-error"))
    assert await line.last() == ("submitted", None)
    await line.scene.dispatch_all()
    kinds = [each.parcel.event.kind for each in line.scene.channel.received]
    assert kinds == ["admit", "admit_cancelled"]


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ({"system": CONFIDENTIALITY, "code": "V"}, "label.very-restricted"),
        ({"system": ACT, "code": "NODSCLCDS"}, "label.unknown"),
        ({"system": "urn:elsewhere", "code": "SECRET"}, "label.unknown"),
        ({"code": "R"}, "label.unknown"),
    ],
)
async def test_a_label_that_nobody_here_can_weigh_is_a_persons(line: Line, label: Any, code: str) -> None:
    body = notification()
    body["entry"][1]["resource"]["meta"] = {"security": [label]}
    assert (await line.send(body)).status == 200
    assert await line.last() == ("waiting", code)


async def test_part_2_labels_ask_for_what_the_hub_does_anyway(line: Line) -> None:
    body = notification()
    labels = [{"system": CONFIDENTIALITY, "code": "R"}, *({"system": ACT, "code": c} for c in ("42CFRPart2", "ETH"))]
    labels += [{"system": ACT, "code": code} for code in ("NORDSCLCD", "NORDSLCD")]
    body["meta"] = {"security": labels}
    await line.send(body)
    assert await line.last() == ("submitted", None)
    assert [row[0] for row in await line.scene.rows(Outbox.state)] == ["held"], "without a consent nothing goes"


async def test_a_modifier_that_may_turn_the_meaning_round_is_a_persons(line: Line) -> None:
    body = notification()
    body["entry"][1]["resource"]["modifierExtension"] = [{"url": "urn:not", "valueBoolean": True}]
    await line.send(body)
    assert await line.last() == ("waiting", "modifier.unknown")


def _without(*path: Any) -> Callable[[Any], None]:
    def change(body: Any) -> None:
        for step in path[:-1]:
            body = body[step]
        del body[path[-1]]

    return change


def _with(value: Any, *path: Any) -> Callable[[Any], None]:
    def change(body: Any) -> None:
        for step in path[:-1]:
            body = body[step]
        body[path[-1]] = value

    return change


HEAD = ("entry", 0, "resource")
MUTANTS = {
    "no id": _without("id"),
    "no timestamp": _without("timestamp"),
    "a timestamp without its offset": _with("2026-10-21T21:30:00", "timestamp"),
    "a collection": _with("collection", "type"),
    "a total": _with(4, "total"),
    "the header second": lambda body: body["entry"].reverse(),
    "the header alone": lambda body: body["entry"].__delitem__(slice(1, None)),
    "two headers": lambda body: body["entry"].append({**body["entry"][0], "fullUrl": "urn:uuid:x"}),
    "a search entry": _with({}, "entry", 1, "search"),
    "a request entry": _with({}, "entry", 1, "request"),
    "an entry without a fullUrl": _without("entry", 1, "fullUrl"),
    "one fullUrl twice": _with(STAY, "entry", 2, "fullUrl"),
    "no header id": _without(*HEAD, "id"),
    "two events": lambda body: body["entry"][0]["resource"].update(eventCoding=[{}, {}]),
    "an event by address": _with("urn:event", *HEAD, "eventUri"),
    "no event": _without(*HEAD, "eventCoding"),
    "an event of another guide": _with({"system": "urn:x", "code": "admit"}, *HEAD, "eventCoding"),
    "an event the hub does not take": _with({"system": EVENTS, "code": "notification-vitals"}, *HEAD, "eventCoding"),
    "a response": _with({"identifier": "m"}, *HEAD, "response"),
    "two destinations": _with([{"endpoint": "a"}, {"endpoint": "b"}], *HEAD, "destination"),
    "a destination without an endpoint": _with([{}], *HEAD, "destination"),
    "no focus": _without(*HEAD, "focus"),
    "a dangling focus": _with([{"reference": "urn:uuid:none"}], *HEAD, "focus"),
    "a focus that is no encounter": _with([{"reference": PERSON}], *HEAD, "focus"),
    "a dangling sender": _with({"reference": "Organization/none"}, *HEAD, "sender"),
    "a patient from elsewhere": _with(
        {"reference": "https://other.example/Patient/1"}, "entry", 1, "resource", "subject"
    ),
    "no time of admission": _without("entry", 1, "resource", "period", "start"),
}


@pytest.mark.parametrize("name", MUTANTS)
async def test_what_breaks_a_rule_is_refused_with_an_outcome_and_not_kept(line: Line, name: str) -> None:
    body = copy.deepcopy(notification())
    MUTANTS[name](body)
    answer = await line.send(body)
    assert answer.status == 400
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    assert answer.json["resourceType"] == "OperationOutcome"
    assert NAME[1].encode() not in answer.body
    assert await line.scene.rows(Inbound.id) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 10_000, b"[]", b"7", b'{"resourceType":"Patient"}', b"\xff"])
async def test_what_is_no_bundle_is_refused(line: Line, body: bytes) -> None:
    answer = await line.send(body)
    assert answer.status in (400, 415)
    assert answer.json["resourceType"] == "OperationOutcome"


async def test_without_a_token_the_answer_is_an_outcome_too(line: Line) -> None:
    answer = await line.send(notification(), line.api.nobody)
    assert (answer.status, answer.json["issue"][0]["code"]) == (401, "login")


async def test_an_asynchronous_answer_is_refused(line: Line) -> None:
    answer = await line.harbor("POST", PATH + "?async=true", notification())
    assert answer.status == 400


FORM_FOR_PLAN = FORM.__class__(
    **{name: getattr(FORM, name) for name in FORM.__struct_fields__}
    | {"recipients": ("sunrise",), "purposes": ("treatment", "operations")}
)


async def test_the_names_of_bundled_places_payers_and_dispositions_are_read(line: Line) -> None:
    """Third parties leave `display` out: what a reference is called then stands in its target."""
    await line.scene.consent(FORM_FOR_PLAN)
    body = notification("notification-discharge", status="finished")
    stay = body["entry"][1]["resource"]
    stay["location"] = [{"location": {"reference": "Location/1"}}]
    stay["hospitalization"] = {"dischargeDisposition": {"coding": [{"code": "01", "display": "Home"}]}}
    body["entry"].append(
        {"fullUrl": "https://h.example/fhir/Location/1", "resource": {"resourceType": "Location", "name": "Ward 3"}}
    )
    await line.send(body)
    await line.scene.dispatch_all()
    (parcel,) = [each.parcel for each in line.scene.channel.received]
    assert b"Where: Ward 3\nDischarged to: Home\n" in parcel.documents[0].content


async def test_a_contained_patient_is_read_and_a_date_is_its_first_moment_in_the_county(line: Line) -> None:
    await line.scene.consent(FORM_FOR_PLAN)
    body = notification()
    stay = body["entry"][1]["resource"]
    stay["contained"] = [body["entry"].pop(2)["resource"] | {"id": "p"}]
    stay["subject"], stay["period"] = {"reference": "#p"}, {"start": "2026-10-21"}
    assert (await line.send(body)).status == 200
    await line.scene.dispatch_all()
    (parcel,) = [each.parcel for each in line.scene.channel.received]
    assert b"When: 2026-10-21 00:00 PDT" in parcel.documents[0].content


@pytest.mark.parametrize("status", ["refuted", "entered-in-error"])
async def test_a_diagnosis_that_is_not_so_or_another_patients_is_not_told(line: Line, status: str) -> None:
    body = notification("notification-discharge", status="finished")
    wrong = {"coding": [{"code": status}]}
    for number, more in enumerate(({"verificationStatus": wrong}, {"subject": {"reference": "Patient/other"}})):
        condition = {"resourceType": "Condition", "code": {"text": "Opioid dependence"}} | more
        body["entry"].append({"fullUrl": f"urn:uuid:c{number}", "resource": condition})
    await line.scene.consent(FORM_FOR_PLAN)
    await line.send(body)
    await line.scene.dispatch_all()
    (parcel,) = [each.parcel for each in line.scene.channel.received]
    assert [document.title for document in parcel.documents] == ["Discharge notice"]


async def test_an_admission_that_is_only_planned_is_a_persons(line: Line) -> None:
    await line.send(notification(status="planned"))
    assert await line.last() == ("waiting", "encounter.planned")


XML = b'<Bundle xmlns="http://hl7.org/fhir"><type value="message"/></Bundle>'
REFUSED = {
    "XML": (PATH, XML, {"Content-Type": "application/fhir+xml"}, 415, "Content-Type"),
    "XML called XML": (PATH, XML, {"Content-Type": "text/xml"}, 415, "Content-Type"),
    "a form": (PATH, b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "Content-Type"),
    "another charset": (PATH, b"{}", {"Content-Type": "application/fhir+json; charset=utf-16"}, 415, "Content-Type"),
    "XML as the answer": (PATH, b"{}", {"Accept": "application/fhir+xml"}, 406, "Accept"),
    "anything but JSON": (PATH, b"{}", {"Accept": "application/fhir+json;q=0, text/html"}, 406, "Accept"),
    "XML by _format": (f"{PATH}?_format=xml", b"{}", {}, 406, "_format"),
    "no asynchronous answer": (f"{PATH}?response-url=x", b"{}", {}, 400, "response-url"),
    "too many elements": (PATH, b"[" + b"{}," * 120_000 + b"{}]", {}, 413, "$"),
    "a body that is too large": (PATH, b" " * (29 << 20), {}, 413, None),
    "a Consent in XML": ("/fhir/Consent", XML, {"Content-Type": "application/fhir+xml"}, 415, "Content-Type"),
    "a Consent with a wrong element": (
        "/fhir/Consent",
        b'{"resourceType":"Consent","provision":{"actor":[{"reference":{"display":7}}]}}',
        {},
        400,
        "Consent.provision.actor[0].reference.display",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_every_refusal_is_an_outcome_with_a_code_and_a_place(line: Line, name: str) -> None:
    path, body, headers, status, field = REFUSED[name]
    staff = await line.api.caller("harbor", "staff")
    sent = {"Content-Type": "application/fhir+json"} | headers
    answer = await staff("POST", path, data=io.BytesIO(body), headers=sent)
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    (issue,) = answer.json["issue"]
    assert issue["details"]["coding"][0]["code"]
    assert issue.get("expression") == (None if field is None else [field])


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/fhir+json"},
        {"Accept": "application/fhir+xml;q=0.5, application/json;q=0.9"},
        {"Accept": "*/*"},
        {"Content-Type": "application/json"},
        {"Content-Type": "application/fhir+json; charset=UTF-8; fhirVersion=4.0"},
    ],
)
async def test_every_way_of_saying_json_is_understood(line: Line, headers: dict[str, str]) -> None:
    raw = json.dumps(notification()).encode()
    sent = {"Content-Type": "application/fhir+json"} | headers
    answer = await line.harbor("POST", f"{PATH}?_format=application/fhir+json", data=raw, headers=sent)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/fhir/Patient/1", 404),
        ("GET", "/fhir/Patient", 404),
        ("DELETE", "/fhir/Task/1", 405),
        ("PUT", PATH, 405),
    ],
)
async def test_what_there_is_not_under_the_base_is_answered_with_an_outcome(
    line: Line, method: str, path: str, status: int
) -> None:
    answer = await line.harbor(method, path)
    assert (answer.status, answer.json["resourceType"]) == (status, "OperationOutcome")
