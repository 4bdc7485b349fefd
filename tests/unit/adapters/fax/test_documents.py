"""A document is faxed whole and legible, or refused before anything is disclosed."""

import io
import json

import pytest
from fpdf import FPDF
from hypothesis import given, settings, strategies
from PIL import Image, ImageDraw

from adapters.fax import documents
from adapters.fax.documents import pages_of
from adapters.fax.readable import lines_of_json
from hub.errors import Unrenderable
from hub.model import Document
from tests.unit.adapters.fax.packets import pdf, picture

FHIR_NAMES = [
    *("resourceType", "coding", "text", "code", "display", "reference", "start", "end", "family", "given", "prefix"),
    *("value", "unit", "data", "contentType", "entry", "resource", "contained"),
]


def document(media_type, content):
    return Document(id="d1", title="Enclosure", information="summary", media_type=media_type, content=content)


def black(image):
    return image.histogram()[0]


def black_of_whole(page):
    """As many dots as a square across the whole sheet has."""
    return (1728 - 2 * 96) * round((1728 - 2 * 96) * 196 / 204)


@pytest.mark.parametrize(
    ("media_type", "content", "pages"),
    [
        ("application/pdf", pdf(3), 3),
        ("image/png", picture("PNG"), 1),
        ("image/jpeg", picture("JPEG"), 1),
        ("text/plain; charset=utf-8", "Núñez, § 2.31".encode(), 1),
        ("application/json", b'{"a": 1}', 1),
    ],
)
def test_every_page_of_a_document_is_drawn(media_type, content, pages):
    drawn = [page() for page in pages_of(document(media_type, content))]

    assert len(drawn) == pages
    assert all(page.size == (1728, 2156) and page.mode == "1" and black(page) for page in drawn)


def test_a_tiff_of_several_pages_keeps_them_all_in_order():
    frames = [Image.new("1", (800, 1000), 255) for _ in range(3)]
    for number, frame in enumerate(frames):
        ImageDraw.Draw(frame).rectangle((0, 0, 200 * (number + 1), 500), fill=0)
    out = io.BytesIO()
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:], compression="group4")

    inked = [black(page()) for page in pages_of(document("image/tiff", out.getvalue()))]

    assert len(inked) == 3
    assert inked == sorted(inked)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.9, 0.99])
def test_a_tiff_cut_short_is_refused_rather_than_sent_in_part(share):
    """A decoder shows what is left of it, with a warning that nobody reads."""
    frames = [Image.new("1", (800, 1000), 255 * (number % 2)) for number in range(4)]
    out = io.BytesIO()
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:], compression="group4")
    whole = out.getvalue()

    assert len(pages_of(document("image/tiff", whole))) == 4
    with pytest.raises(Unrenderable):
        pages_of(document("image/tiff", whole[: int(len(whole) * share)]))


def test_a_tiff_whose_directories_run_in_a_circle_is_refused():
    looped = b"II*\0\x08\0\0\0" + b"\0\0" + b"\x08\0\0\0"

    with pytest.raises(Unrenderable):
        pages_of(document("image/tiff", looped))


def test_a_square_stays_square_on_a_page_whose_dots_are_not():
    """204 dots to the inch across, 196 down: as many inches each way."""
    square = Image.new("L", (1000, 1000), 0)
    out = io.BytesIO()
    square.save(out, "PNG")
    page = pages_of(document("image/png", out.getvalue()))[0]()
    left, top, right, bottom = page.convert("L").point(lambda level: 255 - level).getbbox()

    assert (right - left) / 204 == pytest.approx((bottom - top) / 196, rel=0.005)


