"""Disclosures made outside of the hub, for tests: what a counselor says of a telephone call, and how it is recorded."""

import hashlib
from typing import Any

import msgspec

from hub.outside import recording
from hub.outside.manifest import read_outside
from hub.outside.recording import Recorded
from hub.outside.rows import Hand
from hub.storage.facts import instant
from tests.disclosures import EMERGENCY
from tests.scenes import Scene

HOUR_US = 3_600_000_000
CALL = {
    "way": "telephone",
    "purpose": "treatment",
    "information": ["medications"],
    "told": "Her last dose, forty milligrams on Friday",
    "discloser_name": "Perrin Ashdown",
    "recipient_person": "Nurse Odile Farrow",
    "notice": "sent_after",
    "scope": "copy",
}
CLERK = {
    "name": "Tobias Wexcombe", "roles": ["court"], "organization": "Superior Court of Meridian",
    "address": "12 Quay Street, Meridian, CA 95400",
}  # fmt: skip
BY_TELEPHONE = CALL | {"recipient": "emergency-room", "emergency": EMERGENCY, "notice": None, "scope": None}
"""In a medical emergency."""
WORDS = ("forty milligrams", "Ashdown", "Farrow", "Wexcombe", "Quay Street", "Superior Court of", "Fennimore")
"""What is said in a record, and stands nowhere in the clear."""


def said(scene: Scene, ago_us: int = HOUR_US, **changes: Any) -> bytes:
    """What somebody states about a call that was made so long ago."""
    at = instant(scene.hub.clock.now() - ago_us).isoformat()
    return msgspec.json.encode({"member": {"id": scene.member}, "made_at": at} | CALL | changes)


async def record(
    scene: Scene, *, key: str = "k1", by: str = "harbor/clerk", discloser: str = "harbor", **changes: Any
) -> Recorded:
    """Record a call; told to Lantern unless the changes say otherwise."""
    told = {} if {"recipient", "somebody"} & changes.keys() else {"recipient": "lantern"}
    return await recorded(scene, said(scene, **told, **changes), key=key, by=by, discloser=discloser)


async def recorded(
    scene: Scene, raw: bytes, *, key: str = "k1", by: str = "harbor/clerk", discloser: str = "harbor"
) -> Recorded:
    """Record these very bytes."""
    hand = Hand(discloser, by, key, hashlib.sha256(raw).digest())
    return await recording.record(scene.hub, read_outside(raw), hand)
