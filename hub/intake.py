"""Step 1, intake: what a sender may hand in, checked for shape, size and kind before anything else looks at it.

Errors name the field, never its value: a value may be a patient's.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

import msgspec

from hub.bases.checks import check_stated
from hub.bases.manifests import Bases
from hub.errors import Malformed, TooLarge
from hub.model import Frozen, MessageKind, Priority
from policies.vocabulary import CLASSES, PURPOSES

MAX_ITEMS = 40
MAX_RECIPIENTS = 20
MAX_DOCUMENT_BYTES = 20 * 1024 * 1024
MAX_SUBMISSION_BYTES = 40 * 1024 * 1024
MAX_TITLE = 120

Identifies = Literal["sud_patient", "person", "nobody"]
EventKind = Literal[
    "admit", "transfer", "visit", "discharge", "admit_cancelled", "transfer_cancelled", "discharge_cancelled", "crisis",
    "pending", "accepted", "declined", "scheduled", "appointment_cancelled", "no_show", "in_progress", "completed",
    "cancelled", "expired",
]  # fmt: skip
"""What a notice tells of; and the steps of a referral, which a status report tells of."""
Relationship = Literal["treating", "accepted", "asked", "none"]


class MemberRef(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The member by the hub's id or by CIN; exactly one."""

    id: str | None = None
    cin: str | None = None


class ItemManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One packet item; field names and words are those of the case format, section 2."""

    document: str
    """The name of the multipart part that carries the content."""
    title: str
    information: str = "summary"
    source: str | None = None
    held_under: str | None = None
    received: str | None = None
    identifies: Identifies = "sud_patient"
    exempt: Literal["evidence_only", "no_sud_shown"] | None = None
    needed: bool | None = None
    """Necessary for the purpose (§2.13(a)); not stated: what the table of `policies.part2.necessary` says."""
    kept_apart: bool = True
    originator: str | None = None
    made: str | None = None
    only_for: str | None = None
    """The one recipient that it is offered to; a sealed item's is who it is sealed to."""

    @property
    def received_at(self) -> datetime | None:
        return None if self.received is None else datetime.fromisoformat(self.received)

    @property
    def made_on(self) -> date | None:
        return None if self.made is None else date.fromisoformat(self.made)


class EventManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a notice or a status report tells of."""

    kind: EventKind
    at: str
    setting: str = ""
    contact: str = ""

    @property
    def instant(self) -> int:
        """Microseconds since the epoch."""
        return int(datetime.fromisoformat(self.at).timestamp() * 1_000_000)


class RecipientManifest(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    organization: str
    relationship: Relationship | None = None
    identity: Literal["verified", "unverified"] = "verified"
    """Whether somebody verified who they are and their authority (45 CFR 164.514(h))."""
    sud_duty: bool = True
    """Inside a program: whether they need it for duties arising from SUD services (§2.12(c)(3))."""


class Manifest(Bases, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The JSON part of a submission."""

    kind: MessageKind
    member: MemberRef
    purpose: str
    recipients: tuple[RecipientManifest, ...]
    items: tuple[ItemManifest, ...]
    priority: Priority = Priority.ROUTINE
    event: EventManifest | None = None
    service: Literal["counseling", "methadone", "buprenorphine"] = "counseling"
    calaim: bool = False
    agreements: tuple[str, ...] = ()
    hold_for_consent: bool | None = None
    """Keep what only lacks a consent until one is recorded; default: yes for notices and crisis follow-ups."""

    @property
    def holds_for_consent(self) -> bool:
        if self.hold_for_consent is not None:
            return self.hold_for_consent
        return self.kind not in (MessageKind.REFERRAL_PACKET, MessageKind.STATUS_REPORT)


