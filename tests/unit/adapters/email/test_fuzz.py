"""Damage: whatever happens to a protected message, it is refused or it still says exactly what was signed.

Where a flipped byte may pass unnoticed, and nothing else: the outer headers; white space between base64 characters;
inside the envelope, which CMS does not authenticate (RFC 5652 §6), the version numbers, an empty parameter written
otherwise, the letter case of the recipient's issuer; the MIME headers of the protecting layers. None of it is content.
"""

import base64
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.email.cms.ber import normal
from adapters.email.cms.der import sequence, tlv
from adapters.email.mime import MimeError, parts_of, read_entity
from adapters.email.open import Opened
from adapters.email.reasons import REASONS, NotAccepted
from tests.direct import MESSAGE, OUTER
from tests.unit.adapters.email.opening import HUB_EC, around, mail, read, signed_entity

FORMS = ["", "gcm"]
MAILS = {form: mail(recipient=HUB_EC, form=form) for form in FORMS}
WHITE = b" \t\r\n\x0b\x0c"


def verdict(raw: bytes, **options) -> Opened | None:
    """What opened, which must be the message itself; none if it was refused with one of the reasons."""
    found = read(raw, keys=(HUB_EC,), **options)
    if isinstance(found, Opened):
        assert found.message == MESSAGE
        assert found.sender == "nurse@clinic.example"
        return found
    assert found.code in REASONS.keys() - {"failed-inside"}
    return None


def body_of(raw: bytes) -> int:
    return raw.index(b"\r\n\r\n") + 4


@pytest.mark.parametrize("form", FORMS)
def test_every_flipped_byte_of_a_mail_is_refused_or_lies_outside_what_is_protected(form):
    raw = MAILS[form]
    encoded = body_of(raw)
    for position in range(len(raw)):
        damaged = bytearray(raw)
        damaged[position] ^= 1 << position % 8
        if not verdict(bytes(damaged)) or position < encoded:
            continue
        white = raw[position] in WHITE and damaged[position] in WHITE
        assert white or in_recipient(raw, bytes(damaged)), position


def in_recipient(raw: bytes, damaged: bytes) -> bool:
    """Whether the only difference is in the envelope before the ciphertext: versions, issuer's case, parameters."""
    before, after = (base64.b64decode(each[body_of(each) :]) for each in (raw, damaged))
    changed = [at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]]
    return max(changed, default=0) < len(before) - (1100 if b"authEnveloped" in raw else 1500)


def test_every_flipped_byte_of_the_signed_entity_is_refused_or_lies_outside_what_is_signed():
    entity = signed_entity()
    delimiter = b"--" + read_entity(entity).parameter("boundary").encode() + b"\r\n"
    first = entity.index(delimiter) + len(delimiter)
    last = entity.index(b"\r\n" + delimiter, first)
    head = OUTER.encode()
    for position in range(len(entity)):
        damaged = bytearray(entity)
        damaged[position] ^= 1 << position % 8
        if verdict(head + bytes(damaged), must_be_encrypted=False):
            assert not first <= position < last, position


def test_every_flipped_byte_of_the_ciphertext_in_gcm_is_refused():
    raw = MAILS["gcm"]
    der = bytearray(base64.b64decode(raw[body_of(raw) :]))
    for position in range(len(der) - 1000, len(der)):
        der[position] ^= 0x10
        assert verdict(bytes(der)) is None
        der[position] ^= 0x10


@pytest.mark.parametrize("form", FORMS)
def test_every_truncation_is_refused(form):
    raw = MAILS[form]
    der = base64.b64decode(raw[body_of(raw) :])
    for size in range(0, len(der), 7):
        assert verdict(der[:size]) is None


@pytest.mark.parametrize("form", FORMS)
def test_pieces_of_a_message_put_elsewhere_in_it_are_refused_or_change_nothing(form):
    raw = MAILS[form]
    der = base64.b64decode(raw[body_of(raw) :])
    chance = random.Random(5)
    for _ in range(150):
        start, size, to = chance.randrange(len(der)), chance.randrange(1, 200), chance.randrange(len(der))
        verdict(der[:to] + der[start : start + size] + der[to + size * chance.randrange(2) :])


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_noise_is_refused(noise):
    assert verdict(noise) is None
    assert verdict(b"Content-Type: application/pkcs7-mime\r\n\r\n" + noise) is None


