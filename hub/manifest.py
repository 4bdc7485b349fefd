"""What a sender hands in, as records; `hub.intake` checks it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from hub.bases.manifests import Bases
from hub.model import Frozen, MessageKind, Priority

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
