"""What the steps of the path need, wired once by `bootstrap` and handed to each as `hub`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hub.business_days import Calendar
from hub.compliance.duties import Duties
from hub.crypto.keyring import KeyRing
from hub.crypto.notes import Verifier
from hub.model import ChannelKind
from hub.outbox import LEASE_US
from hub.ports import (
    Acknowledger,
    Channel,
    Clock,
    Fetch,
    Pickup,
    Post,
    ReportReader,
    Signals,
    SignatureReader,
)
from hub.retention.schedule import Schedule, published
from hub.settings.glass import Glass
from hub.storage.database import Database
from hub.workers.breakers import Breakers
from hub.workers.freight import MOST_BYTES
from hub.workers.handover import Handover

if TYPE_CHECKING:
    from hub.storage.directory import DirectoryStore
    from hub.storage.facts import FactsReader
    from hub.workers.recent import Recent


@dataclass(frozen=True)
class Hub:
    """The wired parts. Tests build one with other parts; nothing else knows how."""

    database: Database
    clock: Clock
    ring: KeyRing
    directory: "DirectoryStore"
    facts: "FactsReader"
    channels: Mapping[ChannelKind, Channel]
    signals: Signals
    recent: "Recent"
    zone: ZoneInfo
    calendar: Calendar = field(default_factory=Calendar)
    """Which days are business days: reviews are due on the next one."""
    county_pack: str | None = None
    operator: str | None = None
    glass: Glass = field(default_factory=Glass)
    """Who may break the glass in an emergency, and for how long."""
    duties: Duties = field(default_factory=Duties)
    """What the county settled about requests, registers and letters."""
    witnesses: tuple[Verifier, ...] = ()
    """Outsiders whose cosignatures on the ledger's heads are kept."""
    retention: Schedule | None = field(default_factory=published)
    """How long payloads are kept; none: nothing is destroyed by the clock."""
    report_readers: Mapping[str, ReportReader] = field(default_factory=dict)
    """By provider: who reads what providers that deliver for us report by themselves."""
    demo: bool = False
    handover: Handover = field(default_factory=Handover)
    breakers: Breakers = field(default_factory=Breakers)
    pickup: Pickup | None = None
    fetch: Fetch | None = None
    """Fetches the keys of clients that publish them."""
    post: Post | None = None
    """Posts webhooks."""
    signatures: SignatureReader | None = None
    """Reads signed requests."""
    address: str | None = None
    """The hub's own, as partners reach it."""
    acknowledger: Acknowledger | None = None
    """Tells senders of mail that it arrived; where mail is answered."""
    lease_us: int = LEASE_US
    """How long a row stays with a worker that has stopped renewing it."""
    no_consent_us: int = 86_400_000_000
    """How long something may wait for a consent before a person hears of it."""
    freight_bytes: int = MOST_BYTES
    """Of documents, in large packets, that a worker has under way at a time."""
