import pytest

from hub.crypto import notes
from hub.crypto.checkpoint import sign_checkpoint, verifier_of
from hub.crypto.keyring import KeyKind, KeyRing, rotate
from hub.crypto.succession import successions, trusted
from hub.errors import Malformed


@pytest.fixture
def ring(tmp_path):
    KeyRing.create(tmp_path / "keys.json", "hub.sonoma.example/ledger")
    rotate(tmp_path / "keys.json")
    return rotate(tmp_path / "keys.json")


@pytest.mark.parametrize("given", [0, 1, 2])
def test_any_key_of_a_ledger_leads_to_those_before_and_after_it(ring, given):
    every = [verifier_of(key) for key in ring.all_of(KeyKind.LEDGER)]
    assert set(trusted([every[given]], successions(ring))) == set(every)


def test_a_ledger_whose_key_was_never_rotated_has_no_succession(ring):
    fresh = KeyRing.generate()
    assert successions(fresh) == []
    key = verifier_of(fresh.active(KeyKind.LEDGER))
    assert trusted([key], successions(ring)) == (key,)


def test_a_succession_that_only_one_of_the_two_signed_leads_nowhere(ring):
    first, second, _ = ring.all_of(KeyKind.LEDGER)
    stranger = KeyRing.generate("hub.sonoma.example/ledger").active(KeyKind.LEDGER)
    text = f"part2hub/ledger-key/v1\n{verifier_of(first).encode()}\n{verifier_of(stranger).encode()}\n"
    for forger in (stranger, second):
        forged = notes.sign(text, forger.name, forger.secret).encode()
        assert trusted([verifier_of(first)], [forged]) == (verifier_of(first),)


def test_a_key_hands_over_only_its_own_ledger(ring):
    first = ring.all_of(KeyKind.LEDGER)[0]
    other = KeyRing.generate("other.example/ledger").active(KeyKind.LEDGER)
    text = f"part2hub/ledger-key/v1\n{verifier_of(first).encode()}\n{verifier_of(other).encode()}\n"
    note = notes.sign(text, first.name, first.secret)
    note = note.with_signatures(notes.sign(text, other.name, other.secret).signatures)
    assert trusted([verifier_of(first)], [note.encode()]) == (verifier_of(first),)


def test_a_checkpoint_is_no_succession(ring):
    with pytest.raises(Malformed):
        trusted([], [sign_checkpoint(ring.active(KeyKind.LEDGER), 1, bytes(32))])
