"""What a repeat has in common with the first time: all but when it was sent, and with which token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mllp.repeats import days_before, digest
from tests.unit.adapters.mllp.messages import adt


def with_field(number: int, value: bytes) -> bytes:
    header, _, rest = adt().partition(b"\r")
    fields = header.split(b"|")
    fields[number - 1] = value
    return b"|".join(fields) + b"\r" + rest


@pytest.mark.parametrize("number", [7, 8])
def test_when_and_with_which_token_it_was_sent_make_no_difference(number: int) -> None:
    assert digest(with_field(number, b"anew")) == digest(adt())


@pytest.mark.parametrize("number", [3, 4, 5, 6, 9, 10, 11, 12])
def test_every_other_field_of_the_header_does(number: int) -> None:
    assert digest(with_field(number, b"other")) != digest(adt())


def test_a_header_that_ends_before_them_is_all_that_it_is() -> None:
    assert digest(b"MSH|^~\\&|A|B\r") != digest(b"MSH|^~\\&|A|C\r")


@given(at=st.integers(0, len(adt()) - 1))
def test_every_byte_after_the_header_does(at: int) -> None:
    raw = adt()
    at = max(at, raw.index(b"\r"))
    assert digest(raw[:at] + b"~" + raw[at + 1 :]) != digest(raw)


@given(one=st.binary(), other=st.binary())
def test_bytes_without_a_header_are_the_same_only_if_they_are_the_same(one: bytes, other: bytes) -> None:
    one, other = one.replace(b"MSH", b""), other.replace(b"MSH", b"")
    assert (digest(one) == digest(other)) == (one == other)


def test_the_days_before_one_cross_months() -> None:
    assert days_before("20260302") == (
        "20260301", "20260228", "20260227", "20260226", "20260225", "20260224", "20260223",
    )  # fmt: skip


@pytest.mark.parametrize("day", ["", "2026", "202603", "20261399", "00010101", "March 02", "2026-W01"])
def test_what_is_no_day_has_none_before(day: str) -> None:
    assert days_before(day) == ()
