"""What the ledger says of whom Direct mail believes: anchors and bundles added and removed, by whom."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from hub.model import Frozen, now_us
from hub.record import entry
from hub.storage.database import Database, Unit

if TYPE_CHECKING:
    from adapters.email.trust.store import Renewal

RENEWAL = "hub/renewal"
"""Who changed it, where nobody did: the community that publishes the bundle."""


class Change(Frozen, frozen=True, kw_only=True):
    """One anchor or bundle that is believed from now on, or no longer."""

    digest: str
    """SHA-256 of the authority's certificate, or of the bundle's address."""
    what: str
    deed: str
    domain: str
    direction: str
    by: str
    bundle: str = ""
    """Of an anchor that came by a bundle: SHA-256 of its address."""


async def record(database: Database, changes: list[Change]) -> None:
    """One ledger entry for each. Raises `StorageFailed`."""
    now, steps = now_us(), []
    for each in changes:
        body = {"what": each.what, "deed": each.deed, "domain": each.domain, "direction": each.direction, "by": each.by}
        steps.append(
            entry("trust.changed", now, body | ({"bundle": each.bundle} if each.bundle else {}), reference=each.digest)
        )
    await database.commit(Unit((), tuple(steps)))


def recorder(database: Database) -> "Callable[[Renewal], Awaitable[None]]":
    """What a trust service tells before a renewal counts."""

    async def told(renewal: "Renewal") -> None:
        await record(database, anchors_of(renewal, RENEWAL))

    return told


def anchors_of(renewal: "Renewal", by: str) -> list[Change]:
    """The anchors that come and go with new content of a bundle."""
    bundle = renewal.bundle
    return [
        Change(
            digest=digest, what="anchor", deed=deed, domain=bundle.domain, direction=bundle.direction, by=by,
            bundle=named(bundle.url),
        )
        for deed, digests in (("added", renewal.added), ("removed", renewal.removed))
        for digest in digests
    ]  # fmt: skip


def named(url: str) -> str:
    """How the ledger names a bundle."""
    return hashlib.sha256(url.encode()).hexdigest()
