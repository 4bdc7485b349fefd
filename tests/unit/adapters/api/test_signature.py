"""Signatures agree with RFC 9421's own vector, and cover what they must."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key
from hypothesis import given
from hypothesis import strategies as st
from nacl.exceptions import BadSignatureError
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


# RFC 9421, appendix B.4: a request, and what may and may not be done to it on its way.
B4 = '("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519"'
B4_SIGNATURE = "ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA=="
B4_REQUEST = ("GET", "/demo", "example.org", "application/json, */*")
B4_NAMES = ("@method", "@path", "@authority", "accept")


def test_the_signature_of_b_4_is_the_one_printed_in_the_rfc():
    der = base64.b64decode(RFC["private_key_pkcs8_b64"])
    key = SigningKey(load_der_private_key(der, None).private_bytes_raw())
    base = signature_base(tuple(zip(B4_NAMES, B4_REQUEST, strict=True)), B4)
    assert base64.b64encode(key.sign(base).signature).decode() == B4_SIGNATURE


@pytest.mark.parametrize(
    "changed",
    [
        ("POST", "/demo", "example.org", "application/json, */*"),
        ("GET", "/demo", "example.com", "application/json, */*"),
        ("GET", "/demo", "example.org", "*/*, application/json"),
    ],
)
def test_what_b_4_says_breaks_the_signature_breaks_it(changed):
    der = base64.b64decode(RFC["private_key_pkcs8_b64"])
    public = SigningKey(load_der_private_key(der, None).private_bytes_raw()).verify_key
    with pytest.raises(BadSignatureError):
        public.verify(signature_base(tuple(zip(B4_NAMES, changed, strict=True)), B4), base64.b64decode(B4_SIGNATURE))


MALFORMED = {
    "no label": ("signature-input", "sig=(", "("),
    "an upper-case label": ("signature-input", "sig=(", "Sig=("),
    "another label for the signature": ("signature", "sig=:", "sig2=:"),
    "no created": ("signature-input", ";created=1790000000", ""),
    "a created that is no integer": ("signature-input", "created=1790000000", "created=1790000000.0"),
    "a created as a string": ("signature-input", "created=1790000000", 'created="1790000000"'),
    "a created before 1970": ("signature-input", "created=1790000000", "created=-1"),
    "a created of many digits": ("signature-input", "created=1790000000", "created=" + "9" * 40),
    "no nonce": ("signature-input", ';nonce="d-1"', ""),
    "a nonce that ends the string": ("signature-input", 'nonce="d-1"', 'nonce="d-1\\""'),
    "an expiry nobody agreed on": ("signature-input", ';alg="ed25519"', ';expires=1790000300;alg="ed25519"'),
    "two algorithms": ("signature-input", ';alg="ed25519"', ';alg="ed25519";alg="ed25519"'),
    "another algorithm": ("signature-input", 'alg="ed25519"', 'alg="rsa-v1_5-sha256"'),
    "no algorithm": ("signature-input", ';alg="ed25519"', ""),
    "no tag": ("signature-input", ';tag="part2hub/delivery/v1"', ""),
    "other parameters": ("signature-input", ';alg="ed25519"', ';alg="ed25519";x=1'),
    "components in another order": ("signature-input", '"@method" "@authority"', '"@authority" "@method"'),
    "a component twice": ("signature-input", '"@method" ', '"@method" "@method" '),
    "one component less": ("signature-input", ' "content-type"', ""),
    "one component more": ("signature-input", '"content-type"', '"content-type" "x"'),
    "the request's component in a request": ("signature-input", '"content-digest"', '"content-digest";req'),
    "a structured component": ("signature-input", '"content-type"', '"content-type";sf'),
    "a component of a dictionary": ("signature-input", '"content-digest"', '"content-digest";key="sha-256"'),
    "a component in bytes": ("signature-input", '"content-type"', '"content-type";bs'),
    "white space where none is": ("signature-input", '("@method"', '( "@method"'),
    "a line end": ("signature-input", ";created", "\n;created"),
    "a second signature": ("signature", "sig=:", "sig=:AAAA:, sig=:"),
    "a signature that is no byte sequence": ("signature", "sig=:", 'sig="'),
    "base64 of the web": ("signature", "sig=:", "sig=:_-"),
    "a signature cut short": ("signature", "==:", ":"),
    "nothing": ("signature", "sig", ""),
}


@pytest.mark.parametrize(("header", "old", "new"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_or_differing_signature_is_refused_and_never_an_error_of_ours(header, old, new):
    headers = signed()
    assert old in headers[header]
    headers[header] = headers[header].replace(old, new, 1)
    with pytest.raises(IntegrityFailed):
        verify_delivery(headers, "plan.example", "/in", DIGEST, KEYS)


@given(st.sampled_from(["signature-input", "signature"]), st.integers(0, 400), st.text(max_size=3))
def test_anything_written_into_a_signature_is_refused(header, at, instead):
    headers = signed()
    stated = headers[header]
    at %= len(stated)
    headers[header] = stated[:at] + instead + stated[at + 1 :]
    if headers[header] == stated:
        return
    with pytest.raises(IntegrityFailed):
        verify_delivery(headers, "plan.example", "/in", DIGEST, KEYS)
