"""What somebody states about a disclosure that was made outside of the hub, checked for shape.

Errors name the field, never its value: a value may be a patient's.
"""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from hub import jsontext
from hub.bases.checks import check_stated, instant_of
from hub.bases.manifests import Bases, Instant, Reference, Words
from hub.errors import Malformed
from hub.intake import MAX_ITEMS
from hub.manifest import ItemManifest, MemberRef, Relationship
from hub.model import Frozen
from policies.vocabulary import CLASSES, PURPOSES, ROLES, UNKNOWN_SOURCE

Way = Literal["telephone", "face_to_face", "paper", "own_fax", "own_mail", "portal", "on_site"]
"""How it was told; `own_fax` and `own_mail`: by a machine or a mailbox of the program's own; `on_site`: shown on its
premises (§2.53(a)).
"""
BY: dict[str, str] = {
    "telephone": "oral", "face_to_face": "oral", "paper": "paper", "own_fax": "fax", "own_mail": "ehr", "portal": "ehr",
    "on_site": "on_site",
}  # fmt: skip
"""How the case format calls it (`by`): through an electronic health record or not (§2.25(b))."""
Notice = Literal["handed", "sent_after", "said", "none", "not_known"]
"""§2.32(a): the statement handed over or sent along in writing, sent in writing afterwards, only said, not given."""
Scope = Literal["copy", "explained", "none", "not_known"]
"""§2.32(b): a copy of the consent, or an explanation of its scope."""
Claimed = Literal["consent", "other"]
"""What has no statement of its own; `other`: something else, or nobody knows."""
_MANY = Meta(min_length=1, max_length=MAX_ITEMS)
_Short = Annotated[str, Meta(max_length=200)]
_PATH = re.compile(r"`(\$[^`]*)`")


class Outsider(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who is not in the directory: who was told, and in which roles (words of the case format)."""

    name: Reference
    roles: Annotated[tuple[str, ...], Meta(max_length=len(ROLES))] = ()
    organization: _Short = ""
    address: _Short = ""
    """As on a letter, if known (45 CFR 164.528(b)(2)(ii))."""


class OutsideManifest(Bases, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One disclosure as somebody remembers it; the bases are those of a submission."""

    member: MemberRef
    made_at: Instant
    way: Way
    purpose: str
    information: Annotated[tuple[str, ...], _MANY]
    """Classes of information."""
    told: Words
    """What was told or handed over, in a sentence; sealed."""
    source: str | None = None
    """The organization that made it, or `unknown`; none: the discloser. Case format, section 2."""
    held_under: str | None = None
    """How the discloser came to hold what another one made: a consent of the person, or a word of `HOLDINGS`."""
    received: Instant | None = None
    """When the discloser got it."""
    discloser_name: Reference
    """Who told it; sealed."""
    recipient: str | None = None
    """An organization of the directory, or `somebody` else."""
    somebody: Outsider | None = None
    recipient_person: _Short = ""
    """Who at the organization; sealed."""
    relationship: Relationship | None = None
    service: Literal["counseling", "methadone", "buprenorphine"] = "counseling"
    calaim: bool = False
    agreements: tuple[str, ...] = ()
    basis: Claimed | None = None
    """What the discloser says that it rested on, where it is none of the bases that are stated."""
    consent: str | None = None
    """On which the discloser says that it rested; none: on no consent, or on one that nobody names."""
    notice: Notice | None = None
    """None: nobody was asked, and no answer is made up."""
    scope: Scope | None = None
    corrects: str | None = None
    """The record in whose place this one stands."""
    reason: Annotated[str, Meta(max_length=2_000)] = ""
    """Why it is corrected; sealed."""
    documents: dict[str, bytes] = {}  # noqa: RUF012 - msgspec gives every value its own
    """The papers that a court's order or a demand names, as base64; what is not here is asked for by its review."""

    @property
    def instant(self) -> int:
        """When it was made, in microseconds since the epoch."""
        return int(instant_of("$.made_at", self.made_at).timestamp() * 1_000_000)

    @property
    def received_at(self) -> int | None:
        """When the discloser got it, in microseconds since the epoch."""
        if self.received is None:
            return None
        return int(instant_of("$.received", self.received).timestamp() * 1_000_000)

    @property
    def items(self) -> tuple[ItemManifest, ...]:
        """What was told, as the policy is asked: nobody can say afterwards that less was necessary."""
        whence = ItemManifest(
            document="", title="", source=self.source, held_under=self.held_under, received=self.received
        )
        return tuple(replace(whence, information=each) for each in self.information)


_decode = msgspec.json.Decoder(OutsideManifest).decode


def read_outside(raw: bytes) -> OutsideManifest:
    """Decode and check. Raises `Malformed` naming the field."""
    try:
        form = _decode(raw)
    except msgspec.ValidationError as error:
        # The library's words may quote the value; its path does not.
        path = _PATH.findall(str(error))
        raise Malformed("The record does not follow the format.", field=path[-1] if path else "$") from None
    except (ValueError, RecursionError):  # also text that is no UTF-8, and nesting without end
        raise Malformed("The record is not JSON.", field="$") from None
    _check(form)
    jsontext.check(raw)
    return form


def _check(form: OutsideManifest) -> None:
    if (form.member.id is None) == (form.member.cin is None):
        raise Malformed("Name the member by id or by CIN, one of them.", field="$.member")
    if (form.recipient is None) == (form.somebody is None):
        raise Malformed("It was told to an organization of the directory, or to somebody else.", field="$.recipient")
    if form.somebody is not None and not ROLES.issuperset(form.somebody.roles):
        raise Malformed("Unknown role.", field="$.somebody.roles")
    if form.purpose not in PURPOSES:
        raise Malformed("Unknown purpose.", field="$.purpose")
    if not CLASSES.issuperset(form.information) or len(set(form.information)) < len(form.information):
        raise Malformed("Each class of information is a known one, and named once.", field="$.information")
    if form.instant < 0:
        raise Malformed("That is too long ago.", field="$.made_at")
    if form.corrects is not None and not form.reason.strip():
        raise Malformed("A correction says why.", field="$.reason")
    _check_holding(form)
    check_stated(form, form.purpose)


def _check_holding(form: OutsideManifest) -> None:
    if form.source not in (None, UNKNOWN_SOURCE) and form.held_under is None:
        raise Malformed("Say how what another one made came to be held.", field="$.held_under")
    if (form.received_at or 0) > form.instant:
        raise Malformed("It was received before it was told.", field="$.received")
