"""Notices of a revocation to earlier recipients: optional, decided like anything that leaves, recalling nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from hub.compliance.duties import Duties
from hub.compliance.on_registers import Listed, listing
from hub.errors import Conflict
from hub.storage import consents
from tests.registers import do, read
from tests.scenes import FORM, Scene, a_scene


@asynccontextmanager
async def revoked(url: str, *, wanted: bool = True, as_to: tuple[str, ...] | None = None) -> AsyncIterator[Scene]:
    """Two recipients received something under a consent that was then revoked."""
    async with a_scene(url) as scene:
        scene.hub = replace(scene.hub, duties=Duties(tells_earlier_recipients=wanted))
        consent = await scene.consent()
        await scene.submit("k1", recipients=("lantern", "valley-clinic"))
        assert await scene.dispatch_all() == ["delivered", "delivered"]
        await consents.revoke(scene.hub, consent, how="written", by="harbor/clerk", as_to=as_to)
        yield scene


async def notices(scene: Scene) -> list[dict[str, Any]]:
    return await listing(scene.hub, Listed(frozenset({"harbor"}), "notice", state=None))


async def test_each_earlier_recipient_has_a_notice_to_send(migrated_url: str) -> None:
    async with revoked(migrated_url) as scene:
        found = await notices(scene)
        assert sorted(each["facts"]["recipient"] for each in found) == ["lantern", "valley-clinic"]
        assert {each["code"] for each in found} == {"to_send"}
        assert len(scene.channel.received) == 2, "none goes by itself"


async def test_nothing_is_prepared_unless_the_county_wants_it(migrated_url: str) -> None:
    async with revoked(migrated_url, wanted=False) as scene:
        assert await notices(scene) == []


async def test_a_revocation_as_to_one_concerns_that_one(migrated_url: str) -> None:
    async with revoked(migrated_url, as_to=("lantern",)) as scene:
        assert [each["facts"]["recipient"] for each in await notices(scene)] == ["lantern"]


async def test_a_notice_that_no_consent_covers_is_withheld_like_anything_else(migrated_url: str) -> None:
    async with revoked(migrated_url) as scene:
        notice = (await notices(scene))[0]["id"]
        await do(scene, notice, "send", reason="As the county asks")
        assert (await read(scene, notice))["code"] == "withheld"
        assert await scene.dispatch_all() == []
        assert len(scene.channel.received) == 2
        with pytest.raises(Conflict):
            await do(scene, notice, "send", reason="again")
        await do(scene, notice, "let_be", reason="They were told by phone, without a name")
        assert (await read(scene, notice))["state"] == "closed"


async def test_a_notice_that_a_newer_consent_covers_goes_and_recalls_nothing(migrated_url: str) -> None:
    async with revoked(migrated_url) as scene:
        newer = msgspec.structs.replace(FORM, recipients=("lantern",), signed_on="2026-02-01")
        await scene.consent(newer)
        notice = next(each for each in await notices(scene) if each["facts"]["recipient"] == "lantern")
        await do(scene, notice["id"], "send", reason="As the county asks")
        assert (await read(scene, notice["id"]))["code"] == "handed_in"
        assert await scene.dispatch_all() == ["delivered"]
        text = scene.channel.received[-1].parcel.documents[0].content.decode()
        assert "This notice recalls nothing." in text
        assert "Marisol Quintanar" in text
