"""The values that travel along the path, frozen; names are the glossary's.

Instants are integer microseconds since the Unix epoch, UTC. Identifiers are opaque texts (`new_id`).
"""

import re
import time
from enum import StrEnum

import msgspec

from hub.randomness import sixteen

CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029], " ")
"""For `str.translate`, wherever a text stands on one line, in the hub and in every channel: what would write a line of
its own into a cover or a list, end or begin an HL7 frame (0x0B, 0x1C), or do something to a terminal, becomes a space.
C1 and the two separators are among them: 0x85, U+2028 and U+2029 end a line for some readers, 0x9B begins a command.
"""
_ID = re.compile("[0-9a-f]{32}")


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all values: immutable, compared by content."""


def now_us() -> int:
    """The present instant in microseconds since the epoch, UTC."""
    return time.time_ns() // 1_000


def new_id() -> str:
    """An opaque identifier of 32 hexadecimal digits that sorts by time and cannot be guessed (80 random bits)."""
    return f"{time.time_ns() // 1_000_000:012x}{sixteen()[:10].hex()}"


def is_id(text: str) -> bool:
    """Whether the text can be one that `new_id` made."""
    return _ID.fullmatch(text) is not None


def only(word: str | None) -> frozenset[str] | None:
    """One organization as a scope, one word as a choice; none: everybody's, any."""
    return None if word is None else frozenset({word})


class MessageKind(StrEnum):
    REFERRAL_PACKET = "referral_packet"
    STATUS_REPORT = "status_report"
    ADMIT_NOTICE = "admit_notice"
    DISCHARGE_NOTICE = "discharge_notice"
    CRISIS_FOLLOWUP = "crisis_followup"
    EMERGENCY_DISCLOSURE = "emergency_disclosure"


class RecordKind(StrEnum):
    """What stands among the submissions and is no message: it never leaves through the hub."""

    OUTSIDE_DISCLOSURE = "outside_disclosure"


class ChannelKind(StrEnum):
    EMAIL = "email"
    FAX = "fax"
    API = "api"
    MLLP = "mllp"
    FILE = "file"
    PICKUP = "pickup"


class Priority(StrEnum):
    ROUTINE = "routine"
    URGENT = "urgent"


class Endpoint(Frozen, frozen=True, kw_only=True):
    """A verified directory entry: the only source of an address and of keys to seal to."""

    id: str
    organization: str
    channel: ChannelKind
    address: str
    """Mail address, E.164 number, https, mllps or sftp URL, by channel."""
    form: str = ""
    """api: `fhir` (FHIR message bundle), `sealed-v2` or `sealed` (envelope of that version, needs `seal_key`)."""
    rank: int = 0
    """Order of preference, lowest first."""
    certificate: bytes | None = None
    """email: the recipient's encryption certificate, PEM."""
    seal_key: bytes | None = None
    """api: the recipient's X25519 public key, 32 bytes."""
    verify_key: bytes | None = None
    """api: the recipient's Ed25519 key that signs acknowledgements, 32 bytes."""
    tls_ca: bytes | None = None
    """PEM of the authority that must have issued the server's TLS certificate; none: the system's."""
    station: str | None = None
    """fax: the called-station id expected on the receipt."""
    verified_at: int = 0


class Correspondent(Frozen, frozen=True, kw_only=True):
    """An organization as its partner sees it: on a cover page, in a MessageHeader."""

    id: str
    name: str
    phone: str = ""
    fax: str = ""
    email: str = ""
    npi: str = ""


class MemberIdentity(Frozen, frozen=True, kw_only=True):
    """Who the documents are about. Only inside sealed content, never in clear metadata."""

    given: str
    family: str
    born: str
    """ISO date."""
    cin: str = ""
    sex: str = "unknown"
    phone: str = ""


class Document(Frozen, frozen=True, kw_only=True):
    """One packet item with its content."""

    id: str
    title: str
    """What a person calls it ("ASAM assessment"); shown inside the sealed content only."""
    information: str
    """Its class, a word of the case format's section 4."""
    media_type: str
    content: bytes


class Event(Frozen, frozen=True, kw_only=True):
    """What a notice or a status report tells of: what happened, when."""

    kind: str
    """A word of `hub.manifest.EventKind`."""
    at: int
    setting: str = ""
    contact: str = ""


