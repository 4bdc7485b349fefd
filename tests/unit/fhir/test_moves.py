"""Which status of a referral's Task may follow which, by whom: the table of SDOHCC's Task for referral management."""

import itertools

import pytest

from hub.fhir.moves import STATUSES, may_move
from hub.fhir.referral_in import STEPS

END = "entered-in-error"
TARGET = {
    "requested": {"accepted", "rejected", "cancelled", END},
    "accepted": {"in-progress", "on-hold", "failed", "completed", "cancelled", END},
    "in-progress": {"on-hold", "failed", "completed", "cancelled", END},
    "on-hold": {"in-progress", "failed", "completed", "cancelled", END},
    **{ended: {END} for ended in ("rejected", "failed", "completed", "cancelled")},
}
REQUESTER = {
    **{open_: {"cancelled", END} for open_ in ("requested", "accepted", "in-progress", "on-hold")},
    **{ended: {END} for ended in ("rejected", "failed", "completed", "cancelled")},
}


@pytest.mark.parametrize(("party", "table"), [("target", TARGET), ("requester", REQUESTER)])
def test_the_whole_matrix_of_each_party(party, table):
    every = (*STATUSES, "received", "ready", "unknown")
    for old, new in itertools.product(every, every):
        assert may_move(party, old, new) is (new in table.get(old, ())), (party, old, new)


def test_whatever_a_task_can_become_is_a_step_that_can_be_told():
    reachable = {new for table in (TARGET, REQUESTER) for each in table.values() for new in each}
    assert reachable <= STEPS.keys()