class Handed(Frozen, frozen=True, kw_only=True):
    """A submission as it was handed in, by whom, under which idempotency key."""

    sender: str
    key: str
    manifest: Manifest
    documents: Mapping[str, bytes]
    body_digest: bytes
    """SHA-256 over manifest and documents as received."""
    digests: Mapping[str, bytes] = {}
    """SHA-256 of a document, by name, where whoever took it in has hashed it already."""
    by: str = ""
    """Who handed it in, as the record names people."""

    @property
    def size(self) -> int:
        """Bytes of all documents."""
        return sum(map(len, self.documents.values()))


_decode = msgspec.json.Decoder(Manifest).decode
_PATH = re.compile(r"`(\$[^`]*)`")


def read_manifest(raw: bytes) -> Manifest:
    """Decode and check the manifest. Raises `Malformed` naming the field, or `TooLarge`."""
    try:
        manifest = _decode(raw)
    except msgspec.ValidationError as error:
        # The library's words may quote the value; its path does not.
        path = _PATH.findall(str(error))
        raise Malformed("The manifest does not follow the format.", field=path[-1] if path else "$") from None
    except (ValueError, RecursionError):  # also text that is no UTF-8, and nesting without end
        raise Malformed("The manifest is not JSON.", field="$") from None
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    _check_counts(manifest)
    for n, item in enumerate(manifest.items):
        if not 0 < len(item.title) <= MAX_TITLE:
            raise Malformed(f"A title has 1 to {MAX_TITLE} characters.", field=f"$.items[{n}].title")
        _check_item(item, f"$.items[{n}]")
    if manifest.event is not None:
        _check_instant(manifest.event.at, "$.event.at")
    if manifest.purpose not in PURPOSES:
        raise Malformed("Unknown purpose.", field="$.purpose")
    if (manifest.kind is MessageKind.EMERGENCY_DISCLOSURE) != (manifest.emergency is not None):
        raise Malformed("An emergency disclosure states its emergency, and only it does.", field="$.emergency")
    check_stated(manifest, manifest.purpose)


def _check_counts(manifest: Manifest) -> None:
    if (manifest.member.id is None) == (manifest.member.cin is None):
        raise Malformed("Name the member by id or by CIN, one of them.", field="$.member")
    if not manifest.recipients:
        raise Malformed("At least one recipient is needed.", field="$.recipients")
    if not manifest.items:
        raise Malformed("At least one item is needed.", field="$.items")
    if len(manifest.items) > MAX_ITEMS or len(manifest.recipients) > MAX_RECIPIENTS:
        raise TooLarge(f"At most {MAX_ITEMS} items and {MAX_RECIPIENTS} recipients.")
    if len({recipient.organization for recipient in manifest.recipients}) < len(manifest.recipients):
        raise Malformed("A recipient is named twice.", field="$.recipients")
    if len({item.document for item in manifest.items}) < len(manifest.items):
        raise Malformed("Two items name the same document.", field="$.items")
    _check_offers(manifest)


def _check_offers(manifest: Manifest) -> None:
    """What is for one recipient is for one of this packet, and everybody named is offered something."""
    named = {recipient.organization for recipient in manifest.recipients}
    offered = {item.only_for for item in manifest.items}
    if not offered - {None} <= named:
        raise Malformed("An item is for somebody who is no recipient.", field="$.items")
    if None not in offered and offered != named:
        raise Malformed("A recipient is offered no item.", field="$.recipients")


def _check_item(item: ItemManifest, field: str) -> None:
    if item.information not in CLASSES:
        raise Malformed("Unknown class of information.", field=f"{field}.information")
    try:
        _ = item.made_on
    except ValueError:
        raise Malformed("A date is YYYY-MM-DD.", field=f"{field}.made") from None
    if item.received is not None:
        _check_instant(item.received, f"{field}.received")


def _check_instant(text: str, field: str) -> None:
    try:
        offset = datetime.fromisoformat(text).utcoffset()
    except ValueError:
        offset = None
    if offset is None:
        raise Malformed("An instant is RFC 3339 with its offset from UTC.", field=field)
