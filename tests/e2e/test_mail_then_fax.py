"""What a real mail server refuses, or is away for, goes by a real fax: each attempt is kept, and it counts once."""

import dataclasses
import io
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image, ImageSequence

from adapters.email.channel import EmailChannel
from adapters.fax.channel import FaxChannel
from adapters.fax.hylafax import HylaFax, HylaFaxServer
from hub.compliance import accounting
from hub.model import ChannelKind, Endpoint
from hub.storage.tables import Attempt, Disclosure, LedgerEntry
from tests.conftest import missing
from tests.direct_town import CLINIC, HUB, Community, an_inbox, rows
from tests.postfix import Postfix, postfix
from tests.scenes import Scene, a_scene
from tests.servers import MissingServerError
from tests.telephone.hylafax import ADMIN, PASSWORD, USER
from tests.telephone.rig import Rig

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
GONE, NUMBER = f"gone@{CLINIC}", "17075551090"
HOUR = 3_600_000_000


@pytest.fixture
def place() -> Iterator[Path]:
    """Where a mail server may stand that is gone again; its parts, of other users, pass through."""
    folder = Path(tempfile.mkdtemp(prefix="part2hub-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def scene(sqlite_template: Path, tmp_path: Path, fax_rig: Rig) -> AsyncIterator[Scene]:
    """Harbor's member, whose consent names Lantern; a fax machine answers at Lantern's number."""
    fax_rig.tell("clear")
    fax_rig.number(NUMBER, station="+1 707 555 1090")
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'hub.sqlite')}"
    async with a_scene(url, recipients=()) as scene:
        await scene.consent()
        yield scene


async def reached(scene: Scene, rig: Rig, relay: Postfix) -> None:
    """Lantern is reached by mail, then by fax."""
    community, now = Community(), scene.hub.clock.now()
    mail = Endpoint(
        id="lantern-mail", organization="lantern", channel=ChannelKind.EMAIL, address=GONE,
        certificate=community.clinic.pem, rank=0, verified_at=now,
    )  # fmt: skip
    fax = Endpoint(
        id="lantern-fax", organization="lantern", channel=ChannelKind.FAX, address=f"+{NUMBER}", station=NUMBER,
        rank=1, verified_at=now,
    )  # fmt: skip
    for each in (mail, fax):
        await scene.hub.directory.put_endpoint(each, verified_by="county", by="county", at=now)
    modem = HylaFax(HylaFaxServer(port=rig.sender.port, user=USER, password=PASSWORD, admin=ADMIN))
    channels = {
        ChannelKind.EMAIL: EmailChannel(
            community.hub.key_pem, community.hub.pem, f"exchange@{HUB}", "localhost", relay.port,
            tls_ca=relay.authority.pem,
        ),
        ChannelKind.FAX: FaxChannel(modem, poll=0.1, deadline=60),
    }  # fmt: skip
    scene.hub = dataclasses.replace(scene.hub, channels=channels)


async def delivered(scene: Scene) -> list[str]:
    """The states that the packet came through, until it was delivered."""
    states: list[str] = []
    for _ in range(20):
        states += await scene.dispatch_all()
        if states[-1:] == ["delivered"]:
            break
        scene.hub.clock.ahead += HOUR
    for channel in scene.hub.channels.values():
        await channel.close()
    return states


async def entries(scene: Scene, kind: str) -> list[dict[str, Any]]:
    found = sorted(await rows(scene.hub, LedgerEntry), key=lambda each: int(each["id"]))
    return [msgspec.json.decode(each["body"]) for each in found if each["kind"] == kind]


def pages(rig: Rig) -> list[Image.Image]:
    """What the far machine received."""
    (call,) = rig.calls()
    with Image.open(io.BytesIO(Path(call["file"]).read_bytes())) as fax:
        return [page.convert("1").copy() for page in ImageSequence.Iterator(fax)]


async def test_what_the_mail_server_refuses_for_good_goes_by_fax_on_a_decision_of_its_own(
    scene: Scene, fax_rig: Rig
) -> None:
    async with an_inbox() as inbox:
        try:
            with postfix({CLINIC: f"smtp:[127.0.0.1]:{inbox.port}"}, nobody=GONE) as relay:
                await reached(scene, fax_rig, relay)
                await scene.submit()
                assert await delivered(scene) == ["queued", "delivered"]
                assert f"550 5.1.1 <{GONE}>: Recipient address rejected" in relay.log
        except MissingServerError as error:
            missing(error)
        assert inbox.mails == []
    await went_by_fax_alone(scene, fax_rig, tries=1)
    assert [each["outcome"] for each in await rows(scene.hub, Attempt)] == ["refused", "delivered"]


async def test_a_mail_server_that_stays_away_lets_the_packet_go_by_fax(scene: Scene, fax_rig: Rig, place: Path) -> None:
    try:
        with postfix({}, folder=place) as relay:
            pass  # it was there, and has gone
    except MissingServerError as error:
        missing(error)
    await reached(scene, fax_rig, relay)
    await scene.submit()
    states = await delivered(scene)
    assert (states[0], states[-1]) == ("queued", "delivered")
    tries = len(await rows(scene.hub, Attempt)) - 1
    await went_by_fax_alone(scene, fax_rig, tries=tries)


async def went_by_fax_alone(scene: Scene, rig: Rig, *, tries: int) -> None:
    """Each attempt has its intent, on a decision of its own, and its end on the ledger; what the patient is told is the
    one that reached somebody."""
    intents, ends = await entries(scene, "disclosure.intended"), await entries(scene, "disclosure.concluded")
    assert [each["channel"] for each in intents] == ["email"] * tries + ["fax"]
    assert len({each["decision"] for each in intents}) == tries + 1
    assert [each["attempt"] for each in ends] == [each["attempt"] for each in intents]
    (disclosure,) = await rows(scene.hub, Disclosure)
    assert (disclosure["state"], disclosure["address"]) == ("disclosed", f"+{NUMBER}")
    received = pages(rig)
    (proof,) = [each["receipt"] for each in await rows(scene.hub, Attempt) if each["channel"] == "fax"]
    assert f'"pages-confirmed","{len(received)}"' in proof
    # A cover, the notice with the scope of the consent, the one document.
    assert len(received) == 3
    now = scene.hub.clock.now() + 1
    for organization in ("harbor", None):
        told = await accounting.account(scene.hub, scene.member, organization, at=now, scope="all")
        assert [(each.recipient, each.address, each.count) for each in told.lines] == [("lantern", f"+{NUMBER}", 1)]
