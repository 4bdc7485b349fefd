"""§2.13(c)(2), over every endpoint: unknown, uncovered and not theirs are one answer, the same bytes on the same beat.

Each endpoint of the published description stands in one of the tables below; a new one fails here until somebody has
said how it speaks of persons.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import cadence
from hub.arrivals import Arrival
from hub.context import Hub
from hub.glass import acts
from hub.glass.rules import Reader
from hub.inbound.keep import keep
from hub.inbound.settle import settle
from hub.pickup.links import token_of
from hub.storage import tokens
from hub.storage.tokens import Role
from hub.web.openapi import document
from tests.api import MANIFEST, NORA, TPO, Answer, Api, Caller, an_api, noting_what_is_handed_over
from tests.hubs import a_hub
from tests.outsides import CALL

UNKNOWN = "0" * 32
CHECK = {"discloser": "harbor", "recipient": "valley-clinic", "purpose": "treatment"}
REGISTERED = {"relations": {"program": ["lantern"]}}
PDF = {"data": b"%PDF-1.7 scan"}
TOLD = CALL | {"recipient": "valley-clinic", "made_at": "2026-03-06T09:00:00-08:00"}

REFUSED: dict[tuple[str, str], Any] = {
    ("GET", "/v1/submissions/{id}"): None,
    ("POST", "/v1/submissions/{id}/withdraw"): None,
    ("GET", "/v1/members/{id}"): None,
    ("PUT", "/v1/members/{id}/facts"): NORA,
    ("GET", "/v1/members/{id}/consents"): None,
    ("GET", "/v1/members/{id}/restrictions"): None,
    ("POST", "/v1/members/{id}/restrictions"): {"against": ["sunrise"]},
    ("POST", "/v1/members/{id}/restrictions/{restriction}/end"): {},
    ("POST", "/v1/consents"): {"member": "ID", "consent": TPO},
    ("POST", "/v1/consents/preview"): {"member": "ID", "consent": TPO},
    ("GET", "/v1/consents/{id}"): None,
    ("POST", "/v1/consents/{id}/verify"): None,
    ("POST", "/v1/consents/{id}/revoke"): {"how": "written"},
    ("POST", "/v1/consents/{id}/retract"): None,
    ("PUT", "/v1/consents/{id}/event"): {"status": "not_yet"},
    ("PUT", "/v1/consents/{id}/document"): PDF,
    ("GET", "/v1/consents/{id}/document"): None,
    ("GET", "/v1/forms/{kind}.pdf"): None,
    ("POST", "/fhir/Consent"): {"resourceType": "Consent", "status": "active"},
    ("GET", "/fhir/Consent"): None,
    ("GET", "/fhir/Consent/{id}"): None,
    ("GET", "/v1/decisions/{id}"): None,
    ("GET", "/v1/disclosures/{id}/emergency"): None,
    ("POST", "/v1/disclosures"): TOLD,
    ("POST", "/v1/disclosures/preview"): TOLD,
    ("GET", "/v1/disclosures/{id}/record"): None,
    ("POST", "/v1/disclosures/{id}/retract"): {"mistake": "duplicate"},
    ("GET", "/v1/notices/{id}"): None,
    ("POST", "/v1/notices/{id}/calls"): {"outcome": "reached"},
    ("POST", "/v1/notices/{id}/calls/{call}/mistake"): None,
    ("GET", "/v1/glass/{id}"): None,
    ("POST", "/v1/glass/{id}/end"): None,
    ("GET", "/v1/work/{id}"): None,
    ("POST", "/v1/work/{id}/assign"): {},
    ("POST", "/v1/work/{id}/approve"): None,
    ("POST", "/v1/work/{id}/propose"): {"reason": "reviewed"},
    ("POST", "/v1/work/{id}/confirm"): None,
    ("POST", "/v1/work/{id}/unpropose"): None,
    ("POST", "/v1/work/{id}/close"): {"reason": "reviewed"},
    ("POST", "/v1/work/{id}/another-way"): {},
    ("GET", "/v1/work/{id}/recall"): None,
    ("GET", "/v1/disclosures/{id}/permitted"): None,
    ("GET", "/v1/disclosures/{id}/necessary"): None,
    ("GET", "/v1/matters/{id}"): None,
    ("GET", "/v1/matters/{id}/letter"): None,
    ("POST", "/v1/matters/{id}/letter"): {"reason": "Mailed today"},
    ("POST", "/v1/matters/{id}/{deed}"): {"reason": "More time is needed"},
    ("GET", "/v1/exports/{id}/note"): None,
    ("GET", "/v1/inbound/{id}/pages/{number}"): None,
    ("GET", "/v1/inbound/{id}"): None,
    ("GET", "/v1/inbound/{id}/raw"): None,
    ("POST", "/v1/inbound/{id}/match"): {"sender": "lantern", "member": "ID"},
    ("POST", "/v1/inbound/{id}/attach"): {"submission": "ID"},
    ("POST", "/v1/inbound/{id}/close"): {"reason": "not_ours"},
    ("GET", "/fhir/Task/{id}"): None,
    ("PUT", "/fhir/Task/{id}"): {"status": "accepted"},
    ("GET", "/fhir/ServiceRequest/{id}"): None,
    ("GET", "/fhir/Communication/{id}"): None,
    ("GET", "/fhir/AuditEvent/{id}"): None,
}
"""Refused to a stranger, by the id of something of Harbor's or of nothing."""
ANSWERED = {
    ("POST", "/v1/glass"),
    ("POST", "/v1/submissions"),
    ("POST", "/v1/members"),
    ("GET", "/v1/disclosures"),
    ("POST", "/v1/inquiries"),
    ("POST", "/fhir/$process-message"),
    ("GET", "/fhir/Task"),
    ("GET", "/fhir/ServiceRequest"),
    ("GET", "/fhir/Communication"),
    ("GET", "/fhir/AuditEvent"),
    ("POST", "/forms/consent"),
    ("POST", "/v1/registers/{kind}"),
    ("GET", "/v1/log"),
    ("GET", "/v1/log/denied"),
    ("GET", "/v1/log/inquiries"),
    ("GET", "/v1/log/emergencies"),
    ("GET", "/v1/put-right"),
    ("GET", "/v1/matters"),
    ("GET", "/v1/exports/{kind}.{form}"),
}
"""Take a person by CIN or as a filter, and answer a stranger alike for every person."""
OF_NOBODY = {
    # What the caller's own organization has; compliance sees all by its office.
    ("GET", "/v1/submissions"),
    ("GET", "/v1/notices"),
    ("GET", "/v1/work"),
    ("GET", "/v1/inbound"),
    # An empty page, and how it looks.
    ("GET", "/forms/consent"),
    ("GET", "/forms/style.css"),
    # Organizations, not persons.
    ("GET", "/v1/organizations"),
    ("GET", "/v1/organizations/{id}"),
    ("PUT", "/v1/organizations/{id}"),
    ("PUT", "/v1/endpoints/{id}"),
    ("PUT", "/v1/agreements/{id}"),
    ("POST", "/v1/tokens"),
    ("GET", "/v1/tokens"),
    ("DELETE", "/v1/tokens/{id}"),
    ("POST", "/v1/endpoints/{id}/confirm"),
    # Compliance sees all by its office, and nobody else comes here.
    ("GET", "/v1/views"),
    # Hashes that say nothing, and reports about a hub's own deliveries.
    ("GET", "/tlog/checkpoint"),
    ("GET", "/tlog/tile/{path}"),
    ("POST", "/tlog/cosignatures"),
    ("POST", "/v1/reports/{provider}"),
    ("GET", "/v1/policy/choices"),
    ("POST", "/v1/policy/choices"),
    ("POST", "/v1/policy/choices/{id}/confirm"),
    ("POST", "/v1/policy/choices/{id}/refuse"),
    # The hub itself.
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/fhir/metadata"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/.well-known/smart-configuration"),
    ("GET", "/fhir/.well-known/smart-configuration"),
    ("POST", "/oauth/token"),
    ("POST", "/v1/webhooks"),
    ("GET", "/v1/webhooks"),
    ("POST", "/v1/webhooks/{id}/rotate"),
    ("DELETE", "/v1/webhooks/{id}"),
}
OWN_STAFF = {("POST", "/v1/policy/check")}
"""For the discloser's own people; what they know of their own people is no leak."""


