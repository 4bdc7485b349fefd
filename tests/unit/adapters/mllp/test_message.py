"""The reader takes what senders write: delimiters, escapes, line ends, character sets, missing and unknown segments."""

import unicodedata

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mllp.escapes import STANDARD, Delimiters, escape, unescape
from adapters.mllp.message import Message
from tests.unit.adapters.mllp.messages import adt, samples


@pytest.mark.parametrize("path", samples(), ids=lambda path: path and path.stem)
def test_every_field_of_a_third_partys_message_is_what_another_library_reads(path):
    raw = path.read_bytes()
    ours = Message.read(raw)
    theirs = hl7.parse(ours.text)
    assert len(ours.segments) == len(theirs)
    for segment, other in zip(ours.segments, theirs, strict=True):
        assert segment.name == str(other[0])
        for number in range(1, len(other)):
            assert segment.raw(number) == str(other[number])


def is_control(character: str) -> bool:
    """C0, DEL, C1 and what Unicode ends a line or a paragraph with."""
    return unicodedata.category(character) in {"Cc", "Zl", "Zp"}


@given(st.text(max_size=80) | st.text("\x00\x0b\x1c\x7f\x85\x9b\xa0\u2028\u2029ab"))
def test_what_is_escaped_comes_back_whatever_it_holds(text):
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    expected = "\n".join("".join(" " if is_control(c) else c for c in line) for line in lines)
    written = escape(text)
    assert not set(written) & set("|^~&\r\n\x0b\x1c")
    assert unescape(written, STANDARD) == expected


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"A\T\E-this", "A&E-this"),
        (r"\F\\S\\R\\E\ ", "|^~\\ "),
        (r"\X414243\.", "ABC."),
        (r"\XC3B1\andu", "ñandu"),
        (r"one\.br\two", "one\ntwo"),
        (r"\H\bold\N\ plain", "bold plain"),
        (r"\Zlocal\ stays", r"\Zlocal\ stays"),
        (r"C:\path", r"C:\path"),
        (r"\XZZ\ stays", r"\XZZ\ stays"),
    ],
)
def test_escape_sequences_mean_what_the_standard_says(written, meant):
    assert unescape(written, STANDARD) == meant


def test_delimiters_of_the_senders_own_are_used():
    message = Message.read(b"MSH$*!?@$EHR*X$F$$$20260101$$ADT*A01$7$P$2.3\rPID$1$$1!2$$DE ?T?a@LA*ANA\r")
    assert message.delimiters == Delimiters("$", "*", "!", "?", "@")
    assert message.type == ("ADT", "A01")
    assert message.header.get(3, 2) == "X"
    pid = message.first("PID")
    assert pid.repetitions(3) == ["1", "2"]
    assert (pid.get(5, 1), pid.get(5, 1, sub=2), pid.get(5, 2)) == ("DE @a", "LA", "ANA")


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\r\n"])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n \xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_marks_and_a_missing_last_one_change_nothing(end, before, last):
    raw = before + adt().replace(b"\r", end)
    message = Message.read(raw if last else raw.rstrip(b"\r\n"))
    assert [each.name for each in message.segments] == ["MSH", "EVN", "PID", "PV1"]
    assert message.first("PV1").get(19) == "V-1001"
    assert message.control_id == "M1"


@pytest.mark.parametrize(
    ("stated", "encoding", "warnings"),
    [
        ("8859/1", "latin-1", ()),
        ("8859/15", "iso8859-15", ()),
        ("UNICODE UTF-8", "utf-8", ()),
        ("UTF-8", "utf-8", ()),
        ("8859/1~UNICODE UTF-8", "latin-1", ()),
        ("", "utf-8", ("charset-not-stated",)),
        ("", "latin-1", ("charset-not-stated",)),
        ("ASCII", "utf-8", ("charset-wrong-but-read",)),
        ("UNICODE UTF-8", "latin-1", ("charset-wrong",)),
        ("JAS2020", "latin-1", ("charset-unknown",)),
    ],
)
def test_names_are_read_in_the_character_set_the_message_states(stated, encoding, warnings):
    raw = adt(name="MUÑOZ^SEÑA", header=f"||||||{stated}").decode().encode(encoding)
    message = Message.read(raw)
    assert message.first("PID").get(5, 1) == "MUÑOZ"
    assert message.warnings == warnings


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fail(raw):
    for content in (raw, b"MSH" + raw, adt()[:60] + raw):
        message = Message.read(content)
        for segment in message.segments:
            segment.get(3, 2, sub=2, repetition=1)
        assert isinstance(message.type, tuple)


def test_unknown_and_own_segments_stay_and_absent_ones_read_as_empty():
    message = Message.read(adt(more=("ZPV|1|own", "XYZ|2")))
    assert message.first("ZPV").get(2) == "own"
    assert message.first("OBX").get(5) == ""
    assert not message.has("OBX")


def test_the_explicit_null_reads_as_empty():
    pid = Message.read(b'MSH|^~\\&|A\rPID|1||""|""|""^ANA\r').first("PID")
    assert pid.repetitions(3) == []
    assert (pid.get(5, 1), pid.get(5, 2)) == ("", "ANA")
