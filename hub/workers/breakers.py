"""Circuit breakers: an endpoint that keeps failing is left alone for a while, then tried once.

Rows wait meanwhile without using up their attempts, or go to the recipient's next endpoint after a fresh decision.
In process and lost with it: a worker that starts anew finds out for itself (INVARIANT: sql-is-the-truth).
"""

from dataclasses import dataclass

from hub.model import Deferred, Outcome, Unknown

FAILURES = 5
"""In a row, before an endpoint counts as away."""
FIRST_PAUSE_US = 15_000_000
LONGEST_PAUSE_US = 300_000_000
TRIAL_US = 60_000_000
"""How long one trial may take before the next one."""
FORGOTTEN_US = 4_500_000_000
"""A row is tried again within an hour and a quarter: for an endpoint that nobody tried by then nothing waits."""


@dataclass
class _Breaker:
    failures: int = 0
    pause_us: int = FIRST_PAUSE_US
    until: int = 0
    """When it may be tried again, microseconds UTC; 0: it is closed."""


class Breakers:
    """One for each endpoint that has failed lately."""

    def __init__(self) -> None:
        self._of: dict[str, _Breaker] = {}

    def away_until(self, endpoint: str, now: int) -> int | None:
        """None if it may be tried now; once a pause is over the first to ask is the trial, and others wait for it."""
        breaker = self._of.get(endpoint)
        if breaker is None or not breaker.until:
            return None
        if now < breaker.until:
            return breaker.until
        breaker.until = now + TRIAL_US
        return None

    def saw(self, endpoint: str, outcome: Outcome, now: int) -> None:
        """Count a failure, or close: whoever answers, even with a refusal, is there."""
        if not isinstance(outcome, Deferred | Unknown) or (isinstance(outcome, Deferred) and outcome.told):
            self._of.pop(endpoint, None)
            return
        breaker = self._of.setdefault(endpoint, _Breaker())
        named = outcome.retry_after if isinstance(outcome, Deferred) else None
        if named is not None:
            # It is there and says when: no more until then.
            breaker.until = now + min(int(named * 1_000_000), LONGEST_PAUSE_US)
            return
        breaker.failures += 1
        if breaker.failures >= FAILURES:
            breaker.until = now + breaker.pause_us
            breaker.pause_us = min(breaker.pause_us * 2, LONGEST_PAUSE_US)

    def open(self, now: int) -> int:
        """How many endpoints are left alone, and would have been tried again by now if anything waited for them."""
        return sum(1 for breaker in self._of.values() if breaker.until and now < breaker.until + FORGOTTEN_US)