class Beats:
    """A clock that says how long the work took, and a note of when each refusal left."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: list[float] = []
        self._at = 0.0
        self.work_s = 0.001
        monkeypatch.setattr(cadence, "clock", self.now)
        self._real_sleep = cadence.asyncio.sleep
        monkeypatch.setattr(cadence.asyncio, "sleep", self._sleep)

    def now(self) -> float:
        self._at += self.work_s
        return self._at

    async def _sleep(self, seconds: float, *rest: Any) -> Any:
        if 0 < seconds <= cadence.BEAT_S:
            self.left.append(self.work_s + seconds)
            seconds = 0
        return await self._real_sleep(seconds, *rest)


@pytest.fixture
async def api(tmp_path: Any) -> AsyncIterator[Api]:
    async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub, an_api(hub) as made:
        yield made


@pytest.fixture
async def harbors(api: Api) -> dict[str, str]:
    """One of everything, Harbor's, by the word in the path."""
    staff = await api.caller("harbor", "staff")
    member = (await staff("POST", "/v1/members", NORA | {"relations": {"program": ["harbor"]}})).json["id"]
    consent = (await staff("POST", "/v1/consents", {"member": member, "consent": TPO})).json["id"]
    await staff("PUT", f"/v1/consents/{consent}/document", **PDF)
    await staff("POST", f"/v1/consents/{consent}/revoke", {"how": "oral"})
    submission = (await staff.submit("key-1")).json["id"]
    view = (await staff("GET", f"/v1/submissions/{submission}")).json
    return {
        "members": member,
        "consents": consent,
        "submissions": submission,
        "decisions": view["recipients"][0]["decisions"][0]["id"],
        "disclosures": view["recipients"][0]["outbox"],
        "notices": view["recipients"][0]["outbox"],
        "work": (await staff("GET", "/v1/work")).json["items"][0]["id"],
        "inbound": await waiting(api.hub),
        "glass": await glass(api.hub, member),
        "matters": (await staff("POST", "/v1/registers/accounting", asked_for(member))).json["id"],
        "exports": await exported(staff),
        **dict.fromkeys(("Task", "ServiceRequest", "Communication", "AuditEvent"), view["recipients"][0]["outbox"]),
    }


