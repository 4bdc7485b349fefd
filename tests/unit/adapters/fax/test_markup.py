"""XML as fax pages: what the author wrote comes out as words, headings and tables, whole, or not at all."""

import base64
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.fax.documents import pages_of
from adapters.fax.enclosed import Wrapped
from adapters.fax.markup import lines_of_xml
from adapters.fax.narrative import narrative
from adapters.fax.readable import lines_of_json
from adapters.fax.sheet import Cells, Line
from hub.errors import Unrenderable
from hub.model import Document
from tests.unit.adapters.fax.packets import pdf, picture

SUMMARY = (Path(__file__).parents[3] / "vectors/fax/discharge-summary.xml").read_bytes()


def document(content: bytes, media_type: str = "application/xml") -> Document:
    return Document(id="d", title="A document", information="summary", media_type=media_type, content=content)


def told(content: bytes) -> list[str]:
    return [_row(each) for each in lines_of_xml(content, "A document", [])]


def _row(each: Line | Cells) -> str:
    if isinstance(each, Cells):
        return " | ".join(each.texts)
    return f"{each.label}: {each.text}" if each.label else each.text


def cda(body: str) -> bytes:
    return f'<ClinicalDocument xmlns="urn:hl7-org:v3"><title>T</title>{body}</ClinicalDocument>'.encode()


def section(text: str) -> bytes:
    return cda(
        "<component><structuredBody><component><section><title>S</title><text>"
        f"{text}</text></section></component></structuredBody></component>"
    )


def test_a_discharge_summary_is_told_by_its_headings_narrative_and_tables():
    rows = told(SUMMARY)

    assert rows[:4] == [
        "Discharge Summary: Withdrawal Management",
        "Patient: Inés M. Quiroga",
        "Born: 1991-05-17",
        "Sex: Female",
    ]
    assert "Author: Dana Okafor MD, Alder Point, +1(707)555-0110" in rows
    assert "Encounter: 2026-03-01 to 2026-03-07" in rows
    assert "Date: 2026-03-07 16:30 -0800" in rows
    assert (
        "Admitted from the emergency department with moderate withdrawal; CIWA-Ar peaked at 19* on the second day."
        in rows
    )
    assert rows[rows.index("Slept and ate from the fourth day on.") + 1] == "No seizure, no delirium."
    assert "1. Continue naltrexone 50 mg every morning." in rows
    assert "• transport is arranged" in rows
    assert "Medication | Dose | How often | Since | Remarks" in rows
    assert "Thiamine | 100 mg | daily | 2026-03-01 | " in rows
    # eight columns are too many side by side
    assert "Performed by: County laboratory" in rows
    assert rows[-2:] == ["Urine screen", "Negative on 2026-03-06 (9 < 10 ng/mL)."]
    assert not [row for row in rows if "<" in row.replace("9 < 10", "") or "for machines only" in row]


def test_a_discharge_summary_fits_its_pages():
    pages = pages_of(document(SUMMARY))

    assert len(pages) == 2
    assert all(page().size == (1728, 2156) for page in pages)


WORDS = st.text("abcÀé ", min_size=1, max_size=12)
CONTAINERS = ("list", "ul", "li", "table", "thead", "tbody", "tr", "td", "th", "caption", "h1", "details")
"""Also where they do not belong: what a browser shows of such a document, a page shows, too."""
MARKUP = st.recursive(
    WORDS,
    lambda inner: (
        st.builds(
            lambda name, parts: f"<{name}>{''.join(parts)}</{name}>",
            st.sampled_from(["paragraph", "content", "sub", "br", "linkHtml", "item", "unknown", *CONTAINERS]),
            st.lists(inner, max_size=3),
        )
        | st.lists(inner, max_size=3).map(
            lambda cells: f"<table><tr>{''.join(f'<td>{c}</td>' for c in cells)}</tr></table>"
        )
    ),
    max_leaves=12,
)


@given(MARKUP)
def test_no_letter_of_a_narrative_is_lost(markup):
    root = ET.fromstring(f"<text>{markup}</text>")
    # what stands inside a line break is nothing that any reader shows
    for parent in root.iter():
        for child in parent:
            if child.tag == "br":
                child.text, child[:] = None, []

    out = "".join(_row(each).replace(" | ", "").replace("Column ", "") for each in narrative(root))

    assert sorted(c for c in out if c in "abcÀé") == sorted(c for c in "".join(root.itertext()) if c in "abcÀé")


