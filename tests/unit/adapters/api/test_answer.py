"""Any server's answer is read the same however it is cut into pieces, and a garbled one is never guessed at."""

import pytest

from adapters.api.answer import MAX_ANSWER, AnswerReader, Garbled

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + PLAIN
BARE = b"HTTP/1.1 204 \r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
OLD = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def read(data: bytes, step: int):
    reader = AnswerReader()
    answer = None
    for at in range(0, len(data), step):
        answer = reader.feed(data[at : at + step])
    return answer


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("data", "status", "body", "reusable"),
    [
        (PLAIN, 200, b"hello", True),
        (CHUNKED, 200, b"hello", True),
        (CONTINUED, 200, b"hello", True),
        (BARE, 204, b"", True),
        (CLOSING, 200, b"hello", False),
        (OLD, 200, b"hello", False),
    ],
    ids=["length", "chunked", "after 100", "204", "closing", "1.0"],
)
def test_an_answer_is_the_same_in_pieces_of_any_size(data, status, body, reusable, step):
    answer = read(data, step)
    assert (answer.status, answer.body, answer.reusable) == (status, body, reusable)


def test_an_answer_without_a_length_ends_with_its_connection():
    reader = AnswerReader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\n\r\nhel") is None
    assert reader.feed(b"lo") is None
    answer = reader.end()
    assert (answer.body, answer.reusable) == (b"hello", False)


def test_an_answer_cut_short_of_its_length_is_no_answer():
    reader = AnswerReader()
    assert reader.feed(PLAIN[:-1]) is None
    assert reader.end() is None


def test_something_after_the_answer_makes_the_connection_unfit_for_another_request():
    assert read(PLAIN + b"HTTP/1.1 200", 1000).reusable is False


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01 not http\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\nB: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n",
    ],
)
def test_what_two_readers_could_read_differently_is_refused(data):
    with pytest.raises(Garbled):
        read(data, 1000)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: "])
def test_an_endless_answer_is_cut_off(start):
    with pytest.raises(Garbled):
        read(start + b"x" * (MAX_ANSWER + 1), 1000)