async def glass(hub: Hub, member: str) -> str:
    """Somebody of the county's reads Harbor's patient's entries in an emergency."""
    reader = Reader("county/ana", ("administrator",), "county", office=True)
    return await acts.break_glass(hub, reader, member, "medical_emergency", "An overdose; which medications?")


def asked_for(member: str) -> dict[str, Any]:
    return {"member": member, "received_at": "2026-03-06T09:00:00-08:00", "language": "en"}


async def exported(staff: Caller) -> str:
    """The id of an export of Harbor's."""
    made = await staff("GET", "/v1/exports/log.csv")
    assert made.status == 200
    return re.findall(r"/v1/exports/([0-9a-z]+)/note", str(made.headers))[0]


async def waiting(hub: Hub) -> str:
    """A mail of Harbor's that waits for a person."""
    mail = Arrival(channel="email", key="1", raw=b"a mail", media_type="message/rfc822", organization="harbor")
    kept = await keep(hub, mail)
    assert await settle(hub, kept.id) == "waiting"
    return kept.id


def described() -> set[tuple[str, str]]:
    methods = {"get", "put", "post", "delete", "patch"}
    return {(m.upper(), path) for path, found in document()["paths"].items() for m in found if m in methods}


def test_every_endpoint_is_known_to_this_test() -> None:
    tables = [REFUSED.keys(), ANSWERED, OF_NOBODY, OWN_STAFF]
    assert set().union(*tables) == described()
    assert sum(map(len, tables)) == len(described())


