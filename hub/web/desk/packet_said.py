"""What the form of a packet says: whom, to whom, what for, which documents; and what is wrong with it, by field.

INVARIANT: no-existence-leak. Who is none of one's own program and who does not exist are answered alike (`whose`).
"""

from typing import NamedTuple

from hub.contents import media_type
from hub.crypto import sealed_item
from hub.desk import drafts
from hub.desk.drafts import Draft, Paper
from hub.desk.guesses import guess
from hub.errors import NotAvailable
from hub.intake import MAX_DOCUMENT_BYTES, MAX_ITEMS, MAX_SUBMISSION_BYTES, MAX_TITLE
from hub.model import new_id
from hub.web.desk import whose
from hub.web.pages.visit import Upload, Visit

PURPOSES = ("treatment", "referral", "care_management", "scheduling", "prior_authorization", "payment")
MOST_RECIPIENTS = 3
_KEPT = ("cin", "given", "family", "born")


class Said(NamedTuple):
    """What the form says, with what is wrong in it: field and text."""

    draft: Draft
    contents: dict[int, bytes]
    wrong: dict[str, str]


async def read(visit: Visit) -> Said:
    """The form of a packet; a draft that was sent, is too old or somebody else's begins anew with what was typed."""
    wrong: dict[str, str] = {}
    before = await _before(visit, wrong)
    member = await whose.meant(visit)
    if member is None:
        wrong["cin"] = visit.say("packet.nobody" if any(visit.field(each) for each in _KEPT) else "packet.no_person")
    recipients = await _recipients(visit, wrong)
    purpose = visit.field("purpose", 64)
    if purpose not in PURPOSES:
        wrong["purpose"] = visit.say("packet.no_purpose")
    kept, contents = papers(visit, before.papers if before else (), wrong)
    typed = {name: tuple(visit.form.get(name, [])) for name in (*_KEPT, "recipient")}
    draft = Draft(
        id=before.id if before else new_id(), version=new_id(), member=member or "", recipients=recipients,
        purpose=purpose, urgent=bool(visit.field("urgent")), papers=kept, typed=typed,
    )  # fmt: skip
    return Said(draft, contents, wrong)


async def _before(visit: Visit, wrong: dict[str, str]) -> Draft | None:
    earlier = visit.field("draft", 64)
    try:
        return await drafts.read(visit.hub, earlier, person=visit.who.id) if earlier else None
    except NotAvailable:
        wrong["files"] = visit.say("packet.files_gone")
        return None


async def _recipients(visit: Visit, wrong: dict[str, str]) -> tuple[str, ...]:
    organizations = (await visit.hub.directory.current()).organizations
    named = {each.id: each.name.casefold() for each in organizations.values() if each.id != visit.who.home}
    found: list[str] = []
    for typed in [each.strip() for each in visit.form.get("recipient", [])[:MOST_RECIPIENTS] if each.strip()]:
        text = typed.casefold()
        fits = [each for each, name in named.items() if text in (name, each)]
        fits = fits or [each for each, name in named.items() if text in name]
        if len(fits) == 1:
            found += [fits[0]] if fits[0] not in found else []
        else:
            wrong["recipient"] = visit.say("packet.several" if fits else "packet.no_recipient")
    if not found and "recipient" not in wrong:
        wrong["recipient"] = visit.say("packet.to_whom_hint")
    return tuple(found)


def papers(
    visit: Visit, before: tuple[Paper, ...], wrong: dict[str, str], *, needed: bool = True
) -> tuple[tuple[Paper, ...], dict[int, bytes]]:
    """What was kept before and not taken out, then the new files; those that cannot go are named beside the field."""
    out = set(visit.form.get("out", []))
    kept = [each for each in before if str(each.number) not in out]
    contents: dict[int, bytes] = {}
    number = max((each.number for each in before), default=0)
    for file in visit.files:
        why = _refused(file)
        if not why and len(kept) == MAX_ITEMS:
            why = "packet.too_many"
        if not why and sum(each.size for each in kept) + len(file.content) > MAX_SUBMISSION_BYTES:
            why = "packet.too_much"
        if why:
            wrong["files"] = f"{wrong.get('files', '')} {visit.say(why, name=file.name or '–')}".strip()
            continue
        number += 1
        title = (file.name.rpartition(".")[0] or file.name or visit.say("packet.document", n=number))[:MAX_TITLE]
        kept.append(Paper(number=number, title=title, information=guess(file.name), size=len(file.content)))
        contents[number] = file.content
    if needed and not kept and "files" not in wrong:
        wrong["files"] = visit.say("packet.no_files")
    return tuple(kept), contents


def _refused(file: Upload) -> str:
    """Why a file cannot go; empty if it can. It is what its bytes say, whatever its name ends in."""
    if not file.content:
        return "packet.empty_file"
    if len(file.content) > MAX_DOCUMENT_BYTES:
        return "packet.too_large"
    # What is sealed for a recipient says so in a manifest, which a form has none of.
    return "packet.unreadable" if media_type(file.content) in (None, sealed_item.MEDIA_TYPE) else ""
