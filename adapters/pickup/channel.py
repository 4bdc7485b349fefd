"""The two channels of a pick-up: `PickupNotice` tells that something waits, `Reader` hands it to who came for it."""

import hashlib
from collections.abc import Awaitable, Callable

from adapters.email.smtp import Relay, SmtpSessions
from adapters.pickup.bundle import bundle
from adapters.pickup.notices import code, notice
from hub.errors import Unrenderable
from hub.model import ChannelKind, Deferred, Delivered, Outcome, Parcel, Prepared, Receipt, Unknown, new_id, now_us

MAX_BYTES = 20 * 1024 * 1024


class Mailbox:
    """The hub's own mail for what needs no encryption because it says nothing. TLS to the relay is required."""

    def __init__(
        self, sender: str, relay: Relay, tls_ca: bytes | None, *, connections: int = 4, deadline: float = 30.0
    ) -> None:
        self.sender = sender
        self._tls_ca = tls_ca
        self._sessions = SmtpSessions(relay, connections, deadline)

    async def send(self, address: str, mail: bytes) -> Outcome:
        """Hand the mail to the relay; never raises for what a peer does."""
        return await self._sessions.hand_over(self.sender, address, mail, self._tls_ca)

    async def close(self) -> None:
        await self._sessions.close()


class PickupNotice:
    """Tells the recipient that something waits; see `hub.ports.Channel`. Nothing of the parcel is in the mail."""

    kind = ChannelKind.PICKUP
    carries_sealed = True
    gives_receipt = True
    max_bytes = MAX_BYTES

    def __init__(
        self, mailbox: Mailbox, link: Callable[[str], str], days: int, *, now: Callable[[], int] = now_us
    ) -> None:
        """`link` makes the address of the page for a delivery id; it opens for so many days."""
        self._mailbox = mailbox
        self._link = link
        self._days = days
        self._now = now

    async def prepare(self, parcel: Parcel) -> Prepared:
        """The notice. Raises `Unrenderable` already for what the reader could not be handed."""
        if sum(len(document.content) for document in parcel.documents) > self.max_bytes:
            raise Unrenderable("The packet is larger than a pick-up carries.", code="too-large")
        bundle(parcel)
        link, address = self._link(parcel.delivery), parcel.endpoint.address
        mail = notice(self._mailbox.sender, address, new_id(), link, self._days, self._now())
        return Prepared(parcel=parcel, body=mail, digest=hashlib.sha256(mail).digest())

    async def deliver(self, prepared: Prepared) -> Outcome:
        """Mails the notice: nothing is disclosed by it, and the recipient was told."""
        outcome = await self._mailbox.send(prepared.parcel.endpoint.address, prepared.body)
        if isinstance(outcome, Delivered):
            return Deferred(code="awaiting-pickup", retry_after=self._days * 86_400.0, told=True)
        # Whatever became of this mail, it carried nothing.
        return Deferred(code=outcome.code) if isinstance(outcome, Unknown) else outcome

    async def close(self) -> None:
        await self._mailbox.close()


class Reader:
    """Hands the content to the person who is reading now; see `hub.ports.Channel`."""

    kind = ChannelKind.PICKUP
    carries_sealed = True
    gives_receipt = True
    max_bytes = MAX_BYTES

    def __init__(self, send: Callable[[bytes], Awaitable[None]], *, now: Callable[[], int] = now_us) -> None:
        self._send = send
        self._now = now

    async def prepare(self, parcel: Parcel) -> Prepared:
        """The bundle that will be handed over."""
        body = bundle(parcel)
        return Prepared(parcel=parcel, body=body, digest=hashlib.sha256(body).digest())

    async def deliver(self, prepared: Prepared) -> Outcome:
        """Over the reader's own connection; one that broke off may have had all of it."""
        try:
            await self._send(prepared.body)
        except (OSError, TimeoutError):
            return Unknown(code="reader-gone")
        delivery = prepared.parcel.delivery
        return Delivered(receipt=Receipt(kind="picked-up", reference=delivery, at=self._now()))

    async def close(self) -> None:
        """Nothing to finish with."""


class PickupDesk:
    """See `hub.ports.Pickup`."""

    def __init__(self, mailbox: Mailbox, *, now: Callable[[], int] = now_us) -> None:
        self._mailbox = mailbox
        self._now = now

    async def code(self, address: str, digits: str) -> bool:
        mail = code(self._mailbox.sender, address, new_id(), digits, self._now())
        return isinstance(await self._mailbox.send(address, mail), Delivered)

    def reader(self, send: Callable[[bytes], Awaitable[None]]) -> Reader:
        return Reader(send, now=self._now)

    async def close(self) -> None:
        await self._mailbox.close()