def test_a_wide_table_of_two_header_rows_loses_neither():
    heads = ["".join(f"<th>{word}{n}</th>" for n in range(9)) for word in ("First", "Second")]
    rows = "".join(f"<tr>{row}</tr>" for row in (*heads, "".join(f"<td>{n}</td>" for n in range(9))))
    said = " ".join(_row(each) for each in narrative(ET.fromstring(f"<text><table>{rows}</table></text>")))
    assert all(f"First{n}" in said and f"Second{n}" in said for n in range(9))


@pytest.mark.parametrize("inner", ["<table><tr><td>", "<ul><li>", "<table><tbody>", "<div>"])
def test_what_is_nested_past_reading_is_refused_and_breaks_nothing(inner):
    names = re.findall(r"<(\w+)>", inner)
    closing = "".join(f"</{name}>" for name in reversed(names))
    with pytest.raises(Unrenderable):
        told(section(inner * 300 + "x" + closing * 300))


def test_a_script_is_neither_run_nor_told_and_what_stands_beside_it_is():
    said = " ".join(told(section("<paragraph>Before<script>alert(1)</script> after</paragraph><style>p{}</style>")))
    assert "Before after" in said
    assert "alert" not in said


def test_a_table_of_ten_thousand_rows_is_told_whole_or_refused():
    rows = "".join(f"<tr><td>row {n}</td></tr>" for n in range(10_000))
    said = told(section(f"<table>{rows}</table>"))
    assert sum(each.startswith("row ") for each in said) == 10_000


@pytest.mark.parametrize(
    "picture", ['<renderMultiMedia referencedObject="m1"/>', '<paragraph>x<img src="a.png"/></paragraph>']
)
def test_a_narrative_with_a_picture_is_refused_because_a_page_without_it_looks_complete(picture):
    with pytest.raises(Unrenderable):
        told(section(picture))


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE a [<!ENTITY x "boom">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1/secret">]><a>&x;</a>',
        b"<a><b></a>",
        b"<a>" * 500 + b"</a>" * 500,
        section("<content>" * 200 + "x" + "</content>" * 200),
    ],
)
def test_bombs_foreign_entities_and_damage_are_refused(content):
    with pytest.raises(Unrenderable):
        told(content)


def test_a_document_that_only_wraps_a_pdf_is_faxed_as_that_pdf():
    inside = base64.b64encode(pdf(2)).decode()
    wrapper = cda(
        '<component><nonXMLBody><text mediaType="application/pdf" representation="B64">'
        f"{inside}</text></nonXMLBody></component>"
    )

    assert isinstance(lines_of_xml(wrapper, "A document", []), Wrapped)
    assert len(pages_of(document(wrapper))) == 2


def test_a_document_that_points_elsewhere_is_refused():
    with pytest.raises(Unrenderable):
        told(cda('<component><nonXMLBody><text><reference value="scan.pdf"/></text></nonXMLBody></component>'))


def test_xml_of_another_kind_is_told_element_by_element():
    rows = told(b"<order id='7'><patientName>Ines</patientName><line code='A1'>Bed days<note>two</note></line></order>")

    assert rows == ["A document", "Order: Id 7", "Patient name: Ines", "Line: Bed days, Code A1", "Note: two"]


def test_fhir_in_xml_is_told_without_what_only_machines_need():
    rows = told(
        b'<Patient xmlns="http://hl7.org/fhir"><id value="p1"/><text><status value="generated"/>'
        b'<div xmlns="http://www.w3.org/1999/xhtml"><p>Ines <b>Quiroga</b></p></div></text>'
        b'<gender value="female"/></Patient>'
    )

    assert "Ines Quiroga" in rows
    assert "Gender: female" in rows
    assert not [row for row in rows if "p1" in row]