def seen(answer: Answer) -> Any:
    """All that a caller can compare; the date is the clock's, and ids are new each time."""
    body = answer.body
    for name in ("id", "status"):
        body = re.sub(rb'("%s":)"[^"]*"' % name.encode(), rb'\1"-"', body) if answer.status < 400 else body
    headers = {k: "-" if k == "Location" else v for k, v in answer.headers.items() if k != "Date"}
    return answer.status, body, headers


async def ask(caller: Caller, method: str, path: str, reference: str) -> Answer:
    body = REFUSED[method, path]
    if path.startswith("/v1/consents") and isinstance(body, dict) and "member" in body:
        body = body | {"member": reference}
    if isinstance(body, dict) and "resourceType" in body:
        body = body | {"patient": {"reference": f"Patient/{reference}"}}
    options: dict[str, Any] = dict(PDF) if body is PDF else {}
    if body is TOLD:
        body = {**TOLD, "member": {"id": reference}}
        options["headers"] = {"Idempotency-Key": f"key-{reference}"}
    url = path.replace("{id}", reference).replace("{restriction}", "r").replace("{deed}", "extend")
    url = url.replace("{number}", "1").replace("{call}", "c")
    if (method, path) == ("GET", "/fhir/Consent"):
        url += f"?patient={reference}"
    if "{kind}" in url:
        url = url.replace("{kind}", "tpo") + f"?member={reference}"
    return await caller(method, url, None if body is PDF else body, **options)


