import base64
import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.crypto import notes
from hub.crypto.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint, verifier_of
from hub.crypto.keyring import KeyKind, KeyRing, rotate
from hub.crypto.notes import Note, Verifier
from hub.errors import IntegrityFailed, Malformed

# Key, text and signatures of the documentation and tests of Go's golang.org/x/mod/sumdb/note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_SIG = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
PETER_LINE = f"— PeterNeumann {PETER_SIG}\n"
ENOCH_SIG = "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ="
ENOCH_LINE = f"— EnochRoot {ENOCH_SIG}\n"
SIGNED = TEXT + "\n" + PETER_LINE

# The example of C2SP tlog-checkpoint.
SOFA = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
RING = KeyRing.generate("hub.sonoma.example/ledger")
KEY = RING.active(KeyKind.LEDGER)
ROOT = hashlib.sha256(b"root").digest()

peter, enoch = Verifier.parse(PETER), Verifier.parse(ENOCH)


def test_the_published_key_and_text_give_the_published_signature():
    assert notes.sign(TEXT, "PeterNeumann", PETER_SEED).encode() == SIGNED


@pytest.mark.parametrize("key", [PETER, ENOCH])
def test_published_verifier_keys_are_read_and_written_back(key):
    assert Verifier.parse(key).encode() == key


def test_no_mangled_verifier_key_is_accepted():
    mangled = {PETER[i:j] for i in range(len(PETER)) for j in range(i, len(PETER) + 1)} - {PETER}
    mangled |= {PETER[:i] + chr(ord(PETER[i]) + 1) + PETER[i + 1 :] for i in range(len(PETER))}
    mangled.add("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==")
    mangled.add("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    for key in mangled:
        with pytest.raises(Malformed):
            Verifier.parse(key)


def test_signatures_of_known_keys_verify_and_unknown_ones_are_kept():
    note = Note.parse(SIGNED + ENOCH_LINE)
    assert note.text == TEXT
    assert notes.verify(note, [peter]) == (peter,)
    assert notes.verify(note, [enoch, peter]) == (peter, enoch)
    assert note.encode() == SIGNED + ENOCH_LINE


def test_a_note_that_only_strangers_signed_is_refused():
    with pytest.raises(IntegrityFailed):
        notes.verify(Note.parse(SIGNED + ENOCH_LINE), [])
    with pytest.raises(IntegrityFailed):
        notes.verify(Note.parse(SIGNED), [enoch])


def test_one_wrong_signature_of_a_known_key_condemns_the_note():
    wrong = PETER_LINE[:60] + "ABCD" + PETER_LINE[60:]
    for lines in (wrong, wrong + ENOCH_LINE, ENOCH_LINE + wrong):
        with pytest.raises(IntegrityFailed):
            notes.verify(Note.parse(f"{TEXT}\n{lines}"), [peter, enoch])


def test_a_signature_for_another_text_is_refused():
    with pytest.raises(IntegrityFailed):
        notes.verify(Note.parse(SIGNED.replace("answer", "Answer")), [peter])


def test_a_known_name_with_another_key_id_is_a_stranger():
    with pytest.raises(IntegrityFailed) as refusal:
        notes.verify(Note.parse(SIGNED.replace("x08g", "xxxx")), [peter])
    assert refusal.value.detail_code == "unknown-signer"


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        TEXT + "\n",
        SIGNED[:-1],
        "\x01" + SIGNED,
        b"\xff" + SIGNED.encode(),
        SIGNED.replace("\n", "\r\n"),
        SIGNED.replace("cryptography", "crypto\tgraphy"),
        SIGNED + "Unexpected line.\n",
        SIGNED + "\n",
        SIGNED.replace("— ", "- "),
        SIGNED.replace("— PeterNeumann", "— Bad Name"),
        SIGNED.replace("— PeterNeumann", "— Bad+Name"),
        SIGNED.replace("— PeterNeumann", "— Bad\u00a0Name"),
        SIGNED.replace("— PeterNeumann", "— "),
        SIGNED.replace("nAM=", "nAN="),
        SIGNED.replace("nAM=", "nAM"),
        f"{TEXT}\n— PeterNeumann x08g\n",
        f"{TEXT}\n— PeterNeumann x08gow==\n",
        TEXT + "\n" + PETER_LINE * 101,
        TEXT * 20_000 + "\n" + PETER_LINE,
    ],
)
def test_a_note_out_of_form_is_refused(note):
    with pytest.raises(Malformed):
        Note.parse(note)


