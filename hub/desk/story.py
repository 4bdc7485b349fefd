"""The whole story behind a row of the log: submission, decision, consents, duties, deliveries with proof, ledger.

Everything here is read from what was stored then; the words are those of the language asked for, the law that of then.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub import views
from hub.compliance import trail
from hub.context import Hub
from hub.desk import standing
from hub.desk.standing import Standing
from hub.explanations import explained
from hub.outside import showing
from hub.storage import submissions
from hub.storage.statements import Lookup
from hub.storage.submissions import StoredSubmission
from hub.storage.tables import Attempt, Disclosure, Outbox, Proof
from policies.obligations import OBLIGATIONS

_ATTEMPT = ("number", "id", "channel", "started_at", "finished_at", "outcome", "code", "receipt")
_ATTEMPTS = Lookup(Attempt, _ATTEMPT, "disclosure_id")
_COPIES = Lookup(Outbox, ("id", "recipient", "state", "due_at"), "submission_id")
_DISCLOSURE = Lookup(Disclosure, ("address", "intended_at", "concluded_at"), "id")
_PROOF = ("delivery", "kind", "says", "reference", "at")
_PROOFS = Lookup(Proof, _PROOF, "disclosure_id")


class Part(NamedTuple):
    """Items of the packet with one fate: what they are, whether they went, and why."""

    information: str
    """Classes, separated by ", "."""
    goes: bool
    waits: bool
    text: str
    permitted: bool


class Story(NamedTuple):
    row: dict[str, Any]
    submission: StoredSubmission
    decision: dict[str, Any]
    parts: list[Part]
    remedies: list[str]
    consents: list[Standing]
    duties: list[tuple[str, str]]
    """The obligations that went along, each with its paragraph."""
    address: str
    attempts: list[dict[str, Any]]
    proofs: list[dict[str, Any]]
    trail: list[dict[str, Any]]
    recorded: dict[str, Any] | None
    """Of a disclosure made outside of the hub: how its record stands (`hub.outside.showing.codes`)."""


async def of(hub: Hub, row: dict[str, Any], language: str) -> Story:
    """The story of a row (`hub.desk.log`)."""
    stored = await submissions.read(hub.database, row["submission_id"])
    assert stored is not None
    decision = await explained(hub, await views.decision(hub, row["decision_id"], None), language)
    attempts = await _rows(hub, _ATTEMPTS, _ATTEMPT, row["reference"])
    for attempt in attempts:
        attempt["receipt"] = attempt["receipt"] and msgspec.json.decode(attempt["receipt"])
    disclosure = await hub.database.lookup(_DISCLOSURE, row["reference"])
    moments = [stored.created_at, row["at"], decision["at"], *_instants(attempts), *(disclosure or [(0, 0, 0)])[0][1:]]
    ended = await _ended(hub, row)
    references = (row["reference"], stored.id, *ended)
    return Story(
        row=row,
        submission=stored,
        decision=decision,
        parts=_parts(stored, decision),
        remedies=[each["text"] for each in decision["remedies"]],
        consents=await _consents(hub, stored.member, decision, language),
        duties=[(each, OBLIGATIONS[each]) for each in decision["obligations"]] if disclosure else [],
        address=disclosure[0][0] if disclosure else "",
        attempts=sorted(attempts, key=lambda each: int(each["number"])),
        proofs=sorted(await _rows(hub, _PROOFS, _PROOF, row["reference"]), key=lambda each: int(each["at"])),
        recorded=await showing.codes(hub, row["reference"]),
        trail=_about(await trail.of(hub, references, [at for at in (*moments, *ended.values()) if at]), row),
    )


async def _ended(hub: Hub, row: dict[str, Any]) -> dict[str, int]:
    """The copies of this recipient that nobody will get, with the instant that ended each: who took it back or let it
    be stands in the ledger by them.
    """
    copies = await hub.database.lookup(_COPIES, row["submission_id"])
    return {copy: at for copy, recipient, state, at in copies if (recipient, state) == (row["recipient"], "withheld")}


async def held_by(hub: Hub, disclosure: str) -> str:
    """The program that made a disclosure; empty if there is none."""
    rows = await hub.database.query(select(col(Disclosure.discloser)).where(col(Disclosure.id) == disclosure))
    return str(rows[0][0]) if rows else ""


def _parts(stored: StoredSubmission, decision: dict[str, Any]) -> list[Part]:
    """Items that share their fate and its reason stand together, in the packet's order."""
    asked = stored.facts.asked.classes
    said = {each["item"]: each["text"] for each in decision["explanation"]}
    alike: dict[tuple[bool, bool, str, bool], dict[str, None]] = {}
    for each in decision["items"]:
        # The explanation opens with the item's own id, which says nothing to a reader.
        text = said.get(each["item"], "").replace(f'"{each["item"]}" ', "", 1)
        goes = each["permitted"] and not each["hold"]
        fate = (goes, each["hold"], text[:1].upper() + text[1:], each["permitted"])
        alike.setdefault(fate, {})[asked.get(each["item"], "")] = None
    return [Part(", ".join(filter(None, classes)), *fate) for fate, classes in alike.items()]


async def _consents(hub: Hub, member: str | None, decision: dict[str, Any], language: str) -> list[Standing]:
    relied_on: Sequence[str] = decision["consents"]
    if member is None:
        return []
    found = [await standing.of(hub, member, each, decision["at"], language) for each in relied_on]
    return [each for each in found if each is not None]


async def _rows(hub: Hub, statement: Lookup, names: tuple[str, ...], key: str) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in await hub.database.lookup(statement, key)]


def _instants(attempts: Iterable[dict[str, Any]]) -> list[int]:
    return [attempt[name] for attempt in attempts for name in ("started_at", "finished_at") if attempt[name]]


def _about(entries: Iterable[dict[str, Any]], row: dict[str, Any]) -> list[dict[str, Any]]:
    """Of the submission's entries only those about this recipient; who looked stands in a list of its own."""
    about = (each for each in entries if each["body"].get("recipient", row["recipient"]) == row["recipient"])
    return [each for each in about if not each["kind"].endswith(".viewed")]
