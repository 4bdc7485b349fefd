"""A sealed envelope opens for its recipient alone, in its exact form alone; the format is fixed by a vector."""

import base64
import json
from pathlib import Path

import msgspec
import nacl.bindings
import pytest
from nacl.encoding import RawEncoder
from nacl.hash import blake2b
from nacl.public import PrivateKey, SealedBox

from adapters.api.envelope import VERSION, content_of, open_envelope, seal_parcel
from hub.errors import IntegrityFailed, Unrenderable
from hub.model import ChannelKind, Endpoint
from tests.contract.channel_parcel import NOTICE, PDF, sample_parcel

VECTOR = json.loads((Path(__file__).parents[3] / "vectors" / "envelope-v1.json").read_text())
KEY = PrivateKey(bytes(range(32)))
ENDPOINT = Endpoint(
    id="e-9",
    organization="org-plan",
    channel=ChannelKind.API,
    address="https://plan.example/in",
    form="sealed",
    seal_key=bytes(KEY.public_key),
)


def seal(content: bytes) -> bytes:
    return VERSION.encode() + b"\n" + SealedBox(KEY.public_key).encrypt(content)


def test_the_vector_is_what_libsodium_defines_and_opens_here():
    # crypto_box_seal by its definition: ephemeral key || box under nonce = BLAKE2b-192(ephemeral || recipient)
    secret, public = (base64.b64decode(VECTOR[name]) for name in ("recipient_private", "recipient_public"))
    ephemeral = base64.b64decode(VECTOR["ephemeral_private"])
    ephemeral_public = nacl.bindings.crypto_scalarmult_base(ephemeral)
    nonce = blake2b(ephemeral_public + public, digest_size=24, encoder=RawEncoder)
    boxed = nacl.bindings.crypto_box(VECTOR["content"].encode(), nonce, public, ephemeral)
    envelope = base64.b64decode(VECTOR["envelope"])
    assert envelope == b"part2hub/envelope/v1\n" + ephemeral_public + boxed
    content = open_envelope(envelope, PrivateKey(secret))
    assert content.delivery == VECTOR["delivery"]
    assert content.member.family == "Quintero"


def test_the_content_of_the_vector_still_encodes_to_the_same_bytes():
    parcel = sample_parcel(ENDPOINT, delivery=VECTOR["delivery"], disclosure="disclosure-42")
    assert msgspec.json.encode(content_of(parcel, "hub-1")).decode() == VECTOR["content"]


def test_the_recipient_reads_the_notice_first_and_the_documents_as_they_were():
    content = open_envelope(seal_parcel(sample_parcel(ENDPOINT), "hub-1"), KEY)
    assert content.read_first.startswith(f"NOTICE TO THE RECIPIENT\n{NOTICE}")
    assert content.documents[0].content == PDF
    assert content.signed_by == "hub-1"


def test_the_notice_comes_before_any_record_even_in_the_raw_content():
    raw = msgspec.json.encode(content_of(sample_parcel(ENDPOINT), "hub-1"))
    assert raw.index(b"NOTICE TO THE RECIPIENT") < raw.index(b'"documents"')


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda envelope: envelope.replace(b"/v1\n", b"/v2\n"), "envelope-version"),
        (lambda envelope: envelope[:-1], "envelope-sealed"),
        (lambda envelope: envelope[:-1] + bytes([envelope[-1] ^ 1]), "envelope-sealed"),
        (lambda envelope: envelope[:25], "envelope-sealed"),
        (lambda _: b"", "envelope-version"),
    ],
)
def test_a_damaged_envelope_is_refused(damage, code):
    envelope = seal_parcel(sample_parcel(ENDPOINT), "hub-1")
    with pytest.raises(IntegrityFailed) as refusal:
        open_envelope(damage(envelope), KEY)
    assert refusal.value.detail_code == code


def test_another_key_does_not_open_it():
    with pytest.raises(IntegrityFailed):
        open_envelope(seal_parcel(sample_parcel(ENDPOINT), "hub-1"), PrivateKey.generate())


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b'{"version"', b'{ "version"', 1),
        lambda raw: raw.replace(b'"priority":"routine"', b'"priority":"routine","extra":1', 1),
        lambda raw: raw.replace(b"envelope/v1", b"envelope/v9", 1),
        lambda raw: raw.replace(b"Quintero", b"\\u0051uintero", 1),
        lambda raw: raw[:-1],
        lambda _: b"[]",
        lambda _: b"\xff",
    ],
    ids=["white space", "unknown field", "inner version", "other escape", "cut", "other shape", "not UTF-8"],
)
def test_content_that_is_not_canonical_is_refused(change):
    raw = msgspec.json.encode(content_of(sample_parcel(ENDPOINT), "hub-1"))
    with pytest.raises(IntegrityFailed) as refusal:
        open_envelope(seal(change(raw)), KEY)
    assert refusal.value.detail_code == "envelope-content"


@pytest.mark.parametrize("key", [None, b"short", bytes(32)], ids=["none", "short", "small order"])
def test_an_endpoint_without_a_usable_key_is_refused(key):
    endpoint = msgspec.structs.replace(ENDPOINT, seal_key=key)
    with pytest.raises(Unrenderable) as refusal:
        seal_parcel(sample_parcel(endpoint), "hub-1")
    assert refusal.value.detail_code == "endpoint-unusable"
