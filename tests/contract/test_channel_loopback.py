"""The in-memory channel passes the contract of every channel."""

import pytest

from adapters.loopback import LoopbackChannel
from hub.model import ChannelKind, Deferred, Endpoint, Prepared, Refused, Unknown
from tests.contract.channel_contract import NOTHING_LEFT, ChannelContract, Fault


class LoopbackFarSide:
    endpoint = Endpoint(id="e-1", organization="org-valley", channel=ChannelKind.API, address="loopback")

    def __init__(self, channel: LoopbackChannel) -> None:
        self._channel = channel

    async def misbehave(self, fault: Fault) -> None:
        if fault is Fault.REFUSES_BEFORE_CONTENT:
            self._channel.answers.append(Refused(code="refused"))
        elif fault in NOTHING_LEFT:
            self._channel.answers.append(Deferred(code="later"))
        else:
            self._channel.answers.append(Unknown(code="lost"))

    def readable(self) -> str:
        accompaniment = self._channel.received[-1].parcel.accompaniment
        copies = [f"{label} {value}" for copy in accompaniment.consent_copies for label, value in copy.lines]
        return " ".join([accompaniment.notice, *copies, *accompaniment.labels])

    def documents(self) -> list[bytes]:
        return [document.content for document in self._channel.received[-1].parcel.documents]

    def contents_seen(self) -> int:
        return len(self._channel.received)

    def in_transit(self, prepared: Prepared) -> bytes:
        return repr(prepared.headers).encode()  # the body stays in this process


@pytest.fixture
def channel() -> LoopbackChannel:
    return LoopbackChannel()


@pytest.fixture
def far_side(channel: LoopbackChannel) -> LoopbackFarSide:
    return LoopbackFarSide(channel)


class TestLoopback(ChannelContract):
    pass
