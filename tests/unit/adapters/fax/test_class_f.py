"""The file that goes to a fax server is class F, whatever was in the packet."""

import io

import msgspec
import pytest
from PIL import Image, ImageChops, ImageDraw

from adapters.fax import classf
from adapters.fax.channel import FaxChannel
from adapters.fax.sheet import blank
from adapters.fax.spool import SpoolFax
from hub.model import Document
from tests.unit.adapters.fax.classf_rules import directories, faults
from tests.unit.adapters.fax.packets import pdf, picture


async def test_a_packet_of_every_kind_of_document_is_class_f(parcel, tmp_path):
    documents = tuple(
        Document(id=media_type, title="Enclosure", information="summary", media_type=media_type, content=content)
        for media_type, content in {
            "application/pdf": pdf(3),
            "image/png": picture("PNG"),
            "image/jpeg": picture("JPEG"),
            "image/tiff": picture("TIFF"),
            "text/plain": b"seen today",
            "application/fhir+json": b'{"resourceType": "Encounter", "status": "finished"}',
        }.items()
    )
    prepared = await FaxChannel(SpoolFax(tmp_path)).prepare(msgspec.structs.replace(parcel, documents=documents))

    assert faults(prepared.body) == []
    # cover, contents, three sheets of PDF, and one for each of the others
    assert prepared.pages == len(directories(prepared.body)) == 10


def test_the_pages_come_out_dot_for_dot_as_they_were_drawn():
    pages = []
    for number in range(3):
        page = blank()
        ImageDraw.Draw(page).ellipse((100 * number, 50, 1200, 1900 - 300 * number), outline=0, width=7)
        pages.append(page)

    with Image.open(io.BytesIO(classf.write(pages, 3))) as read:
        for number, page in enumerate(pages):
            read.seek(number)
            assert ImageChops.logical_xor(read, page).getbbox() is None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"photometric": 1}, "white is zero"),
        ({"strips": 64}, "one strip"),
    ],
)
def test_the_checker_finds_what_pillow_would_write_by_itself(change, fault):
    out = io.BytesIO()
    tags = {254: 2, 262: change.get("photometric", 0), 297: (0, 1)}
    blank().save(
        out, "TIFF", compression="group4", dpi=(204, 196), tiffinfo=tags, strip_size=216 * change.get("strips", 2156)
    )
    assert f"page 1: {fault}" in faults(out.getvalue())
