"""A receive queue in memory, for what happens around one."""

from adapters.fax.inbox import ReceivedFax


class FakeInbox:
    failures = (ConnectionError,)

    def __init__(self, faxes: dict[str, bytes], station: str) -> None:
        self.faxes = faxes
        self._station = station

    async def waiting(self) -> list[ReceivedFax]:
        return [ReceivedFax(reference=name, station=self._station, pages=1) for name in sorted(self.faxes)]

    async def fetch(self, reference: str) -> bytes:
        return self.faxes[reference]

    async def remove(self, reference: str) -> None:
        del self.faxes[reference]

    async def close(self) -> None: ...
