"""An endpoint that keeps failing is left alone, then tried once; one that answers is there."""

import pytest

from hub.model import Deferred, Delivered, Outcome, Receipt, Refused, Unknown
from hub.outbox import MAX_ATTEMPTS, retry_after_s
from hub.workers.breakers import FAILURES, FIRST_PAUSE_US, FORGOTTEN_US, LONGEST_PAUSE_US, TRIAL_US, Breakers

AWAY = Deferred(code="connect")
THERE = Delivered(receipt=Receipt(kind="test", reference="1", at=0))


def failing(breakers: Breakers, times: int = FAILURES, at: int = 0, outcome: Outcome = AWAY) -> None:
    for _ in range(times):
        breakers.saw("e", outcome, at)


def test_an_endpoint_is_tried_until_it_has_failed_often_enough_in_a_row() -> None:
    breakers = Breakers()
    failing(breakers, FAILURES - 1)
    assert breakers.away_until("e", 0) is None
    failing(breakers, 1)
    assert breakers.away_until("e", 0) == FIRST_PAUSE_US


@pytest.mark.parametrize("answer", [THERE, Refused(code="bad-number")])
def test_whoever_answers_even_with_a_refusal_is_there(answer: Outcome) -> None:
    breakers = Breakers()
    failing(breakers, FAILURES - 1)
    breakers.saw("e", answer, 0)
    failing(breakers, FAILURES - 1)
    assert breakers.away_until("e", 0) is None


def test_an_unknown_outcome_counts_as_a_failure() -> None:
    breakers = Breakers()
    failing(breakers, outcome=Unknown(code="timeout"))
    assert breakers.away_until("e", 0) is not None


def test_after_the_pause_one_attempt_is_the_trial_and_the_others_wait_for_it() -> None:
    breakers = Breakers()
    failing(breakers)
    assert breakers.away_until("e", FIRST_PAUSE_US) is None
    assert breakers.away_until("e", FIRST_PAUSE_US) == FIRST_PAUSE_US + TRIAL_US
    breakers.saw("e", THERE, FIRST_PAUSE_US)
    assert breakers.away_until("e", FIRST_PAUSE_US) is None


def test_a_trial_that_was_lost_does_not_leave_the_endpoint_alone_for_ever() -> None:
    breakers = Breakers()
    failing(breakers)
    assert breakers.away_until("e", FIRST_PAUSE_US) is None
    assert breakers.away_until("e", FIRST_PAUSE_US + TRIAL_US) is None


def test_each_failed_trial_doubles_the_pause_up_to_a_limit() -> None:
    breakers, now, pauses = Breakers(), 0, []
    failing(breakers)
    for _ in range(8):
        until = breakers.away_until("e", now)
        assert until is not None
        pauses.append(until - now)
        now = until
        assert breakers.away_until("e", now) is None
        breakers.saw("e", AWAY, now)
    assert pauses[:3] == [FIRST_PAUSE_US, 2 * FIRST_PAUSE_US, 4 * FIRST_PAUSE_US]
    assert pauses[-1] == LONGEST_PAUSE_US


def test_a_partner_that_says_when_is_left_alone_until_then_and_counts_as_there() -> None:
    breakers = Breakers()
    failing(breakers, 10, outcome=Deferred(code="http-429", retry_after=3.0))
    assert breakers.away_until("e", 0) == 3_000_000
    assert breakers.away_until("e", 3_000_000) is None


def test_one_endpoints_failures_are_not_anothers() -> None:
    breakers = Breakers()
    failing(breakers)
    assert breakers.away_until("other", 0) is None
    assert breakers.open(0) == 1


def test_an_endpoint_that_nothing_waits_for_counts_as_away_no_longer_than_a_row_waits() -> None:
    breakers = Breakers()
    failing(breakers)
    assert breakers.open(FIRST_PAUSE_US + FORGOTTEN_US - 1) == 1
    assert breakers.open(FIRST_PAUSE_US + FORGOTTEN_US) == 0
    longest_us = retry_after_s(MAX_ATTEMPTS, None) * 1_000_000
    assert longest_us <= FORGOTTEN_US
