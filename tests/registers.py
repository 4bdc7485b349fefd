"""Matters on the registers, for tests: opened and brought on by name, as the API and the command line do."""

from typing import Any

import msgspec

from hub.compliance import deeds, matters
from hub.storage.facts import instant
from tests.scenes import Scene

BY = "harbor/privacy"
DAY_US = 86_400_000_000


def at(scene: Scene, days_ago: float = 0) -> str:
    """An instant so many days before the hub's present, as a form takes it."""
    return instant(scene.hub.clock.now() - round(days_ago * DAY_US)).isoformat()


async def opened(scene: Scene, kind: str, organization: str = "harbor", **fields: Any) -> str:
    return await deeds.open_matter(scene.hub, kind, msgspec.json.encode(fields), organization, by=BY)


async def do(scene: Scene, matter: str, deed: str, organization: str | None = "harbor", **fields: Any) -> None:
    await deeds.do(scene.hub, matter, deed, msgspec.json.encode(fields), organization, by=BY)


async def read(scene: Scene, matter: str) -> dict[str, Any]:
    return await matters.read(scene.hub, matter, None)
