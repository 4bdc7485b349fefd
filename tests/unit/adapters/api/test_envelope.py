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

from adapters.api.content import V1, V2
from adapters.api.envelope import FORMS, open_envelope, seal_parcel
from hub.errors import IntegrityFailed, Unrenderable
from hub.model import ChannelKind, Endpoint
from tests.contract.channel_parcel import NOTICE, PDF, sample_parcel

VECTORS = Path(__file__).parents[3] / "vectors"
KEY = PrivateKey(bytes(range(32)))
BOTH = pytest.mark.parametrize("form", FORMS)


def endpoint(form: str) -> Endpoint:
    return Endpoint(
        id="e-9",
        organization="org-plan",
        channel=ChannelKind.API,
        address="https://plan.example/in",
        form=form,
        seal_key=bytes(KEY.public_key),
    )


def sealed(form: str, content: bytes) -> bytes:
    return FORMS[form].name.encode() + b"\n" + SealedBox(KEY.public_key).encrypt(content)


def written(form: str) -> bytes:
    return FORMS[form].write(sample_parcel(endpoint(form)), "hub-1")


def vector(form: str) -> tuple[dict[str, str], bytes]:
    """The vector of this version, and its content."""
    found = json.loads((VECTORS / f"{FORMS[form].name.split('/', 1)[1].replace('/', '-')}.json").read_text())
    if form == "sealed":
        return found, found["content"].encode()
    return found, found["head"].encode() + b"\n" + base64.b64decode(found["documents"])


@BOTH
def test_the_vector_is_what_libsodium_defines_and_opens_here(form):
    # crypto_box_seal by its definition: ephemeral key || box under nonce = BLAKE2b-192(ephemeral || recipient)
    given, plain = vector(form)
    secret, public = (base64.b64decode(given[name]) for name in ("recipient_private", "recipient_public"))
    ephemeral = base64.b64decode(given["ephemeral_private"])
    ephemeral_public = nacl.bindings.crypto_scalarmult_base(ephemeral)
    nonce = blake2b(ephemeral_public + public, digest_size=24, encoder=RawEncoder)
    boxed = nacl.bindings.crypto_box(plain, nonce, public, ephemeral)
    envelope = base64.b64decode(given["envelope"])
    assert envelope == FORMS[form].name.encode() + b"\n" + ephemeral_public + boxed
    content = open_envelope(envelope, PrivateKey(secret))
    assert content.delivery == given["delivery"]
    assert content.member.family == "Quintero"
    assert content.documents[0].content == PDF


@BOTH
def test_the_content_of_the_vector_still_encodes_to_the_same_bytes(form):
    given, plain = vector(form)
    parcel = sample_parcel(endpoint(form), delivery=given["delivery"], disclosure="disclosure-42")
    assert FORMS[form].write(parcel, "hub-1") == plain


@BOTH
def test_the_recipient_reads_the_notice_first_and_the_documents_as_they_were(form):
    parcel = sample_parcel(endpoint(form))
    content = open_envelope(seal_parcel(parcel, "hub-1"), KEY)
    assert content.read_first.startswith(f"NOTICE TO THE RECIPIENT\n{NOTICE}")
    assert content.documents == parcel.documents
    assert content.signed_by == "hub-1"


@BOTH
def test_the_notice_comes_before_any_record_even_in_the_raw_content(form):
    raw = written(form)
    assert raw.index(b"NOTICE TO THE RECIPIENT") < raw.index(b'"documents"')


def test_version_2_carries_documents_as_they_are():
    assert V2.write(sample_parcel(endpoint("sealed-v2")), "hub-1").count(PDF) == 1


def test_both_versions_say_the_same():
    parcel = sample_parcel(endpoint("sealed"))
    one, two = (version.read(version.write(parcel, "hub-1")) for version in (V1, V2))
    assert msgspec.structs.replace(two, version=one.version) == one


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda envelope: envelope.replace(b"/v", b"/v9", 1), "envelope-version"),
        (lambda envelope: envelope[:-1], "envelope-sealed"),
        (lambda envelope: envelope[:-1] + bytes([envelope[-1] ^ 1]), "envelope-sealed"),
        (lambda envelope: envelope[:25], "envelope-sealed"),
        (lambda _: b"", "envelope-version"),
    ],
)
@BOTH
def test_a_damaged_envelope_is_refused(form, damage, code):
    envelope = seal_parcel(sample_parcel(endpoint(form)), "hub-1")
    with pytest.raises(IntegrityFailed) as refusal:
        open_envelope(damage(envelope), KEY)
    assert refusal.value.detail_code == code


def test_another_key_does_not_open_it():
    with pytest.raises(IntegrityFailed):
        open_envelope(seal_parcel(sample_parcel(endpoint("sealed-v2")), "hub-1"), PrivateKey.generate())


@pytest.mark.parametrize(("form", "other"), [("sealed", "sealed-v2"), ("sealed-v2", "sealed")])
def test_the_content_of_one_version_under_the_label_of_another_is_refused(form, other):
    with pytest.raises(IntegrityFailed) as refusal:
        open_envelope(sealed(other, written(form)), KEY)
    assert refusal.value.detail_code == "envelope-content"


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b'{"version"', b'{ "version"', 1),
        lambda raw: raw.replace(b'"priority":"routine"', b'"priority":"routine","extra":1', 1),
        lambda raw: raw.replace(b"envelope/v", b"envelope/v9", 1),
        lambda raw: raw.replace(b"Quintero", b"\\u0051uintero", 1),
        lambda raw: raw[:-1],
        lambda _: b"[]",
        lambda _: b"\xff",
    ],
    ids=["white space", "unknown field", "inner version", "other escape", "cut", "other shape", "not UTF-8"],
)
@BOTH
def test_content_that_is_not_canonical_is_refused(form, change):
    with pytest.raises(IntegrityFailed) as refusal:
        open_envelope(sealed(form, change(written(form))), KEY)
    assert refusal.value.detail_code == "envelope-content"


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw + b"x",
        lambda raw: raw.replace(b"\n", b"", 1),
        lambda raw: raw.replace(b'"size":%d' % len(PDF), b'"size":%d' % (len(PDF) + 1)),
        lambda raw: raw.replace(b'"size":%d' % len(PDF), b'"size":-1'),
        lambda raw: raw.replace(b'"size":%d' % len(PDF), b'"size":%d.0' % len(PDF)),
    ],
    ids=["more than the head lists", "no end of the head", "a size too large", "a size below nothing", "a fraction"],
)
def test_documents_that_are_not_of_the_sizes_in_the_head_are_refused(change):
    with pytest.raises(IntegrityFailed) as refusal:
        open_envelope(sealed("sealed-v2", change(written("sealed-v2"))), KEY)
    assert refusal.value.detail_code == "envelope-content"


def test_a_head_without_documents_is_ended_as_well():
    alone = V2.write(msgspec.structs.replace(sample_parcel(endpoint("sealed-v2")), documents=()), "hub-1")
    assert open_envelope(sealed("sealed-v2", alone), KEY).documents == ()
    with pytest.raises(IntegrityFailed):
        open_envelope(sealed("sealed-v2", alone.removesuffix(b"\n")), KEY)


@pytest.mark.parametrize("key", [None, b"short", bytes(32)], ids=["none", "short", "small order"])
def test_an_endpoint_without_a_usable_key_is_refused(key):
    unusable = msgspec.structs.replace(endpoint("sealed-v2"), seal_key=key)
    with pytest.raises(Unrenderable) as refusal:
        seal_parcel(sample_parcel(unusable), "hub-1")
    assert refusal.value.detail_code == "endpoint-unusable"
