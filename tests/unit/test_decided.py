"""A decision is asked again only when it may have changed: what that rests on, shown on every reviewed case.

The policy depends on the instant only through the local day and through its order to the instants among the facts.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.casebook import read_library
from hub.storage.facts import instants_of
from policies.kernel import decide
from policies.model import Request

LIBRARY = Path(__file__).parents[1] / "cases"
REQUESTS = [case.request for cases in read_library(LIBRARY).values() for case in cases]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moments(request: Request) -> list[datetime]:
    """The instants among the stored facts, as `still_answers` knows them."""
    found = instants_of(request.consents, request.restrictions, request.events)
    return sorted(EPOCH + timedelta(microseconds=each) for each in found)


def later_without_a_moment_between(request: Request) -> list[datetime]:
    """Later instants of the same local day before the next moment among the facts."""
    day = request.at.astimezone(request.world.zone).date()
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), request.world.zone).astimezone(UTC)
    end = min([midnight, *(moment for moment in moments(request) if moment > request.at)])
    last = end - timedelta(microseconds=1)
    return [request.at + (last - request.at) / part for part in (1, 2, 7)]


def answer(request: Request) -> Any:
    decision = decide(request)
    return decision.outcome, decision.hold, decision.items, decision.obligations, decision.reasons


@pytest.mark.parametrize("number", range(0, len(REQUESTS), 1))
def test_within_a_day_and_between_the_facts_instants_time_does_not_change_the_answer(number):
    request = REQUESTS[number]
    for at in later_without_a_moment_between(request):
        assert answer(replace(request, at=at)) == answer(request)


def test_the_cases_do_have_moments_after_which_the_answer_changes():
    """Otherwise the test above would show nothing."""
    changes = 0
    for request in REQUESTS:
        for moment in moments(request):
            before, after = (replace(request, at=moment + timedelta(microseconds=by)) for by in (-1, 1))
            changes += answer(before) != answer(after)
    assert changes >= 3
