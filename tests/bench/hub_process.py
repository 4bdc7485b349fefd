"""The hub under load, in a process of its own: one process, API, worker and sequencer together.

python -m tests.bench.hub_process URL REDIS-OR-EMPTY SINK-PORT ROLE     prints port, token and members as one JSON
line
"""

import asyncio
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nacl.public import PrivateKey
from nacl.signing import SigningKey

from adapters.api.channel import ApiChannel
from adapters.tls import trust_nobody_unnamed
from hub.bootstrap import ended, loop_factory, running
from hub.bootstrap.memory import settle_memory, stay_small
from hub.bootstrap.opening import open_hub
from hub.context import Hub
from hub.crypto.keyring import KeyRing
from hub.model import ChannelKind, Endpoint, Outcome, Prepared
from hub.settings import read_settings
from hub.storage import consents, members, tokens
from hub.storage.consent_form import ConsentForm
from hub.storage.directory import Organization
from hub.storage.member_facts import MemberFacts
from tests.bench.message import CLINICS

FORM = ConsentForm(
    kind="specific", patient="the-patient", discloser=("harbor",), information=("complete_record",),
    recipients=CLINICS, states_redisclosure_rule=True, purposes=("treatment",), states_right_to_revoke=True,
    states_how_to_revoke=True, expires="2099-12-31", signed_by=("the-patient",), signature="handwritten",
    signed_on="2026-01-15", states_redisclosure_risk=True, states_refusal_consequences=True,
)  # fmt: skip
CONSENTS = 5
MEMBERS = 50


async def prepare(hub: Hub, sink: int) -> dict[str, Any]:
    """A program, clinics with sealed endpoints, members with five consents each, a token."""
    provider = frozenset({"provider", "covered_entity"})
    now = hub.clock.now()
    for name in ("harbor", *CLINICS):
        program = "holds_out" if name == "harbor" else None
        organization = Organization(id=name, name=name.title(), roles=provider, sud_program=program)
        await hub.directory.put_organization(organization, by="harbor", at=now)
    for clinic in CLINICS:
        endpoint = Endpoint(
            id=f"{clinic}-api", organization=clinic, channel=ChannelKind.API,
            address=f"http://127.0.0.1:{sink}/inbox", form="sealed-v2",
            seal_key=bytes(PrivateKey.generate().public_key), verified_at=now,
        )  # fmt: skip
        await hub.directory.put_endpoint(endpoint, verified_by="harbor", by="harbor", at=now)
    issued = await tokens.issue(hub, "harbor", "sender", by="harbor")
    second = await tokens.issue(hub, "harbor", "staff", by="county", person="second")
    return {
        "members": [await _member(hub, number, f"harbor/{second.id}") for number in range(MEMBERS)],
        "token": issued.token,
    }


async def _member(hub: Hub, number: int, second: str) -> str:
    facts = MemberFacts(given="Bench", family=f"Member {number}", born="1990-01-01", medi_cal=True)
    member = await members.register(hub, facts, [("harbor", "program")], by="harbor")
    for _ in range(CONSENTS):
        await consents.verify(hub, await consents.record(hub, member, FORM, by="harbor"), by=second)
    return member


class SlowedChannel(ApiChannel):
    """Each message takes a millisecond more, in which the worker does nothing and nobody's processor is busy."""

    async def deliver(self, prepared: Prepared) -> Outcome:
        time.sleep(0.001)  # noqa: ASYNC251 - the loop itself stands still, as if it had worked
        return await super().deliver(prepared)


async def main(url: str, redis: str, sink: int, role: str) -> None:
    kind = ApiChannel
    if role == "slowed":
        kind, role = SlowedChannel, "worker"
    folder = Path(url.removeprefix("sqlite:///")).parent if url.startswith("sqlite") else Path(sys.argv[5])
    environ = {"HUB_DATA": str(folder), "HUB_DATABASE_URL": url, "HUB_REDIS_URL": redis, "HUB_LISTEN": "127.0.0.1:0"}
    settings = read_settings(environ)
    if not settings.keys.exists():
        KeyRing.create(settings.keys)
    settle_memory()
    trust_nobody_unnamed()
    async with open_hub(settings, channels=False) as opened:
        channel = kind(SigningKey.generate(), "bench", allow_plain_loopback=True, connections=32)
        hub = replace(opened, channels=MappingProxyType({ChannelKind.API: channel}))
        made = await prepare(hub, sink) if role != "worker" else {}
        async with running(hub, settings, role, rate_per_minute=0) as port:
            small = asyncio.create_task(stay_small())
            print(json.dumps({"port": port, **made}), flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
            await ended(small)
        await channel.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
