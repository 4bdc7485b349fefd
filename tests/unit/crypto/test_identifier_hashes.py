import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.crypto import identifiers as ids
from hub.crypto.keyring import KeyKind, KeyRing
from hub.errors import Malformed

RING = KeyRing.generate()
CIN = "01234567A"


@pytest.mark.parametrize("spelling", ["01234567a", " 0123 4567 A ", "01234567A\n"])
def test_spellings_of_one_cin_find_the_same_member(spelling):
    assert ids.hash_cin(RING, spelling) == ids.hash_cin(RING, CIN)


@pytest.mark.parametrize(
    ("given_name", "family"),
    [
        ("Zoë", "Núñez-Albarran"),
        ("ZOE", "NUNEZ ALBARRAN"),
        ("zoe", "nunez'albarran"),
        ("Zoe\u0308", "Nu\u0301n\u0303ez–Albarran."),
    ],
)
def test_spellings_of_one_name_find_the_same_member(given_name, family):
    expected = ids.hash_name_born(RING, "Zoe", "Nunezalbarran", "1990-02-28")
    assert ids.hash_name_born(RING, given_name, family, "1990-02-28") == expected


@pytest.mark.parametrize(
    ("text", "normal"), [("Łukasz", "lukasz"), ("Ørsted", "orsted"), ("Weiß", "weiss"), ("Nguyễn", "nguyen")]
)
def test_letters_with_strokes_and_accents_fold_to_plain_ones(text, normal):
    assert ids.normal_name(text) == normal


def test_where_one_name_ends_and_the_next_begins_matters():
    assert ids.hash_name_born(RING, "An", "Nasr", "1990-02-28") != ids.hash_name_born(RING, "Anna", "Sr", "1990-02-28")


def test_kinds_of_identifier_and_hubs_have_hashes_of_their_own():
    hashes = {
        ids.hash_cin(RING, CIN),
        ids.hash_token(RING, CIN),
        ids.hash_idempotency(RING, "", CIN),
        ids.hash_cin(KeyRing.generate(), CIN),
    }
    assert len(hashes) == 4


def test_one_idempotency_key_of_two_organizations_is_two():
    assert ids.hash_idempotency(RING, "org1", "k") != ids.hash_idempotency(RING, "org", "1k")


def test_the_hash_is_keyed_blake2b_personalised_by_kind():
    secret = RING.active(KeyKind.IDENTIFIER).secret
    raw = len(CIN).to_bytes(8, "big") + CIN.encode()
    expected = hashlib.blake2b(raw, digest_size=32, key=secret, person=b"p2h:cin").digest()
    assert ids.hash_cin(RING, CIN) == expected


@pytest.mark.parametrize("cin", ["91234567A", "9123 4567 v", "90000000I", "90000000S"])
def test_a_real_cin_is_a_nine_seven_digits_and_a_letter(cin):
    assert ids.valid_cin(cin) == cin.replace(" ", "").upper()


@pytest.mark.parametrize(
    "cin",
    [
        "",
        "9123456A",
        "912345678A",
        "91234567B",
        "91234567",
        "81234567A",
        "9123456７A",
        "91234567AA",
        "9-1234567A",
    ],
)
def test_what_is_not_a_cin_is_refused_without_repeating_it(cin):
    for demo in (False, True):
        with pytest.raises(Malformed) as refusal:
            ids.valid_cin(cin, demo=demo)
        assert not cin or cin not in str(refusal.value)


def test_an_invented_cin_passes_only_in_the_demo():
    assert ids.valid_cin(CIN, demo=True) == CIN
    with pytest.raises(Malformed):
        ids.valid_cin(CIN)


@pytest.mark.parametrize(
    "born", ["1990-02-30", "19900228", "02/28/1990", "1990-W09-3", "1990-2-28", "", "１９９０-02-28"]
)
def test_a_birth_date_that_is_no_iso_date_is_refused_without_repeating_it(born):
    with pytest.raises(Malformed) as refusal:
        ids.hash_name_born(RING, "Zoe", "Nunez", born)
    assert not born or born not in str(refusal.value)
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


@pytest.mark.parametrize("name", ["", "  ", "-", "'", "\u0301"])
def test_a_name_without_a_letter_is_refused(name):
    with pytest.raises(Malformed):
        ids.hash_name_born(RING, name, "Nunez", "1990-02-28")


@given(st.text(), st.text())
def test_any_text_whatever_has_a_hash_or_a_clear_refusal(one, other):
    assert len(ids.hash_token(RING, one)) == 32
    assert len(ids.hash_cin(RING, other)) == 32
    with suppress(Malformed):
        assert len(ids.hash_name_born(RING, one, other, "1990-02-28")) == 32
