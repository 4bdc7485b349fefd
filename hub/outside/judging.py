"""What the rules would have said of a disclosure at the instant it was made: asked afterwards, refusing nothing."""

from typing import Any, NamedTuple

import msgspec

from hub.bases.checks import check_known
from hub.bases.manifests import stated
from hub.bases.stated import Stated, facts_of
from hub.context import Hub
from hub.decide import OUTSIDER, decide, joined, question, record_of
from hub.decisions import Asked, DecisionRecord
from hub.errors import Malformed, NotAvailable
from hub.explanations import decision_of, in_words
from hub.outside import then
from hub.outside.manifest import BY, OutsideManifest
from hub.storage import members
from hub.storage.directory import Directory
from hub.storage.facts import Facts
from policies.vocabulary import HOLDINGS, UNKNOWN_SOURCE

NOTICE, COPY = "2.32(a)", "2.32(b)"
WRITTEN, EXPLAINED = frozenset({"handed", "sent_after"}), frozenset({"copy", "explained"})


class Judged(NamedTuple):
    """The answer, what it rests on, and what is still owed."""

    member: str
    recipient: str
    asked: Asked
    decision: DecisionRecord
    words: dict[str, Any]
    """The answer in a language, and what would have permitted what it does not."""
    later: tuple[str, ...]
    """What may have been otherwise then (`hub.outside.then`)."""
    missing: tuple[str, ...]
    """Paragraphs of what was to go with it, or to be written, and has not been."""

    @property
    def stands(self) -> bool:
        """Whether the rules would have let all of it go."""
        return self.decision.outcome not in ("deny", "partial")


async def judge(hub: Hub, form: OutsideManifest, discloser: str, language: str) -> Judged:
    """Ask the rules of the day on which it was made, on the facts of then as far as they are known.

    Raises `NotAvailable` for a person whom the discloser has nothing to do with, and `Malformed` naming the field for
    an instant to come, and for a party, a consent or an agreement that is not known.
    """
    directory, at = await hub.directory.current(), form.instant
    if at > hub.clock.now():
        raise Malformed("This has not happened yet.", field="$.made_at")
    facts = await _facts(hub, form, discloser, at)
    _check(hub, form, discloser, facts, directory)
    assert facts.member is not None
    asked, recipient = asked_by(form), form.recipient or OUTSIDER
    request = question(
        asked, facts, directory, discloser=discloser, recipient=recipient, at=at, by=BY[form.way],
        operator=None, county_pack=hub.county_pack, outsider=form.somebody.name if form.somebody else OUTSIDER,
    )  # fmt: skip
    rules = directory.rules_at(request.at)
    decision = record_of(decide(request, rules), request, facts, directory)
    return Judged(
        facts.member,
        recipient,
        asked,
        decision,
        in_words(request, decision_of(decision), language, rules, past=True),
        await then.later(hub, facts.member, (discloser, recipient, form.source or discloser), decision, at),
        missing(form.notice, form.scope, asked.stated, decision),
    )


def asked_by(form: OutsideManifest) -> Asked:
    """What of a record a decision needs; names and free text stay out."""
    kinds = tuple(stated(form))
    named = tuple(each.agreement for each in (form.audit, form.qso) if each is not None)
    facts: Stated | None = None
    if kinds or form.somebody is not None or form.against != "patient":
        roles = frozenset(form.somebody.roles) if form.somebody else None
        facts = msgspec.structs.replace(facts_of(form, kinds), outsider=roles)
    return Asked(
        purpose=form.purpose,
        items=form.items,
        relationships={form.recipient: form.relationship} if form.recipient and form.relationship else {},
        service=form.service,
        calaim=form.calaim,
        agreements=form.agreements + named,
        stated=facts,
    )


async def _facts(hub: Hub, form: OutsideManifest, discloser: str, at: int) -> Facts:
    """INVARIANT: no-existence-leak. Somebody else's patient is as unknown as nobody."""
    member = form.member.id if form.member.cin is None else await members.find_by_cin(hub, form.member.cin)
    facts = await hub.facts.as_of(member or "", at)
    if discloser not in facts.known_to:
        raise NotAvailable
    return facts


def _check(hub: Hub, form: OutsideManifest, discloser: str, facts: Facts, directory: Directory) -> None:
    if form.recipient is not None and form.recipient not in directory.organizations:
        raise Malformed("No such organization in the directory.", field="$.recipient")
    if form.recipient == discloser:
        raise Malformed("Within one organization it is no disclosure to another one.", field="$.recipient")
    world = joined(directory.world, frozenset(), OUTSIDER)  # an order may name who is in no directory, too
    check_known(form, form.agreements, world, hub.clock.now())
    of_person = {each.id for each in facts.consents}
    if form.consent is not None and form.consent not in of_person:
        raise Malformed("No such consent of this person.", field="$.consent")
    if form.source is not None and form.source != UNKNOWN_SOURCE and form.source not in directory.organizations:
        raise Malformed("No such organization in the directory.", field="$.source")
    if form.held_under is not None and form.held_under not in HOLDINGS | of_person:
        raise Malformed("No such consent of this person, and no way to hold it.", field="$.held_under")


def missing(notice: str | None, scope: str | None, facts: Stated | None, decision: DecisionRecord) -> tuple[str, ...]:
    """Paragraphs of what was to go with it or to be written down, and was not as far as anybody said."""
    found = list(facts.missing) if facts else []
    if "notice" in decision.obligations and notice not in WRITTEN:
        found.append(NOTICE)
    if "consent_copy" in decision.obligations and scope not in EXPLAINED:
        found.append(COPY)
    return tuple(found)
