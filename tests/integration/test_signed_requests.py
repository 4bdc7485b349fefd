"""Signed requests (RFC 9421): from an organization with a key, only what that key signed, fresh, and once.

The requests are signed with `cryptography`, from the standard's text.
"""

import base64
import dataclasses
import hashlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.api.incoming import RequestSignatures
from hub.storage import signers
from hub.storage.tables import Inbound, Submission
from tests.api import Answer, Api, an_api
from tests.integration.test_fhir_messages import notification
from tests.scenes import Scene, a_scene, handed

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
COVERED = '"@method" "@authority" "@path" "content-digest" "content-type"'
FHIR = "/fhir/$process-message"


def signed(path: str, body: bytes, media_type: str, **changes: Any) -> dict[str, str]:
    """Headers of a POST to hub.example; `changes` are what an attacker or a mistake would change."""
    given = {"authority": "hub.example", "created": int(time.time()), "nonce": "n-1", "key": KEY, "key_id": "ehr"}
    given |= changes
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(given.get('instead', body)).digest()).decode()}:"
    params = (
        f'({COVERED});created={given["created"]};keyid="{given["key_id"]}";nonce="{given["nonce"]}"'
        ';alg="ed25519";tag="part2hub/delivery/v1"'
    )
    lines = [
        '"@method": POST',
        f'"@authority": {given["authority"]}',
        f'"@path": {path}',
        f'"content-digest": {digest}',
        f'"content-type": {media_type}',
        f'"@signature-params": {params}',
    ]
    signature = base64.b64encode(given["key"].sign("\n".join(lines).encode())).decode()
    return {
        "Content-Type": media_type,
        "Content-Digest": digest,
        "Signature-Input": f"sig={params}",
        "Signature": f"sig=:{signature}:",
    }


class Line:
    def __init__(self, scene: Scene, api: Api, token: str) -> None:
        self.scene, self.api, self.caller = scene, api, api.with_token(token)
        self.signer = ""

    async def message(self, number: int = 1, **changes: Any) -> Answer:
        body = json.dumps(notification(message=f"m-{number}")).encode()
        headers = signed(changes.pop("path", FHIR), body, "application/fhir+json", **changes)
        return await self.caller("POST", FHIR, data=body, headers=headers)


@pytest.fixture
async def line(migrated_url: str) -> AsyncIterator[Line]:
    async with a_scene(migrated_url) as scene:
        scene.hub = dataclasses.replace(scene.hub, address="https://hub.example", signatures=RequestSignatures())
        async with an_api(scene.hub) as api:
            from hub.storage import tokens

            signer = await signers.add(scene.hub, "harbor", "ehr", PUBLIC, by="county")
            token = (await tokens.issue(scene.hub, "harbor", "sender", by="county")).token
            found = Line(scene, api, token)
            found.signer = signer
            yield found


async def test_what_the_key_signed_is_taken(line: Line) -> None:
    assert (await line.message()).status == 200


async def test_nothing_unsigned_is_taken_on_any_way_in(line: Line) -> None:
    plain = await line.caller("POST", FHIR, notification())
    express = await line.caller.submit("key-1")
    assert (plain.status, express.status) == (401, 401)
    assert express.json["code"] == "signature-absent"
    assert await line.scene.rows(Inbound.id) == await line.scene.rows(Submission.id) == []


async def test_a_signed_packet_is_taken(line: Line) -> None:
    given = handed(line.scene.member)
    manifest = {
        "kind": "referral_packet",
        "member": {"id": line.scene.member},
        "purpose": "treatment",
        "recipients": [{"organization": "lantern"}],
        "items": [{"document": "d0", "title": "Note", "information": "assessment"}],
    }
    documents = {"d0": base64.b64encode(given.documents["d0"]).decode()}
    body = json.dumps({"manifest": manifest, "documents": documents}).encode()
    headers = signed("/v1/submissions", body, "application/json") | {"Idempotency-Key": "k"}
    assert (await line.caller("POST", "/v1/submissions", data=body, headers=headers)).status == 202
    again = headers | {"Idempotency-Key": "another"}
    answer = await line.caller("POST", "/v1/submissions", data=body, headers=again)
    assert (answer.status, answer.json["code"]) == (401, "signature-used"), "a captured request is no second packet"


@pytest.mark.parametrize(
    "changes",
    [
        {"key": Ed25519PrivateKey.generate()},
        {"key_id": "other"},
        {"authority": "other.example"},
        {"path": "/v1/submissions"},
        {"instead": b"another body"},
        {"off_s": -400},
        {"off_s": 400},
    ],
)
async def test_whatever_differs_is_refused_and_not_kept(line: Line, changes: dict[str, Any]) -> None:
    if "off_s" in changes:
        changes = {"created": int(time.time()) + changes["off_s"]}
    answer = await line.message(**changes)
    assert (answer.status, answer.json["resourceType"]) == (401, "OperationOutcome")
    assert await line.scene.rows(Inbound.id) == []


async def test_a_nonce_is_used_once_also_for_another_message(line: Line) -> None:
    assert [(await line.message(number)).status for number in (1, 2)] == [200, 401]
    assert (await line.message(2, nonce="n-2")).status == 200


async def test_without_a_key_nobody_has_to_sign(line: Line) -> None:
    lantern = await line.api.caller("lantern")
    assert (await lantern("POST", FHIR, notification())).status == 200
    await signers.remove(line.scene.hub, line.signer, by="county")
    harbor = await line.api.caller("harbor")
    assert (await harbor("POST", FHIR, notification())).status == 200


async def test_a_hub_that_cannot_read_signatures_takes_nothing_from_whoever_signs(line: Line) -> None:
    async with an_api(dataclasses.replace(line.scene.hub, signatures=None)) as api:
        harbor = await api.caller("harbor")
        assert (await harbor("POST", FHIR, notification())).status == 401
