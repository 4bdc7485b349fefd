"""A channel that ends in memory: for tests and rehearsals. It passes the contract that every channel passes.

Nothing crosses a network, so nothing is sealed; `answers` lets a test script what the far side does.
"""

import hashlib
from collections import deque
from collections.abc import Callable

import msgspec

from hub.errors import Unrenderable
from hub.model import ChannelKind, Deferred, Delivered, Outcome, Parcel, Prepared, Receipt, Refused, now_us


class LoopbackChannel:
    """Keeps what reached the far side in `received`; answers from `answers` first, then always delivers."""

    carries_sealed = True
    gives_receipt = True
    max_bytes = 20 * 1024 * 1024

    def __init__(self, kind: ChannelKind = ChannelKind.API, now: Callable[[], int] = now_us) -> None:
        self.kind = kind
        self.received: list[Prepared] = []
        self.answers: deque[Outcome] = deque()
        self._now = now

    async def prepare(self, parcel: Parcel) -> Prepared:
        """The parcel as JSON; raises `Unrenderable` over `max_bytes`."""
        body = msgspec.json.encode(parcel)
        if len(body) > self.max_bytes:
            raise Unrenderable("The packet is larger than this channel carries.", code="too-large")
        return Prepared(parcel=parcel, body=body, digest=hashlib.sha256(body).digest())

    async def deliver(self, prepared: Prepared) -> Outcome:
        """The next scripted answer, or a receipt. Deferred and Refused keep nothing: nothing left."""
        receipt = Receipt(kind="loopback", reference=prepared.parcel.delivery, at=self._now())
        answer = self.answers.popleft() if self.answers else Delivered(receipt=receipt)
        if not isinstance(answer, Deferred | Refused):
            parcel = msgspec.json.decode(prepared.body, type=Parcel)
            self.received.append(msgspec.structs.replace(prepared, parcel=parcel))
        return answer

    async def close(self) -> None:
        """Nothing to finish with."""
