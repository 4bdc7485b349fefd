"""A consent's effect said to the patient in a few plain sentences, before anybody signs or verifies it.

The sentences are made from the effect (`policies.effect`) and from nothing else, so that what is said is what was
proved against the engine.
"""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import NamedTuple

from policies.effect import Effect, Grant, Span
from policies.model import Event, PersonAt
from policies.part2.form import ON_REQUEST
from policies.texts import LANGUAGES, spoken_en, spoken_es
from policies.texts.spoken import Spoken
from policies.vocabulary import WITHOUT_NOTES
from policies.world import World

SPOKEN = {"en": spoken_en.TEXT, "es": spoken_es.TEXT}
Moment = date | datetime
WHOLE = (("whole", WITHOUT_NOTES), ("whole_without_mental_health", WITHOUT_NOTES - {"mental_health"}))


def read_back(effect: Effect, world: World, language: str = "en") -> str:
    """What the consent lets be told, until when, and how to stop it (§2.31(a)). Raises KeyError for a language that
    there is no table of.
    """
    voice = Voice(world, language)
    frames = SPOKEN[language].frames
    wholly = [each for each in effect.revoked if each.as_to is None]
    if effect.faults or not effect.spans or not voice.recipients(effect) or not effect.grants:
        return frames["nothing"]
    said = [voice.grant(effect, grant) for grant in effect.grants]
    if wholly and effect.revocable_from is None:
        said = [frames["taken_back"].format(date=voice.day(min(each.at for each in wholly)))]
        return " ".join(said)
    said += voice.limits(effect)
    said.append(voice.stopping(effect))
    if not effect.verified:
        said.append(frames["unverified"])
    return " ".join(said)


def read_denial(as_to: Iterable[str], world: World, language: str = "en") -> str:
    """What "share nothing" says: to everybody, or to these parties."""
    voice = Voice(world, language)
    named = voice.to(*(world.parties[party].name if party in world.parties else party for party in sorted(as_to)))
    frames = SPOKEN[language].frames
    return frames["denial_as_to"].format(names=named) if named else frames["denial"]


