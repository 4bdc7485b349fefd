"""The same packet by every channel: equal decisions, one accounting row each, notice and consent copy on each."""

import asyncio
import dataclasses
import io
import zipfile
from pathlib import Path

import asyncssh
import msgspec
from sqlmodel import col, select

from adapters.file.channel import FileChannel
from adapters.mllp.channel import MllpChannel
from deploy.demo.authority import Authority
from deploy.demo.mailserver import server_tls
from hub import exchange, outbox
from hub.compliance import accounting
from hub.decisions import DecisionRecord
from hub.model import ChannelKind, Endpoint
from hub.storage.tables import Decision, LedgerEntry
from tests.api import an_api
from tests.contract.sftp_system import SftpSystem, sftp_server
from tests.contract.v2_system import V2System
from tests.neighbours import EVERYBODY, Neighbours, neighbours
from tests.pickups import Visitor, a_postbox, told_by_mail, with_pickup
from tests.scenes import FORM, SECRET, Scene, a_scene, handed

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


async def test_hl7_v2_and_files_are_decided_and_counted_like_every_other_channel(
    migrated_url: str, tmp_path: Path
) -> None:
    """Against a v2 system and an SFTP server that are not ours, beside a partner's API."""
    authority, key = Authority(), asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "in").mkdir()
    files = SftpSystem(tmp_path, key)
    tls = server_tls(*authority.server("localhost", "127.0.0.1").write(tmp_path, "lantern"))
    v2 = V2System(tls, tls)
    server = await asyncio.start_server(v2.talk, "127.0.0.1", 0)
    async with a_scene(migrated_url, recipients=("sunrise",)) as scene, sftp_server(files) as port:
        to = {"organization": "", "verified_at": scene.hub.clock.now()}
        places = (
            Endpoint(
                **to | {"organization": "lantern"},
                id="lantern-v2",
                channel=ChannelKind.MLLP,
                address=f"mllps://localhost:{server.sockets[0].getsockname()[1]}",
                tls_ca=authority.pem,
            ),
            Endpoint(
                **to | {"organization": "valley-clinic"},
                id="valley-file",
                channel=ChannelKind.FILE,
                address=f"sftp://hub@127.0.0.1:{port}/in",
                station=files.host_key,
            ),
        )
        for place in places:
            await scene.hub.directory.put_endpoint(place, verified_by="county", by="county", at=scene.hub.clock.now())
        more = {ChannelKind.MLLP: MllpChannel(), ChannelKind.FILE: FileChannel(key)}
        scene.hub = dataclasses.replace(scene.hub, channels={**scene.hub.channels, **more})
        everybody = ("lantern", "valley-clinic", "sunrise")
        await scene.consent(msgspec.structs.replace(FORM, recipients=everybody))
        items = ({"information": "assessment"}, {"information": "counseling_notes"})
        await scene.submit(recipients=everybody, items=items)
        assert await scene.dispatch_all() == ["delivered"] * 3
        server.close()
        rows = await scene.rows(Decision.recipient, Decision.body, Decision.phase)
        decisions = [msgspec.json.decode(body, type=DecisionRecord) for _, body, phase in rows if phase == "submit"]
        assert len(decisions) == 3
        assert len({tuple(getattr(d, name) for name in SAME) for d in decisions}) == 1
        assert await counted(scene) == sorted((who, 1) for who in everybody)
        (message,) = v2.received
        archive = zipfile.ZipFile(files.delivered()[-1])
        for text in (str(message), archive.read("READ-FIRST.txt").decode()):
            flat = " ".join(text.replace("\\.br\\", " ").split())
            assert NOTICE in flat
            assert "SCOPE OF THE CONSENT" in flat
        documents = [archive.read(name).decode() for name in archive.namelist() if name.startswith("document-")]
        assert documents == [f"{SECRET} (0)"]


async def test_a_pick_up_is_decided_and_counted_like_a_packet_that_is_carried(
    migrated_url: str, tmp_path: Path
) -> None:
    """Valley Clinic is told by mail and comes with link and code; Sunrise has the same packet by its API."""
    both = ("sunrise", "valley-clinic")
    async with a_scene(migrated_url, recipients=("sunrise",)) as scene, a_postbox(tmp_path) as (mailbox, postbox):
        scene.hub = with_pickup(scene.hub, mailbox)
        await told_by_mail(scene.hub, "valley-clinic")
        await scene.consent(msgspec.structs.replace(FORM, recipients=both))
        await scene.submit(recipients=both, items=({"information": "assessment"}, {"information": "counseling_notes"}))
        assert sorted(await scene.dispatch_all()) == ["delivered", "queued"]
        assert await counted(scene) == [("sunrise", 1)], "who was only told that something waits has nothing yet"
        async with an_api(scene.hub) as api:
            visitor = Visitor(api, postbox)
            path = visitor.path()
            archive = zipfile.ZipFile(io.BytesIO((await visitor.post(path, code=await visitor.code(path))).body))
        assert await counted(scene) == [(who, 1) for who in both]
        rows = await scene.rows(Decision.recipient, Decision.body)
        decisions = [msgspec.json.decode(body, type=DecisionRecord) for _, body in rows]
        assert {recipient for recipient, _ in rows} == set(both)
        assert len({tuple(getattr(d, name) for name in SAME) for d in decisions}) == 1
        assert {tuple((i.item, i.permitted, i.reasons) for i in d.items) for d in decisions} == {
            (("item-1", True, ()), ("item-2", False, decisions[0].items[1].reasons))
        }
        flat = " ".join(archive.read("READ-FIRST.txt").decode().split())
        assert NOTICE in flat
        assert "SCOPE OF THE CONSENT" in flat
        documents = [archive.read(name).decode() for name in archive.namelist() if name.startswith("document-")]
        assert documents == [f"{SECRET} (0)"]


async def counted(scene: Scene) -> list[tuple[str, int]]:
    """Recipients and how often each had something, as the patient would be told."""
    told = await accounting.account(scene.hub, scene.member, "harbor", at=scene.hub.clock.now() + 1, scope="all")
    return sorted((line.recipient, line.count) for line in told.lines)
