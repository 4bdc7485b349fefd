"""The demonstration as people start it: a process of its own, a day of checked steps, a report, a clean end."""

import contextlib
import json
import os
import re
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hub.desk.guesses import guess

ROOT = Path(__file__).parents[2]
FIELDS = {"story", "step", "expected", "got", "decision", "law", "channel", "receipt", "ok"}
NOTICE = "This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR part 2)."


def demo(folder: Path, *more: str, listen: str = "127.0.0.1:0") -> list[str]:
    """The command, with a folder and a report of its own."""
    own = ["--folder", str(folder), "--report", str(folder.with_suffix(".json"))]
    return [sys.executable, "-m", "deploy.demo", "--listen", listen, *own, *more]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    # Not a terminal, and an operator's own settings around: neither may matter.
    environment = os.environ | {"HUB_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none", "PYTHONUTF8": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("day") / "demo"
    return folder, run(*demo(folder, "--once"))


@pytest.fixture
def steps(day: tuple[Path, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(day[0].with_suffix(".json").read_text())
    return found


def of(steps: list[dict[str, Any]], story: str) -> list[dict[str, Any]]:
    return [step for step in steps if step["story"] == story]


@pytest.mark.slow
def test_a_day_ends_by_itself_with_every_step_as_the_story_says(day: Any, steps: Any) -> None:
    _, ended = day
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    assert {step["story"] for step in steps} == set("abcdefg")
    assert all(step.keys() == FIELDS for step in steps)
    assert [step["step"] for step in steps if not step["ok"] or step["expected"] != step["got"]] == []
    assert f"{len(steps)} of {len(steps)} steps" in ended.stdout


@pytest.mark.slow
def test_what_is_told_reads_without_colour_at_a_hundred_columns(day: Any) -> None:
    _, ended = day
    assert "\x1b" not in ended.stdout
    told, _, places = ended.stdout.partition("What arrived, as its reader sees it")
    assert places
    assert [line for line in told.splitlines() if len(line) > 100] == []


@pytest.mark.slow
def test_every_delivery_has_a_channel_a_paragraph_and_a_receipt_and_nothing_else_has(steps: Any) -> None:
    delivered = [step for step in steps if step["decision"] in ("permit", "partial")]
    assert {step["channel"] for step in delivered} == {"email", "fax", "api"}
    assert all("§2." in step["law"] and step["receipt"] for step in delivered)
    stopped = [step for step in steps if step["decision"].startswith(("deny", "withheld", "refused"))]
    assert len(stopped) == 5
    assert all("§2." in step["law"] and not step["receipt"] for step in stopped)


@pytest.mark.slow
def test_the_paragraphs_are_those_of_the_regulation(steps: Any) -> None:
    assert of(steps, "a")[1]["law"] == "§2.31(b)(1)"  # counseling notes need a consent of their own
    assert of(steps, "c")[2]["law"] == "§2.31(a)(4)"  # the consents do not name this recipient
    assert of(steps, "d")[2]["law"] == "§2.31(c)(3)"  # known to be revoked
    assert {step["law"] for step in of(steps, "e")[:2]} == {"§2.13(c)(2)"}
    assert [step["law"] for step in of(steps, "f")] == ["§2.51", "§2.51(c)"]


@pytest.mark.slow
def test_the_clinic_has_six_documents_and_the_notice_and_never_the_counseling_note(day: Any) -> None:
    received = day[0] / "received" / "clinic"
    assert len(list(received.glob("*.pdf"))) == 6
    (mail,) = received.glob("*.txt")
    assert NOTICE in mail.read_text()
    assert "counseling note" not in mail.read_text().lower()


@pytest.mark.slow
def test_the_pages_to_look_at_lead_to_what_was_received(day: Any) -> None:
    folder = day[0]
    linked = re.findall(r'href="([^"]+)"', (folder / "index.html").read_text())
    assert len(linked) == 5  # two mails, two faxes, one FHIR message
    for page in linked:
        shown = re.findall(r'src="([^"]+)"', (folder / page).read_text())
        assert all((folder / "look" / image).is_file() for image in shown)


@pytest.mark.slow
def test_nothing_personal_is_in_the_hubs_log_or_in_what_it_spooled_under(day: Any) -> None:
    folder = day[0]
    names = [path.name for path in (folder / "hub" / "fax-spool").iterdir()]
    told = (folder / "hub" / "log.jsonl").read_text() + " ".join(names)
    assert names
    assert not re.search(r"Quiroga|Brandt|Solis|Oyelaran|Ferreira|Priestley|0\d{7}[A-Z]", told)


@pytest.mark.slow
def test_it_serves_until_interrupted_and_then_closes(tmp_path: Path) -> None:
    process = subprocess.Popen(demo(tmp_path / "demo"), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    until, told = time.monotonic() + 90, b""
    while b"Ctrl-C" not in told and time.monotonic() < until and process.poll() is None:
        if select.select([process.stdout], [], [], 1)[0]:
            told += os.read(process.stdout.fileno(), 65536)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=30)
    assert b"Ctrl-C" in told
    for email in (b"elena@alderhaven.example", b"rosa@hazelmoor.example", b"noor@greenmark.example"):
        assert email in told
    assert b"CIN 01174766G, to Hazelmoor Center" in told
    named = {path.stem for path in (tmp_path / "demo" / "to-send").glob("*.pdf")}
    assert {"ASAM assessment", "SUD counseling note"} <= named
    assert [name for name in named if not guess(f"{name}.pdf")] == ["Recent service notes"], "a person says what it is"
    arrived = (
        "SELECT s.kind, count(*) FROM outbox o JOIN submission s ON s.id = o.submission_id "
        "WHERE o.recipient = ? AND o.state = 'delivered' GROUP BY s.kind"
    )
    with contextlib.closing(sqlite3.connect(tmp_path / "demo" / "hub" / "hub.sqlite")) as file:
        assert dict(file.execute(arrived, ("hazelmoor",)))["referral_packet"] == 2
        assert dict(file.execute(arrived, ("greenmark",))) == {"admit_notice": 1, "discharge_notice": 2}
    assert (process.returncode, complaints) == (0, b"")


def test_a_taken_port_is_said_and_nothing_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = run(*demo(tmp_path / "demo", "--once", listen=f"127.0.0.1:{port}"))
    assert ended.returncode == 3
    assert f"127.0.0.1:{port} is taken" in ended.stderr
    assert not (tmp_path / "demo").exists()


def test_a_folder_that_is_not_a_demonstrations_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "thesis.txt").write_text("ten years of work")
    ended = run(*demo(folder, "--once"))
    assert ended.returncode == 3
    assert "left as it is" in ended.stderr
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]
