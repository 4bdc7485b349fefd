"""Signatures agree with RFC 9421's own vector, and cover what they must."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key
from nacl.signing import SigningKey

from adapters.api.signature import (
    content_digest,
    sign_acknowledgement,
    sign_delivery,
    signature_base,
    verify_acknowledgement,
    verify_delivery,
)
from hub.errors import IntegrityFailed

RFC = json.loads((Path(__file__).parents[3] / "vectors" / "http-signatures" / "rfc9421-b26.json").read_text())
KEY = SigningKey(bytes(range(32)))
KEYS = {"hub-1": bytes(KEY.verify_key)}
DIGEST = content_digest(bytes(32))


def signed(**changes) -> dict[str, str]:
    stated = {
        "authority": "plan.example",
        "path": "/in",
        "digest": DIGEST,
        "media_type": "application/json",
        "delivery": "d-1",
        "created": 1_790_000_000,
    }
    headers = {name.lower(): value for name, value in sign_delivery(KEY, "hub-1", **{**stated, **changes})}
    return {"content-type": "application/json", **headers}


def test_the_signature_base_is_that_of_rfc_9421_b_2_6():
    lines = [line.split(": ", 1) for line in RFC["signature_base"]]
    components = tuple((name.strip('"'), value) for name, value in lines[:-1])
    assert signature_base(components, lines[-1][1]).decode() == "\n".join(RFC["signature_base"])


def test_the_signature_of_that_base_is_the_one_printed_in_the_rfc():
    der = base64.b64decode(RFC["private_key_pkcs8_b64"])
    key = SigningKey(load_der_private_key(der, None).private_bytes_raw())
    signature = key.sign("\n".join(RFC["signature_base"]).encode()).signature
    assert RFC["signature"] == f"sig-b26=:{base64.b64encode(signature).decode()}:"


def test_the_content_digest_of_nothing_is_rfc_9530s():
    empty = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    assert content_digest(empty) == "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"


def test_a_delivery_verifies_and_names_its_id_time_and_key():
    stated = verify_delivery(signed(), "plan.example", "/in", DIGEST, KEYS)
    assert (stated.delivery, stated.created, stated.key_id) == ("d-1", 1_790_000_000, "hub-1")


@pytest.mark.parametrize(
    ("authority", "path", "digest"),
    [
        ("other.example", "/in", DIGEST),
        ("plan.example", "/other", DIGEST),
        ("plan.example", "/in", content_digest(b"x" * 32)),
    ],
    ids=["another host", "another path", "another body"],
)
def test_a_delivery_moved_elsewhere_does_not_verify(authority, path, digest):
    with pytest.raises(IntegrityFailed) as refusal:
        verify_delivery(signed(), authority, path, digest, KEYS)
    assert refusal.value.detail_code == "signature-bad"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('nonce="d-1"', 'nonce="d-2"', "signature-bad"),
        ("created=1790000000", "created=1790000001", "signature-bad"),
        ('keyid="hub-1"', 'keyid="hub-2"', "signature-unknown-key"),
        ('tag="part2hub/delivery/v1"', 'tag="part2hub/ack/v1"', "signature-scope"),
        (' "content-digest"', "", "signature-scope"),
        ('alg="ed25519"', 'alg="hmac-sha256"', "signature-absent"),
        ("sig=(", "sig=(), sig2=(", "signature-absent"),
    ],
)
def test_a_signature_that_states_something_else_is_refused(old, new, code):
    headers = signed()
    headers["signature-input"] = headers["signature-input"].replace(old, new)
    with pytest.raises(IntegrityFailed) as refusal:
        verify_delivery(headers, "plan.example", "/in", DIGEST, KEYS)
    assert refusal.value.detail_code == code


def test_an_unsigned_message_is_refused():
    with pytest.raises(IntegrityFailed):
        verify_delivery({"content-type": "application/json"}, "plan.example", "/in", DIGEST, KEYS)


def test_an_acknowledgement_proves_this_delivery_these_bytes_and_this_status_only():
    plan = SigningKey.generate()
    stated = sign_acknowledgement(plan, "plan-1", status=200, digest=DIGEST, delivery="d-1", created=1)
    headers = {name.lower(): value for name, value in stated}
    key = bytes(plan.verify_key)
    assert verify_acknowledgement(headers, 200, DIGEST, "d-1", key).created == 1
    wrong = [
        (503, DIGEST, "d-1", key),
        (200, content_digest(b"x" * 32), "d-1", key),
        (200, DIGEST, "d-2", key),
        (200, DIGEST, "d-1", bytes(KEY.verify_key)),
    ]
    for status, digest, delivery, verify_key in wrong:
        with pytest.raises(IntegrityFailed):
            verify_acknowledgement(headers, status, digest, delivery, verify_key)


def test_the_hubs_own_delivery_signature_is_no_acknowledgement():
    with pytest.raises(IntegrityFailed) as refusal:
        verify_acknowledgement(signed(), 200, DIGEST, "d-1", KEYS["hub-1"])
    assert refusal.value.detail_code == "signature-scope"
