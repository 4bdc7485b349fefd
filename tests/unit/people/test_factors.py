"""Second factors against the standard's own vectors, and passwords."""

import base64

import pytest

from hub.errors import Malformed
from hub.people import factors, passwords

SEED = base64.b32encode(b"12345678901234567890").decode()
"""The SHA-1 seed of RFC 6238, Appendix B."""
VECTORS = [
    (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"), (1_234_567_890, "89005924"),
    (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
]  # fmt: skip


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_a_code_is_that_of_rfc_6238(seconds: int, code: str) -> None:
    # The vectors have eight digits; six are their last ones.
    assert factors.step_of(SEED, code[-6:], seconds * 1_000_000, -1) == seconds // 30


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_clock_may_be_a_step_off(off: int) -> None:
    assert factors.step_of(SEED, "081804", (1_111_111_109 + 30 * off) * 1_000_000, -1) == 1_111_111_109 // 30


@pytest.mark.parametrize("off", [-2, 2])
def test_and_not_two(off: int) -> None:
    assert factors.step_of(SEED, "081804", (1_111_111_109 + 30 * off) * 1_000_000, -1) is None


def test_a_code_of_a_step_that_was_used_is_none() -> None:
    assert factors.step_of(SEED, "287082", 59_000_000, 1) is None


@pytest.mark.parametrize("typed", ["", "28708", "2870820", "abcdef", "２８７０８２"])
def test_what_is_no_code_matches_nothing(typed: str) -> None:
    assert factors.step_of(SEED, typed, 59_000_000, -1) is None


def test_spaces_within_a_code_do_not_count() -> None:
    assert factors.step_of(SEED, " 287 082 ", 59_000_000, -1) == 1


def test_recovery_codes_are_ten_that_nobody_guesses() -> None:
    codes = factors.recovery_codes()
    assert len(set(codes)) == 10
    assert {len(code) for code in codes} == {19}


async def test_a_password_matches_its_own_hash_only() -> None:
    stored = await passwords.hashed("a quiet river at noon")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.matches(stored, "a quiet river at noon")
    assert not await passwords.matches(stored, "a quiet river at dusk")


@pytest.mark.parametrize("stored", ["", "nonsense", "$argon2id$v=19$m=1"])
async def test_nobodys_hash_matches_nothing(stored: str) -> None:
    assert not await passwords.matches(stored, "a password that no account has")


@pytest.mark.parametrize("password", ["", "eleven char", "aaaaaaaaaaaaaaaa", "x" * 201])
async def test_a_password_that_is_short_or_simple_is_refused(password: str) -> None:
    with pytest.raises(Malformed):
        await passwords.hashed(password)
