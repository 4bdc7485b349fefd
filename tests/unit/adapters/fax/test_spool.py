"""The folder that stands in for a fax server."""

import hashlib
import json
import stat

from adapters.fax.channel import FaxChannel
from adapters.fax.spool import SpoolFax
from hub.model import Deferred, Delivered, Doubt, Unknown


async def test_a_spooled_fax_is_two_files_named_by_the_delivery_alone_and_claims_no_more_than_that(parcel, tmp_path):
    channel = FaxChannel(SpoolFax(tmp_path / "spool"))
    prepared = await channel.prepare(parcel)
    outcome = await channel.deliver(prepared)

    assert isinstance(outcome, Delivered)
    assert (outcome.receipt.kind, outcome.receipt.doubts) == ("fax-spooled", (Doubt.HANDED_OVER,))
    assert "pages-confirmed" not in dict(outcome.receipt.detail)
    assert sorted(path.name for path in (tmp_path / "spool").iterdir()) == [
        f"{parcel.delivery}.json",
        f"{parcel.delivery}.tif",
    ]
    ticket = json.loads((tmp_path / "spool" / f"{parcel.delivery}.json").read_text())
    assert ticket["number"] == "+17075550121"
    assert ticket["sha256"] == hashlib.sha256(prepared.body).hexdigest()
    assert (tmp_path / "spool" / ticket["file"]).read_bytes() == prepared.body


async def test_nobody_but_the_owner_can_read_spooled_pages(tmp_path):
    await SpoolFax(tmp_path / "spool").submit("+17075550121", b"pages", "06abc")

    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "spool").iterdir()} == {0o600}


async def test_a_folder_that_cannot_be_written_disclosed_nothing(tmp_path):
    (tmp_path / "spool").write_text("a file where the folder should be")

    assert await SpoolFax(tmp_path / "spool").submit("+17075550121", b"pages", "06abc") == Deferred(
        code="fax-spool-failed"
    )


async def test_other_pages_under_a_used_tag_are_not_taken_for_the_same_fax(tmp_path):
    spool = SpoolFax(tmp_path)
    await spool.submit("+17075550121", b"pages", "06abc")

    assert await spool.submit("+17075550121", b"other pages", "06abc") == Unknown(code="fax-tag-reused")


async def test_an_address_that_is_no_telephone_number_is_refused(parcel, tmp_path):
    import msgspec

    for address in ("5550121", "+1 707", "+17075550121; JKILL 1", "clinic@oakmont.example"):
        endpoint = msgspec.structs.replace(parcel.endpoint, address=address)
        channel = FaxChannel(SpoolFax(tmp_path))
        prepared = await channel.prepare(msgspec.structs.replace(parcel, endpoint=endpoint))
        assert (await channel.deliver(prepared)).code == "fax-bad-number"
    assert list(tmp_path.iterdir()) == []
