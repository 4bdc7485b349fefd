"""Verify now: that a row's ledger entries stand in the signed tree, and that the decision shown is the one recorded.

Nothing stored is taken on trust: each inclusion proof is computed and checked against the signed head, and the stored
decision is hashed and compared with what its entry says.
"""

import hashlib
from typing import Any, NamedTuple

from hub.context import Hub
from hub.crypto.proof import Proof
from hub.errors import HubError
from hub.ledger import proofs
from hub.storage.statements import Lookup
from hub.storage.tables import Decision

_BODY = Lookup(Decision, ("body",), "id")


class Checked(NamedTuple):
    """One entry: its proof where it holds, else why not."""

    entry: dict[str, Any]
    proof: Proof | None
    code: str


class Verified(NamedTuple):
    entries: list[Checked]
    decisions: bool
    """Whether every stored decision is the one that the ledger binds."""
    size: int
    root: str

    @property
    def intact(self) -> bool:
        """Nothing was found wrong."""
        return self.decisions and bool(self.entries) and all(each.proof is not None for each in self.entries)


async def verify(hub: Hub, trail: list[dict[str, Any]]) -> Verified:
    """Check the entries (`hub.compliance.trail`) against the newest signed head."""
    checked = [await _check(hub, each) for each in trail]
    heads = [each.proof.head for each in checked if each.proof is not None]
    size, root = (heads[-1].size, heads[-1].root.hex()) if heads else (0, "")
    bound = [each["body"] for each in trail if "decision" in each["body"]]
    return Verified(checked, all([await _same(hub, body) for body in bound]), size, root)


async def proof_of(hub: Hub, entry: int) -> str:
    """The proof of one entry as a file that a public key alone checks. Raises as `hub.ledger.proofs.inclusion`."""
    return (await proofs.inclusion(hub, entry)).encode()


async def _check(hub: Hub, entry: dict[str, Any]) -> Checked:
    try:
        return Checked(entry, await proofs.inclusion(hub, entry["entry"]), "")
    except HubError as error:
        return Checked(entry, None, error.detail_code)


async def _same(hub: Hub, body: dict[str, Any]) -> bool:
    """The stored decision has the digest that the entry binds; an entry that binds none says nothing of it."""
    digest = body.get("decision_digest") or (body.get("digest") if "attempt" not in body else None)
    if digest is None:
        return True
    rows = await hub.database.lookup(_BODY, body["decision"])
    return bool(rows) and hashlib.sha256(rows[0][0].encode()).hexdigest() == digest
