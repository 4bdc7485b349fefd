"""Direct Context: every encoding that partners use is read, every fault has its own code, and nothing crashes."""

import base64
import binascii
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.email.context.model import PATIENT_FIELDS, Context, ContextError, PatientId
from adapters.email.context.read import encapsulated, find_context, read_context
from adapters.email.context.write import context_header, context_part, context_text
from adapters.email.mime import read_entity

TEXT = (
    b"version: 1.1\r\nid: 2142848@direct.example\r\npatient-id: 2.16.840.1.113883.19.999999:123456; 2.16.1:x:y\r\n"
    b"type: referral/order\r\npurpose: treatment\r\n"
    b"patient: givenName=Ana; surname=Le\xc3\xb3n;\r\n dateOfBirth=1990-02-03; gender=F\r\n"
    b"creation-time: 20260601120000-0700\r\nx-later: something new\r\n"
)
EXPECTED = Context(
    id="2142848@direct.example",
    version="1.1",
    category="referral",
    action="order",
    purpose="treatment",
    patient_ids=(PatientId("2.16.840.1.113883.19.999999", "123456"), PatientId("2.16.1", "x:y")),
    patient={"givenName": "Ana", "surname": "León", "dateOfBirth": "1990-02-03", "gender": "F"},
    event={"creation-time": "20260601120000-0700"},
    other={"x-later": "something new"},
)


def message(part: bytes, cid: str = "<c1@clinic.example>", extra: bytes = b"") -> bytes:
    head = f'From: <a@b.example>\r\nX-Direct-Context: {cid}\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    return head.encode() + b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\n" + part + extra + b"\r\n--b--\r\n"


def part(encoding: str, body: bytes) -> bytes:
    coded = f"Content-Transfer-Encoding: {encoding}\r\n" if encoding else ""
    head = f"Content-Type: text/plain; charset=utf-8\r\nContent-ID: <c1@clinic.example>\r\n{coded}"
    return head.encode() + b'Content-Disposition: attachment; filename="metadata.txt"\r\n\r\n' + body


def uuencoded(text: bytes) -> bytes:
    lines = [binascii.b2a_uu(text[at : at + 45]) for at in range(0, len(text), 45)]
    return b"begin 644 metadata.txt\n" + b"".join(lines) + b"`\nend\n"


GOOD = {
    "8bit": part("8bit", TEXT),
    "none": part("", TEXT),
    "binary": part("binary", TEXT),
    "base64": part("base64", base64.encodebytes(TEXT)),
    "base64 in one line": part("base64", base64.b64encode(TEXT)),
    "quoted-printable": part("quoted-printable", binascii.b2a_qp(TEXT)),
    "uuencode": part("uuencode", uuencoded(TEXT)),
    "x-uuencode": part("x-uuencode", uuencoded(TEXT)),
    "line feeds": part("7bit", TEXT.replace(b"\r\n", b"\n")),
    "a byte order mark": part("8bit", b"\xef\xbb\xbf" + TEXT),
    "other case": part("8bit", TEXT.replace(b"type: referral/order", b"TYPE : Referral / Order")),
}


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD)
def test_every_encoding_of_a_context_says_the_same(good):
    assert find_context(read_entity(message(good))) == EXPECTED


def test_a_context_in_a_nested_multipart_is_found():
    nested = b'Content-Type: multipart/mixed; boundary="c"\r\n\r\n--c\r\n' + GOOD["8bit"] + b"\r\n--c--"
    assert find_context(read_entity(message(nested))) == EXPECTED


def test_a_message_without_the_header_has_no_context():
    raw = message(GOOD["8bit"]).replace(b"X-Direct-Context", b"X-Other")
    assert find_context(read_entity(raw)) is None


def changed(old: bytes, new: bytes) -> bytes:
    assert old in TEXT
    return part("8bit", TEXT.replace(old, new))