@pytest.mark.parametrize(("method", "path"), REFUSED)
async def test_not_theirs_and_unknown_are_the_same_bytes_on_the_same_beat(
    api: Api, harbors: dict[str, str], monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    stranger = await api.caller("lantern", "staff")
    beats = Beats(monkeypatch)
    words = path.replace("/fhir/Consent", "/v1/consents").split("/")
    kind = words[2] if "{id}" in words else "members"
    answers = []
    for reference, work_s in ((harbors[kind], 0.2), (UNKNOWN, 0.001)):
        beats.work_s = work_s  # a look at a real person takes longer
        answers.append(seen(await ask(stranger, method, path, reference)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert beats.left == pytest.approx([cadence.BEAT_S, cadence.BEAT_S])


async def test_a_question_about_anybody_is_refused_alike(
    api: Api, harbors: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = await api.caller("valley-clinic")
    beats = Beats(monkeypatch)
    cases = (("harbor", NORA["cin"]), ("harbor", "07654321A"), ("lantern", NORA["cin"]), ("harbor", "?"))
    answers = [
        seen(await asker("POST", "/v1/inquiries", {"discloser": discloser, "cin": cin})) for discloser, cin in cases
    ]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 404
    assert len(set(beats.left)) <= 2  # the question's beat and the answer's
    assert len(beats.left) == 2 * len(cases)


async def test_a_page_to_sign_is_refused_alike_for_anybody(
    api: Api, harbors: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await tokens.issue(api.hub, "lantern", "staff", by="county")).token
    beats = Beats(monkeypatch)
    answers = []
    for person in (harbors["members"], UNKNOWN, NORA["cin"], "07654321A"):
        filled = {"token": token, "kind": "tpo", "lang": "en", "step": "choose", "member": person}
        answers.append(seen(await api.nobody("POST", "/forms/consent", data=filled)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 404
    assert beats.left == pytest.approx([cadence.BEAT_S] * len(answers))


async def test_a_packet_about_anybody_elses_patient_is_taken_like_one_about_nobody(
    api: Api, harbors: dict[str, str]
) -> None:
    stranger = await api.caller("lantern", "staff")
    people = ({"cin": NORA["cin"]}, {"cin": "07654321A"}, {"id": harbors["members"]}, {"id": UNKNOWN})
    taken = [await stranger.submit(f"key-{n}", MANIFEST | {"member": person}) for n, person in enumerate(people)]
    assert all(seen(answer) == seen(taken[0]) for answer in taken)
    states = [await stranger("GET", answer.headers["Location"]) for answer in taken]
    told = [
        re.sub(rb'"(id|outbox)":"[^"]*"', b"", re.sub(rb'"(at|created_at|due_at)":\d+', b"", answer.body))
        for answer in states
    ]
    assert all(each == told[0] for each in told)


async def test_registering_anybody_is_answered_alike(api: Api, harbors: dict[str, str]) -> None:
    stranger = await api.caller("lantern", "staff")
    people = (NORA, NORA | {"cin": "07654321A"}, NORA | {"family": "Other"})
    answers = [seen(await stranger("POST", "/v1/members", person | REGISTERED)) for person in people]
    assert all(answer == answers[0] for answer in answers)


async def test_a_list_of_disclosures_about_anybody_is_as_empty(api: Api, harbors: dict[str, str]) -> None:
    stranger = await api.caller("lantern")
    answers = [
        seen(await stranger("GET", f"/v1/disclosures?member={member}")) for member in (harbors["members"], UNKNOWN)
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("query", ["patient={members}", "patient=Patient/{members}", "_id={disclosures}"])
@pytest.mark.parametrize("kind", ["Task", "ServiceRequest", "Communication", "AuditEvent"])
async def test_a_fhir_search_for_anybody_is_as_empty(api: Api, harbors: dict[str, str], kind: str, query: str) -> None:
    stranger = await api.caller("lantern", "staff")
    answers = []
    for known in (harbors, {word: "0" * len(reference) for word, reference in harbors.items()}):
        asked = query.format(**known)
        status, body, headers = seen(await stranger("GET", f"/fhir/{kind}?{asked}"))
        reference = re.split("[=/]", asked)[-1].encode()
        answers.append((status, body.replace(reference, b"-"), headers))
    assert answers[0] == answers[1]
    assert answers[0][0] == 200
    assert b"entry" not in answers[0][1]


async def test_the_express_lane_takes_a_packet_about_anybody_alike(
    api: Api, harbors: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known to another organization or to nobody, by CIN or by id."""
    over = noting_what_is_handed_over(monkeypatch)
    token = (await tokens.issue(api.hub, "lantern", "sender", by="county")).token
    people = ({"cin": NORA["cin"]}, {"cin": "07654321A"}, {"id": harbors["members"]}, {"id": UNKNOWN})
    answers = []
    async with aiohttp.ClientSession() as session:
        plain = Caller(f"http://127.0.0.1:{api.port}", session, token)
        for number, person in enumerate(people):
            lean = {"manifest": MANIFEST | {"member": person}, "documents": {"summary": "YSBzdW1tYXJ5"}}
            taken = await plain("POST", "/v1/submissions", lean, headers={"Idempotency-Key": f"key-{number}"})
            answers.append(seen(taken))
    assert over == [], "none of them was the framework's"
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 202


@pytest.mark.parametrize(
    ("method", "step", "fields"),
    [("GET", "", None), ("GET", "/code", None), ("POST", "/code", {}), ("POST", "", {"code": "12345678"})],
)
async def test_a_pick_up_link_that_opens_nothing_is_one_page_on_one_beat(
    api: Api,
    harbors: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    step: str,
    fields: dict[str, str] | None,
) -> None:
    """Made here for a disclosure that is not picked up, made here for none, made up for either, and no link at all."""
    there, nowhere = f"{harbors['disclosures']}01", f"{UNKNOWN}01"
    links = (
        token_of(api.hub.ring, there),
        token_of(api.hub.ring, nowhere),
        *(f"{delivery}.{'A' * 32}" for delivery in (there, nowhere)),
        "x",
    )
    beats = Beats(monkeypatch)
    answers = []
    for link, work_s in zip(links, (0.2, 0.1, 0.001, 0.001, 0.001), strict=True):
        beats.work_s = work_s
        answers.append(seen(await api.nobody(method, f"/pickup/{link}{step}", data=fields)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 404
    assert beats.left == pytest.approx([cadence.BEAT_S] * len(links))


@pytest.mark.parametrize(("organization", "role", "status"), [("lantern", "staff", 404), ("county", "admin", 201)])
async def test_the_glass_is_broken_or_not_alike_for_anybody(
    api: Api,
    harbors: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    organization: str,
    role: Role,
    status: int,
) -> None:
    """Who may not finds nothing there, who may begins: whether or not such a person is known."""
    async with an_api(replace(api.hub, operator="county")) as run_by_county:
        reader = await run_by_county.caller(organization, role)
        beats = Beats(monkeypatch)
        answers, left = [], []
        for cin in (NORA["cin"], "07654321A"):
            asked = {"cin": cin, "reason": "medical_emergency", "words": "An overdose; which medications?"}
            answer = await reader("POST", "/v1/glass", asked)
            got = seen(answer)
            answers.append((got[0], re.sub(rb'"until":\d+', b'"until":0', got[1]), got[2]))
            left.append(list(beats.left))
            beats.left.clear()
    assert answers[0] == answers[1]
    assert answers[0][0] == status
    assert left[0] == pytest.approx(left[1])
    assert left[0]


@pytest.mark.parametrize(
    "address",
    [
        "/v1/log?member={id}",
        "/v1/log/denied",
        "/v1/log/inquiries",
        "/v1/log/emergencies",
        "/v1/put-right?reference={disclosure}",
        "/v1/matters?member={id}&state=any",
        "/v1/exports/log.csv?member={id}",
        "/v1/exports/log.jsonl?member={id}",
    ],
)
async def test_a_register_or_an_export_about_anybody_is_as_empty(
    api: Api, harbors: dict[str, str], address: str
) -> None:
    stranger = await api.caller("lantern", "staff")
    answers = []
    for member, disclosure in ((harbors["members"], harbors["disclosures"]), (UNKNOWN, UNKNOWN)):
        answer = await stranger("GET", address.format(id=member, disclosure=disclosure))
        answers.append((answer.status, answer.body))
        assert answer.status == 200
    assert answers[0] == answers[1]


async def test_a_request_about_anybody_elses_patient_is_refused_like_one_about_nobodys(
    api: Api, harbors: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = await api.caller("lantern", "staff")
    beats = Beats(monkeypatch)
    answers = [
        seen(await stranger("POST", "/v1/registers/accounting", asked_for(member)))
        for member in (harbors["members"], UNKNOWN)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert beats.left == pytest.approx([cadence.BEAT_S, cadence.BEAT_S])


@pytest.mark.parametrize("person", ["members", None])
async def test_a_what_if_is_for_ones_own_people_whoever_is_meant(
    api: Api, harbors: dict[str, str], person: str | None
) -> None:
    stranger = await api.caller("lantern", "staff")
    member = UNKNOWN if person is None else harbors[person]
    assert (await stranger("POST", "/v1/policy/check", CHECK | {"member": member})).status == 403
    own = await stranger("POST", "/v1/policy/check", CHECK | {"discloser": "lantern", "member": member})
    assert (own.json["outcome"], own.json["items"][0]["reasons"]) == ("deny", ["member.not_registered"])


@given(st.floats(0, 600))
def test_an_answer_leaves_on_the_first_beat_after_its_work(spent_s: float) -> None:
    wait = cadence.wait_s(spent_s)
    beats = (spent_s + wait) / cadence.BEAT_S
    assert 0 < wait <= cadence.BEAT_S
    assert beats == pytest.approx(round(beats), abs=1e-6)
