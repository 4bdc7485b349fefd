"""The schema, declared with SQLModel; every other file reads its names and types from here.

Instants are big integers (microseconds since the epoch, UTC), lists are JSON text, and whatever names a person is
inside a `sealed` column (`hub.crypto.envelope`). Columns are plain on purpose: the hot path bypasses any type adapter.
An index with a condition has it in both databases, as the migrations make it; it is declared for SQLite alone, for
SQLAlchemy's other dialect would be loaded at each start.
"""

from hub.storage.tables.choices import ChoiceChange
from hub.storage.tables.compliance import (
    AuditFeed,
    Export,
    Matter,
    MatterClock,
    MatterEvent,
    MatterPerson,
    ViewedMember,
)
from hub.storage.tables.consents import Consent, ConsentDocument, ConsentEvent, Restriction
from hub.storage.tables.desk import LogCount, LogLaw, LogRow, LogState, PacketDraft, WorkNote
from hub.storage.tables.directory import Agreement, DirectoryState, Endpoint, Organization, Token
from hub.storage.tables.exchange import Attempt, Decision, Disclosure, Item, Outbox, SecondLook, Submission
from hub.storage.tables.glass import Glass
from hub.storage.tables.inbound import Acknowledgement, Inbound, MemberMatch, Proof, Thread
from hub.storage.tables.ledger import (
    Checkpoint,
    Cosignature,
    KeyRecord,
    LedgerEntry,
    LedgerLeaf,
    LedgerNode,
    LedgerState,
)
from hub.storage.tables.members import Member, MemberIdentifier, MemberLink
from hub.storage.tables.outside import OutsideDisclosure
from hub.storage.tables.people import Passkey, Person, SavedView, Session, SignInTry
from hub.storage.tables.pickup import PickupCode
from hub.storage.tables.referrals import NoticeCall, ReferralTask
from hub.storage.tables.reports import ProviderReport
from hub.storage.tables.retention import LegalHold, RetentionState
from hub.storage.tables.signers import Signer
from hub.storage.tables.smart import AccessToken, SmartAssertion, SmartClient
from hub.storage.tables.webhooks import Webhook, WebhookCall, WebhookFeed
from hub.storage.tables.work import Evidence, Inquiry, WorkItem

__all__ = [
    "AccessToken",
    "Acknowledgement",
    "Agreement",
    "Attempt",
    "AuditFeed",
    "Checkpoint",
    "ChoiceChange",
    "Consent",
    "ConsentDocument",
    "ConsentEvent",
    "Cosignature",
    "Decision",
    "DirectoryState",
    "Disclosure",
    "Endpoint",
    "Evidence",
    "Export",
    "Glass",
    "Inbound",
    "Inquiry",
    "Item",
    "KeyRecord",
    "LedgerEntry",
    "LedgerLeaf",
    "LedgerNode",
    "LedgerState",
    "LegalHold",
    "LogCount",
    "LogLaw",
    "LogRow",
    "LogState",
    "Matter",
    "MatterClock",
    "MatterEvent",
    "MatterPerson",
    "Member",
    "MemberIdentifier",
    "MemberLink",
    "MemberMatch",
    "NoticeCall",
    "Organization",
    "Outbox",
    "OutsideDisclosure",
    "PacketDraft",
    "Passkey",
    "Person",
    "PickupCode",
    "Proof",
    "ProviderReport",
    "ReferralTask",
    "Restriction",
    "RetentionState",
    "SavedView",
    "SecondLook",
    "Session",
    "SignInTry",
    "Signer",
    "SmartAssertion",
    "SmartClient",
    "Submission",
    "Thread",
    "Token",
    "ViewedMember",
    "Webhook",
    "WebhookCall",
    "WebhookFeed",
    "WorkItem",
    "WorkNote",
]