BAD = {
    "no part": (part("8bit", TEXT).replace(b"c1@", b"c2@"), "context-missing"),
    "no id": (changed(b"id: 2142848@direct.example\r\n", b""), "context-unreadable"),
    "not base64": (part("base64", b"!!!"), "context-unreadable"),
    "an unknown encoding": (part("x-secret", TEXT), "context-unreadable"),
    "version": (changed(b"version: 1.1", b"version: 9"), "context-version"),
    "a type of one half": (changed(b"referral/order", b"referral"), "context-type"),
    "an unknown type": (changed(b"referral/order", b"gossip/order"), "context-type"),
    "purpose": (changed(b"purpose: treatment", b"purpose: curiosity"), "context-purpose"),
    "patient with Name=": (changed(b"givenName=Ana", b"Name=Ana"), "context-patient"),
    "patient twice": (changed(b"surname=Le\xc3\xb3n", b"givenName=Eva"), "context-patient"),
    "patient without =": (changed(b"gender=F", b"female"), "context-patient"),
    "date of birth": (changed(b"1990-02-03", b"02/03/1990"), "context-patient"),
    "patient id": (changed(b"2.16.1:x:y", b"MRN 12"), "context-patient-id"),
    "encapsulation": (changed(b"x-later: something new", b"encapsulation: fax"), "context-encapsulation"),
}


@pytest.mark.parametrize(("bad", "code"), BAD.values(), ids=BAD)
def test_what_cannot_be_understood_has_its_own_code(bad, code):
    with pytest.raises(ContextError) as refusal:
        find_context(read_entity(message(bad)))
    assert refusal.value.detail_code == code


def test_the_refusal_quotes_nothing_of_the_patient():
    with pytest.raises(ContextError) as refusal:
        find_context(read_entity(message(changed(b"givenName=Ana", b"Name=Ana"))))
    assert "Ana" not in str(refusal.value)


def test_an_encapsulated_v2_message_comes_out():
    hl7 = b"\r\n--b\r\nContent-Type: application/x-direct-encapsulated+hl7v2\r\n\r\nMSH|^~\\&|x"
    raw = message(changed(b"x-later: something new", b"encapsulation: hl7v2"), extra=hl7)
    assert find_context(read_entity(raw)).encapsulation == "hl7v2"
    assert encapsulated(read_entity(raw)) == [b"MSH|^~\\&|x"]


def test_version_1_0_has_no_event_fields():
    assert "creation-time" not in context_text(Context(id="x", version="1.0", event={"creation-time": "2026"}))
    assert read_context(b"id: x\n").version == "1.0"


WORDS = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters=";=\ufeff"), min_size=1, max_size=20)
CONTEXTS = st.builds(
    Context,
    id=st.from_regex(r"[a-z0-9]{1,20}@hub\.example", fullmatch=True),
    version=st.sampled_from(["1.0", "1.1"]),
    category=st.sampled_from(["referral", "general"]),
    action=st.sampled_from(["order", "notification"]),
    purpose=st.sampled_from(["treatment", "emergency", ""]),
    patient_ids=st.lists(st.builds(PatientId, st.just("2.16.840.1"), WORDS), max_size=3).map(tuple),
    patient=st.dictionaries(st.sampled_from([each for each in PATIENT_FIELDS if each != "dateOfBirth"]), WORDS),
)


@given(CONTEXTS)
def test_what_we_write_reads_back(context):
    written = message(context_part(context, "hub.example"), cid="PLACE")
    header = context_header(context, "hub.example").encode()
    raw = written.replace(b"X-Direct-Context: PLACE\r\n", header)
    assert find_context(read_entity(raw)) == context


@given(st.text(max_size=50))
def test_a_value_cannot_write_a_line_of_its_own(value):
    context = Context(id="x", patient={"surname": value}, patient_ids=(PatientId("2.16.1", value + "v"),))
    found = context_text(context).splitlines()
    assert all(line.split(":")[0] in {"version", "id", "patient", "patient-id"} for line in found)


@given(st.binary(max_size=200))
def test_noise_is_a_typed_error_or_a_context(noise):
    for text in (noise, b"id: x\n" + noise):
        with suppress(ContextError):
            assert isinstance(read_context(text), Context)
