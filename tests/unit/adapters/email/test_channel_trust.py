"""Outgoing anchors: where a county has some, a partner's certificate must lead to one, up to the moment of delivery."""

import pytest

from adapters.email.channel import EmailChannel
from adapters.email.reasons import NotAccepted
from adapters.email.trust.trust import Trust
from hub.errors import Unrenderable
from hub.model import ChannelKind, Deferred, Endpoint, Refused
from tests.contract.channel_parcel import sample_parcel
from tests.direct import AT, authority, rsa_holder

ROOT, OTHER = authority(), authority("other")
HUB = ROOT.issue("hub.example")
CLINIC = rsa_holder("clinic.example", ROOT)
ENDPOINT = Endpoint(
    id="e-1", organization="o", channel=ChannelKind.EMAIL, address="intake@clinic.example", certificate=CLINIC.pem
)


class Told:
    """Trust as the test sets it."""

    def __init__(self, *anchors, fault: str | None = None, required: bool = False):
        self.anchors, self.fault, self.asked = tuple(each.certificate for each in anchors), fault, []
        self.required = required

    def trust(self, domain, direction):
        self.asked.append((domain, direction))
        return Trust(self.anchors, revocation=self, required=self.required)

    async def require_not_revoked(self, path, at):
        if self.fault:
            raise NotAccepted(self.fault)

    async def close(self):
        pass


def channel(trust) -> EmailChannel:
    # nothing listens there: what gets so far is deferred for another reason
    return EmailChannel(HUB.key_pem, HUB.pem, "relay@hub.example", "127.0.0.1", 1, trust=trust, now=lambda: AT)


@pytest.mark.parametrize("trust", [None, Told(), Told(ROOT)], ids=["no trust", "no anchors", "its anchor"])
async def test_without_anchors_or_with_its_own_a_verified_entry_is_enough(trust):
    with_trust = channel(trust)
    outcome = await with_trust.deliver(await with_trust.prepare(sample_parcel(ENDPOINT)))
    assert isinstance(outcome, Deferred)
    assert outcome.code.startswith("smtp-")
    if trust is not None:
        assert set(trust.asked) == {("hub.example", "outgoing")}


FAULTS = {
    "another's anchor": Told(OTHER),
    "revoked": Told(ROOT, fault="revoked"),
    "the last removed": Told(required=True),
}


@pytest.mark.parametrize("trust", FAULTS.values(), ids=FAULTS)
async def test_a_certificate_that_is_not_to_be_trusted_is_a_dead_letter_before_anything_is_sealed(trust):
    with pytest.raises(Unrenderable) as refusal:
        await channel(trust).prepare(sample_parcel(ENDPOINT))
    assert refusal.value.detail_code == "endpoint-unusable"


async def test_what_is_revoked_between_sealing_and_delivery_is_not_delivered():
    trust = Told(ROOT)
    with_trust = channel(trust)
    prepared = await with_trust.prepare(sample_parcel(ENDPOINT))
    trust.fault = "revoked"
    assert await with_trust.deliver(prepared) == Refused(code="revoked")
    trust.anchors = (OTHER.certificate,)
    assert await with_trust.deliver(prepared) == Refused(code="untrusted")


async def test_a_revocation_that_cannot_be_looked_up_now_waits_instead_of_failing():
    with_trust = channel(Told(ROOT, fault="revocation-unknown"))
    prepared = await with_trust.prepare(sample_parcel(ENDPOINT))
    assert await with_trust.deliver(prepared) == Deferred(code="revocation-unknown")


async def test_a_partner_with_an_elliptic_key_is_written_to():
    elliptic = ROOT.issue("clinic.example")
    endpoint = Endpoint(
        id="e-2", organization="o", channel=ChannelKind.EMAIL, address="intake@clinic.example", certificate=elliptic.pem
    )
    assert (await channel(None).prepare(sample_parcel(endpoint))).body
