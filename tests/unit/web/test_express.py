"""The express lane reads requests of one plain form, and leaves everything that two readers could read in two ways."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.web.express import LARGEST, NotPlain, Request, read

HEADERS = {
    "Host": "hub.example",
    "Authorization": "Bearer p2h_0",
    "Idempotency-Key": "k-1",
    "Content-Type": "application/json",
    "Content-Length": "4",
}


def head(start: str = "POST /v1/submissions HTTP/1.1", **changed: str | None) -> bytes:
    """A request's head with headers added, replaced or (none) left out."""
    headers = HEADERS | {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [start, *(f"{name}: {value}" for name, value in headers.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_request_is_its_headers_and_exactly_the_announced_bytes() -> None:
    found = read(head() + b"{}\r\nPOST /v1/sub")
    assert found is not None
    assert found.body == b"{}\r\n"
    assert found.size == len(head()) + 4
    assert found.headers[b"idempotency-key"] == b"k-1"


@given(st.integers(0, len(head()) + 3))
def test_a_request_that_has_not_arrived_whole_is_waited_for(at: int) -> None:
    assert read((head() + b"{}  ")[:at]) is None


@given(st.binary(max_size=40), st.integers(0, 200), st.integers(0, 60))
def test_whatever_is_damaged_is_either_left_or_read_as_it_says(noise: bytes, at: int, gone: int) -> None:
    whole = head() + b"{}  "
    with contextlib.suppress(NotPlain):
        found = read(whole[:at] + noise + whole[at + gone :])
        assert found is None or len(found.body) == int(found.headers[b"content-length"])


@pytest.mark.parametrize(
    "received",
    [
        head("GET /v1/submissions HTTP/1.1"),
        head("POST /v1/submissions?x=1 HTTP/1.1"),
        head("POST /v1/submissions HTTP/1.0"),
        head("POST /v1/submissions/ HTTP/1.1"),
        head("post /v1/submissions HTTP/1.1"),
        b"G",
        b"\r\n",
        head(Transfer_Encoding="chunked"),
        head(Expect="100-continue"),
        head(Content_Encoding="gzip"),
        head(Upgrade="h2c"),
        head(Cookie="a=b"),
        head(X_Anything="1"),
        head(Connection="close"),
        head(Connection="keep-alive, transfer-encoding"),
        head(Content_Length=None),
        head(Authorization=None),
        head(Idempotency_Key=None),
        head(Host=None),
        head(Content_Length="0"),
        head(Content_Length="+4"),
        head(Content_Length="4, 4"),
        head(Content_Length=" 4\x0b"),
        head(Content_Length="04"),
        head(Content_Length=str(LARGEST + 1)),
        head(content_length="4"),
        head(Idempotency_Key="k\tv"),
        head(Idempotency_Key="ké"),
        head(Accept="*/*\r\n folded"),
        head(Accept="*/*").replace(b"Accept:", b"Accept :"),
        head().replace(b"\r\n", b"\n"),
        head(Accept="a" * 5_000),
    ],
)
def test_what_is_not_of_the_plain_form_is_left_to_the_framework(received: bytes) -> None:
    with pytest.raises(NotPlain):
        read(received)


def test_headers_that_change_nothing_may_come_along() -> None:
    found = read(head(Accept="*/*", User_Agent="ehr/1", Accept_Encoding="gzip", Connection="Keep-Alive") + b"{}  ")
    assert isinstance(found, Request)
