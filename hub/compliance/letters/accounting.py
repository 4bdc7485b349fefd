"""The letter that answers a request: who received information, when, what, why; with proofs, and how to check them."""

import hashlib
from typing import NamedTuple

from hub.compliance import accounting, matters
from hub.compliance.accounting import Accounting, Line
from hub.compliance.letters import proofs
from hub.compliance.letters.addressed import sheet
from hub.compliance.letters.sheet import Sheet
from hub.compliance.letters.words import Said, Speech
from hub.context import Hub
from hub.errors import NotAvailable

_WIDTHS = (28, 35, 37)


class Made(NamedTuple):
    """A letter, and the SHA-256 of its bytes in hex."""

    pdf: bytes
    digest: str


async def answer(hub: Hub, matter: str, organization: str | None) -> Made:
    """The letter for an open request, of this moment. Raises `NotAvailable` for anything else."""
    found = await matters.read(hub, matter, organization)
    facts, at = found["facts"], hub.clock.now()
    speech = Speech(facts.get("language", "en"), hub.zone)
    member, of = found["member_id"], found["organization_id"]
    if found["kind"] == "accounting":
        told = await accounting.account(hub, member, of, at=at, scope=facts["scope"], years=facts["years"])
        opening = speech.words.accounting
    elif found["kind"] == "list":
        told, opening = await accounting.intermediary_list(hub, member, of, at=at), speech.words.list
    else:
        raise NotAvailable
    paper = await sheet(hub, member, of, matter, speech.language, at)
    paper.letterhead(opening["title"])
    dates = {"received": found["received_at"], "since": told.since, "until": at}
    paper.paragraph(opening["opening"].format(**{name: speech.day(value) for name, value in dates.items()}))
    _lines(paper, speech, told)
    if found["kind"] == "accounting" and facts["scope"] == "due":
        paper.heading(speech.words.accounting["not_listed_head"])
        paper.paragraph(speech.words.accounting["not_listed"])
    _rights(paper, speech, facts.get("fee_cents"), appendix=bool(told.lines))
    if told.lines:
        await proofs.append(hub, paper, speech, told)
    pdf = bytes(paper.output())
    return Made(pdf, hashlib.sha256(pdf).hexdigest())


async def extension(hub: Hub, matter: str, organization: str | None) -> Made:
    """The letter about the thirty days more (45 CFR 164.528(c)(1)(ii)). Raises `NotAvailable` if none were taken."""
    found = await matters.read(hub, matter, organization, "accounting")
    if not found["facts"].get("extended"):
        raise NotAvailable
    speech, at = Speech(found["facts"]["language"], hub.zone), hub.clock.now()
    said = speech.words.extension
    reason = (await matters.words(hub, matter))["extension"]
    paper = await sheet(hub, found["member_id"], found["organization_id"], matter, speech.language, at)
    paper.letterhead(said["title"])
    paper.paragraph(said["opening"].format(received=speech.day(found["received_at"])))
    paper.paragraph(said["reason"].format(reason=reason))
    # A clock ends at midnight; the day before is the last one on which the answer is in time.
    paper.closing(said["until"].format(until=speech.day(found["clocks"][0]["due_at"] - 1)))
    pdf = bytes(paper.output())
    return Made(pdf, hashlib.sha256(pdf).hexdigest())


def _lines(paper: Sheet, speech: Speech, told: Accounting) -> None:
    said = speech.words.accounting
    if not told.lines:
        paper.paragraph(said["nothing"])
        return
    count = sum(line.count for line in told.lines)
    paper.paragraph(said["counted_once"] if count == 1 else said["counted"].format(count=count))
    heads = (said["when"], said["who"], said["what"])
    paper.columns(heads, _WIDTHS, [_row(said, speech, line) for line in told.lines])


def _row(said: Said, speech: Speech, line: Line) -> tuple[str, str, str]:
    when = speech.day(line.first)
    if line.count > 1:
        last = speech.day(line.last)
        when = said["repeated" if when != last else "repeated_that_day"].format(count=line.count, first=when, last=last)
    what = [
        f"{speech.information(line.description)}.",
        said["purpose"].format(purpose=speech.purpose(line.purpose)) + ".",
    ]
    if not line.permitted:
        what.append(said["not_permitted"])
    elif "consent" not in line.bases:
        what.append(said["emergency" if "emergency" in line.bases else "without_consent"])
    if not line.certain:
        what.append(said["uncertain"])
    if line.way:
        first, last = speech.day(min(line.entered)), speech.day(max(line.entered))
        what.append(said["written_down" if first == last else "written_down_by"].format(day=last))
    return when, f"{line.recipient_name},\n{speech.place(line.address, line.way)}", "\n".join(what)


def _rights(paper: Sheet, speech: Speech, cents: int | None, *, appendix: bool) -> None:
    said = speech.words.accounting
    paper.heading(said["rights_head"])
    paper.paragraph(said["rights"])
    cost = said["fee"].format(amount=f"${cents / 100:.2f}") if cents else said["free"]
    paper.closing(f"{cost} {said['appendix']}" if appendix else cost)
