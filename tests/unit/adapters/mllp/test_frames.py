"""Frames survive any split at any byte, and whatever stands between them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mllp.frames import Frame, FrameReader, frame
from tests.unit.adapters.mllp.messages import adt, samples

CONTENT = st.binary(max_size=200).filter(lambda raw: b"\x0b" not in raw and b"\x1c" not in raw)
JUNK = st.binary(max_size=20).filter(lambda raw: b"\x0b" not in raw)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(places)]


def read(pieces: list[bytes], **limits: int) -> list[Frame]:
    reader = FrameReader(**limits)
    return [each for piece in pieces for each in reader.feed(piece)]


@given(st.lists(st.tuples(JUNK, CONTENT), max_size=5), st.lists(st.integers(0, 2000), max_size=30))
def test_any_split_and_any_junk_between_gives_the_same_messages(messages, cuts):
    stream = b"".join(junk + frame(content) for junk, content in messages)
    assert [each.content for each in read(split(stream, cuts))] == [content for _, content in messages]


@pytest.mark.parametrize("path", samples(), ids=lambda path: path and path.stem)
def test_a_third_partys_message_arrives_byte_by_byte_and_three_at_a_time(path):
    content = path.read_bytes()
    stream = frame(content) * 3
    expected = [Frame(content)] * 3
    assert read([stream]) == expected
    assert read([bytes([byte]) for byte in stream]) == expected


def test_a_sender_that_forgets_the_last_carriage_return_is_served():
    assert [each.content for each in read([b"\x0bone\x1c\x0btwo\x1c"])] == [b"one", b"two"]


def test_a_message_that_begins_inside_another_is_read_and_the_cut_one_is_told():
    assert read([b"\x0bMSH|cut", b" off\x0bwhole\x1c\r"]) == [Frame(b"MSH|cut off", "cut"), Frame(b"whole")]


def test_a_frame_over_the_limit_is_told_and_the_next_one_is_read():
    stream = frame(adt() + b"x" * 5000) + frame(b"next")
    first, second = read(split(stream, list(range(0, 5000, 7))), max_bytes=4000)
    assert first.fault == "too-large"
    assert adt().startswith(first.content[:200])
    assert second == Frame(b"next")


def test_an_endless_frame_costs_no_more_memory_than_the_limit():
    reader = FrameReader(1000)
    reader.feed(b"\x0b")
    for _ in range(1000):
        assert reader.feed(b"y" * 1000) == []
    assert len(reader._buffer) == 1000
    assert reader.dropped == 999_000


def test_a_frame_that_never_ended_is_told_once():
    reader = FrameReader()
    assert reader.unfinished() is None
    reader.feed(b"\x0bMSH|half")
    assert reader.unfinished() == Frame(b"MSH|half", "unfinished")
    assert reader.unfinished() is None
