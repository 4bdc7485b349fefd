"""Secure pick-up, with a real mail server: told neutrally, let in by link and code, decided anew at the click."""

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from hub import exchange, outbox
from hub.pickup.collect import LIFE_US
from hub.pickup.links import delivery_of, token_of
from hub.storage import consents, members
from hub.storage.member_facts import MemberFacts
from hub.storage.tables import Consent, Disclosure, LedgerEntry, Outbox
from tests.api import Api, an_api
from tests.hubs import a_hub
from tests.pickups import Postbox, Visitor, a_postbox, told_by_mail, with_pickup
from tests.scenes import BORN, CIN, FORM, NAME, SECRET, handed

NOTICE_OPENING = b"This record which has been disclosed to you is protected by Federal confidentiality rules"


class Scene(Visitor):
    def __init__(self, api: Api, postbox: Postbox, member: str) -> None:
        super().__init__(api, postbox)
        self.hub, self.member = api.hub, member

    async def send(self, key: str = "k1") -> None:
        await exchange.submit(self.hub, handed(self.member, key))
        for ticket in await outbox.claim(self.hub.database, self.hub.clock.now(), 10):
            await exchange.dispatch(self.hub, ticket)

    async def settled(self) -> tuple[str, str]:
        """Row and disclosure, once the hand-over is on record: the reader may have the last byte before that."""
        async with asyncio.timeout(10):
            while (await self.one(Outbox.state)) == ("in_flight",):  # noqa: ASYNC110 - the database is asked
                await asyncio.sleep(0.01)
        return (await self.one(Outbox.state))[0], (await self.one(Disclosure.state))[0]

    async def one(self, *columns: Any) -> Any:
        (row,) = await self.hub.database.query(select(*columns))
        return tuple(row)


@pytest.fixture
async def scene(tmp_path: Path, migrated_url: str) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        mailbox, postbox = await stack.enter_async_context(a_postbox(tmp_path))
        hub = with_pickup(await stack.enter_async_context(a_hub(migrated_url)), mailbox)
        await told_by_mail(hub, "lantern")
        facts = MemberFacts(given=NAME[0], family=NAME[1], born=BORN, cin=CIN)
        member = await members.register(hub, facts, [("harbor", "program")], by="harbor")
        consent = await consents.record(hub, member, FORM, by="harbor")
        await consents.verify(hub, consent, by="harbor/second")
        yield Scene(await stack.enter_async_context(an_api(hub)), postbox, member)


async def test_the_recipient_is_told_that_something_waits_and_nothing_else(scene: Scene) -> None:
    await scene.send()
    (raw,), (text,) = scene.postbox.refused, scene.mails
    assert "To: <records@lantern.example>" in raw
    for word in (*NAME, CIN, BORN, "Harbor", "Lantern", "substance", "referral", SECRET):
        assert word not in raw + text
    assert await scene.one(Outbox.state, Outbox.code) == ("queued", "awaiting-pickup")
    assert await scene.one(Disclosure.state) == ("not_disclosed",)


async def test_with_link_and_code_the_packet_is_handed_over_with_its_notice_first(scene: Scene) -> None:
    await scene.send()
    path = scene.path()
    assert (await scene.get(path)).status == 200
    got = await scene.post(path, code=await scene.code(path))
    assert (got.status, got.headers["Content-Type"]) == (200, "application/zip")
    archive = zipfile.ZipFile(io.BytesIO(got.body))
    assert archive.namelist() == ["READ-FIRST.txt", "document-1.txt"]
    first = archive.read("READ-FIRST.txt")
    assert first.index(NOTICE_OPENING) < first.index(NAME[1].encode())
    assert archive.read("document-1.txt").decode() == f"{SECRET} (0)"
    assert await scene.settled() == ("delivered", "disclosed")


async def test_the_intent_is_on_the_ledger_before_the_document_leaves_and_the_code_too(scene: Scene) -> None:
    await scene.send()
    path = scene.path()
    await scene.post(path, code=await scene.code(path))
    await scene.settled()
    rows = await scene.hub.database.query(select(LedgerEntry.kind).order_by(LedgerEntry.id))
    kinds = [kind for (kind,) in rows if kind.startswith(("pickup.", "disclosure."))]
    assert kinds == [
        "disclosure.intended",
        "disclosure.concluded",
        "pickup.code_asked",
        "pickup.code_used",
        "disclosure.intended",
        "disclosure.concluded",
    ]


