"""What rests on another basis than consent, for tests: the parties, the statements with their evidence, the packet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from hub import exchange
from hub.manifest import Handed, RecipientManifest
from hub.model import ChannelKind, Endpoint
from hub.storage.directory import Organization
from policies.model import Agreement
from tests.scenes import Scene, a_scene, handed

PAPER = b"%PDF-1.7 an order with seal and signature"
PARTIES = {
    "superior-court": {"court"},
    "county-police": {"law_enforcement"},
    "emergency-room": {"provider", "covered_entity", "medical_personnel"},
    "child-protection": {"child_abuse_authority"},
    "coroner": {"coroner"},
    "probation": {"criminal_justice"},
    "registry": {"central_registry"},
    "university": {"researcher"},
    "state-auditor": {"oversight_agency"},
    "laboratory": {"business_associate"},
}
AGREEMENTS = (
    Agreement("audit-2026", "audit", "harbor", "state-auditor", None, None, copies=True),
    Agreement("lab-qsoa", "qsoa", "harbor", "laboratory", "laboratory", None, copies=False),
)
EMERGENCY = {
    "determined_by": "clinician",
    "determined_by_name": "Dr. Quimby Vole",
    "consent": "unobtainable",
    "recipient_name": "Dr. Ida Fennimore",
    "recipient_facility": "Meridian Emergency Room",
    "discloser_name": "Perrin Ashdown",
    "nature": "Unresponsive after an overdose",
}
ORDER = {
    "section": "2.64",
    "court": "Superior Court of Meridian",
    "docket": "MC-2026-0417",
    "document": "paper",
    "holder": "harbor",
    "recipients": ["superior-court"],
    "information": ["attendance"],
    "criteria": ["no_other_means", "public_interest"],
}
"""§2.64(d), (e): the findings, and the limits to part, persons and holder."""
SUBPOENA = {"kind": "subpoena", "issued_by": "Prosecutor Lorne Beck", "reference": "S-77", "document": "paper"}
MOMENT = "2026-01-20T10:00:00-08:00"
FINDINGS = [
    {
        "finding": finding,
        "determined_by": "director",
        "determined_by_name": "Director Wren Oakes",
        "at": MOMENT,
        "because": "Told the night nurse of a plan",
    }
    for finding in ("lacks_capacity", "substantial_threat")
]
RESEARCH = {
    "determination": "IRB-2026-9",
    "requirement": "common_rule",
    "determined_by": "director",
    "determined_by_name": "Director Wren Oakes",
    "at": MOMENT,
}
AUDIT = {"agreement": "audit-2026", "authority": "government_agency", "scope": "Records of January, for the state"}
CRIME = {"kind": "on_premises", "at": MOMENT, "reported_by_name": "Perrin Ashdown"}
CHILD_ABUSE = {"report": "SS-8572-11", "made_by_name": "Perrin Ashdown", "at": MOMENT}
SUPERVISION = {"condition": True, "monitors": True, "case": "CR-2026-8", "officer": "Officer Tamsin Reed"}
REGISTRY = {"trigger": "accepted", "at": MOMENT, "miles": 12.5}
SECRETS = (
    "Quimby", "Fennimore", "Ashdown", "overdose", "MC-2026-0417", "Superior Court of", "S-77", "Lorne", "Wren",
    "night nurse", "IRB-2026-9", "of January", "SS-8572-11", "CR-2026-8", "Tamsin",
)  # fmt: skip
"""Names, numbers and words that stand in evidence, and nowhere in the clear."""


@asynccontextmanager
async def a_county(url: str) -> AsyncIterator[Scene]:
    """Harbor House's member, and everybody a program may have to answer without a consent."""
    async with a_scene(url) as scene:
        hub = scene.hub
        for name, roles in PARTIES.items():
            organization = Organization(id=name, name=name.replace("-", " ").title(), roles=frozenset(roles))
            await hub.directory.put_organization(organization, by="county", at=hub.clock.now())
            endpoint = Endpoint(
                id=f"{name}-api",
                organization=name,
                channel=ChannelKind.API,
                address=f"https://{name}.example/inbox",
                form="sealed",
                verified_at=hub.clock.now(),
            )
            await hub.directory.put_endpoint(endpoint, verified_by="county", by="county", at=hub.clock.now())
        for agreement in AGREEMENTS:
            await hub.directory.put_agreement(agreement, by="county", at=hub.clock.now())
        yield scene


def packet(scene: Scene, to: str, information: str, key: str = "k1", by: str = "harbor/clerk", **more: Any) -> Handed:
    """One item to one recipient; a court's paper is handed in beside it if a statement names one."""
    items = more.pop("items", ({"information": information},))
    made = handed(scene.member, key, recipients=(to,), items=items, **more)
    papers = {"paper": PAPER} if {"order", "demand"} & more.keys() else {}
    return msgspec.structs.replace(made, by=by, documents={**made.documents, **papers})


async def disclose(scene: Scene, to: str, information: str, **more: Any) -> str:
    """Hand it in; the submission's id."""
    return await exchange.submit(scene.hub, packet(scene, to, information, **more))


def with_recipients(made: Handed, recipients: tuple[dict[str, Any], ...]) -> Handed:
    """The same packet for recipients with facts of their own."""
    given = tuple(msgspec.convert(recipient, RecipientManifest) for recipient in recipients)
    return msgspec.structs.replace(made, manifest=msgspec.structs.replace(made.manifest, recipients=given))
