"""After the day: what a receiving program's intake and a health plan's coordinator find on their pages, to be tried.

The packet of story (a) waits there already. A second one comes in the evening, an urgent one; and the member signs that
Hazelmoor may answer Alderhaven, so that what is answered is told. The plan, which story (b) told of an admission, hears
of two discharges: each asks for a call, and one of them soon.
"""

from datetime import UTC, datetime, timedelta

from deploy.demo import documents
from deploy.demo.stage import Stage
from deploy.demo.stories.a_warm_handoff import CONSENT, FROM, MEMBER, TO
from hub.storage import consents, members
from hub.storage.consent_form import ConsentForm

PLAN = "greenmark"
DISCHARGED = (("m30", "hazelmoor", timedelta(days=6, hours=2)), (MEMBER, FROM, timedelta(hours=3)))
"""Whom, from where and how long ago: a plan has seven days to call."""


async def fall(stage: Stage) -> None:
    """Once the steps are written down. Raises `TimeoutError`."""
    await _signs(stage)
    await _refers(stage)
    for member, program, ago in DISCHARGED:
        await _discharges(stage, member, program, datetime.now(UTC).replace(microsecond=0) - ago)


async def _refers(stage: Stage) -> None:
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


async def _discharges(stage: Stage, member: str, program: str, at: datetime) -> None:
    desk = stage.desks[program]
    manifest = {
        "kind": "discharge_notice",
        "member": {"cin": stage.cin(member)},
        "purpose": "operations",
        "recipients": [{"organization": PLAN}],
        "event": {"kind": "discharge", "at": at.isoformat(), "setting": desk.name, "contact": stage.manager(member)},
    }
    handed = await desk.hand_in(manifest, [documents.document("discharge", stage.chart(member, program), at)])
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
