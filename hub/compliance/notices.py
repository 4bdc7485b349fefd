"""Notices of a revocation to those who received something under the consent: optional, one by one, by a person.

Rules kept here:
- No paragraph asks for it, and nothing can be recalled: what was disclosed in reliance stays (§2.31(a)(6)). The notice
  says so. It is prepared only where the county set `HUB_TELL_REVOCATIONS`.
- It is a disclosure itself. It goes in as any other submission, is decided on the facts of that moment, and may well be
  withheld: then somebody looks for another way, or lets it be.
- INVARIANT: unknown-is-disclosed. Whoever may have received something is among them.
"""

import hashlib

import msgspec

from hub.compliance import log, matters
from hub.compliance.log import COUNTS, Wanted
from hub.compliance.matters import Opening
from hub.context import Hub
from hub.storage.database import Step

_MOST = 1_000


async def after_revocation(hub: Hub, member: str, consent: str, as_to: list[str] | None, by: str) -> tuple[Step, ...]:
    """The steps that prepare the notices, in the unit of the revocation; none unless the county wants them."""
    if not hub.duties.tells_earlier_recipients:
        return ()
    rows = await log.page(hub, Wanted(member=member, consent=consent, states=COUNTS, limit=_MOST))
    pairs = dict.fromkeys((row["discloser"], row["recipient"]) for row in rows)
    steps: list[Step] = []
    for discloser, recipient in pairs:
        if as_to is not None and recipient not in as_to:
            continue
        purposes = sorted({r["purpose"] for r in rows if (r["discloser"], r["recipient"]) == (discloser, recipient)})
        opening = Opening(
            kind="notice",
            organization=discloser,
            member=member,
            reference=consent,
            received_at=hub.clock.now(),
            code="to_send",
            facts={"recipient": recipient, "purpose": purposes[0], "consent": consent},
        )
        steps += matters.opened(hub, opening, by=by)[1]
    return tuple(steps)


def digest_of(manifest: bytes, document: bytes) -> bytes:
    """What tells one notice handed in from another under the same key."""
    return hashlib.sha256(msgspec.json.encode((manifest.decode(), document.decode()))).digest()
