"""What follows a record: its reviews, the notice that is owed, the matter of a presumed breach; and what ends with it
when it stands no more.
"""

from sqlalchemy import select
from sqlmodel import col

from hub.bases import reviews
from hub.compliance import breaches
from hub.compliance.breaches import Breach
from hub.context import Hub
from hub.outside.judging import COPY, NOTICE, Judged
from hub.outside.manifest import OutsideManifest
from hub.outside.rows import Hand, Made
from hub.storage.database import Step
from hub.storage.facts import instant
from hub.storage.tables import WorkItem
from hub.waiting.work import close_for, is_open, open_work
from policies.texts import LANGUAGES

OWED = "notice_owed"
"""The work of sending what §2.32 asks for after it was told without."""
OWING = frozenset({NOTICE, COPY})
ENDED = "stands no more"
"""How work about a record ends that was corrected, or was none."""
SUSPECTED = {
    "en": "A disclosure made outside of this system was recorded afterwards. What the rules say of it:",
    "es": "Se anotó después una divulgación hecha fuera de este sistema. Lo que dicen las reglas:",
}
"""What the matter opens with, in the language of whoever recorded it."""


def owed(hub: Hub, made: Made) -> tuple[Step, ...]:
    """The reviews of what was told, and work where what §2.32 asks for did not go with it: it is sent afterwards."""
    decision, codes = made.judged.decision, tuple(each for each in made.judged.missing if each in OWING)
    released = tuple(each.item for each in decision.items if each.permitted)
    due = hub.calendar.end_of_next(made.at, hub.zone)
    notice = (open_work(OWED, made.submission.sender, made.id, codes, made.at, due=due),) if codes else ()
    return (*reviews.owed(hub, made.id, made.submission, decision, released, made.at, seen=False), *notice)


async def suspected(
    hub: Hub, form: OutsideManifest, hand: Hand, judged: Judged, disclosure: str
) -> tuple[str, tuple[Step, ...]]:
    """What was not permitted is presumed a breach until somebody has assessed it (45 CFR 164.402(2)); it is discovered
    by being recorded.
    """
    spoken, kinds = LANGUAGES[hand.language].classes, judged.asked.classes
    said = "\n".join(
        # The policy speaks of numbered items; a reader knows what they are.
        each["text"].replace(f'"{each["item"]}"', spoken.get(kinds[each["item"]], kinds[each["item"]]))
        for each in judged.words["explanation"]
    )
    breach = Breach(
        discovered_at=instant(hub.clock.now()),
        happened_at=instant(form.instant),
        what=f"{SUSPECTED[hand.language]}\n{said}",
        members=(judged.member,),
        reference=disclosure,
    )
    return await breaches.discovered(hub, breach, hand.discloser, by=hand.by)


async def ended(hub: Hub, disclosure: str, *, by: str, at: int) -> tuple[Step, ...]:
    """Nobody reviews any more, or sends a notice about, what was not so: the notice would be a disclosure itself. An
    incident or a matter stays open: somebody concludes it.
    """
    about = (col(WorkItem.reference) == disclosure, col(WorkItem.kind).in_(sorted({OWED, *reviews.REVIEWS})))
    rows = await hub.database.query(select(col(WorkItem.kind)).where(is_open(), *about))
    return tuple(close_for(kind, disclosure, by, ENDED, at) for (kind,) in rows)