async def test_a_consent_revoked_before_the_click_keeps_the_document_here(scene: Scene) -> None:
    await scene.send()
    path = scene.path()
    code = await scene.code(path)
    ((consent,),) = await scene.hub.database.query(select(Consent.id))
    await consents.revoke(scene.hub, consent, how="written", by="harbor")
    got = await scene.post(path, code=code)
    assert got.status == 404
    assert SECRET.encode() not in got.body
    assert await scene.one(Outbox.state) == ("withheld",)
    assert await scene.one(Disclosure.state) == ("not_disclosed",)


async def test_every_link_that_opens_nothing_is_one_page(scene: Scene) -> None:
    await scene.send()
    path = scene.path()
    delivery = delivery_of(scene.hub.ring, path.rpartition("/")[2])
    assert delivery is not None
    used = path
    await scene.post(path, code=await scene.code(path))
    await scene.settled()
    other = token_of(scene.hub.ring, f"{delivery[:32]}09")
    links = (used, "/pickup/x", f"/pickup/{delivery}.{'A' * 32}", f"/pickup/{other}", f"{path[:-2]}AA")
    mails = len(scene.mails)
    for pages in (
        [await scene.get(link) for link in links],
        [await scene.get(f"{link}/code") for link in links],
        [await scene.post(f"{link}/code") for link in links],
        [await scene.post(link, code="12345678") for link in links],
    ):
        assert {page.status for page in pages} == {404}
        assert len({page.body for page in pages}) == 1
        for page in pages:
            assert page.headers | {"Date": ""} == pages[0].headers | {"Date": ""}
    assert len(scene.mails) == mails, "no code is mailed for it"
    counted = {asker for _, askers in scene.hub.signals._rates.values() for asker in askers}
    sent = {f"pickup:{delivery}", f"pickup:{delivery[:32]}09"}
    assert {asker for asker in counted if asker.startswith("pickup:")} == sent, "guesses fill no memory"


async def test_a_wrong_code_opens_nothing_and_five_end_it(scene: Scene) -> None:
    await scene.send()
    path = scene.path()
    code = await scene.code(path)
    wrong = f"{(int(code) + 1) % 10**8:08}"
    for _ in range(5):
        assert (await scene.post(path, code=wrong)).status == 403
    assert (await scene.post(path, code=code)).status == 403
    assert await scene.one(Disclosure.state) == ("not_disclosed",)
    assert (await scene.post(path, code=await scene.code(path))).status == 200


async def test_a_code_works_once_and_not_for_ever(scene: Scene) -> None:
    await scene.send()
    path = scene.path()
    code = await scene.code(path)
    scene.hub.clock.ahead = 601_000_000  # type: ignore[attr-defined]
    assert (await scene.post(path, code=code)).status == 403
    assert (await scene.post(path, code=await scene.code(path))).status == 200
    assert (await scene.post(path, code=code)).status == 404


async def test_an_old_link_opens_nothing_and_a_new_notice_is_sent(scene: Scene) -> None:
    await scene.send()
    old = scene.path()
    scene.hub.clock.ahead = LIFE_US + 1_000_000  # type: ignore[attr-defined]
    assert (await scene.get(old)).status == 404
    for ticket in await outbox.claim(scene.hub.database, scene.hub.clock.now(), 10):
        await exchange.dispatch(scene.hub, ticket)
    assert scene.path() != old
    assert (await scene.get(old)).status == 404
    assert (await scene.get(scene.path())).status == 200


async def test_the_language_that_was_chosen_lasts_from_the_link_to_the_code_and_a_turn_mails_no_other_code(
    scene: Scene,
) -> None:
    await scene.send()
    path = scene.path()
    page = (await scene.get(f"{path}?lang=es")).body.decode()
    (ask,) = re.findall(r'action="([^"]+)"', page)
    page = (await scene.post(ask)).body.decode()
    answer, again = re.findall(r'action="([^"]+)"', page)
    wrong = (await scene.post(answer, code="00000000")).body.decode()
    assert all('<html lang="es">' in each for each in (page, wrong, (await scene.post(again)).body.decode()))
    mails = len(scene.mails)
    (turn,) = re.findall(r'<a href="([^"]+)"', wrong)
    turned = await scene.get(turn)
    assert (turned.status, '<html lang="en">' in turned.body.decode()) == (200, True)
    assert 'name="code"' in turned.body.decode(), "it is still asked for the code"
    assert len(scene.mails) == mails
    assert "Set-Cookie" not in turned.headers


async def test_the_pages_speak_spanish_and_run_no_script(scene: Scene) -> None:
    await scene.send()
    page = await scene.get(f"{scene.path()}?lang=es")
    assert "Un documento seguro le espera" in page.body.decode()
    assert "script" not in page.body.decode()
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
