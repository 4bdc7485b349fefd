"""Truth and time of a consent at one instant, §2.31(c): false, not prior, expired, revoked."""

from collections.abc import Iterable
from datetime import date, datetime

from policies.days import day_of, start_of
from policies.facts import Facts, Matter
from policies.model import Consent, Event, Revocation
from policies.part2.form import Form


def concerned(facts: Facts, principal: str | None = None) -> frozenset[str]:
    """The parties as to whom a revocation counts: the recipient, who discloses, and in whose name (`principal`).

    `principal` None: a holder passes on what it received, and all that the holder belongs to counts.
    """
    if principal is None:
        return facts.to | facts.discloser_line
    return facts.to | facts.disclosing | {principal}


def lapses(facts: Facts, form: Form, principal: str | None = None) -> tuple[str, ...]:
    """Why the consent is not in force at the instant of the disclosure; empty if it is. `principal`: as `concerned`."""
    at, signed_at = facts.at, form.consent.signed_at
    found: list[str] = []
    postdated = signed_at is None and form.signed_from is not None and form.signed_from > at
    if form.dubious or postdated:
        found.append("consent.false")  # §2.31(c)(4)
    if signed_at is not None and signed_at > at:
        found.append("consent.not_prior")  # 42 USC 290dd-2(b)(1)(A)
    if form.end is not None:
        if at >= form.end:
            found.append("consent.expired")
    elif form.event is not None:
        found.extend(expired_by_event(facts, form.event, at))
    revoked = form.consent.revoked
    if revoked and any(effective_revocations(facts, form.consent, concerned(facts, principal), at)):
        found.append("consent.revoked")
    return tuple(found)


def expired_by_event(facts: Facts, event: str, at: datetime) -> tuple[str, ...]:
    """§2.31(a)(7), (c)(1): what has happened stays happened; what nobody has checked may have happened."""
    state = facts.request.events.get(event, "unknown")
    if isinstance(state, datetime):
        return ("consent.expired",) if at >= state else ()
    return () if state == "not_yet" else ("consent.expiry_unknown",)


def effective_revocations(
    facts: Facts,
    consent: Consent,
    line: frozenset[str],
    at: datetime,
) -> Iterable[Revocation]:
    """The revocations that count at the instant, as to all or to a party of the line (§2.31(a)(6), (c)(3))."""
    only_written = facts.choices.only_written_revokes
    for revocation in consent.revoked:
        if only_written and revocation.how == "oral":
            continue
        concerns = revocation.as_to is None or not revocation.as_to.isdisjoint(line)
        if revocation.at <= at and concerns and _revocable(facts, consent, revocation.at):
            yield revocation


def _revocable(facts: Facts, consent: Consent, at: datetime) -> bool:
    """§2.35(c): a criminal justice consent is revocable from its date or event on.

    If nobody knows whether the event had happened, the revocation counts: it stops a disclosure, and nothing
    compels one.
    """
    start = consent.revocable_from
    if consent.kind != "criminal_justice":
        return True
    if isinstance(start, Event):
        state = facts.request.events.get(start.name, "unknown")
        return at >= state if isinstance(state, datetime) else state != "not_yet"
    return not isinstance(start, date) or at >= start_of(start, facts.world.zone)


def relied_on(facts: Facts, consent: Consent, matter: Matter) -> bool:
    """§2.31(a)(6): payment for care given on a day before the first revocation; older text called it reliance."""
    first = min((revocation.at for revocation in revoked_as_to(facts, consent, matter)), default=None)
    made = matter.item.made
    if first is None or made is None:
        return False
    return made < day_of(first, facts.world.zone)


def only_oral(facts: Facts, consent: Consent, matter: Matter) -> bool:
    """§2.31(a)(6): revoked by word of mouth and not yet in writing."""
    hows = {revocation.how for revocation in revoked_as_to(facts, consent, matter)}
    return bool(hows) and "written" not in hows


def revoked_as_to(facts: Facts, consent: Consent, matter: Matter) -> Iterable[Revocation]:
    """The revocations that count for an item, whoever passes it on and in whose name."""
    return effective_revocations(facts, consent, concerned(facts) | {matter.principal}, facts.at)


def given_on_receipt(facts: Facts, form: Form, received: datetime | None) -> bool:
    """42 USC 290dd-2(b)(1)(A), §2.31(a), (c)(4): what came before the signature, or upon a word or a forgery, did not
    come with a consent at all.
    """
    signed = form.consent.signed_at or form.signed_from
    prior = signed is None or signed <= (received or facts.at)
    return prior and form.consent.written and not form.dubious


def doubt_on_receipt(facts: Facts, form: Form, received: datetime | None) -> tuple[str, ...]:
    """§2.11 lawful holder: had the consent expired on receipt, or been revoked, as to all or to the holder?

    If nobody wrote down when the record came, it is judged as if it came now. An event of which nobody knows makes
    no unlawful holder; it stops the record until somebody knows.
    """
    at = received or facts.at
    by_event = expired_by_event(facts, form.event, at) if form.event is not None else ()
    over = (form.end is not None and at >= form.end) or "consent.expired" in by_event
    if over or any(effective_revocations(facts, form.consent, facts.discloser_line, at)):
        return ("redisclosure.not_lawful_holder",)
    return by_event
