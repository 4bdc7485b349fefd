"""An organization at its desk: one bearer token and the HTTP API, nothing else of the hub.

Rules kept: it sees what the API answers and no more; every wait has an end.
"""

import asyncio
import json
import os
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import aiohttp

from deploy.demo.documents import Made

MOVING = ("queued", "claimed", "in_flight")
_LOOK_AGAIN_S = 0.05


class Answer(NamedTuple):
    """What came back; `seconds` from the first byte sent to the last one read."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Desk:
    """`organization` by the id it has in the county."""

    def __init__(self, organization: str, name: str, session: aiohttp.ClientSession, base: str, token: str) -> None:
        self.organization = organization
        self.name = name
        self._session = session
        self._base = base
        self._headers = {"Authorization": f"Bearer {token}"}

    async def call(self, method: str, path: str, **options: Any) -> Answer:
        headers = self._headers | options.pop("headers", {})
        began = time.perf_counter()
        async with self._session.request(method, self._base + path, headers=headers, **options) as response:
            body = await response.read()
            return Answer(response.status, dict(response.headers), body, time.perf_counter() - began)

    async def hand_in(self, manifest: dict[str, Any], documents: Sequence[Made]) -> Answer:
        """`POST /v1/submissions` as multipart; items are made from the documents."""
        items = [{"document": d.kind, "title": d.title, "information": d.information} for d in documents]
        form = aiohttp.FormData()
        form.add_field("manifest", json.dumps(manifest | {"items": items}), content_type="application/json")
        for each in documents:
            form.add_field(each.kind, each.content, filename=each.kind, content_type=each.media_type)
        return await self.call("POST", "/v1/submissions", data=form, headers={"Idempotency-Key": os.urandom(12).hex()})

    async def status(self, submission: str) -> dict[str, Any]:
        """The submission's recipients by organization; of one that stands in several rows, the one that left first."""
        view = (await self.call("GET", f"/v1/submissions/{submission}")).json
        return {row["recipient"]: row for row in reversed(view["recipients"])}

    async def settled(self, submission: str, within: float = 20.0) -> dict[str, Any]:
        """The same, once nothing of it moves any more. Raises `TimeoutError`."""
        return await self.until(submission, lambda rows: all(r["state"] not in MOVING for r in rows), within)

    async def until(self, submission: str, reached: Any, within: float) -> dict[str, Any]:
        """The same, once `reached` holds of the rows."""
        async with asyncio.timeout(within):
            while True:
                rows = await self.status(submission)
                if reached(rows.values()):
                    return rows
                await asyncio.sleep(_LOOK_AGAIN_S)

    async def explanation(self, decision: str, packet: Sequence[Made]) -> list[str]:
        """`GET /v1/decisions/{id}`: the sentences about what stays, then what would let it go.

        The hub numbers items; whoever handed them in knows their titles.
        """
        told = (await self.call("GET", f"/v1/decisions/{decision}")).json
        stays = {item["item"] for item in told["items"] if not item["permitted"]}
        said = [each["text"] for each in told["explanation"] if each["item"] in stays]
        said += [f"What would let it go: {each['text']}" for each in told["remedies"][:1]]
        titles = {f'"item-{number}"': f'"{made.title}"' for number, made in enumerate(packet, 1)}
        return [_renamed(text, titles) for text in said]


def _renamed(text: str, titles: dict[str, str]) -> str:
    for item, title in titles.items():
        text = text.replace(item, title)
    return text
