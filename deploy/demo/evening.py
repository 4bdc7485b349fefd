"""After the day: what a receiving program's intake finds on its page, for whoever wants to try the answers.

The packet of story (a) waits there already. A second one comes in the evening, an urgent one; and the member signs that
Hazelmoor may answer Alderhaven, so that what is answered is told.
"""

from deploy.demo import documents
from deploy.demo.stage import Stage
from deploy.demo.stories.a_warm_handoff import CONSENT, FROM, MEMBER, TO
from hub.storage import consents, members
from hub.storage.consent_form import ConsentForm


async def fall(stage: Stage) -> None:
    """Once the steps are written down. Raises `TimeoutError`."""
    await _signs(stage)
    desk, chart = stage.desks[FROM], stage.chart(MEMBER, FROM, to=TO)
    manifest = {
        "kind": "referral_packet",
        "member": {"cin": stage.cin(MEMBER)},
        "purpose": "treatment",
        "priority": "urgent",
        "service": "buprenorphine",
        "recipients": [{"organization": TO}],
    }
    handed = await desk.hand_in(manifest, [documents.document(kind, chart) for kind in ("assessment", "diagnosis")])
    await desk.settled(handed.json["id"])


async def _signs(stage: Stage) -> None:
    signed = {
        name: value for name, value in stage.data["consents"][CONSENT].items() if name in ConsentForm.__struct_fields__
    }
    turned = {"discloser": (TO,), "recipients": (FROM,), "information": ("attendance",)}
    member = await members.find_by_cin(stage.hub, stage.cin(MEMBER))
    assert member is not None
    form = ConsentForm(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in signed.items()} | turned
    )
    consent = await consents.record(stage.hub, member, form, by=f"{TO}/baptiste")
    await consents.take_as_verified(stage.hub, consent, by=f"{TO}/nakai")
