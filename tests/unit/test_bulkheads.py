"""However slow one partner is, the places of the others stay free."""

from hub.workers.bulkheads import PLACES, SLOW_PLACES, SLOW_S, Bulkheads

LATER = SLOW_S + 0.1


def filled(partner: str, places: int, at: float = 0.0) -> Bulkheads:
    bulkheads = Bulkheads()
    for n in range(places):
        assert bulkheads.enter(partner, f"{partner}-{n}", at)
    return bulkheads


def test_a_quick_partner_has_many_places_and_no_more() -> None:
    bulkheads = filled("a", PLACES)
    assert not bulkheads.enter("a", "one-more", 0.1)
    assert bulkheads.full(0.1) == ["a"]
    assert bulkheads.enter("b", "b-1", 0.1)


def test_a_slow_partner_has_few() -> None:
    bulkheads = filled("a", SLOW_PLACES)
    assert bulkheads.full(0.1) == bulkheads.slow(0.1) == []
    assert bulkheads.full(LATER) == bulkheads.slow(LATER) == ["a"]
    assert not bulkheads.enter("a", "one-more", LATER)


def test_what_takes_long_no_longer_counts_against_the_workers_places() -> None:
    bulkheads = filled("a", PLACES)
    bulkheads.settle(0.1)
    assert bulkheads.quick == PLACES
    bulkheads.settle(LATER)
    assert bulkheads.quick == 0
    assert bulkheads.enter("b", "b-1", LATER)
    assert bulkheads.quick == 1


def test_a_place_that_is_given_back_can_be_taken_again() -> None:
    bulkheads = filled("a", PLACES)
    bulkheads.settle(LATER)
    for n in range(PLACES):
        bulkheads.leave("a", f"a-{n}")
    assert bulkheads.quick == 0
    assert bulkheads.full(LATER) == []
    assert bulkheads.enter("a", "a-0", LATER)
