"""Scenes for tests of the path: a member with a consent, endpoints to reach, a packet to hand in."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlmodel import select

from adapters.loopback import LoopbackChannel
from hub import exchange, outbox
from hub.context import Hub
from hub.intake import read_manifest
from hub.manifest import Handed
from hub.model import ChannelKind, Endpoint
from hub.storage import consents, members
from hub.storage.consent_form import ConsentForm
from hub.storage.database import Unit
from hub.storage.member_facts import MemberFacts
from hub.storage.statements import Returning, Statement
from tests.hubs import a_hub

NAME = ("Marisol", "Quintanar")
BORN = "1988-04-11"
CIN = "01234567A"
SECRET = "Dose lowered to forty milligrams after the visit"

FORM = ConsentForm(
    kind="specific",
    patient="the-patient",
    discloser=("harbor",),
    information=("complete_record",),
    recipients=("lantern", "valley-clinic"),
    states_redisclosure_rule=True,
    purposes=("treatment",),
    states_right_to_revoke=True,
    states_how_to_revoke=True,
    expires="2099-12-31",
    signed_by=("the-patient",),
    signature="handwritten",
    signed_on="2026-01-15",
    states_redisclosure_risk=True,
    states_refusal_consequences=True,
)
"""Complete and valid under §2.31(a)."""


class Scene:
    """A hub with Harbor House's member and loopback channels."""

    def __init__(self, hub: Hub, channel: LoopbackChannel, member: str) -> None:
        self.hub = hub
        self.channel = channel
        self.member = member

    async def consent(self, form: ConsentForm = FORM, *, verified: bool = True) -> str:
        consent = await consents.record(self.hub, self.member, form, by="harbor")
        if verified:
            await consents.verify(self.hub, consent, by="harbor/second")
        return consent

    async def submit(self, key: str = "k1", **changes: Any) -> str:
        return await exchange.submit(self.hub, handed(self.member, key, **changes))

    async def dispatch_all(self) -> list[str]:
        """Dispatch what is due now, one after the other; the states reached."""
        tickets = await outbox.claim(self.hub.database, self.hub.clock.now(), 100)
        return [await exchange.dispatch(self.hub, ticket) for ticket in tickets]

    async def rows(self, *columns: Any) -> list[Any]:
        return await self.hub.database.query(select(*columns).order_by(columns[0]))

    async def next_member(self) -> None:
        """Go on with another person of the same program, without any consent."""
        facts = MemberFacts(given=NAME[0], family=NAME[1], born=BORN, medi_cal=True)
        self.member = await members.register(self.hub, facts, [("harbor", "program")], by="harbor")

    async def forget(self) -> None:
        """Empty the tables of the path, so that the next round starts from nothing."""
        for table in ("submission", "item", "decision", "outbox", "disclosure", "attempt", "ledger_entry", "work_item"):
            delete = f"DELETE FROM {table} RETURNING 1"
            await self.hub.database.returning(Returning(delete, delete), ())


@asynccontextmanager
async def a_scene(
    url: str,
    *,
    recipients: tuple[str, ...] = ("lantern", "valley-clinic", "sunrise"),
    keys: Path | None = None,
) -> AsyncIterator[Scene]:
    channel = LoopbackChannel(ChannelKind.API)
    async with a_hub(url, {ChannelKind.API: channel}, keys=keys) as hub:
        for organization in recipients:
            endpoint = Endpoint(
                id=f"{organization}-api",
                organization=organization,
                channel=ChannelKind.API,
                address=f"https://{organization}.example/inbox",
                form="sealed",
                verified_at=hub.clock.now(),
            )
            await hub.directory.put_endpoint(endpoint, verified_by="county", by="county", at=hub.clock.now())
        facts = MemberFacts(given=NAME[0], family=NAME[1], born=BORN, cin=CIN, medi_cal=True)
        member = await members.register(hub, facts, [("harbor", "program"), ("sunrise", "plan")], by="harbor")
        yield Scene(hub, channel, member)


def handed(
    member: str,
    key: str = "k1",
    *,
    recipients: tuple[str, ...] = ("lantern",),
    items: tuple[dict[str, Any], ...] = ({"information": "assessment"},),
    kind: str = "referral_packet",
    purpose: str = "treatment",
    sender: str = "harbor",
    content: str = SECRET,
    **more: Any,
) -> Handed:
    manifest = {
        "kind": kind,
        "member": {"id": member},
        "purpose": purpose,
        "recipients": [{"organization": recipient} for recipient in recipients],
        "items": [{"document": f"d{n}", "title": f"{NAME[1]} note {n}", **item} for n, item in enumerate(items)],
        **more,
    }
    raw = msgspec.json.encode(manifest)
    documents = {f"d{n}": f"{content} ({n})".encode() for n in range(len(items))}
    digest = hashlib.sha256(raw + b"".join(documents.values())).digest()
    return Handed(sender=sender, key=key, manifest=read_manifest(raw), documents=documents, body_digest=digest)


def happens_before(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, statement: Statement, something: Callable[[], Awaitable[object]]
) -> None:
    """Let something happen after a unit with this statement was put together, and before it commits; once."""
    commit, still = scene.hub.database.commit, [statement]

    async def commit_after(unit: Unit) -> None:
        if any(step.statement in still for step in (*unit.guards, *unit.writes)):
            still.clear()
            await something()
        await commit(unit)

    monkeypatch.setattr(scene.hub.database, "commit", commit_after)
