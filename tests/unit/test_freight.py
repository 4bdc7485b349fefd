"""Large packets wait for each other, small ones for none of them, and no partner's can hold up all others'."""

import msgspec
import pytest

from hub.outbox import Ticket
from hub.workers.freight import LINE, SMALL_BYTES, Freight

MIB = 1024 * 1024


def ticket(name: str, mib: float, partner: str = "a") -> Ticket:
    return Ticket(name, "s", partner, None, 0, 0, "ready", None, "c", int(mib * MIB))


def names(tickets: list[Ticket]) -> list[str]:
    return [each.id for each in tickets]


@pytest.fixture
def freight() -> Freight[Ticket]:
    return Freight(64 * MIB)


def test_large_ones_wait_for_each_other_in_the_order_in_which_they_came(freight: Freight[Ticket]) -> None:
    first = [ticket("1", 30, "a"), ticket("2", 30, "b")]
    assert all(freight.enter(each) for each in first)
    assert not freight.enter(ticket("3", 30, "c"))
    assert not freight.enter(ticket("4", 2, "d")), "it would go before the one that came first"
    assert names(list(freight)) == ["3", "4"]
    assert names(freight.leave(first[0])) == ["3", "4"]
    assert list(freight) == []


def test_small_ones_wait_for_nobody(freight: Freight[Ticket]) -> None:
    assert freight.enter(ticket("all-there-is", 64))
    assert not freight.enter(ticket("large", 1))
    assert all(freight.enter(ticket(f"small-{n}", SMALL_BYTES / MIB)) for n in range(1000))


def test_what_is_small_makes_room_for_nothing_when_it_leaves(freight: Freight[Ticket]) -> None:
    small = ticket("small", 0.1)
    assert freight.enter(ticket("all-there-is", 64))
    assert freight.enter(small)
    assert not freight.enter(ticket("large", 1))
    assert freight.leave(small) == []


def test_a_partner_has_half_of_what_there_is_and_is_overtaken_by_others(freight: Freight[Ticket]) -> None:
    held = ticket("a-1", 20, "a")
    assert freight.enter(held)
    assert not freight.enter(ticket("a-2", 20, "a"))
    assert freight.enter(ticket("b-1", 20, "b"))
    assert names(freight.leave(held)) == ["a-2"]


def test_one_that_is_larger_than_all_there_is_goes_alone(freight: Freight[Ticket]) -> None:
    huge, other = ticket("huge", 200, "a"), ticket("other", 1, "b")
    assert freight.enter(other)
    assert not freight.enter(huge)
    assert names(freight.leave(other)) == ["huge"]
    assert not freight.enter(ticket("later", 1, "c"))
    assert names(freight.leave(huge)) == ["later"]


def test_a_stream_of_lesser_ones_does_not_keep_the_largest_waiting_for_ever(freight: Freight[Ticket]) -> None:
    under_way = [ticket(f"{n}", 16, f"p{n}") for n in range(4)]
    assert all(freight.enter(each) for each in under_way)
    assert not freight.enter(ticket("largest", 60, "a"))
    for n, each in enumerate(under_way):
        assert not freight.enter(ticket(f"lesser-{n}", 16, f"q{n}"))
        assert names(freight.leave(each)) == (["largest"] if n == len(under_way) - 1 else [])


def test_when_the_line_is_long_no_more_should_come_and_who_waits_can_be_sent_away(freight: Freight[Ticket]) -> None:
    assert freight.enter(ticket("all-there-is", 64))
    waiting = [ticket(f"{n}", 1) for n in range(LINE)]
    for each in waiting:
        assert not freight.full
        assert not freight.enter(each)
    assert freight.full
    assert freight.dismiss() == waiting
    assert not freight.full
    assert freight.leave(waiting[0]) == [], "it never was under way"


def test_who_waits_no_longer_holds_up_nobody_behind_it(freight: Freight[Ticket]) -> None:
    held, largest, lesser = ticket("held", 30, "a"), ticket("largest", 60, "b"), ticket("lesser", 30, "c")
    assert freight.enter(held)
    assert not freight.enter(largest)
    assert not freight.enter(lesser)
    assert freight.leave(largest) == [lesser]
    assert list(freight) == []


def test_it_tells_who_waits_for_its_own_packets_and_who_for_those_of_others(freight: Freight[Ticket]) -> None:
    assert freight.enter(ticket("a-1", 30, "a"))
    own, others = ticket("a-2", 30, "a"), ticket("b", 40, "b")
    assert freight.has_its_share(own)
    assert not freight.has_its_share(others)


def test_of_one_partner_no_more_wait_than_half_the_line_has_places_for(freight: Freight[Ticket]) -> None:
    assert freight.enter(ticket("all-there-is", 64))
    waiting = [ticket(f"a-{n}", 1, "a") for n in range(LINE // 2 + 2)]
    for number, each in enumerate(waiting):
        assert freight.crowded == ({"a"} if number >= LINE // 4 else set()), "no more should come"
        assert not freight.enter(each)
    other = ticket("b", 1, "b")
    assert not freight.enter(other)
    assert freight.dismiss_surplus() == waiting[-2:], "who came last goes back"
    assert list(freight) == [*waiting[:-2], other]
    assert freight.dismiss_surplus() == []


def test_a_row_that_was_claimed_anew_while_its_first_ticket_waits_keeps_its_own_place(freight: Freight[Ticket]) -> None:
    held, first = ticket("held", 32), ticket("row", 20)
    again = msgspec.structs.replace(first, claim="later")
    assert freight.enter(held)
    assert not freight.enter(first)
    assert not freight.enter(again)
    assert freight.leave(held) == [first]
    assert list(freight) == [again]
    assert freight.leave(first) == [again]