def test_a_photograph_keeps_its_tones_as_dots():
    ramp = Image.linear_gradient("L")
    out = io.BytesIO()
    ramp.save(out, "PNG")
    page = pages_of(document("image/png", out.getvalue()))[0]()
    area = page.convert("L").point(lambda level: 255 - level).getbbox()
    middle = page.crop((area[0] + 200, (area[1] + area[3]) // 2 - 50, area[2] - 200, (area[1] + area[3]) // 2 + 50))

    assert 0.3 < black(middle) / (middle.width * middle.height) < 0.7


def test_a_scan_of_sixteen_bits_keeps_its_writing():
    """A decoder's plain conversion cuts every shade above 255 to white, and the page goes out blank."""
    scan = Image.new("I;16", (400, 400), 60_000)
    scan.paste(8_000, (50, 50, 350, 350))
    out = io.BytesIO()
    scan.save(out, "PNG")
    page = pages_of(document("image/png", out.getvalue()))[0]()

    assert 0.4 < black(page) / black_of_whole(page) < 0.7


def test_light_shading_vanishes_and_grey_small_print_stays():
    out = FPDF(format="letter")
    out.add_page()
    out.set_fill_color(225, 225, 225)
    out.rect(20, 20, 170, 100, style="F")
    shaded = pages_of(document("application/pdf", bytes(out.output())))[0]()
    out = FPDF(format="letter")
    out.add_page()
    out.set_font("helvetica", size=8)
    out.set_text_color(110, 110, 110)
    out.cell(text="revised 03/2026")
    printed = pages_of(document("application/pdf", bytes(out.output())))[0]()

    assert black(shaded) == 0
    assert black(printed) > 200


def test_a_pdf_form_is_drawn_with_what_was_typed_into_it():
    """A field's content lives apart from the page; without it a form goes out blank."""
    assert black(pages_of(document("application/pdf", FORM))[0]()) > 500


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("application/pdf", b"%PDF-1.7 cut short"),
        ("image/png", picture("PNG")[:60]),
        ("image/png", b"no picture"),
        ("text/plain", b"\xff\xfe\x00 not UTF-8"),
        ("text/plain", "姓名: 王".encode()),
        ("text/plain", "اسم".encode()),
        ("text/plain", b"word " * 500_000),
        ("application/fhir+json", b'{"note": "\\ud800"}'),
        ("application/fhir+json", b'{"name": {"family": "A", "given": 7}}'),
        ("application/fhir+json", b'{"content": {"contentType": "application/pdf", "data": "JVBERi0="}}'),
        ("application/fhir+json", b"{"),
        ("application/fhir+json", b"[" * 5000 + b"]" * 5000),
        ("application/msword", b"\xd0\xcf\x11\xe0"),
        ("text/html", b"<p>seen</p>"),
    ],
)
def test_what_cannot_be_drawn_whole_is_refused_in_fixed_words(media_type, content):
    with pytest.raises(Unrenderable) as refusal:
        [page() for page in pages_of(document(media_type, content))]
    assert "王" not in refusal.value.message


def test_an_image_that_unfolds_to_gigabytes_is_refused_before_it_is_decoded():
    out = io.BytesIO()
    Image.new("1", (12_000, 12_000), 255).save(out, "PNG")

    with pytest.raises(Unrenderable):
        [page() for page in pages_of(document("image/png", out.getvalue()))]


def test_a_word_of_a_hundred_thousand_letters_is_broken_into_rows():
    pages = pages_of(document("text/plain", b"x" * 100_000))
    # 1536 dots of type hold 81 letters x of 19 dots, 49 rows to a page
    assert 20 < len(pages) < 32


@given(
    strategies.recursive(
        strategies.none() | strategies.booleans() | strategies.integers() | strategies.text(max_size=20),
        lambda inner: (
            strategies.lists(inner, max_size=3)
            | strategies.dictionaries(
                strategies.sampled_from(FHIR_NAMES) | strategies.text(max_size=8), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
@settings(max_examples=60)
def test_any_json_is_printed_or_refused_and_never_breaks(value):
    content = json.dumps(value).encode()
    try:
        pages = pages_of(document("application/json", content))
    except Unrenderable:
        return
    assert pages


def test_a_document_of_endless_pages_is_refused(monkeypatch):
    monkeypatch.setattr(documents, "MAX_PAGES", 3)

    with pytest.raises(Unrenderable):
        pages_of(document("application/pdf", pdf(4)))


ADMISSION = """{
  "resourceType": "Encounter", "id": "e1", "status": "in-progress",
  "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP", "display": "inpatient"},
  "subject": {"reference": "Patient/1", "display": "Ines Quiroga"},
  "period": {"start": "2026-03-06T22:40:00-08:00"},
  "reasonCode": [{"text": "Observation", "coding": [{"code": "Z03.89", "display": "Observation for conditions"}]}],
  "serviceProvider": {"display": "Alder Point"}}"""


def test_a_fhir_admission_reads_as_labels_and_values():
    rows = [(line.label, line.text) for line in lines_of_json(ADMISSION, [])]

    assert ("", "Encounter") in rows
    assert ("Status", "in-progress") in rows
    assert ("Class", "inpatient (IMP)") in rows
    assert ("Subject", "Ines Quiroga") in rows
    assert ("Period", "2026-03-06T22:40:00-08:00 to now") in rows
    assert ("Reason code", "Observation; Observation for conditions (Z03.89)") in rows
    assert ("Service provider", "Alder Point") in rows


def _form() -> bytes:
    """A page with one text field that holds a name, written by hand after ISO 32000-1, 12.7."""
    content = b"/Tx BMC q BT /F 24 Tf 0 g 4 10 Td (Consent given) Tj ET Q EMC"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/DR<</Font<</F 5 0 R>>>>>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Annots[4 0 R]>>",
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(f)/V(Consent given)/F 4/Rect[72 600 400 640]/AP<</N 6 0 R>>>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/XObject/Subtype/Form/BBox[0 0 328 40]/Resources<</Font<</F 5 0 R>>>>/Length %d>>stream\n%s\nendstream"
        % (len(content), content),
    ]
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 7\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer<</Size 7/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start)


FORM = _form()