class Voice(NamedTuple):
    """One language, spoken in one county."""

    world: World
    language: str

    @property
    def text(self) -> Spoken:
        return SPOKEN[self.language]

    def grant(self, effect: Effect, grant: Grant) -> str:
        """Who may tell whom about what, for what, until when."""
        disclosers = self.disclosers(effect)
        frame = "grant_one" if len(effect.disclosers) + effect.treating_programs * 2 == 1 else "grant_many"
        words = {
            "until": self.until(effect),
            "disclosers": disclosers,
            "recipients": self.recipients(effect),
            "information": self.information(grant.information),
            "purposes": self.purposes(grant.purposes),
        }
        return self.text.frames[frame].format(**words)

    def limits(self, effect: Effect) -> list[str]:
        """What narrows it: conditions of a purpose, who signed, what was taken back, a second look."""
        frames = self.text.frames
        granted = frozenset[str]().union(*(grant.purposes for grant in effect.grants))
        said = [frames[purpose] for purpose in ("supervision", "dual_enrollment") if purpose in granted]
        if effect.exchange is not None:
            exchange, participants = self.names([effect.exchange]), self._participants(effect)
            said.append(frames["participants"].format(names=exchange, participants=participants))
        if effect.kind == "tpo":
            said.append(frames["passed_on"])  # §2.33(b)(1)
        if effect.waits:
            said.append(frames["waits"])
        for span in effect.spans:
            said += self._span(span)
        for revocation in effect.revoked:
            frame = frames["taken_back" if revocation.as_to is None else "taken_back_as_to"]
            names = self.to(*map(self._name, sorted(revocation.as_to or ())))
            said.append(frame.format(date=self.day(revocation.at), names=names))
        said += [frames["starts"].format(date=self.day(day)) for day in (effect.start,) if day is not None]
        return said

    def stopping(self, effect: Effect) -> str:
        """§2.31(a)(6): how to take it back; §2.35(c): from when."""
        frames, since = self.text.frames, effect.revocable_from
        if isinstance(since, Event):
            return frames["stop_later_event"].format(event=self._event(since.name))
        if isinstance(since, date):
            return frames["stop_later_day"].format(date=self.day(since), disclosers=self.disclosers(effect))
        return frames["stop"].format(disclosers=self.disclosers(effect))

    def until(self, effect: Effect) -> str:
        """§2.31(a)(7): the end, as the patient would say it."""
        if effect.event is not None:
            return self.text.frames["until_event"].format(event=self._event(effect.event))
        if effect.end is None:
            return self.text.frames["until_revoked"]
        local = effect.end.astimezone(self.world.zone)
        if local.time() == time():  # a date is good to its end, the next local midnight
            return self.text.frames["until_day"].format(date=self.day(date.fromordinal(local.toordinal() - 1)))
        moment = self.text.frames["instant"].format(hour=local.hour, minute=local.minute, day=self.day(local.date()))
        return self.text.frames["until_instant"].format(date=moment)

    def recipients(self, effect: Effect) -> str:
        """Everybody reached; an exchange is reached only by a form made for it."""
        if effect.exchange is not None:
            return self.to(self.names([effect.exchange]))
        exchanges = {party for party in effect.recipients if "intermediary" in self.world.roles.get(party, ())}
        named = [self._name(party) for party in effect.recipients if party not in exchanges]
        people = [self._person(person) for person in effect.people]
        classes = [self.text.parties[cls] for cls in sorted(effect.classes)]
        return self.to(*named, *people, *classes)

    def disclosers(self, effect: Effect) -> str:
        """§2.31(a)(2)."""
        named = [self._name(party) for party in effect.disclosers]
        return self._list([*named, *([self.text.parties["treating_programs"]] if effect.treating_programs else [])])

    def information(self, classes: frozenset[str]) -> str:
        """§2.31(a)(3)."""
        words, rest = [], classes
        for name, whole in WHOLE:
            if whole <= rest:
                words, rest = [self.text.classes[name]], rest - whole
        return self._list([*words, *(self.text.classes[cls] for cls in sorted(rest))])

    def purposes(self, purposes: frozenset[str]) -> str:
        """§2.31(a)(5)."""
        if purposes == ON_REQUEST:
            return self.text.frames["on_request"]
        spoken = LANGUAGES[self.language].purposes
        order = ("treatment", "payment", "operations")
        ranked = sorted(purposes, key=lambda each: (order.index(each) if each in order else len(order), each))
        return self._list([spoken.get(purpose, purpose) for purpose in ranked])

    def names(self, parties: Iterable[str]) -> str:
        """Parties by the names of the directory."""
        return self._list([self._name(party) for party in parties])

    def to(self, *names: str) -> str:
        """Names as those who are told; Spanish asks for a preposition before each."""
        return self._list([self.text.frames["to"].format(name=name) for name in names])

    def day(self, moment: Moment) -> str:
        """A day as people write it, in the county's zone."""
        local = moment.astimezone(self.world.zone).date() if isinstance(moment, datetime) else moment
        month = self.text.months[local.month - 1]
        return self.text.frames["day"].format(month=month, day=local.day, year=local.year)

    def _span(self, span: Span) -> Iterable[str]:
        frames = self.text.frames
        if span.start is not None:
            yield frames["span_start"].format(date=self.day(span.start))
        if span.end is not None:
            yield frames["span_end"].format(date=self.day(span.end))
        if span.unable:
            yield frames["span_unable"]
        if len(span.services) < len(self.text.services):
            named = [self.text.services[service] for service in sorted(span.services)]
            yield frames["span_services"].format(services=self._list(named))

    def _participants(self, effect: Effect) -> str:
        participants = effect.participants
        if isinstance(participants, str):
            return self.to(self.text.parties.get(participants, participants))
        return self.to(*map(self._name, sorted(participants or ())))

    def _person(self, person: PersonAt) -> str:
        words = {"person": self._name(person.person), "place": self._name(person.at)}
        return self.text.parties["person_at"].format(**words)

    def _name(self, party: str) -> str:
        known = self.world.parties.get(party)
        return known.name if known else party

    def _event(self, event: str) -> str:
        name = event.partition("@")[0]
        return self.text.events.get(name, self.text.events["other"].format(event=name.replace("_", " ")))

    def _list(self, words: list[str]) -> str:
        if len(words) < 2:
            return "".join(words)
        and_ = self.text.frames["and"]
        return ", ".join(words[:-1]) + and_ + words[-1]
