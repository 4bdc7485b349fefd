import msgspec
import pytest

from hub.crypto.checkpoint import sign_checkpoint
from hub.crypto.cosignatures import cosigned
from hub.crypto.keyring import KeyKind, KeyRing
from hub.crypto.notes import COSIGNATURE_V1, Note, Verifier
from hub.errors import IntegrityFailed, Malformed
from tests.witnesses import Witness

KEY = KeyRing.generate("hub.sonoma.example/ledger").active(KeyKind.LEDGER)
HEAD = sign_checkpoint(KEY, 7, bytes(32))
ONE, TWO = Witness(), Witness("witness.example/w2", bytes(32))
AT = 1_679_315_147

SPECIFICATION = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9n"
    "To+zyWE+xeMcTOAYQ8=\n"
    "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo"
    "0xUe+mbIUBkBIfZ+qnA==\n"
)
"""The example of C2SP tlog-cosignature."""


def test_a_cosigned_checkpoint_as_the_specification_shows_it_is_read():
    ours, witness = Note.parse(SPECIFICATION).signatures
    assert len(ours.signature) == 64
    assert len(witness.signature) == 8 + 64
    assert int.from_bytes(witness.signature[:8], "big") == 1_679_315_147
    assert Note.parse(SPECIFICATION).encode() == SPECIFICATION


def test_a_configured_witness_s_cosignature_tells_who_saw_the_head_and_when():
    (found,) = cosigned(Note.parse(ONE.cosigned(HEAD, AT)), [ONE.verifier, TWO.verifier])
    assert (found.witness, found.at) == (ONE.verifier, AT * 1_000_000)
    assert found.by.startswith("witness.example/w1+")


def test_a_witness_that_is_not_configured_says_nothing():
    assert cosigned(Note.parse(TWO.cosigned(HEAD)), [ONE.verifier]) == ()


def test_a_cosignature_of_another_head_or_another_time_is_refused():
    other = sign_checkpoint(KEY, 8, bytes(32))
    line = ONE.line(HEAD, AT)
    later = msgspec.structs.replace(line, signature=(AT + 1).to_bytes(8, "big") + line.signature[8:])
    for note, wrong in ((other, line), (HEAD, later)):
        with pytest.raises(IntegrityFailed):
            cosigned(Note.parse(note + wrong.encode()), [ONE.verifier])
    short = msgspec.structs.replace(line, signature=line.signature[8:])
    with pytest.raises(Malformed):
        cosigned(Note.parse(HEAD + short.encode()), [ONE.verifier])


def test_a_witness_key_is_written_with_its_own_type_and_never_serves_as_a_ledger_key():
    text = ONE.verifier.encode()
    assert Verifier.parse(text) == ONE.verifier
    assert ONE.verifier.algorithm == COSIGNATURE_V1
    plain = Verifier(ONE.verifier.name, ONE.verifier.public)
    assert plain.key_id != ONE.verifier.key_id
    assert cosigned(Note.parse(ONE.cosigned(HEAD)), [plain]) == ()
