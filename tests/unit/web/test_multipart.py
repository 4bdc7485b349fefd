"""Splitting multipart/form-data: what RFC 7578 allows is read, what two readers could read in two ways is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import HubError, Malformed, TooLarge
from hub.web.multipart import boundary_of, split
from hub.web.multipart import parts as parts_of


def part(name: bytes, content: bytes, more: bytes = b"") -> bytes:
    return b'--B\r\nContent-Disposition: form-data; name="' + name + b'"' + more + b"\r\n\r\n" + content + b"\r\n"


def test_parts_come_back_by_name_with_their_very_bytes() -> None:
    body = part(b"manifest", b"{}") + part(b"summary", b"\x00\r\n\r\n--\xff", b'; filename="../x.pdf"') + b"--B--\r\n"
    assert split(body, b"B", 5) == {"manifest": b"{}", "summary": b"\x00\r\n\r\n--\xff"}


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('multipart/form-data; boundary="a b"', b"a b"),
        ("Multipart/Form-Data;boundary=abc", b"abc"),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary=" + "x" * 71, None),
        ("multipart/mixed; boundary=abc", None),
        ("application/json", None),
    ],
)
def test_a_boundary_is_read_only_from_form_data(header: str, boundary: bytes | None) -> None:
    assert boundary_of(header) == boundary


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--B--",
        b"preamble\r\n" + part(b"a", b"1") + b"--B--",
        part(b"a", b"1"),
        part(b"a", b"1") + b"--B--epilogue",
        part(b"a", b"1") + part(b"a", b"2") + b"--B--",
        part(b"../../etc/passwd", b"1") + b"--B--",
        part(b"", b"1") + b"--B--",
        part(b"a", b"1", b"\r\nContent-Transfer-Encoding: base64") + b"--B--",
        part(b"a", b"1", b'\r\nContent-Disposition: form-data; name="b"') + b"--B--",
        b"--B\r\nContent-Type: text/plain\r\n\r\n1\r\n--B--",
        b"--B\r\n\r\n1\r\n--B--",
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n--B--',
        part(b"a", b"1", b"\r\nContent-Type: " + b"x" * 2000) + b"--B--",
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        split(body, b"B", 5)


def test_more_parts_than_a_packet_can_have_are_refused() -> None:
    body = b"".join(part(b"p%d" % n, b"1") for n in range(6)) + b"--B--"
    with pytest.raises(TooLarge):
        split(body, b"B", 5)


names = st.from_regex(r"[A-Za-z0-9._-]{1,30}", fullmatch=True)


@given(st.dictionaries(names, st.binary(max_size=200), min_size=1, max_size=5))
def test_whatever_is_put_in_comes_out(parts: dict[str, bytes]) -> None:
    if any(b"\r\n--B" in b"\r\n" + content for content in parts.values()):
        return
    body = b"".join(part(name.encode(), content) for name, content in parts.items()) + b"--B--"
    assert split(body, b"B", 5) == parts


@given(st.binary(max_size=400))
def test_no_input_makes_it_fail_otherwise_than_by_a_refusal(body: bytes) -> None:
    with contextlib.suppress(HubError):
        split(b"--B\r\n" + body + b"\r\n--B--", b"B", 5)


@given(st.binary(max_size=6), st.integers(0, 120), st.integers(0, 90))
def test_whatever_is_damaged_is_refused_or_read(noise: bytes, at: int, gone: int) -> None:
    whole = part(b"manifest", b"{}") + part(b"summary", b"a page") + b"--B--"
    damaged = whole[:at] + noise + whole[at + gone :]
    with contextlib.suppress(HubError):
        assert all(content in damaged for content in split(damaged, b"B", 5).values())


def test_a_pages_form_may_bring_several_files_under_one_name_in_their_order() -> None:
    head = (
        b'--B\r\nContent-Disposition: form-data; name="files"; filename="%b"\r\nContent-Type: text/plain\r\n\r\n%b\r\n'
    )
    body = head % (b"one.txt", b"1") + head % (b"", b"") + part(b"cin", b"2") + b"--B--"
    found = [tuple(each) for each in parts_of(body, b"B", 5)]
    assert found == [("files", b'"one.txt"', b"1"), ("files", b'""', b""), ("cin", None, b"2")]
    with pytest.raises(Malformed):
        split(body, b"B", 5)
