"""Claimed rows wait for a place with their partner, in their order."""

from hub.outbox import Ticket
from hub.workers.anteroom import SEATS, Anteroom


def ticket(name: str, partner: str = "a") -> Ticket:
    return Ticket(name, "s", partner, None, 0, 0, "ready", None, "c")


def test_whoever_came_first_is_let_in_first_and_partners_do_not_mix() -> None:
    anteroom = Anteroom()
    for each in (ticket("1"), ticket("2", "b"), ticket("3")):
        assert anteroom.admit(each)
    assert [each.id for each in anteroom] == ["1", "3", "2"]
    assert [anteroom.next("a"), anteroom.next("a"), anteroom.next("a")] == [ticket("1"), ticket("3"), None]
    assert anteroom.next("b") == ticket("2", "b")


def test_no_partner_has_more_seats_than_one_claim_brings() -> None:
    anteroom = Anteroom()
    assert all(anteroom.admit(ticket(str(n))) for n in range(SEATS))
    assert not anteroom.admit(ticket("one-more"))
    assert anteroom.admit(ticket("other", "b"))


def test_those_of_a_slow_partner_or_all_can_be_sent_away() -> None:
    anteroom = Anteroom()
    for each in (ticket("1"), ticket("2", "b"), ticket("3")):
        anteroom.admit(each)
    assert anteroom.dismiss(["a", "nobody"]) == [ticket("1"), ticket("3")]
    assert anteroom.dismiss() == [ticket("2", "b")]
    assert list(anteroom) == []
