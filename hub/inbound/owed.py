"""Which notices the sender of a mail is owed, queued in the very transaction that makes them true.

    kept, opened and verified                             processed
    it became a submission, or a person filed it          dispatched, if asked for
    a person says it is not for anybody here              failed, if asked for

Rules kept: the words say that a mail arrived, never what was decided about a person: a packet whose disclosure will be
refused is `dispatched` like any other.
"""

from hub.arrivals import Arrival
from hub.storage.database import Step
from hub.storage.statements import Insert, columns_of
from hub.storage.tables import Acknowledgement

_ADD = Insert(Acknowledgement, columns_of(Acknowledgement))
_NOT_DELIVERED = {"misdirected", "not_ours", "refused", "unreadable"}


def at_arrival(arrival: Arrival, inbound: str, now: int) -> tuple[Step, ...]:
    """What is owed once the arrival is durable."""
    return () if arrival.acknowledge is None else (_queued(inbound, "processed", now),)


def at_the_end(arrival: Arrival, inbound: str, state: str, code: str | None, now: int) -> tuple[Step, ...]:
    """What is owed once it has come to its end."""
    if arrival.acknowledge is None or not arrival.acknowledge.delivery:
        return ()
    if state == "submitted" or (state, code) == ("closed", "filed"):
        return (_queued(inbound, "dispatched", now),)
    return (_queued(inbound, "failed", now),) if state == "closed" and code in _NOT_DELIVERED else ()


def _queued(inbound: str, kind: str, now: int) -> Step:
    return Step(_ADD, (inbound, kind, "queued", 0, now, now, None))
