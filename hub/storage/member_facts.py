"""What is known about a member, as one sealed JSON; the relations organizations can stand in."""

from collections.abc import Callable
from typing import Literal

import msgspec

from hub.crypto import envelope
from hub.crypto.envelope import Sealed
from hub.crypto.identifiers import normal_date, normal_name
from hub.crypto.keyring import KeyRing
from hub.errors import Malformed
from hub.lines import is_line
from hub.model import Frozen, MemberIdentity

RELATIONS = ("program", "treating_provider", "plan", "payer", "primary_case_manager", "pcp")
KNOWS = "knows"
"""The relation of an organization that registered the member; nobody states it."""
_MAX_TEXT = 200
_MAX_PEOPLE = 10

PersonId = str
"""Somebody who may sign in the member's place: an opaque id, since it stands in the clear on consents."""


class MemberFacts(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Identity and legal facts (case format, section 5). Dates are ISO; `cin` empty if unknown."""

    given: str
    family: str
    born: str
    cin: str = ""
    sex: Literal["female", "male", "other", "unknown"] = "unknown"
    phone: str = ""
    address: str = ""
    died: str | None = None
    adjudicated: bool = False
    representative: PersonId | None = None
    agents: tuple[PersonId, ...] = ()
    parents: tuple[PersonId, ...] = ()
    removed: bool = False
    medi_cal: bool = False

    @property
    def identity(self) -> MemberIdentity:
        """What a packet says about the person."""
        return MemberIdentity(
            given=self.given, family=self.family, born=self.born, cin=self.cin, sex=self.sex, phone=self.phone
        )

    @property
    def signers(self) -> frozenset[PersonId]:
        """Who but the member may sign (§2.14, §2.15)."""
        people = {*self.agents, *self.parents}
        return frozenset(people | {self.representative} if self.representative else people)


_decode = msgspec.json.Decoder(MemberFacts).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


def seal_facts(ring: KeyRing, member: str, facts: MemberFacts) -> Sealed:
    """The facts under a data key of their own, bound to the member's id."""
    return envelope.seal(ring, member, _encode(facts))


def open_facts(ring: KeyRing, member: str, sealed: Sealed) -> MemberFacts:
    """What `seal_facts` was given. Raises `IntegrityFailed`."""
    return _decode(envelope.open(ring, member, sealed))


def check_facts(facts: MemberFacts) -> MemberFacts:
    """The facts with dates in their normal form. Raises `Malformed` naming the field, never its value."""
    for name in ("given", "family", "phone", "address"):
        if len(getattr(facts, name)) > _MAX_TEXT:
            raise Malformed("The text is too long.", field=name)
        if not is_line(getattr(facts, name)):
            raise Malformed("The text is one line.", field=name)
    for name in ("given", "family"):
        _named(name, normal_name, getattr(facts, name))
    people = (*facts.agents, *facts.parents, facts.representative or "nobody")
    if len(people) > _MAX_PEOPLE or not all(_is_person_id(person) for person in people):
        raise Malformed("People are named by ids: letters, digits and hyphens.", field="representative")
    born = _named("born", normal_date, facts.born)
    died = _named("died", normal_date, facts.died) if facts.died else None
    return msgspec.structs.replace(facts, born=born, died=died)


def same_person(one: MemberFacts, other: MemberFacts) -> bool:
    """Same name and birth date, however spelled."""
    return _who(one) == _who(other)


def _who(facts: MemberFacts) -> tuple[str, str, str]:
    return normal_name(facts.given), normal_name(facts.family), normal_date(facts.born)


def _is_person_id(text: str) -> bool:
    return len(text) <= 64 and text.isascii() and text.replace("-", "a").isalnum()


def _named(field: str, check: Callable[[str], str], value: str) -> str:
    try:
        return check(value)
    except Malformed as error:
        raise Malformed(error.message, field=field) from None
