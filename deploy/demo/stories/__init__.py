"""The day, one file a story: each acts through desks as people would, then checks what happened at the partners."""

from collections.abc import AsyncIterator, Callable

from deploy.demo.report import Step
from deploy.demo.stage import Stage
from deploy.demo.stories import (
    a_warm_handoff,
    b_admission_notice,
    c_crisis_followup,
    d_revocation,
    e_inquiries,
    f_emergency,
    g_ledger,
)

Story = Callable[[Stage], AsyncIterator[Step]]

DAY: tuple[tuple[str, Story], ...] = (
    ("(a) A warm handoff: six documents go, the counseling note stays", a_warm_handoff.play),
    ("(b) An admission notice to the member's health plan", b_admission_notice.play),
    ("(c) A crisis follow-up to three recipients, one of them without consent", c_crisis_followup.play),
    ("(d) A revocation lands while a packet waits", d_revocation.play),
    ("(e) Asking about a person: no consent, and no such person", e_inquiries.play),
    ("(f) A medical emergency", f_emergency.play),
    ("(g) The ledger of the day", g_ledger.play),
)
