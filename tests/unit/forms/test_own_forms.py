"""The hub's own forms: every element of §2.31(a) in plain words, the same in both languages, printable and fillable."""

import re
from itertools import product

import pypdfium2 as pdfium
import pytest

from hub.forms.own import KINDS, LANGUAGES, Kind, Language, fields_of, laws_of, words
from hub.forms.paper import Signed, form_pdf

CONSENTS: tuple[Kind, ...] = ("tpo", "specific", "counseling_notes")
EVERY = tuple(product(KINDS, LANGUAGES))
# law.md 2.1: always, and for treatment, payment or operations (a)(4)(iii) and (a)(10).
ELEMENTS = {
    "2.31(a)(1)",
    "2.31(a)(2)",
    "2.31(a)(3)",
    "2.31(a)(4)(i)",
    "2.31(a)(4)(iii)",
    "2.31(a)(5)",
    "2.31(a)(6)",
    "2.31(a)(7)",
    "2.31(a)(8)",
    "2.31(a)(9)",
    "2.31(a)(10)(i)",
    "2.31(a)(10)(ii)",
}


def text_of(content: bytes) -> str:
    with pdfium.PdfDocument(content) as document:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    return re.sub(r"\s+", " ", " ".join(pages))


@pytest.mark.parametrize(("kind", "language"), tuple(product(CONSENTS, LANGUAGES)))
def test_a_consent_form_states_every_element(kind: Kind, language: Language) -> None:
    assert laws_of(kind, language) == ELEMENTS


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_what_the_form_says_is_on_the_printed_page(kind: Kind, language: Language) -> None:
    printed = text_of(form_pdf(kind, language))
    for section, blocks in words(language).of(kind):
        assert section.head in printed
        for block in blocks:
            said = (block.text, block.box, block.line, block.signature, *(each.box for each in block.boxes))
            assert all(text in printed for text in said if text)


@pytest.mark.parametrize("kind", KINDS)
def test_both_languages_have_the_same_fields_and_paragraphs(kind: Kind) -> None:
    assert fields_of(kind, "en") == fields_of(kind, "es")
    assert laws_of(kind, "en") == laws_of(kind, "es")


def test_no_form_for_care_reaches_counseling_notes() -> None:
    for language in LANGUAGES:
        for kind in ("tpo", "specific"):
            assert "information_counseling_notes" not in fields_of(kind, language)
        notes = [name for name in fields_of("counseling_notes", language) if name.startswith("information_")]
        assert notes == ["information_counseling_notes"]


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_the_fields_can_be_filled_in_on_a_screen(kind: Kind, language: Language) -> None:
    content = form_pdf(kind, language)
    ticked = {block.field for _, blocks in words(language).of(kind) for block in blocks if block.ticked}
    with pdfium.PdfDocument(content) as document:
        document.init_forms()
        assert document.get_formtype() == pdfium.raw.FORMTYPE_ACRO_FORM
    written = set(re.findall(rb"/T <([0-9A-Fa-f]+)>", content)) | set(re.findall(rb"/T \(([a-z_0-9]+)\)", content))
    assert len(written) == len(set(fields_of(kind, language)) - ticked)


def test_a_signature_is_written_by_hand_on_the_printed_form() -> None:
    assert not any("signature" in field for field in fields_of("tpo", "en"))


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_the_signature_stands_on_a_page_with_what_is_signed(kind: Kind, language: Language) -> None:
    head = [section.head for section, _ in words(language).of(kind)]
    with pdfium.PdfDocument(form_pdf(kind, language)) as document:
        last = re.sub(r"\s+", " ", document[len(document) - 1].get_textpage().get_text_bounded())
    assert head[-1] in last
    assert head[-2] in last


def test_a_form_is_prefilled_with_who_the_member_is() -> None:
    printed = text_of(form_pdf("tpo", "es", {"patient_name": "Nora Peña", "patient_born": "04/11/1988"}))
    assert "Nora Peña" in printed
    assert "04/11/1988" in printed


def test_a_name_in_other_letters_is_kept_in_its_field() -> None:
    content = form_pdf("tpo", "en", {"patient_name": "Нора Квилл"})
    assert "Нора Квилл".encode("utf-16-be").hex().upper().encode() in content.upper()


def test_the_type_is_large_enough_for_a_california_authorization() -> None:
    """Civ. Code 56.11(a): no smaller than 14-point type; only captions, paragraphs and feet are smaller."""
    small = ""
    with pdfium.PdfDocument(form_pdf("tpo", "en")) as document:
        for page in document:
            text = page.get_textpage()
            sizes = [pdfium.raw.FPDFText_GetFontSize(text, index) for index in range(text.count_chars())]
            whole = text.get_text_range()
            small += "".join(letter for letter, size in zip(whole, sizes, strict=True) if 2 < size < 14)
    assert "42 CFR 2.31(a)(3)" in small
    for _, blocks in words("en").of("tpo"):
        for block in blocks:
            said = (block.text, block.box, block.line, *(each.box for each in block.boxes))
            assert not any(text[:20] in small for text in said if text)


def test_the_same_form_is_the_same_bytes() -> None:
    assert form_pdf("specific", "en") == form_pdf("specific", "en")


def test_a_signed_form_holds_the_signature_and_what_was_read_and_cannot_be_filled_in() -> None:
    signed = Signed("Nora Quill", "03/02/2026 10:00 PST", "Until you finish treatment, Harbor House may tell")
    content = form_pdf("specific", "en", {"information_assessment": "x"}, signed)
    assert b"/AcroForm" not in content
    printed = text_of(content)
    for text in ("Nora Quill", "03/02/2026 10:00 PST", "What was read to me before I signed", "may tell"):
        assert text in printed


def syllables(word: str) -> int:
    return max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e$", "", word.lower()))))


@pytest.mark.parametrize("kind", KINDS)
def test_the_english_forms_read_at_eighth_grade(kind: Kind) -> None:
    """The sentence of §2.31(a)(4)(iii) names four kinds of proceedings, as it must; the form as a whole is plain."""
    texts = [block.text for _, blocks in words("en").of(kind) for block in blocks if block.text]
    text = " ".join(texts)
    found = re.findall(r"[A-Za-z']+", text)
    sentences = len(re.findall(r"[.:?](?:\s|$)", text))
    assert 0.39 * len(found) / sentences + 11.8 * sum(map(syllables, found)) / len(found) - 15.59 <= 8
