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

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nacl.signing import SigningKey
from yarl import URL

from adapters.api.channel import ApiChannel
from adapters.api.incoming import RequestSignatures
from hub.crypto.keyring import KeyKind
from hub.model import ChannelKind, Delivered, Endpoint
from hub.storage import signers, tokens
from hub.storage.tables import Inbound, Submission
from hub.workers.expired import forget_expired
from tests.api import Answer, Api, an_api
from tests.contract.channel_parcel import sample_parcel
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
            signer = await signers.add(scene.hub, "harbor", "ehr", PUBLIC, by="county")
            token = (await tokens.issue(scene.hub, "harbor", "sender", by="county")).token
            found = Line(scene, api, token)
            found.signer = signer
            yield found


async def test_what_the_key_signed_is_taken(line: Line) -> None:
    assert (await line.message()).status == 200


async def test_the_path_counts_as_it_was_sent(line: Line) -> None:
    """`%24` and `$` are two spellings of one path, and two different signatures (RFC 9421 §2.2.6)."""
    body, sent = json.dumps(notification(message="m-9")).encode(), FHIR.replace("$", "%24")
    for number, path in enumerate((FHIR, sent)):
        headers = signed(path, body, "application/fhir+json", nonce=f"n-{number}")
        url = URL(f"http://127.0.0.1:{line.api.port}{sent}", encoded=True)
        answer = await line.caller("POST", url, data=body, headers=headers)
        assert answer.status == (200 if path == sent else 401)


@pytest.mark.parametrize("address", ["https://HUB.example", "https://hub.example:443"])
async def test_the_hubs_own_address_is_normal_however_it_was_configured(line: Line, address: str) -> None:
    line.scene.hub = dataclasses.replace(line.scene.hub, address=address)
    async with an_api(line.scene.hub) as api:
        token = (await tokens.issue(line.scene.hub, "harbor", "sender", by="county")).token
        other = Line(line.scene, api, token)
        assert (await other.message()).status == 200


async def test_nothing_unsigned_is_taken_on_any_way_in(line: Line) -> None:
    plain = await line.caller("POST", FHIR, notification())
    express = await line.caller.submit("key-1")
    assert (plain.status, express.status) == (401, 401)
    assert express.json["code"] == "signature-absent"
    assert await line.scene.rows(Inbound.id) == await line.scene.rows(Submission.id) == []


async def packet(line: Line, key: str = "k", **changes: Any) -> tuple[dict[str, str], Answer]:
    """A signed packet: its headers and its answer."""
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
    headers = signed("/v1/submissions", body, "application/json", **changes) | {"Idempotency-Key": key}
    return headers, await line.caller("POST", "/v1/submissions", data=body, headers=headers)


async def test_a_signed_packet_is_taken(line: Line) -> None:
    now = int(time.time())
    assert (await packet(line, created=now))[1].status == 202
    _, answer = await packet(line, "another", created=now)
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


async def test_a_used_nonce_is_kept_as_long_as_it_could_be_used_again_and_no_longer(line: Line) -> None:
    await line.message()
    assert await forget_expired(line.api.hub) == 0
    assert (await line.message(2)).status == 401
    line.api.hub.clock.ahead += 3 * signers.FRESH_S * 1_000_000  # type: ignore[attr-defined]
    assert await forget_expired(line.api.hub) == 1


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


def acknowledged(answer: Answer, sent: dict[str, str], keys: Any, nonce: str = "n-1") -> bool:
    """Whether the hub's published key signed exactly this answer to this request; from RFC 9421's text alone."""
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(answer.body).digest()).decode()}:"
    assert answer.headers["Content-Digest"] == digest
    params = answer.headers["Signature-Input"].removeprefix("sig=")
    covered, _, stated = params.partition(")")
    assert covered == '("@status" "content-digest" "content-digest";req'
    named = dict(each.split("=", 1) for each in stated.split(";")[1:])
    assert (named["nonce"], named["alg"], named["tag"]) == (f'"{nonce}"', '"ed25519"', '"part2hub/ack/v1"')
    (x,) = [each["x"] for each in keys["keys"] if each["kid"] == named["keyid"].strip('"')]
    base = [
        f'"@status": {answer.status}',
        f'"content-digest": {digest}',
        f'"content-digest";req: {sent["Content-Digest"]}',
        f'"@signature-params": {params}',
    ]
    signature = base64.b64decode(answer.headers["Signature"].removeprefix("sig=:").removesuffix(":"))
    key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "="))
    try:
        key.verify(signature, "\n".join(base).encode())
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize(("change", "status"), [({}, 200), ({"type": "collection"}, 400)])
async def test_what_is_answered_is_signed_by_the_hubs_published_key(line: Line, change: Any, status: int) -> None:
    keys = (await line.api.nobody("GET", "/.well-known/jwks.json")).json
    body = json.dumps(notification() | change).encode()
    headers = signed(FHIR, body, "application/fhir+json")
    answer = await line.caller("POST", FHIR, data=body, headers=headers)
    assert answer.status == status
    assert acknowledged(answer, headers, keys)
    assert not acknowledged(answer._replace(status=202), headers, keys)
    assert not acknowledged(answer, headers | {"Content-Digest": "sha-256=:AAAA:"}, keys)


async def test_a_packet_is_acknowledged_too(line: Line) -> None:
    keys = (await line.api.nobody("GET", "/.well-known/jwks.json")).json
    headers, answer = await packet(line, nonce="n-p")
    assert answer.status == 202
    assert acknowledged(answer, headers, keys, "n-p")


async def test_what_was_not_signed_is_not_acknowledged(line: Line) -> None:
    lantern = await line.api.caller("lantern")
    for answer in (await lantern("POST", FHIR, notification()), await line.message(key_id="nobody")):
        assert "Signature" not in answer.headers


async def test_another_hubs_channel_reads_the_acknowledgement_as_proof_of_delivery(line: Line) -> None:
    """What one hub signs to the next one is proved by that one's key, as the directory of the first one holds it."""
    key = line.scene.hub.ring.active(KeyKind.DELIVERY)
    channel = ApiChannel(SigningKey(KEY.private_bytes_raw()), "ehr", allow_plain_loopback=True)
    async with an_api(dataclasses.replace(line.scene.hub, address="")) as api:
        endpoint = Endpoint(
            id="e",
            organization="county",
            channel=ChannelKind.API,
            address=f"http://127.0.0.1:{api.port}/fhir",
            form="fhir",
            verify_key=key.public,
        )
        prepared = await channel.prepare(sample_parcel(endpoint))
        bearer = (await tokens.issue(line.scene.hub, "harbor", "sender", by="county")).token
        headers = (*prepared.headers, ("Authorization", f"Bearer {bearer}"))
        outcome = await channel.deliver(msgspec.structs.replace(prepared, headers=headers))
    await channel.close()
    assert isinstance(outcome, Delivered)
    assert (outcome.receipt.kind, outcome.receipt.reference.partition(":")[0]) == ("signed-ack", key.id)