@settings(max_examples=150)
@given(st.binary(max_size=300), st.sampled_from([b"multipart/signed", b"application/pkcs7-mime", b"message/rfc822"]))
def test_noise_under_encryption_is_refused(noise, kind):
    head = b"Content-Type: " + kind + b'; boundary=b; protocol="application/pkcs7-signature"\r\n\r\n'
    assert verdict(around(head + noise, recipient=HUB_EC)) is None
    assert verdict(around(head + b"--b\r\n" + noise + b"\r\n--b\r\n" + noise + b"\r\n--b--", recipient=HUB_EC)) is None


@settings(max_examples=150)
@given(st.recursive(st.binary(max_size=20), lambda inner: st.lists(inner, max_size=4), max_leaves=30), st.data())
def test_ber_of_any_shape_becomes_the_same_der(tree, data):
    def ber(node) -> bytes:
        if isinstance(node, bytes):
            cut = data.draw(st.integers(0, len(node)))
            pieces = tlv(4, node[:cut]) + tlv(4, node[cut:])
            return data.draw(st.sampled_from([tlv(4, node), tlv(0x24, pieces), b"\x24\x80" + pieces + b"\0\0"]))
        inner = b"".join(map(ber, node))
        return data.draw(st.sampled_from([sequence(inner), b"\x30\x80" + inner + b"\0\0"]))

    def der(node) -> bytes:
        return tlv(4, node) if isinstance(node, bytes) else sequence(*map(der, node))

    assert normal(ber(tree)) == der(tree)
    assert normal(der(tree)) == der(tree)


BOMBS = {
    "deep": b"\x30\x80" * 100_000,
    "deep and definite": None,
    "wide": b"\x30\x80" + b"\x05\x00" * 200_000 + b"\0\0",
    "a length beyond the end": b"\x30\x84\xff\xff\xff\xff",
    "a length of 127 octets": b"\x30\xff" + b"\xff" * 127,
    "strings in strings": b"\x24\x80" * 5_000,
}
nested = b""
for _ in range(200):
    nested = sequence(nested)
BOMBS["deep and definite"] = nested


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_nesting_and_numbers_made_to_exhaust_us_are_refused(bomb):
    with pytest.raises(NotAccepted):
        normal(bomb)
    assert verdict(bomb) is None


@pytest.mark.parametrize(
    "bomb",
    [
        b"Content-Type: multipart/signed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 5_000,
        b"Content-Type: multipart/signed; boundary=" + b"b" * 10_000 + b"\r\n\r\n--b--",
        b"A: b\r\n" * 100_000 + b"\r\n",
        b"Content-Type: multipart/signed;" + b' a="\\' * 50_000 + b"\r\n\r\nx",
        b"Content-Type: multipart/signed; boundary*0=" + b"b; boundary*1=" * 500 + b"b\r\n\r\nx",
    ],
    ids=["parts", "boundary", "headers", "quotes", "continuations"],
)
def test_mime_made_to_exhaust_us_is_refused(bomb):
    assert verdict(bomb, must_be_encrypted=False) is None


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4), st.sampled_from([b"\r\n", b"\n"]))
def test_the_parts_of_a_multipart_come_back_as_they_went_in(parts, line_end):
    boundary = b"=_no-part-holds-this"
    body = b"".join(b"--" + boundary + line_end + part + line_end for part in parts) + b"--" + boundary + b"--"
    head = b'Content-Type: multipart/mixed; boundary="' + boundary + b'"' + line_end * 2
    try:
        found = parts_of(read_entity(head + body))
    except MimeError:
        pytest.fail("a proper multipart is read")
    if line_end == b"\r\n":
        assert found == parts
    else:  # a part that ends in CR makes the delimiter's line end CRLF
        assert [part.rstrip(b"\r") for part in found] == [part.rstrip(b"\r") for part in parts]
