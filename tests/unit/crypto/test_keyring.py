import os
import pickle
import threading

import msgspec
import pytest

from hub.crypto.keyring import KeyKind, KeyRing, KeyState, rotate
from hub.errors import ConfigurationError, IntegrityFailed


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


def _edited(path, change):
    raw = msgspec.json.decode(path.read_bytes())
    change(raw)
    path.write_bytes(msgspec.json.encode(raw))


def test_a_new_key_ring_is_closed_to_everyone_but_its_owner(path):
    KeyRing.create(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_permissive_umask_does_not_open_the_key_ring(path):
    before = os.umask(0)
    try:
        KeyRing.create(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_written_is_what_is_loaded(path):
    assert KeyRing.create(path).keys == KeyRing.load(path).keys


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o602, 0o610, 0o666])
def test_a_key_ring_that_others_could_read_or_change_is_refused_in_one_line(path, mode):
    KeyRing.create(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError) as refusal:
        KeyRing.load(path)
    assert "\n" not in str(refusal.value)
    assert str(path) not in str(refusal.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_ring_of_another_user_is_refused(path):
    KeyRing.create(path)
    os.chown(path, 65534, 65534)
    with pytest.raises(ConfigurationError, match="belong to the user"):
        KeyRing.load(path)


def test_a_missing_key_ring_is_refused_and_says_how_to_make_one(path):
    with pytest.raises(ConfigurationError, match="part2hub keys init"):
        KeyRing.load(path)


def test_a_pipe_in_the_place_of_the_key_ring_does_not_hang_the_start(path):
    os.mkfifo(path, 0o600)
    with pytest.raises(ConfigurationError):
        KeyRing.load(path)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"format": "part2hub/keys/v2", "keys": []}'])
def test_a_file_that_is_no_key_ring_is_refused(path, content):
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError):
        KeyRing.load(path)


def test_a_key_ring_without_a_key_it_needs_is_refused(path):
    KeyRing.create(path)
    for kind in KeyKind:
        _edited(path, lambda raw, kind=kind: raw.update(keys=[k for k in raw["keys"] if k["kind"] != kind]))
        with pytest.raises(ConfigurationError):
            KeyRing.load(path)


def test_a_shortened_secret_is_refused(path):
    KeyRing.create(path)
    _edited(path, lambda raw: raw["keys"][0].update(secret="AAAA"))
    with pytest.raises(ConfigurationError, match="damaged"):
        KeyRing.load(path)


def test_two_active_keys_of_one_kind_are_refused(path):
    KeyRing.create(path)
    rotate(path)
    _edited(path, lambda raw: [key.update(state="active") for key in raw["keys"]])
    with pytest.raises(ConfigurationError, match="exactly one active"):
        KeyRing.load(path)


def test_the_same_secret_under_two_names_is_refused(path):
    KeyRing.create(path)
    _edited(path, lambda raw: raw["keys"][1].update(secret=raw["keys"][0]["secret"]))
    with pytest.raises(ConfigurationError, match="twice"):
        KeyRing.load(path)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "a\nb"])
def test_a_ledger_name_that_a_signed_note_cannot_hold_is_refused(path, origin):
    with pytest.raises(ConfigurationError, match="name"):
        KeyRing.create(path, origin)
    assert not path.exists()


def test_a_folder_that_is_not_there_is_refused(path):
    with pytest.raises(ConfigurationError, match="folder"):
        KeyRing.create(path / "keys.json")


def test_an_existing_key_ring_is_never_overwritten(path):
    before = KeyRing.create(path).keys
    with pytest.raises(ConfigurationError):
        KeyRing.create(path)
    assert KeyRing.load(path).keys == before


def test_rotation_retires_the_old_key_and_keeps_it(path):
    before = KeyRing.create(path)
    after = rotate(path)
    old = before.active(KeyKind.ENCRYPTION)
    assert after.active(KeyKind.ENCRYPTION).secret != old.secret
    assert after.wrapping_secret(old.id) == old.secret
    assert [key.state for key in after.all_of(KeyKind.LEDGER)] == [KeyState.RETIRED, KeyState.ACTIVE]
    assert KeyRing.load(path).keys == after.keys


def test_rotation_keeps_the_name_under_which_the_ledger_signs(path):
    KeyRing.create(path, "hub.sonoma.example/ledger")
    assert rotate(path).active(KeyKind.LEDGER).name == "hub.sonoma.example/ledger"


def test_rotation_leaves_the_keys_of_hashes_alone(path):
    before = KeyRing.create(path)
    after = rotate(path)
    for kind in (KeyKind.IDENTIFIER, KeyKind.TOKEN):
        assert after.all_of(kind) == before.all_of(kind)
    with pytest.raises(ConfigurationError):
        rotate(path, (KeyKind.IDENTIFIER,))


def test_rotations_at_the_same_time_lose_no_key(path):
    KeyRing.create(path)
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(rotate(path).sealing_id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = {key.id for key in KeyRing.load(path).all_of(KeyKind.ENCRYPTION)}
    assert len(kept) == 9
    assert set(seen) < kept


def test_a_rotation_that_cannot_write_leaves_the_key_ring_as_it_was(path, monkeypatch):
    before = KeyRing.create(path)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError):
        rotate(path)
    assert KeyRing.load(path).keys == before.keys
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_no_secret_shows_in_what_is_printed_of_a_key_ring(path):
    ring = KeyRing.create(path)
    shown = repr(ring) + repr(ring.keys) + "".join(key.fingerprint for key in ring.keys)
    for key in ring.keys:
        assert repr(key.secret) not in shown
        assert key.secret.hex()[:16] not in shown


def test_a_key_ring_cannot_be_pickled_into_a_queue_or_a_file():
    with pytest.raises(TypeError):
        pickle.dumps(KeyRing.generate())


def test_a_record_under_a_key_that_was_never_in_the_ring_is_an_integrity_failure():
    with pytest.raises(IntegrityFailed):
        KeyRing.generate().wrapping_secret("nosuchkey")


def test_a_signing_key_answers_the_public_key_of_rfc_8032():
    # RFC 8032 section 7.1, test 1.
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = msgspec.structs.replace(KeyRing.generate().active(KeyKind.DELIVERY), secret=seed)
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
