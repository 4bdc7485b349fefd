"""The envelope at rest: every record under a data key of its own, which the key ring wraps.

    wrapped key = nonce ‖ AEAD(key-encryption key, data key, label ‖ "key" ‖ key id ‖ record id)
    ciphertext  = nonce ‖ AEAD(data key, plaintext, label ‖ "payload" ‖ record id)

AEAD is XChaCha20-Poly1305 (IETF), its nonce 24 random bytes.

Rules kept here:
- A record id binds both parts: an envelope moved to another record does not open.
- Rotation rewraps the data key and leaves the ciphertext alone, which therefore does not bind the key id.
- Dropping the wrapped key destroys the payload, in every backup of the ciphertext too.
"""

import os

import msgspec
from nacl._sodium import ffi, lib  # type: ignore[import-not-found]  # compiled, without a stub
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as _decrypt
from nacl.exceptions import CryptoError

from hub.crypto.keyring import KeyRing
from hub.errors import IntegrityFailed

LABEL = b"part2hub/at-rest/v1"
_KEY = LABEL + b"\0key\0"
_PAYLOAD = LABEL + b"\0payload\0"
_NONCE = 24
_LEAST = _NONCE + 16
_KEY_BYTES = 32
_uncleared = ffi.new_allocator(should_clear_after_alloc=False)


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """A sealed record, as three columns."""

    key_id: str
    """Which key of the ring wraps the data key."""
    wrapped_key: bytes | None
    """72 bytes; none once the payload is destroyed."""
    ciphertext: bytes


def seal(ring: KeyRing, record_id: bytes | str, plaintext: bytes) -> Sealed:
    """Seal `plaintext` for the record, under a fresh data key."""
    record = record_id.encode() if isinstance(record_id, str) else record_id
    random = os.urandom(32 + 2 * _NONCE)
    data_key, key_nonce, nonce = random[:32], random[32 : 32 + _NONCE], random[32 + _NONCE :]
    wrapped = _closed(data_key, _key_context(ring.sealing_id, record), key_nonce, ring.sealing_secret)
    return Sealed(ring.sealing_id, wrapped, _closed(plaintext, _PAYLOAD + record, nonce, data_key))


def open(ring: KeyRing, record_id: bytes | str, sealed: Sealed) -> bytes:  # noqa: A001 - the glossary's verb
    """The plaintext. Raises `IntegrityFailed` if anything changed, no key fits, or it was destroyed."""
    record = record_id.encode() if isinstance(record_id, str) else record_id
    return _opened(sealed.ciphertext, _PAYLOAD + record, _data_key(ring, record, sealed))


def rewrap(ring: KeyRing, record_id: bytes | str, sealed: Sealed) -> Sealed:
    """The same ciphertext with its data key wrapped by the active key; itself if it already is.

    Raises `IntegrityFailed` as `open` does.
    """
    if sealed.key_id == ring.sealing_id:
        return sealed
    record = record_id.encode() if isinstance(record_id, str) else record_id
    nonce = os.urandom(_NONCE)
    data_key = _data_key(ring, record, sealed)
    wrapped = _closed(data_key, _key_context(ring.sealing_id, record), nonce, ring.sealing_secret)
    return Sealed(ring.sealing_id, wrapped, sealed.ciphertext)


def destroy(sealed: Sealed) -> Sealed:
    """What remains of a destroyed payload: bytes that nobody can open."""
    return Sealed(sealed.key_id, None, sealed.ciphertext)


def _data_key(ring: KeyRing, record: bytes, sealed: Sealed) -> bytes:
    if sealed.wrapped_key is None:
        raise IntegrityFailed("The content of this record was destroyed.", code="destroyed")
    secret = ring.wrapping_secret(sealed.key_id)
    return _opened(sealed.wrapped_key, _key_context(sealed.key_id, record), secret)


def _key_context(key_id: str, record: bytes) -> bytes:
    # Key ids are letters and digits (the key ring sees to it), so the NUL ends them without doubt.
    return _KEY + key_id.encode() + b"\0" + record


def _closed(plaintext: bytes, context: bytes, nonce: bytes, key: bytes) -> bytes:
    # Straight into the box, past PyNaCl's own function, which clears it, copies it twice and words six errors that
    # nobody sees: 2 % of a message. libsodium reads a whole key whatever it is given, so the lengths are asked here.
    if len(nonce) != _NONCE or len(key) != _KEY_BYTES:
        raise ValueError("a nonce has 24 bytes, a key 32")
    box = _uncleared("unsigned char[]", _LEAST + len(plaintext))
    ffi.memmove(box, nonce, _NONCE)
    lib.crypto_aead_xchacha20poly1305_ietf_encrypt(
        box + _NONCE, ffi.NULL, plaintext, len(plaintext), context, len(context), ffi.NULL, nonce, key
    )
    return bytes(ffi.buffer(box))


def _opened(box: bytes, context: bytes, key: bytes) -> bytes:
    if len(box) < _LEAST:
        raise IntegrityFailed("A sealed record is incomplete.")
    try:
        return _decrypt(box[_NONCE:], context, box[:_NONCE], key)
    except CryptoError:
        raise IntegrityFailed("A sealed record was changed or belongs to another record.") from None
