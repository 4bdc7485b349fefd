"""The appendix of a list: how to check it, the fingerprint of each line, and the proofs as files inside the PDF.

A proof is a C2SP tlog-proof of the entry that was written before the bytes left. It shows that entry only, to anybody
who has the public key; the file's name is a number.
"""

from typing import NamedTuple

from hub.compliance import trail
from hub.compliance.accounting import Accounting, Line
from hub.compliance.letters.sheet import Sheet
from hub.compliance.letters.words import Speech
from hub.context import Hub
from hub.crypto.checkpoint import verifier_of
from hub.crypto.keyring import KeyKind
from hub.crypto.ledger import leaf_of
from hub.crypto.proof import Proof
from hub.errors import NotAvailable
from hub.ledger import proofs as ledger

_ENTRIES = ("disclosure.intended", "disclosure.recorded")
"""Before it left through the hub; when it was recorded, after it was made outside of it."""


class Proved(NamedTuple):
    """One disclosure of a line, with its proof if the signed head has its entry already."""

    line: Line
    at: int
    proof: Proof | None


async def append(hub: Hub, paper: Sheet, speech: Speech, told: Accounting) -> None:
    """Add the appendix to the letter, and the proofs to its file."""
    proved = await prove(hub, told.lines)
    _how_to_check(hub, paper, speech, proved)
    said = speech.words.proofs
    paper.titled_page(said["title"])
    paper.paragraph(said["intro"])
    for number, each in enumerate(proved, 1):
        named = {"number": number, "when": speech.day(each.at), "who": each.line.recipient_name}
        if each.proof is None:
            paper.small(said["pending"].format(**named))
            continue
        paper.small(said["line"].format(**named, position=each.proof.position))
        paper.code(leaf_of(each.proof.line).hex())
        paper.attach(each.proof.encode().encode(), f"{number:04}.tlog-proof")


async def prove(hub: Hub, lines: tuple[Line, ...]) -> list[Proved]:
    """The proof of each disclosure's intent, in the order of the lines, all in the newest signed head."""
    entries: list[tuple[Line, int, int | None]] = []
    for line in lines:
        found = await trail.of(hub, line.disclosures, line.entered)
        intents = {each["reference"]: each for each in found if each["kind"] in _ENTRIES}
        for disclosure, moment in zip(line.disclosures, line.moments, strict=True):
            each = intents.get(disclosure)
            entries.append((line, moment, each["entry"] if each and each["position"] is not None else None))
    proofs = await _proofs(hub, [entry for _, _, entry in entries if entry is not None])
    return [Proved(line, at, proofs.get(entry) if entry is not None else None) for line, at, entry in entries]


async def _proofs(hub: Hub, entries: list[int]) -> dict[int, Proof]:
    try:
        return await ledger.inclusions(hub, entries)
    except NotAvailable:
        return {}  # nothing has been signed yet


def _how_to_check(hub: Hub, paper: Sheet, speech: Speech, proved: list[Proved]) -> None:
    said = speech.words.check
    paper.titled_page(str(said["title"]))
    paper.paragraph(str(said["intro"]))
    for part in ("book", "need"):
        paper.heading(str(said[f"{part}_head"]))
        paper.paragraph(str(said[part]))
    paper.heading(str(said["steps_head"]))
    paper.steps(said["steps"])
    paper.heading(str(said["means_head"]))
    paper.paragraph(str(said["means"]))
    paper.small(str(said["key"]))
    paper.code(verifier_of(hub.ring.active(KeyKind.LEDGER)).encode())
    heads = [each.proof.checkpoint for each in proved if each.proof is not None]
    if heads:
        paper.small(str(said["head"]))
        paper.code(heads[0].replace("\u2014", "-"))
