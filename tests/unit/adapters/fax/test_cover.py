"""What lies open in the tray, what is on the page below it, and what stands on every page."""

import asyncio
import io
import re

import msgspec
import pytest
from PIL import Image

from adapters.fax import front
from adapters.fax.channel import FaxChannel
from adapters.fax.spool import SpoolFax
from hub.errors import Unrenderable
from hub.model import Accompaniment, Correspondent, Document, MemberIdentity, MessageKind
from tests.unit.adapters.fax.packets import NOTICE, NOTICE_SHORT, pdf, text

PDF_DOCUMENT = {"id": "d2", "title": "Sheet", "information": "summary", "media_type": "application/pdf"}


def words_on(page):
    """The words set on a page, in reading order."""
    return " ".join(row.text for row in page.args[0]).split()


def said(page):
    return " ".join(words_on(page))


def test_the_cover_is_the_same_whoever_the_fax_is_about(parcel):
    """So it can hold nothing about a person: neither name nor what happened nor the kind of message."""
    another = msgspec.structs.replace(
        parcel,
        member=MemberIdentity(
            given="Otto", family="Brandvold", born="1950-01-01", cin="07654321H", phone="+1 707 555 0199"
        ),
        kind=MessageKind.REFERRAL_PACKET,
        event=None,
        documents=(text("Opioid treatment plan", "Methadone 60 mg"),),
    )

    cover, other = front.cover(parcel, 9), front.cover(another, 9)

    assert cover().tobytes() == other().tobytes()


def test_the_cover_says_who_writes_to_whom_how_many_pages_and_whom_to_call(parcel):
    cover = said(front.cover(parcel, 9))

    for fact in ("Oakmont Family Clinic", "+17075550121", "Alder Point", "+1 707 555 0110", parcel.delivery, "9 with"):
        assert fact in cover
    assert not re.search(r"substance|opioid|alcohol|drug|addict|recovery|crisis", cover, re.IGNORECASE)


def test_the_cover_and_the_contents_speak_by_the_countys_clock_as_the_documents_do(parcel):
    """Its name with it: an hour without one is of any zone."""
    assert "Date 2026-03-07 00:00 PST" in said(front.cover(parcel, 9))
    assert "When 2026-03-06 18:10 PST" in said(front.contents(parcel, [])[0])
    summer = msgspec.structs.replace(parcel, created_at=1_783_000_000_000_000)
    assert "Date 2026-07-02 06:46 PDT" in said(front.cover(summer, 9))


def test_the_notice_stands_on_the_cover_word_for_word(parcel):
    assert " ".join(NOTICE.split()) in said(front.cover(parcel, 9))


def test_no_notice_is_printed_where_none_is_due(parcel):
    """A §2.51 emergency is not made with consent; §2.32 asks for nothing."""
    emergency = msgspec.structs.replace(parcel, accompaniment=Accompaniment())

    assert "2.32" not in said(front.cover(emergency, 9))


def test_the_scope_of_the_consent_follows_in_full(parcel, consent_copy):
    inside = " ".join(said(page) for page in front.contents(parcel, []))

    # labels stand in a column of their own, so each row is looked for by its parts
    for label, value in consent_copy.lines:
        assert label in inside
        assert value in inside


def test_two_consents_are_both_explained(parcel, consent_copy):
    second = msgspec.structs.replace(consent_copy, consent="c-0118", lines=(("Ends", "2027-01-31"),))
    both = msgspec.structs.replace(parcel.accompaniment, consent_copies=(consent_copy, second))
    inside = " ".join(said(page) for page in front.contents(msgspec.structs.replace(parcel, accompaniment=both), []))

    assert "c-0117" in inside
    assert "2027-01-31" in inside


def test_a_page_parted_from_its_cover_still_says_that_it_is_protected(parcel):
    assert front.footers(parcel)[0] == NOTICE_SHORT
    assert "proceedings against the patient" in front.footers(parcel)[1]


def test_labels_that_would_run_off_the_page_are_refused_rather_than_cut(parcel):
    many = msgspec.structs.replace(parcel.accompaniment, labels=("A label that goes along with the record. " * 3,) * 4)

    with pytest.raises(Unrenderable):
        front.footers(msgspec.structs.replace(parcel, accompaniment=many))


async def test_the_contents_name_the_pages_on_which_the_documents_really_begin(parcel, tmp_path):
    documents = (text("First", "line\n" * 150), text("Second", "line"), text("Third", "line"))
    prepared = await FaxChannel(SpoolFax(tmp_path)).prepare(msgspec.structs.replace(parcel, documents=documents))

    # 150 rows of 40 dots need four pages of 1960 dots; cover and contents come before
    assert prepared.pages == 2 + 4 + 1 + 1
    inside = said(front.contents(parcel, [(documents[0], 3), (documents[1], 7), (documents[2], 8)])[0])
    assert "Page 3 First Page 7 Second Page 8 Third" in inside


def test_addresses_that_would_push_the_notice_off_the_cover_are_refused(parcel):
    endless = Correspondent(id="x", name="A department with a long name " * 60)

    with pytest.raises(Unrenderable):
        front.cover(msgspec.structs.replace(parcel, recipient=endless), 9)


async def test_the_first_thirty_rows_are_left_to_the_server_which_prints_its_own_line_there(parcel, tmp_path):
    """HylaFAX 6.0.7 puts its tag line over rows 6 to 30 and does not ask what stood there."""
    documents = (text("Note", "seen"), Document(**PDF_DOCUMENT, content=pdf(1)))
    prepared = await FaxChannel(SpoolFax(tmp_path)).prepare(msgspec.structs.replace(parcel, documents=documents))

    with Image.open(io.BytesIO(prepared.body)) as fax:
        for number in range(fax.n_frames):
            fax.seek(number)
            assert fax.crop((0, 0, 1728, 31)).histogram()[0] == 0
            assert fax.crop((0, 31, 1728, 84)).histogram()[0] > 0


async def test_rendering_leaves_the_hub_free_to_do_other_things(parcel, tmp_path):
    channel = FaxChannel(SpoolFax(tmp_path))
    many = msgspec.structs.replace(parcel, documents=(text("Long", "line\n" * 3000),))
    rendering = asyncio.create_task(channel.prepare(many))
    turns = 0
    while not rendering.done():
        await asyncio.sleep(0.001)
        turns += 1

    assert turns > 10
    assert (await rendering).pages > 60
