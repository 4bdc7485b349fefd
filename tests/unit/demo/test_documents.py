"""The demo's documents: six kinds of SON-07 and the rest, the same every time, readable on screen and by fax."""

import json
import re
from datetime import UTC, date, datetime

import pypdfium2
import pytest

from adapters.fax.documents import pages_of
from deploy.demo.artefacts import bundle_page, fax_pages, mail_page, pdf_pages
from deploy.demo.chart import chart
from deploy.demo.documents import BUNDLES, PDFS, consent_paper, county, document, packet
from hub.model import Document
from policies import vocabulary as words

COUNTY = county()
ON = date(2026, 3, 9)
KINDS = [*PDFS, *BUNDLES, "handover"]


def chart_of(member="m01", **given):
    person = COUNTY["members"][member]
    onward = person["programs"][-1] if len(person["programs"]) > 1 else ""
    return chart(COUNTY, member, person["programs"][0], on=ON, to=onward, **given)


def text_of(content):
    with pypdfium2.PdfDocument(content) as pdf:
        return " ".join(" ".join(page.get_textpage().get_text_range() for page in pdf).split())


def test_a_packet_has_the_six_kinds_of_the_procedure_and_a_counseling_note():
    """Policy 7.1.12 I.2.a.ii: member information, Transition of Care Tool, assessments, diagnosis, risk, notes."""
    made = packet(chart_of())

    assert [each.information for each in made] == [
        *("demographics", "summary", "assessment", "diagnosis", "assessment", "summary"),
        "counseling_notes",
    ]
    titles = ["Member information", "Transition of Care", "ASAM", "Diagnos", "Risk", "Service notes", "counseling note"]
    for each, title in zip(made, titles, strict=True):
        assert title in text_of(each.content)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes(kind):
    assert document(kind, chart_of()) == document(kind, chart_of())
    assert document(kind, chart_of()).information in words.CLASSES


def test_members_do_not_all_have_the_same_history():
    histories = {(c.substance.code, c.other[0], c.ratings) for c in (chart_of(member) for member in COUNTY["members"])}

    assert len(histories) > 10


@pytest.mark.parametrize("member", COUNTY["members"])
def test_every_document_of_every_member_can_be_made_and_names_that_member_alone(member):
    person = COUNTY["members"][member]
    of = chart_of(member)
    for kind in PDFS:
        text = text_of(document(kind, of).content)
        assert person["family"] in text
        assert person["cin"] in text
        assert not re.search(r"\bNone\b|\{|\}|hisself|theirself", text)


def test_the_assessment_has_six_dimensions_with_a_risk_each():
    text = text_of(document("assessment", chart_of()).content)

    for dimension in range(1, 7):
        assert re.search(rf"\b{dimension} [A-Z]", text)
    assert len(re.findall(r"[0-4] (?:none|mild|moderate|significant|severe)\b", text)) >= 6


@pytest.mark.parametrize(("member", "tool", "other"), [("m12", "CANS", "ANSA"), ("m01", "ANSA", "CANS")])
def test_a_child_is_assessed_with_the_childrens_tool(member, tool, other):
    text = text_of(document("assessment", chart_of(member)).content)

    assert tool in text
    assert other not in text


def test_what_was_said_in_counseling_is_in_the_counseling_note_only():
    made = {each.kind: text_of(each.content) for each in packet(chart_of())}
    sentence = "My reading of the session"

    assert [kind for kind, text in made.items() if sentence in text] == ["counseling-note"]
    assert "KEPT APART" in made["counseling-note"]


def test_a_diagnosis_is_signed_by_someone_whose_licence_allows_it():
    assert re.search(
        r"Electronically signed: .*, (MD|NP|PA|PsyD|LCSW|LMFT|LPCC)\b",
        text_of(document("diagnosis", chart_of()).content),
    )


def test_a_consent_on_paper_says_what_its_fields_say():
    text = text_of(consent_paper(chart_of(), COUNTY["consents"]["c02"]).content)

    for said in ("Alderhaven", "Hazelmoor Center", "assessment, diagnosis", "12/31/2035", "Ines Quiroga, patient"):
        assert said in text


def test_what_the_form_left_blank_stays_blank_on_paper():
    key, consent = next((k, c) for k, c in COUNTY["consents"].items() if c["expires"] is None)

    assert "This consent ends ____" in text_of(consent_paper(chart_of(consent["member"]), consent).content), key


@pytest.mark.parametrize("key", COUNTY["consents"])
def test_every_consent_of_the_county_can_be_printed(key):
    consent = COUNTY["consents"][key]

    assert "Consent to disclose" in text_of(consent_paper(chart_of(consent["member"]), consent).content)


def test_an_admission_is_a_fhir_encounter_that_has_begun_and_a_discharge_one_that_has_ended():
    at = datetime(2026, 3, 7, 6, 40, tzinfo=UTC)
    admitted = json.loads(document("admission", chart_of(), at).content)
    discharged = json.loads(document("discharge", chart_of(), at).content)

    encounter = admitted["entry"][0]["resource"]
    assert (encounter["resourceType"], encounter["status"]) == ("Encounter", "in-progress")
    assert encounter["period"] == {"start": "2026-03-07T06:40:00+00:00"}
    assert discharged["entry"][0]["resource"]["status"] == "finished"
    assert discharged["entry"][0]["resource"]["period"]["end"] == "2026-03-07T06:40:00+00:00"
    urls = {entry["fullUrl"] for entry in admitted["entry"]}
    assert encounter["subject"]["reference"] in urls


def test_an_admission_notice_says_nothing_about_the_diagnosis():
    """Minimum necessary, 2.13(a): the plan needs to know that and where, not why."""
    assert not re.search(
        r"F1\d|disorder|opioid|alcohol", document("admission", chart_of()).content.decode(), re.IGNORECASE
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_document_can_be_faxed(kind):
    made = document(kind, chart_of())
    pages = pages_of(
        Document(id="d", title=made.title, information="summary", media_type=made.media_type, content=made.content)
    )

    assert all(page().histogram()[0] > 2000 for page in pages)


def test_received_artefacts_become_pages_to_look_at(tmp_path):
    made = document("assessment", chart_of())
    message = (
        b"From: a@hub.example\r\nTo: b@clinic.example\r\nSubject: Secure message\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nNotice <b>\r\n'
        b"--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=note.txt\r\n\r\nseen\r\n"
        b"--x--\r\n"
    )

    assert len(pdf_pages(made.content, tmp_path, "a")) == 2
    page = mail_page(message, tmp_path, "m").read_text()
    assert "Notice &lt;b&gt;" in page
    assert (tmp_path / "m-1.txt").read_text().strip() == "seen"
    assert "Encounter" in bundle_page(document("admission", chart_of()).content, tmp_path, "f").read_text()


def test_a_received_fax_becomes_a_picture_for_each_page(tmp_path):
    from adapters.fax import classf
    from adapters.fax.sheet import blank

    places = fax_pages(classf.write([blank()] * 3, 3), tmp_path, "06abc")

    assert [place.name for place in places] == ["06abc-p01.png", "06abc-p02.png", "06abc-p03.png"]
