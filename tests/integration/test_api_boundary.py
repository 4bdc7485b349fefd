"""The edge of the hub: who is let in, what is shown to nobody, how it behaves towards bad peers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.storage import tokens
from hub.telemetry import LABELS, REGISTRY
from tests.api import NORA, TPO, Api, an_api
from tests.hubs import a_hub


@pytest.fixture
async def api(tmp_path: Any) -> AsyncIterator[Api]:
    async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub, an_api(hub) as made:
        yield made


async def test_nobody_is_let_in_without_a_token_or_with_a_wrong_one(api: Api) -> None:
    for caller in (api.nobody, api.with_token("p2h_wrong"), api.with_token("")):
        answer = await caller("GET", "/v1/organizations")
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_revoked_token_and_an_expired_one_are_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_REMEMBERED_S", 0.0)
    issued = await tokens.issue(api.hub, "harbor", "sender", by="county", days=1)
    caller = api.with_token(issued.token)
    assert (await caller("GET", "/v1/organizations")).status == 200
    api.hub.clock.ahead = 2 * 86_400_000_000  # type: ignore[attr-defined]
    assert (await caller("GET", "/v1/organizations")).status == 401
    api.hub.clock.ahead = 0  # type: ignore[attr-defined]
    await tokens.revoke(api.hub, issued.id, by="county")
    assert (await caller("GET", "/v1/organizations")).status == 401


async def test_the_token_itself_is_nowhere_in_the_database(api: Api, tmp_path: Any) -> None:
    issued = await tokens.issue(api.hub, "harbor", "sender", by="county")
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("hub.sqlite*"))
    assert issued.id.encode() in stored
    assert issued.token.removeprefix("p2h_").encode() not in stored


async def test_the_directory_is_changed_by_administrators_only(api: Api) -> None:
    entry = {"name": "New Clinic", "roles": ["provider"]}
    assert (await (await api.caller("harbor", "staff"))("PUT", "/v1/organizations/new-clinic", entry)).status == 403
    admin = await api.caller("county", "admin")
    assert (await admin("PUT", "/v1/organizations/new-clinic", entry)).status == 204
    assert (await admin("PUT", "/v1/organizations/new-clinic", entry | {"roles": ["king"]})).status == 400
    names = (await (await api.caller("harbor"))("GET", "/v1/organizations")).json["items"]
    assert "new-clinic" in {each["id"] for each in names}


async def test_an_endpoint_nobody_verified_is_not_used(api: Api) -> None:
    admin = await api.caller("county", "admin")
    endpoint = {"organization": "harbor", "channel": "fax", "address": "+17075550100"}
    assert (await admin("PUT", "/v1/endpoints/harbor-fax", {"endpoint": endpoint})).status == 204
    assert "harbor" not in (await api.hub.directory.current()).endpoints
    mllp = {"organization": "harbor", "channel": "mllp", "address": "mllps://adt.harbor.example:2575"}
    verified = {"endpoint": mllp, "verified_by": "K. Clerk"}
    assert (await admin("PUT", "/v1/endpoints/harbor-adt", verified)).status == 204
    assert (await api.hub.directory.current()).endpoints["harbor"][0].address == "mllps://adt.harbor.example:2575"


@pytest.mark.parametrize(
    "endpoint",
    [
        {"organization": "harbor", "channel": "fax", "address": "555-0100"},
        {"organization": "harbor", "channel": "api", "address": "http://plain.example/in", "form": "fhir"},
        {"organization": "harbor", "channel": "api", "address": "https://a.example/in", "form": "sealed"},
        {"organization": "harbor", "channel": "email", "address": "intake@harbor.example"},
        {"organization": "nowhere", "channel": "fax", "address": "+17075550100"},
    ],
)
async def test_an_address_that_could_not_carry_a_sealed_packet_is_refused(api: Api, endpoint: dict[str, str]) -> None:
    admin = await api.caller("county", "admin")
    answer = await admin("PUT", "/v1/endpoints/e", {"endpoint": endpoint, "verified_by": "K. Clerk"})
    assert answer.status == 400


async def test_every_answer_forbids_caching_and_names_no_version(api: Api) -> None:
    for path in ("/healthz", "/v1/organizations", "/nowhere"):
        headers = (await api.nobody("GET", path)).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Server"] == "part2hub"


async def test_even_a_request_that_is_no_http_is_answered_without_a_version(api: Api) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(b"Nora Quill 01234567A\r\n\r\n")
    answer = await reader.read(4096)
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.")
    assert b"aiohttp" not in answer


async def test_a_peer_that_never_finishes_its_request_is_dropped(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.web.app.FIRST_REQUEST_S", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(b"POST /v1/members HTTP/1.1\r\nHost: x\r\n")
    assert await reader.read() == b""
    writer.close()


async def test_a_body_that_does_not_arrive_ends_the_connection(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.web.body.PATIENCE_S", 0.1)
    issued = await tokens.issue(api.hub, "harbor", "sender", by="county")
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(
        b"POST /v1/members HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n"
        b"Authorization: Bearer " + issued.token.encode() + b"\r\n\r\n{"
    )
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 408")
    writer.close()


async def test_a_token_that_asks_too_often_is_slowed_down(tmp_path: Any) -> None:
    async with a_hub(f"sqlite:///{tmp_path / 'h.sqlite'}") as hub, an_api(hub, rate_per_minute=3) as api:
        caller = await api.caller("harbor")
        statuses = [(await caller("GET", "/v1/organizations")).status for _ in range(8)]
        assert statuses[:3] == [200, 200, 200]
        assert 429 in statuses


async def test_a_failure_inside_answers_with_an_id_and_none_of_its_words(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_args: Any) -> None:
        raise RuntimeError("Nora Quill 01234567A")

    monkeypatch.setattr("hub.web.decisions.views.disclosures", broken)
    answer = await (await api.caller("harbor"))("GET", "/v1/disclosures")
    assert answer.status == 500
    assert set(answer.json) == {"type", "title", "status", "code", "detail", "id"}
    assert b"Nora" not in answer.body
    captured = capsys.readouterr()
    assert "Nora" not in captured.out + captured.err


async def test_metrics_count_requests_by_route_and_name_nobody(api: Api) -> None:
    harbor = await api.caller("harbor")
    member = (await harbor("POST", "/v1/members", NORA)).json["id"]
    await harbor("GET", f"/v1/members/{member}")
    await api.nobody("PATCH", "/Nora-Quill")
    text = (await api.nobody("GET", "/metrics")).body.decode()
    assert 'route="/v1/members/{id}"' in text
    assert member not in text
    assert "Nora" not in text
    labels = {label for metric in REGISTRY.collect() for sample in metric.samples for label in sample.labels}
    assert labels - {"le"} <= LABELS


async def test_alive_and_ready_answer_without_a_token(api: Api) -> None:
    assert (await api.nobody("GET", "/healthz")).json == {"status": "ok"}
    assert (await api.nobody("GET", "/readyz")).json == {"status": "ready"}


async def test_a_consent_is_verified_by_its_discloser_not_by_its_recipient(api: Api) -> None:
    harbor, plan = await api.caller("harbor", "staff"), await api.caller("sunrise", "staff")
    member = (await harbor("POST", "/v1/members", NORA | {"relations": {"program": ["harbor"]}})).json["id"]
    await plan("POST", "/v1/members", NORA | {"relations": {"plan": ["sunrise"]}})
    consent = (await plan("POST", "/v1/consents", {"member": member, "consent": TPO})).json["id"]
    assert (await plan("POST", f"/v1/consents/{consent}/verify")).status == 404
    assert (await harbor("POST", f"/v1/consents/{consent}/verify")).status == 204
    assert (await plan("GET", f"/v1/consents/{consent}")).json["verified"] is True


async def test_a_revocation_over_http_counts_when_it_is_answered(api: Api) -> None:
    harbor = await api.caller("harbor", "staff")
    member = (await harbor("POST", "/v1/members", NORA | {"relations": {"program": ["harbor"]}})).json["id"]
    consent = (await harbor("POST", "/v1/consents", {"member": member, "consent": TPO})).json["id"]
    assert (await harbor("POST", f"/v1/consents/{consent}/revoke", {"how": "oral"})).status == 204
    assert (await harbor("GET", f"/v1/consents/{consent}")).json["state"] == "revoked"
    work = (await harbor("GET", "/v1/work")).json["items"]
    assert [each["kind"] for each in work] == ["written_revocation"]
    assert (await harbor("POST", f"/v1/work/{work[0]['id']}/close", {"reason": "reviewed"})).status == 204
    assert (await harbor("GET", "/v1/work")).json["items"] == []


async def test_the_signed_paper_comes_back_as_it_was_given_and_is_never_shown_inline(api: Api) -> None:
    harbor = await api.caller("harbor", "staff")
    member = (await harbor("POST", "/v1/members", NORA)).json["id"]
    consent = (await harbor("POST", "/v1/consents", {"member": member, "consent": TPO})).json["id"]
    place = f"/v1/consents/{consent}/document"
    assert (await harbor("PUT", place, data=b"%PDF-1.7 scan")).status == 204
    paper = await harbor("GET", place)
    assert (paper.body, paper.headers["Content-Type"]) == (b"%PDF-1.7 scan", "application/pdf")
    assert paper.headers["Content-Disposition"] == "attachment"


async def test_only_a_part_2_program_states_who_else_cares_for_its_patient(api: Api) -> None:
    plan = await api.caller("sunrise")
    claim = NORA | {"relations": {"treating_provider": ["valley-clinic"]}}
    assert (await plan("POST", "/v1/members", claim)).json["field"] == "relations"
    own = NORA | {"relations": {"plan": ["sunrise"]}}
    assert (await plan("POST", "/v1/members", own)).status == 201
