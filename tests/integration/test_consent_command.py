"""`part2hub consent` as a clerk uses it: real processes on a real database."""

import os
import shutil
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
import yaml

from tests import forks
from tests.api import TPO
from tests.hubs import OF_THIS_FORM

COUNTY = {
    "zone": "America/Los_Angeles",
    "organizations": {
        "harbor": {"name": "Harbor House", "roles": ["provider", "covered_entity"], "sud_program": "holds_out"},
        "valley-clinic": {"name": "Valley Clinic", "roles": ["provider", "covered_entity"]},
    },
    "members": {
        "m01": {
            "given": "Nora",
            "family": "Quill",
            "born": "1988-04-11",
            "cin": "01234567A",
            "programs": ["harbor"],
            "treating_providers": ["valley-clinic"],
        }
    },
}


class Desk:
    """A folder with a hub in it, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        here = {"HUB_DATA": str(folder / "data"), "HUB_KEYS": str(folder / "keys.json"), "HUB_DEMO": "1"}
        self.environment = kept | here | {"PYTHONPATH": OF_THIS_FORM}

    def __call__(self, *words: str, code: int = 0) -> str:
        done = forks.run("hub", *words, env=self.environment, cwd=self.folder)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stderr

    def write(self, name: str, value: Any) -> str:
        (self.folder / name).write_text(yaml.safe_dump(value))
        return name


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a hub's keys and its county in it, as the command makes them; copied, never used."""
    desk = Desk(tmp_path_factory.mktemp("made"))
    desk("keys", "init")
    desk("load", desk.write("county.yaml", COUNTY))
    return desk.folder


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Desk:
    return Desk(shutil.copytree(made, tmp_path, dirs_exist_ok=True))


def test_adding_a_consent_reads_it_back_in_the_language_asked_for(desk: Desk) -> None:
    paper = desk.write("c.yaml", {**TPO, "member": "01234567A"})
    said = desk("consent", "add", paper, "--lang", "es", "--by", "harbor/ines")
    assert "Harbor House puede informar a sus planes de salud y a quienes le dan tratamiento" in said
    assert "Not yet verified" in said


def test_adding_a_weak_consent_names_what_is_missing_and_what_to_do(desk: Desk) -> None:
    paper = desk.write("c.yaml", {**TPO, "member": "m01", "signed_on": None})
    said = desk("consent", "add", paper)
    assert "missing: The form is not dated. (§2.31(a)(9)) The person who signs must write the date." in said
    assert "Nothing may be told under this form." in said


def test_what_is_refused_is_not_half_recorded_and_is_told_in_our_own_words(desk: Desk) -> None:
    paper = desk.write("c.yaml", {**TPO, "member": "m01"})
    no_scan = desk("consent", "add", paper, "--document", "c.yaml", code=2)
    assert no_scan == "part2hub consent: A signed consent is a PDF or an image.\n"
    stranger = desk("consent", "add", paper, "--by", "harbour/ines", code=2)
    assert stranger == "part2hub consent: No such organization in the directory. (--by)\n"
    blank = desk.write("blank.yaml", {"member": "m01"})
    assert desk("consent", "add", blank, code=2) == "part2hub consent: The form does not follow the format. (kind)\n"
    wrong = desk.write("wrong.yaml", {**TPO, "member": "m01", "purposes": ["treatment", 5]})
    assert desk("consent", "add", wrong, code=2).endswith("(purposes[1])\n")
    endless = desk.write("endless.yaml", {**TPO, "member": "m01", "expires": {}})
    assert desk("consent", "add", endless, code=2).endswith("(expires.event)\n")
    assert desk("consent", "show", "--member", "m01") == "No consent on file.\n"


def test_whoever_entered_it_does_not_verify_it(desk: Desk) -> None:
    paper = desk.write("c.yaml", {**TPO, "member": "m01"})
    for person in ("ines", "omar"):
        desk("token", "issue", "--for", "harbor", "--role", "staff", "--person", person)
    consent = desk("consent", "add", paper, "--by", "harbor/ines").split()[0]
    assert "Only a person who is known here" in desk("consent", "verify", consent, "--by", "harbor/eve", code=2)
    assert "Another person" in desk("consent", "verify", consent, "--by", "harbor/ines", code=2)
    desk("consent", "verify", consent, "--by", "harbor/omar")
    assert "Harbor House may tell" in desk("consent", "show", consent)


def test_another_form_and_share_nothing_are_added_from_files(desk: Desk) -> None:
    answers = {"organization": ["harbor"], "substance_use": "share", "expires": "when_revoked"}
    filled = {"form": "ascmi_non_ab133", "signed_on": "2026-01-20", "answers": answers}
    said = desk("consent", "add", desk.write("a.yaml", {"member": "m01", "filled": filled}))
    assert "your treatment plan" in said
    said = desk("consent", "add", desk.write("d.yaml", {"member": "m01", "denial": {"signed_on": "2026-02-01"}}))
    assert "You said no." in said
    assert "share_nothing" in desk("consent", "show", "--member", "m01")


def test_a_form_is_written_blank_or_with_the_member_in_it(desk: Desk) -> None:
    words = ("consent", "form", "--kind", "revocation", "--lang", "es", "--out")
    assert desk(*words, "blank.pdf") == "blank.pdf is written.\n"
    desk(*words, "nora.pdf", "--member", "01234567A")

    def first_page(name: str) -> str:
        with pdfium.PdfDocument(desk.folder / name) as document:
            return str(document[0].get_textpage().get_text_bounded())

    assert "Retiro mi permiso" in first_page("blank.pdf")
    assert "Nora Quill" not in first_page("blank.pdf")
    assert "Nora Quill" in first_page("nora.pdf")


def test_a_blank_form_needs_no_database(tmp_path: Path) -> None:
    Desk(tmp_path)("consent", "form", "--kind", "tpo", "--out", "form.pdf")
    assert (tmp_path / "form.pdf").read_bytes().startswith(b"%PDF")
    assert not (tmp_path / "data").exists()