class ConsentCopy(Frozen, frozen=True, kw_only=True):
    """The explanation of a consent's scope that accompanies a disclosure (§2.32(b))."""

    consent: str
    lines: tuple[tuple[str, str], ...]
    """Label and value, in reading order: discloser, recipients, information, purposes, expiry, revocation."""


class Accompaniment(Frozen, frozen=True, kw_only=True):
    """What must go with the documents or the documents do not go (§2.32)."""

    # INVARIANT: obligations-travel
    notice: str = ""
    """§2.32(a)(1) verbatim, or empty when none is due."""
    notice_short: str = ""
    """§2.32(a)(2) verbatim."""
    consent_copies: tuple[ConsentCopy, ...] = ()
    labels: tuple[str, ...] = ()
    """Labels that stay with the record, as `NO_USE_IN_PROCEEDINGS_AGAINST_PATIENT` (§2.12(d)(1))."""


class Parcel(Frozen, frozen=True, kw_only=True):
    """All that a channel is given: what to deliver, to whom, and what accompanies it."""

    delivery: str
    """Identifier of this attempt; a receiver that saw it before drops the repeat."""
    disclosure: str
    kind: MessageKind
    priority: Priority
    created_at: int
    sender: Correspondent
    recipient: Correspondent
    endpoint: Endpoint
    member: MemberIdentity
    documents: tuple[Document, ...]
    accompaniment: Accompaniment
    zone: str
    """The county's, by its IANA name: by its clock the text around the documents speaks, as they do."""
    event: Event | None = None
    purpose: str = ""
    """`treatment`, `payment`, `operations`, or a purpose of the law's own."""
    amended: bool = False
    """Something of what the sender handed in for this recipient is not in it."""


class Prepared(Frozen, frozen=True, kw_only=True):
    """A parcel in the very bytes that will leave, made before the intent is recorded."""

    parcel: Parcel
    body: bytes
    digest: bytes
    """SHA-256 of `body`; the ledger's intent binds it."""
    headers: tuple[tuple[str, str], ...] = ()
    pages: int = 0


class Doubt(StrEnum):
    """What a receipt does not settle, so that a person looks."""

    OTHER_STATION = "other-station"
    """fax: another machine answered than the directory expects."""
    NO_STATION = "no-station"
    """fax: the machine that answered did not say which it is, though the directory expects one."""
    PAGES = "pages"
    """fax: fewer or more pages confirmed than the fax has."""
    NOT_CORRECTED = "not-error-corrected"
    """fax: pages were confirmed without error correction, so they may be damaged."""
    HANDED_OVER = "handed-over"
    """fax: the pages lie in a folder for a machine to take; nobody has confirmed one. No work: it is so for all."""
    NO_CALLBACK = "no-callback"
    """fax: the provider says so when asked, and its signed report never came."""


class Receipt(Frozen, frozen=True, kw_only=True):
    """Proof that the other side took over."""

    kind: str
    """`smtp-250`, `mdn-processed`, `fax-confirmed`, `fax-cloud`, `fax-spooled` (handed over, nothing confirmed),
    `signed-ack`, `http-2xx`.
    """
    reference: str
    """The other side's own reference: queue id, job id, acknowledgement id. Nothing about a person."""
    at: int
    detail: tuple[tuple[str, str], ...] = ()
    doubts: tuple[Doubt, ...] = ()


class Report(Frozen, frozen=True, kw_only=True):
    """What a provider that delivers for us reports by itself; ids of its own, nothing about a person."""

    event: str
    job: str
    ended: bool
    """It reports an end, delivered or failed; which of the two, the provider is asked."""


class Delivered(Frozen, frozen=True, kw_only=True, tag="delivered"):
    receipt: Receipt


class Deferred(Frozen, frozen=True, kw_only=True, tag="deferred"):
    """Certainly not disclosed; try again, after `retry_after` seconds if the other side named a time."""

    code: str
    retry_after: float | None = None
    told: bool = False
    """Nothing is wrong: the recipient was told that something waits, and comes for it."""


class Refused(Frozen, frozen=True, kw_only=True, tag="refused"):
    """Certainly not disclosed, and trying again would not help."""

    code: str


class Unknown(Frozen, frozen=True, kw_only=True, tag="unknown"):
    """May have been disclosed: counts as a disclosure until a person finds out."""

    # INVARIANT: unknown-is-disclosed
    code: str
    receipt: Receipt | None = None
    """What the other side confirmed of it, where it confirmed a part."""


Outcome = Delivered | Deferred | Refused | Unknown
