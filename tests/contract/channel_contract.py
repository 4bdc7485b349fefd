"""The contract every channel passes; see `hub.ports.Channel`.

Subclass `ChannelContract` in a test module and give two fixtures: `channel`, and `far_side`, what stands at
the other end.
"""

import hashlib
from enum import StrEnum
from typing import Protocol

import pytest

from hub.errors import HubError
from hub.model import Deferred, Delivered, Endpoint, Prepared, Refused, Unknown
from hub.ports import Channel
from tests.contract.channel_parcel import CONSENT_LINES, NOTICE, NOTICE_SHORT, PDF, PERSONAL, sample_parcel


class Fault(StrEnum):
    """What the far side can do. Until the content began to leave, nothing was disclosed."""

    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"  # its TLS certificate is from another authority
    BUSY_BEFORE_CONTENT = "busy before content"
    REFUSES_BEFORE_CONTENT = "refuses before content"
    SILENT_BEFORE_CONTENT = "silent before content"
    DROPS_IN_CONTENT = "drops in content"
    REFUSES_AFTER_CONTENT = "refuses after content"
    BUSY_AFTER_CONTENT = "busy after content"
    SILENT_AFTER_CONTENT = "silent after content"
    NONSENSE_AFTER_CONTENT = "nonsense after content"


NOTHING_LEFT = {
    Fault.UNREACHABLE,
    Fault.UNTRUSTED,
    Fault.BUSY_BEFORE_CONTENT,
    Fault.REFUSES_BEFORE_CONTENT,
    Fault.SILENT_BEFORE_CONTENT,
}


def deadline_s(request: pytest.FixtureRequest) -> float:
    """Seconds for one delivery: short only where the far side never answers, so that a busy machine passes too."""
    return 1.0 if any(word in request.node.name for word in ("silent", "hangs", "no-handshake")) else 10.0


class FarSide(Protocol):
    """The other end of a channel, as a test sees it."""

    endpoint: Endpoint

    async def misbehave(self, fault: Fault) -> None:
        """From now on, until the test ends."""

    def readable(self) -> str:
        """All that the recipient's reader saw of the last delivery it took."""

    def documents(self) -> list[bytes]:
        """The documents of the last delivery it took."""

    def contents_seen(self) -> int:
        """How many deliveries it got content of, taken or not."""

    def in_transit(self, prepared: Prepared) -> bytes:
        """What someone who handles the delivery, but is not the recipient, can read."""


class ChannelContract:
    async def test_prepare_gives_the_bytes_and_their_digest_and_sends_nothing(
        self, channel: Channel, far_side: FarSide
    ):
        prepared = await channel.prepare(sample_parcel(far_side.endpoint))
        assert prepared.body
        assert prepared.digest == hashlib.sha256(prepared.body).digest()
        assert far_side.contents_seen() == 0

    async def test_what_was_prepared_is_delivered_with_a_receipt(self, channel: Channel, far_side: FarSide):
        prepared = await channel.prepare(sample_parcel(far_side.endpoint))
        outcome = await channel.deliver(prepared)
        assert isinstance(outcome, Delivered)
        assert outcome.receipt.kind
        assert far_side.documents()[0] == PDF

    async def test_the_reader_sees_the_notice_word_for_word_and_the_whole_consent_copy(
        self, channel: Channel, far_side: FarSide
    ):
        await channel.deliver(await channel.prepare(sample_parcel(far_side.endpoint)))
        read = _plain(far_side.readable())
        assert _plain(NOTICE) in read or _plain(NOTICE_SHORT) in read
        for label, value in CONSENT_LINES:
            assert _plain(label) in read
            assert _plain(value) in read
        assert "proceedings against the patient" in read or "NO_USE_IN_PROCEEDINGS" in read

    async def test_nothing_about_a_person_or_a_program_is_readable_on_the_way(
        self, channel: Channel, far_side: FarSide
    ):
        seen = far_side.in_transit(await channel.prepare(sample_parcel(far_side.endpoint))).lower()
        for word in PERSONAL:
            assert word.lower().encode() not in seen

    async def test_several_parcels_one_after_another_all_arrive(self, channel: Channel, far_side: FarSide):
        for number in range(3):
            prepared = await channel.prepare(sample_parcel(far_side.endpoint))
            assert isinstance(await channel.deliver(prepared), Delivered)
            assert far_side.contents_seen() == number + 1

    @pytest.mark.parametrize("fault", list(Fault))
    async def test_a_far_side_that_fails_is_answered_by_what_may_have_left(
        self, channel: Channel, far_side: FarSide, fault: Fault
    ):
        prepared = await channel.prepare(sample_parcel(far_side.endpoint))
        await far_side.misbehave(fault)
        outcome = await channel.deliver(prepared)
        if fault in NOTHING_LEFT:
            expected = Refused if fault is Fault.REFUSES_BEFORE_CONTENT else Deferred
            assert isinstance(outcome, expected)
            assert far_side.contents_seen() == 0
        else:
            assert isinstance(outcome, Unknown)
        for word in PERSONAL:
            assert word.lower() not in outcome.code.lower()

    async def test_a_packet_over_the_limit_is_refused_before_anything_leaves(self, channel: Channel, far_side: FarSide):
        parcel = sample_parcel(far_side.endpoint)
        huge = [{**_fields(parcel.documents[0]), "content": bytes(channel.max_bytes + 1)}]
        with pytest.raises(HubError) as refusal:
            await channel.prepare(
                sample_parcel(far_side.endpoint, documents=tuple(type(parcel.documents[0])(**one) for one in huge))
            )
        assert refusal.value.code == "unrenderable"
        assert far_side.contents_seen() == 0


def _fields(document: object) -> dict[str, object]:
    return {name: getattr(document, name) for name in document.__struct_fields__}


def _plain(text: str) -> str:
    return " ".join(text.split())
