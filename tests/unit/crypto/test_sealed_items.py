"""A sealed item opens for its recipient alone, as what it was sealed as; the format is fixed by a vector."""

import base64
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PrivateKey
from nacl.signing import SigningKey

from hub.crypto.sealed_item import LABEL, VERSION, Plain, open_item, read_header, seal_item
from hub.errors import IntegrityFailed, Malformed

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "sealed-item-v1.json").read_text())
ITEM = base64.b64decode(VECTOR["item"])
KEY, PUBLIC, SIGNER, SEED = (
    base64.b64decode(VECTOR[name]) for name in ("recipient_private", "recipient_public", "sender_public", "sender_seed")
)
PLAIN = Plain(
    version=VERSION, recipient="lantern", information="assessment", sender="harbor", title="ASAM assessment",
    media_type="text/plain", content=b"Level 3.1",
)  # fmt: skip


def test_the_vector_written_from_the_formats_page_opens_here() -> None:
    opened = open_item(ITEM, KEY, SIGNER)
    assert (opened.signed, opened.plain.title) == (True, "ASAM assessment")
    assert opened.plain.content.decode() == "Level 3.1, señas tomadas\n"


def test_the_hub_sees_the_header_and_nothing_else() -> None:
    header = read_header(ITEM)
    assert (header.recipient, header.information) == ("lantern", "assessment")
    assert b"ASAM" not in ITEM
    assert b"harbor" not in ITEM


def test_what_is_sealed_opens_as_it_was() -> None:
    opened = open_item(seal_item(PLAIN, PUBLIC, SEED), KEY, SIGNER)
    assert opened.plain.content == PLAIN.content
    assert opened.signed


@given(st.binary(max_size=9000), st.text(max_size=60))
def test_any_document_opens_as_it_was_and_its_length_is_hidden_in_blocks(content: bytes, title: str) -> None:
    plain = Plain(
        version=VERSION, recipient="lantern", information="summary", sender="harbor", title=title,
        media_type="application/pdf", content=content,
    )  # fmt: skip
    item = seal_item(plain, PUBLIC)
    assert open_item(item, KEY).plain.content == content
    assert len(seal_item(PLAIN, PUBLIC)) == len(seal_item(msgspec.structs.replace(PLAIN, content=b"Level 2"), PUBLIC))


def test_nobody_else_opens_it() -> None:
    with pytest.raises(IntegrityFailed) as refusal:
        open_item(ITEM, bytes(PrivateKey.generate()))
    assert refusal.value.detail_code == "sealed-item-key"


@pytest.mark.parametrize(
    ("said", "instead"), [(b'"assessment"', b'"summary"'), (b'"lantern"', b'"valley-clinic"')]
)  # fmt: skip
def test_a_counseling_note_cannot_be_called_a_summary_on_the_way(said: bytes, instead: bytes) -> None:
    with pytest.raises(IntegrityFailed) as refusal:
        open_item(ITEM.replace(said, instead, 1), KEY)
    assert refusal.value.detail_code == "sealed-item-label"


def test_an_item_of_another_sender_is_refused_and_an_unsigned_one_too() -> None:
    stranger = bytes(SigningKey.generate().verify_key)
    for item, key in ((ITEM, stranger), (seal_item(PLAIN, PUBLIC), SIGNER)):
        with pytest.raises(IntegrityFailed) as refusal:
            open_item(item, KEY, key)
        assert refusal.value.detail_code == "sealed-item-signature"


@pytest.mark.parametrize(
    "item",
    [
        b"",
        LABEL,
        LABEL + b"{}\n",
        ITEM.replace(b"/v1", b"/v2", 1),
        ITEM.replace(b"{", b"{ ", 1),
        LABEL + b'{"recipient":"a","key":"b","information":"c","more":1}\nx',
        LABEL + b'{"recipient":"' + b"a" * 2000 + b'","key":"b","information":"c"}\nx',
    ],
)
def test_anything_else_is_no_sealed_item(item: bytes) -> None:
    with pytest.raises(Malformed):
        read_header(item)


def test_any_byte_changed_is_refused() -> None:
    for at in range(len(ITEM)):
        changed = bytearray(ITEM)
        changed[at] ^= 1 << at % 8
        with pytest.raises((IntegrityFailed, Malformed)):
            open_item(bytes(changed), KEY, SIGNER)


@given(st.integers(0, len(ITEM) - 1), st.binary(max_size=3))
def test_anything_written_into_it_or_cut_out_is_refused(at: int, instead: bytes) -> None:
    changed = ITEM[:at] + instead + ITEM[at + 1 :]
    if changed != ITEM:
        with pytest.raises((IntegrityFailed, Malformed)):
            open_item(changed, KEY, SIGNER)
