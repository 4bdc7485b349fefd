"""The ports: what the hub asks of the outside, and what both sides MUST and MUST NOT do."""

import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from hub.arrivals import Acknowledge, Arrival, Taken
from hub.model import ChannelKind, Endpoint, Outcome, Parcel, Prepared, Report

PDFIUM = threading.Lock()
"""PDFium is not thread-safe, and both sides draw pages in threads: whoever calls it MUST hold this."""


class Clock(Protocol):
    """The present, so that tests and re-explanations can have another one."""

    def now(self) -> int:
        """Microseconds since the epoch, UTC; never earlier than the last answer."""
        ...


class Channel(Protocol):
    """One way out: email, fax or API.

    The hub MUST call `prepare` before it records the intent and `deliver` only after the intent has committed, and
    MUST give `deliver` exactly what `prepare` returned. It MUST NOT call `deliver` twice for one delivery id.

    A channel MUST put notice, consent copies and labels of the accompaniment where the recipient's reader sees them
    (§2.32), MUST use only the endpoint in the parcel, and MUST require TLS where it crosses a network. It MUST answer
    `Deferred` or `Refused` only if it can show that no content left, else `Unknown`. It MUST NOT look at consent or
    purpose, write anything personal outside the sealed body, or raise for what a peer does.
    """

    kind: ChannelKind
    carries_sealed: bool
    """Only the recipient can read the body in transit (fax: no)."""
    gives_receipt: bool
    max_bytes: int

    async def prepare(self, parcel: Parcel) -> Prepared:
        """The bytes that will leave. Raises `Unrenderable` for a document the channel cannot carry."""
        ...

    async def deliver(self, prepared: Prepared) -> Outcome:
        """Hand the bytes to the recipient's endpoint, within a deadline of its own."""
        ...

    async def close(self) -> None:
        """Finish with connections."""
        ...


class Pickup(Protocol):
    """Secure pick-up for recipients with nothing but email (`hub.pickup`)."""

    async def code(self, address: str, digits: str) -> bool:
        """Mail a one-time code to a verified address, with nothing else in it; whether the relay took it."""
        ...

    def reader(self, send: Callable[[bytes], Awaitable[None]]) -> Channel:
        """A channel whose `deliver` gives the content to `send`: the connection of the person who came for it.

        `send` raises `OSError` or `TimeoutError` if the connection broke off.
        """
        ...

    async def close(self) -> None: ...


class Acknowledger(Protocol):
    """Tells the sender of a mail what became of it: received, delivered, not deliverable (`hub.inbound.acknowledge`).

    What it sends MUST be fixed words and what the sender's own mail says, signed and sealed to the sender.
    """

    async def write(self, owed: Acknowledge, kind: str, notice: str, endpoint: Endpoint | None) -> bytes:
        """The notice, `notice` its id; to the certificate of the sender's verified entry, if there is one.

        Raises `Unrenderable` if it cannot be sealed, `Unavailable` if that cannot be told now.
        """
        ...

    async def send(self, owed: Acknowledge, mail: bytes) -> Outcome:
        """Hand it to the relay; never raises for what a peer does."""
        ...

    async def close(self) -> None: ...


class ReportReader(Protocol):
    """Reads what one provider reports by itself.

    It MUST raise `Unauthorized` for whatever it cannot show to be the provider's own, and MUST refuse an old report if
    reports are dated. It MUST NOT conclude anything: the channel asks the provider.
    """

    def read(self, headers: Mapping[str, str], body: bytes, at: int) -> Report:
        """`at`: now, microseconds UTC."""
        ...


class AuditSink(Protocol):
    """Where audit messages go: an ATNA repository.

    The hub MUST give messages in the order of its ledger and MUST give a batch again that was not taken. A sink MUST
    use TLS that verifies the collector, MUST raise `Unavailable` rather than drop a message, MUST NOT change any.
    """

    async def send(self, messages: Sequence[bytes]) -> None:
        """Hand over a batch, in order. Raises `Unavailable`."""
        ...

    async def close(self) -> None:
        """Finish with the connection."""
        ...


class Signals(Protocol):
    """Fast shared state that may be lost at any time: wake-ups, replay nonces, rate limits.

    INVARIANT: sql-is-the-truth. Whoever waits MUST also look at the database by itself now and then, and nobody MUST
    keep here what cannot be rebuilt.
    """

    async def wake(self, topic: str) -> None:
        """Tell whoever waits for the topic that there is work."""
        ...

    async def wait(self, topic: str, seconds: float) -> None:
        """Return at the next wake-up of the topic, or after so many seconds."""
        ...

    async def first_use(self, nonce: str, seconds: int) -> bool:
        """Whether the nonce was not seen in the last so many seconds."""
        ...

    async def allow(self, key: str, limit: int, seconds: int) -> bool:
        """Whether the key stays within so many uses in so many seconds."""
        ...

    async def close(self) -> None: ...


Fetch = Callable[[str], Awaitable[bytes]]
"""Fetch a public document that a partner named. It MUST go over https to public addresses alone, within bounds of size
and time, and MUST raise `OSError` for everything else."""


class Reply(NamedTuple):
    """What a webhook's receiver answered; `retry_after` in seconds, 0: it named none."""

    status: int
    retry_after: int = 0


Post = Callable[[str, Mapping[str, str], bytes], Awaitable[Reply]]
"""Post a webhook to an address that an organization named, with these headers. It MUST go over https to public
addresses alone, follow no redirect, read no more than the head of the answer, and MUST raise `OSError`
where none came."""


class Stamp(NamedTuple):
    """What a verified signature of a request states."""

    key_id: str
    nonce: str
    created_s: int
    digest: str
    """The Content-Digest of the request."""


class SignatureReader(Protocol):
    """Reads signed requests, and signs what they are answered with. It MUST raise `IntegrityFailed` unless one of the
    keys signed exactly this request; whether it is fresh, and new, is the caller's.
    """

    def read(
        self, headers: Mapping[str, str], authority: str, path: str, body: bytes, keys: Mapping[str, bytes]
    ) -> Stamp:
        """`headers` by lower-case name; `keys` by key id."""
        ...

    def acknowledge(
        self, key: bytes, key_id: str, stamp: Stamp, status: int, body: bytes, created_s: int
    ) -> tuple[tuple[str, str], ...]:
        """The headers by which the holder of `key` (Ed25519, 32 bytes) stands for this answer to that request."""
        ...


Take = Callable[[Arrival], Awaitable[Taken]]
"""Keep an arrival: when it returns, the arrival is durable (`hub.inbound.keep`)."""


class Intake(Protocol):
    """One way in besides the HTTP API: a mail intake, a fax queue, an HL7 v2 listener, a watched folder.

    An intake MUST acknowledge, delete or move what it received only after `take` has returned, MUST bound size and
    time of everything it reads, and MUST give what it cannot open or trust to `take` as well, with its `trouble`.
    `take` raises `Conflict` (the key was used for other content), `TooLarge` and `StorageFailed` (nothing was taken:
    say so to the sender, or try again). An intake MUST NOT look at consent, say anything about a person in an answer,
    or answer differently for what the hub will refuse.
    """

    async def run(self, take: Take) -> None:
        """Listen or poll until cancelled."""
        ...
