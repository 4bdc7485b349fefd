import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt

from hub.crypto import envelope
from hub.crypto.keyring import KeyRing, rotate
from hub.errors import IntegrityFailed

RING = KeyRing.generate()
RECORD = "0a1b2c"
ASSESSMENT = b"ASAM criteria, dimension 1: withdrawal potential"


@given(st.binary(max_size=2048), st.binary(max_size=64))
def test_a_sealed_record_opens_to_what_was_sealed(plaintext, record):
    assert envelope.open(RING, record, envelope.seal(RING, record, plaintext)) == plaintext


def test_a_record_id_means_the_same_as_text_and_as_bytes():
    assert envelope.open(RING, RECORD.encode(), envelope.seal(RING, RECORD, ASSESSMENT)) == ASSESSMENT


@pytest.mark.parametrize("part", ["wrapped_key", "ciphertext"])
def test_any_flipped_bit_is_found(part):
    sealed = envelope.seal(RING, RECORD, ASSESSMENT)
    whole = getattr(sealed, part)
    for bit in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(IntegrityFailed):
            envelope.open(RING, RECORD, msgspec.structs.replace(sealed, **{part: bytes(changed)}))


@pytest.mark.parametrize("part", ["wrapped_key", "ciphertext"])
def test_a_shortened_or_lengthened_part_is_found(part):
    sealed = envelope.seal(RING, RECORD, ASSESSMENT)
    whole = getattr(sealed, part)
    for changed in [whole[:length] for length in range(len(whole))] + [whole + b"\0"]:
        with pytest.raises(IntegrityFailed):
            envelope.open(RING, RECORD, msgspec.structs.replace(sealed, **{part: changed}))


def test_an_envelope_moved_to_another_record_does_not_open():
    sealed = envelope.seal(RING, RECORD, ASSESSMENT)
    with pytest.raises(IntegrityFailed):
        envelope.open(RING, "0a1b2d", sealed)


def test_a_wrapped_key_or_a_ciphertext_moved_alone_does_not_open():
    one, other = envelope.seal(RING, "one", ASSESSMENT), envelope.seal(RING, "other", ASSESSMENT)
    for mixed in (
        msgspec.structs.replace(one, wrapped_key=other.wrapped_key),
        msgspec.structs.replace(one, ciphertext=other.ciphertext),
    ):
        with pytest.raises(IntegrityFailed):
            envelope.open(RING, "one", mixed)


def test_an_envelope_does_not_open_with_another_hubs_keys():
    with pytest.raises(IntegrityFailed):
        envelope.open(KeyRing.generate(), RECORD, envelope.seal(RING, RECORD, ASSESSMENT))


def test_the_key_id_cannot_be_renamed(tmp_path):
    path = tmp_path / "keys.json"
    KeyRing.create(path)
    sealed = envelope.seal(KeyRing.load(path), RECORD, ASSESSMENT)
    ring = rotate(path)
    with pytest.raises(IntegrityFailed):
        envelope.open(ring, RECORD, msgspec.structs.replace(sealed, key_id=ring.sealing_id))


def test_sealing_the_same_text_twice_shows_nothing_in_common():
    one, other = envelope.seal(RING, RECORD, ASSESSMENT), envelope.seal(RING, RECORD, ASSESSMENT)
    assert one.ciphertext[:24] != other.ciphertext[:24]
    assert one.ciphertext[24:] != other.ciphertext[24:]
    assert one.wrapped_key != other.wrapped_key


def test_the_plaintext_is_not_in_the_envelope():
    sealed = envelope.seal(RING, RECORD, ASSESSMENT)
    assert b"withdrawal" not in sealed.ciphertext + sealed.wrapped_key


def test_records_sealed_before_a_rotation_open_after_it_and_can_be_rewrapped(tmp_path):
    path = tmp_path / "keys.json"
    before = KeyRing.create(path)
    sealed = envelope.seal(before, RECORD, ASSESSMENT)
    after = rotate(path)
    assert envelope.open(after, RECORD, sealed) == ASSESSMENT
    again = envelope.rewrap(after, RECORD, sealed)
    assert (again.key_id, again.ciphertext) == (after.sealing_id, sealed.ciphertext)
    assert envelope.open(after, RECORD, again) == ASSESSMENT
    assert envelope.rewrap(after, RECORD, again) is again
    with pytest.raises(IntegrityFailed):
        envelope.open(before, RECORD, again)


def test_a_destroyed_payload_can_never_be_opened_or_rewrapped(tmp_path):
    path = tmp_path / "keys.json"
    destroyed = envelope.destroy(envelope.seal(KeyRing.create(path), RECORD, ASSESSMENT))
    ring = rotate(path)
    for attempt in (envelope.open, envelope.rewrap):
        with pytest.raises(IntegrityFailed) as refusal:
            attempt(ring, RECORD, destroyed)
        assert refusal.value.detail_code == "destroyed"


def test_the_layout_is_the_one_the_module_describes():
    # An independent reading of the format, so that a change of it cannot pass unseen.
    sealed = envelope.seal(RING, RECORD, ASSESSMENT)
    context = b"part2hub/at-rest/v1\0key\0" + RING.sealing_id.encode() + b"\0" + RECORD.encode()
    data_key = crypto_aead_xchacha20poly1305_ietf_decrypt(
        sealed.wrapped_key[24:], context, sealed.wrapped_key[:24], RING.sealing_secret
    )
    assert len(data_key) == 32
    assert len(sealed.wrapped_key) == 72
    assert (
        crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed.ciphertext[24:],
            b"part2hub/at-rest/v1\0payload\0" + RECORD.encode(),
            sealed.ciphertext[:24],
            data_key,
        )
        == ASSESSMENT
    )


@pytest.mark.parametrize("length", [0, 31, 33])
def test_nothing_is_sealed_under_what_is_no_key(length):
    """libsodium would read on behind it."""
    ring = KeyRing.generate()
    ring.sealing_secret = bytes(length)
    with pytest.raises(ValueError, match="32"):
        envelope.seal(ring, RECORD, ASSESSMENT)