def test_the_narrative_of_a_fhir_section_is_told_and_a_generated_one_is_not_repeated():
    rows = [
        _row(each)
        for each in lines_of_json(
            '{"resourceType": "Composition", "title": "Letter",'
            ' "text": {"status": "generated", "div": "<div>repeats the data</div>"},'
            ' "section": [{"title": "Course", "text": {"status": "additional",'
            ' "div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>Slept <i>well</i>.</p>'
            '<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table></div>"}}]}',
            [],
        )
    ]

    assert "Slept well." in rows
    assert "1 | 2" in rows
    assert not [row for row in rows if "repeats" in row]


def attached(kind: str | None, content: bytes, title: str = "") -> dict[str, str]:
    stated = {"contentType": kind} if kind else {}
    return {**stated, "data": base64.b64encode(content).decode(), **({"title": title} if title else {})}


def reference(*attachments: dict[str, str]) -> bytes:
    content = [{"attachment": each} for each in attachments]
    return json.dumps({"resourceType": "DocumentReference", "status": "current", "content": content}).encode()


def test_the_documents_inside_a_fhir_document_follow_it_whole_and_in_order():
    inside = (
        attached("application/pdf", pdf(2), "Treatment plan"),
        attached("text/plain; charset=utf-8", b"Seen on Monday.", "Note"),
        attached("image/png", picture("PNG")),
        attached(None, pdf(1)),
        attached("application/xml", SUMMARY, "Summary"),
    )
    found: list[Wrapped] = []
    rows = [_row(each) for each in lines_of_json(reference(*inside).decode(), found)]
    assert "Enclosed 1: Treatment plan, on the pages that follow" in rows
    assert "Enclosed 3: on the pages that follow" in rows
    assert [each.media_type.partition(";")[0] for each in found] == [
        "application/pdf", "text/plain", "image/png", "application/pdf", "application/xml",
    ]  # fmt: skip
    assert not [row for row in rows if len(row) > 200]
    alone = sum(len(pages_of(document(each.content, each.media_type))) for each in found)
    pages = pages_of(document(reference(*inside), "application/fhir+json"))
    assert len(pages) == 1 + alone
    plan = pages_of(document(pdf(2), "application/pdf"))
    assert [page().tobytes() for page in pages[1:3]] == [page().tobytes() for page in plan]


def test_a_bundle_with_a_binary_and_fhir_in_xml_give_their_documents_too():
    data = base64.b64encode(pdf(3)).decode()
    binary = {"resourceType": "Binary", "contentType": "application/pdf", "data": data}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": binary}]}
    assert len(pages_of(document(json.dumps(bundle).encode(), "application/fhir+json"))) == 4
    xml = f"""<DocumentReference xmlns="http://hl7.org/fhir"><content><attachment><contentType value="application/pdf"/>
      <data value="{data}"/></attachment></content></DocumentReference>"""
    assert len(pages_of(document(xml.encode(), "application/fhir+xml"))) == 4


def test_a_measured_signal_is_no_document_and_is_told_as_it_stands():
    signal = {"resourceType": "Observation", "valueSampledData": {"period": 10, "dimensions": 1, "data": "1 2 E"}}
    found: list[Wrapped] = []
    assert "Data: 1 2 E" in [_row(each) for each in lines_of_json(json.dumps(signal), found)]
    assert found == []


def nested(depth: int) -> dict[str, str]:
    return attached("application/fhir+json", reference(nested(depth - 1)) if depth else b"{}")


@pytest.mark.parametrize(
    "inside",
    [
        attached("application/pdf", b"%PDF-1.7 cut short"),
        attached("application/msword", b"\xd0\xcf\x11\xe0"),
        {"contentType": "application/pdf", "data": "no base64!"},
        nested(4),
    ],
    ids=["damaged", "unknown", "no-base64", "too-deep"],
)
def test_a_document_inside_that_cannot_be_drawn_whole_keeps_the_fax_from_going(inside):
    packet = document(reference(attached("text/plain", b"good"), inside), "application/fhir+json")
    with pytest.raises(Unrenderable):
        [page() for page in pages_of(packet)]


def test_fifty_documents_inside_are_enough():
    with pytest.raises(Unrenderable) as refused:
        pages_of(document(reference(*[attached("text/plain", b"x")] * 51), "application/fhir+json"))
    assert refused.value.detail_code == "too-many-pages"