def test_at_least_sixteen_signatures_are_accepted():
    assert len(Note.parse(SIGNED + ENOCH_LINE * 15).signatures) == 16


@pytest.mark.parametrize(
    ("text", "name"), [("abc", "a"), ("a\tb\n", "a"), ("abc\n", "a b"), ("abc\n", "a+b"), ("abc\n", "")]
)
def test_what_a_note_cannot_hold_is_not_signed(text, name):
    with pytest.raises(Malformed):
        notes.sign(text, name, PETER_SEED)


def test_a_witness_adds_its_signature_once():
    signed, cosigned = Note.parse(SIGNED), Note.parse(f"{TEXT}\n{ENOCH_LINE}")
    both = signed.with_signatures(cosigned.signatures).with_signatures(cosigned.signatures)
    assert both.encode() == SIGNED + ENOCH_LINE


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_whatever_is_read_as_a_note_is_a_note_or_malformed(raw):
    try:
        note = Note.parse(raw)
    except Malformed:
        return
    assert note.encode() == (raw.decode() if isinstance(raw, bytes) else raw)


def test_the_published_checkpoint_is_read_and_written_back():
    note = Note.parse(SOFA)
    head = Checkpoint.parse(note.text)
    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20852163)
    assert base64.b64encode(head.root) == b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    assert head.text == note.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n1\n",
        "origin\n01\n" + "A" * 43 + "=\n",
        "origin\n-1\n" + "A" * 43 + "=\n",
        "origin\n١\n" + "A" * 43 + "=\n",
        "origin\n1\n" + "A" * 42 + "B=\n",
        "origin\n1\n" + "A" * 44 + "\n",
        "origin\n1\n" + "A" * 43 + "=\n\n",
        "origin\n1\n" + "A" * 43 + "=",
        "\n1\n" + "A" * 43 + "=\n",
        "origin\n" + "9" * 20 + "\n" + "A" * 43 + "=\n",
    ],
)
def test_a_checkpoint_out_of_form_is_refused(text):
    with pytest.raises(Malformed):
        Checkpoint.parse(text)


def test_a_checkpoint_of_the_empty_ledger_and_one_with_extensions_are_read():
    for text in (
        "origin\n0\n" + "A" * 43 + "=\n",
        "origin\n1\n" + "A" * 43 + "=\nan extension\u2028line\nanother\n",
    ):
        assert Checkpoint.parse(text).text == text


def test_a_signed_checkpoint_opens_with_the_public_key_alone():
    public = Verifier.parse(verifier_of(KEY).encode())
    head = open_checkpoint(sign_checkpoint(KEY, 12, ROOT), (public,))
    assert head == Checkpoint("hub.sonoma.example/ledger", 12, ROOT)


def test_a_checkpoint_signed_before_a_rotation_still_opens(tmp_path):
    path = tmp_path / "keys.json"
    before = KeyRing.create(path)
    note = sign_checkpoint(before.active(KeyKind.LEDGER), 12, ROOT)
    after = rotate(path)
    assert open_checkpoint(note, tuple(map(verifier_of, after.all_of(KeyKind.LEDGER)))).size == 12
    with pytest.raises(IntegrityFailed):
        open_checkpoint(note, (verifier_of(after.active(KeyKind.LEDGER)),))


def test_a_changed_checkpoint_does_not_open():
    note = sign_checkpoint(KEY, 12, ROOT)
    with pytest.raises(IntegrityFailed):
        open_checkpoint(note.replace("\n12\n", "\n11\n"), (verifier_of(KEY),))


def test_a_key_cannot_vouch_for_the_ledger_of_another_hub():
    note = notes.sign(Checkpoint("hub.marin.example/ledger", 12, ROOT).text, KEY.name, KEY.secret).encode()
    with pytest.raises(IntegrityFailed):
        open_checkpoint(note, (verifier_of(KEY),))


def test_the_key_id_is_the_one_c2sp_defines():
    digest = hashlib.sha256(KEY.name.encode() + b"\n\x01" + KEY.public).digest()
    assert Note.parse(sign_checkpoint(KEY, 1, ROOT)).signatures[0].key_id == digest[:4]
    assert msgspec.structs.replace(verifier_of(KEY), name="other").key_id != digest[:4]
