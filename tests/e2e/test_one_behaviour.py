"""The same packet by four channels: four equal decisions, one accounting row each, notice and consent copy on each."""

from pathlib import Path

import msgspec
from sqlmodel import col, select

from hub import exchange, outbox
from hub.compliance import accounting
from hub.decide import DecisionRecord
from hub.storage.tables import Decision, LedgerEntry
from tests.neighbours import EVERYBODY, Neighbours, neighbours
from tests.scenes import SECRET, handed

NOTICE = "This record which has been disclosed to you is protected by Federal confidentiality rules"
SAME = ("outcome", "hold", "reasons", "obligations", "laws", "consents", "edition", "purpose")


async def sent(among: Neighbours) -> None:
    items = ({"information": "assessment"}, {"information": "counseling_notes"})
    await exchange.submit(among.hub, handed(among.member, recipients=EVERYBODY, items=items))
    for ticket in await outbox.claim(among.hub.database, among.hub.clock.now(), 10):
        await exchange.dispatch(among.hub, ticket)


async def test_four_channels_four_equal_decisions_and_one_row_each(migrated_url: str, tmp_path: Path) -> None:
    async with neighbours(migrated_url, tmp_path) as among:
        await sent(among)
        rows = await among.hub.database.query(
            select(Decision.recipient, Decision.body).where(col(Decision.phase) == "submit")
        )
        decisions = {recipient: msgspec.json.decode(body, type=DecisionRecord) for recipient, body in rows}
        assert set(decisions) == set(EVERYBODY)
        assert len({tuple(getattr(d, name) for name in SAME) for d in decisions.values()}) == 1
        assert {tuple((i.item, i.permitted, i.reasons) for i in d.items) for d in decisions.values()} == {
            (("item-1", True, ()), ("item-2", False, decisions["lantern"].items[1].reasons))
        }
        told = await accounting.account(among.hub, among.member, "harbor", at=among.hub.clock.now() + 1, scope="all")
        assert sorted((line.recipient, line.count) for line in told.lines) == sorted((who, 1) for who in EVERYBODY)


async def test_the_notice_the_consent_and_the_document_are_what_each_reader_sees(
    migrated_url: str, tmp_path: Path
) -> None:
    async with neighbours(migrated_url, tmp_path) as among:
        await sent(among)
        (mail,) = among.received()["lantern"]
        opened = among.moon.received[0]
        seen = {
            "lantern": (tmp_path / "mail" / f"{mail}.txt").read_text(),
            "sunrise": among.sunrise.received[0]["entry"][0]["resource"]["text"]["div"],
            "moon": opened.read_first,
        }
        for who, text in seen.items():
            flat = " ".join(text.replace("<br/>", " ").split())
            assert NOTICE in flat, who
            assert "SCOPE OF THE CONSENT" in flat, who
            assert "Harbor House" in flat, who
        assert [document.content.decode() for document in opened.documents] == [f"{SECRET} (0)"]
        # A cover, a page of notice and scope, the one document: what a fax page says is read in the fax's own tests.
        (delivery,) = await deliveries_to(among, "valley-clinic")
        assert len((await among.clinic.fax(delivery)).pages) == 3


async def deliveries_to(among: Neighbours, recipient: str) -> list[str]:
    rows = await among.hub.database.query(
        select(LedgerEntry.body).where(col(LedgerEntry.kind) == "disclosure.intended")
    )
    bodies = [msgspec.json.decode(body) for (body,) in rows]
    return [body["attempt"] for body in bodies if body["recipient"] == recipient]
