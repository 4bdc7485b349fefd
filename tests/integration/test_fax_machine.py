"""From a packet to paper: the channel spools a fax, the demo's machine takes it and prints every page."""

import io
import json

import pytest
from PIL import Image

from adapters.fax.channel import FaxChannel
from adapters.fax.spool import SpoolFax
from deploy.demo.faxmachine import FaxMachine
from hub.model import (
    Accompaniment,
    ChannelKind,
    Correspondent,
    Delivered,
    Document,
    Endpoint,
    MemberIdentity,
    MessageKind,
    Parcel,
    Priority,
)


def parcel(number="+17075550121") -> Parcel:
    return Parcel(
        delivery="06fax0delivery0001",
        disclosure="06fax0disclosure01",
        kind=MessageKind.STATUS_REPORT,
        priority=Priority.ROUTINE,
        created_at=1_772_870_400_000_000,
        zone="America/Los_Angeles",
        sender=Correspondent(id="a", name="Alder Point", phone="+1 707 555 0110"),
        recipient=Correspondent(id="b", name="Oakmont Family Clinic"),
        endpoint=Endpoint(id="e", organization="b", channel=ChannelKind.FAX, address=number),
        member=MemberIdentity(given="Ines", family="Quiroga", born="1991-05-17"),
        documents=(
            Document(id="d", title="Note", information="summary", media_type="text/plain", content=b"seen today"),
        ),
        accompaniment=Accompaniment(notice="Notice", notice_short="Short notice"),
    )


def picture() -> bytes:
    """A TIFF, but not in the form that a fax machine takes."""
    out = io.BytesIO()
    Image.new("1", (1728, 2156), 255).save(out, "TIFF", compression="group4", dpi=(204, 196))
    return out.getvalue()


@pytest.fixture
def places(tmp_path):
    return tmp_path / "spool", tmp_path / "tray"


async def test_a_fax_arrives_as_pages_in_the_tray_with_a_line_in_the_journal(places):
    spool, tray = places
    channel = FaxChannel(SpoolFax(spool))
    prepared = await channel.prepare(parcel())

    async with FaxMachine(spool, tray, "+17075550121") as machine:
        assert isinstance(await channel.deliver(prepared), Delivered)
        fax = await machine.fax("06fax0delivery0001")

    assert fax.sha256 == prepared.digest.hex()
    assert len(fax.pages) == prepared.pages == 3
    for page in fax.pages:
        with Image.open(page) as image:
            assert image.size == (1728, 2156)
            assert image.histogram()[0] > 0
    journal = (tray / "journal.txt").read_text()
    assert f"06fax0delivery0001  3 pages  sha256 {fax.sha256}" in journal
    assert "Quiroga" not in journal


async def test_a_fax_for_another_number_rings_elsewhere(places):
    spool, tray = places
    channel = FaxChannel(SpoolFax(spool))
    async with (
        FaxMachine(spool, tray, "+17075550121") as machine,
        FaxMachine(spool, tray / "b", "+17075550122") as other,
    ):
        await channel.deliver(await channel.prepare(parcel("+17075550122")))
        await other.fax("06fax0delivery0001")

    assert not machine.received


async def test_pages_that_are_no_fax_are_refused_and_noted(places):
    spool, tray = places
    await SpoolFax(spool).submit("+17075550121", b"no pages at all", "06broken")
    await SpoolFax(spool).submit("+17075550121", picture(), "06picture")
    channel = FaxChannel(SpoolFax(spool))

    async with FaxMachine(spool, tray, "+17075550121") as machine:
        await channel.deliver(await channel.prepare(parcel()))
        await machine.fax("06fax0delivery0001")

    assert set(machine.refused) == {"06broken", "06picture"}
    assert "REFUSED" in (tray / "journal.txt").read_text()


async def test_pages_that_changed_after_the_ticket_was_written_are_refused(places):
    spool, tray = places
    await SpoolFax(spool).submit("+17075550121", b"pages", "06abc")
    ticket = json.loads((spool / "06abc.json").read_text())
    (spool / ticket["file"]).write_bytes(b"other pages")
    channel = FaxChannel(SpoolFax(spool))

    async with FaxMachine(spool, tray, "+17075550121") as machine:
        await channel.deliver(await channel.prepare(parcel()))
        await machine.fax("06fax0delivery0001")

    assert machine.refused == {"06abc": "pages differ from the ticket"}
