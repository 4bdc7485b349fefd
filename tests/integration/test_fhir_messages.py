"""FHIR notifications in: the rules of Da Vinci Unsolicited Notifications 1.1 against bundles that others made."""

import copy
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
    assert answer.status == 415


FORM_FOR_PLAN = FORM.__class__(
    **{name: getattr(FORM, name) for name in FORM.__struct_fields__}
    | {"recipients": ("sunrise",), "purposes": ("treatment", "operations")}
)
