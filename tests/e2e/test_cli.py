"""The command line as an operator uses it: real processes, a real database, exit codes that mean what --help says."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.compiled import form
from tests import forks
from tests.hubs import OF_THIS_FORM
from tests.servers import free_port

COUNTY: dict[str, Any] = {
    "zone": "America/Los_Angeles",
    "organizations": {
        # Named before the one it is part of, as a file may.
        "harbor-unit": {"name": "Harbor Unit", "part_of": "harbor", "sud_program": "identified_unit"},
        "harbor": {"name": "Harbor House", "roles": ["provider", "covered_entity"], "sud_program": "holds_out"},
        "valley-clinic": {"name": "Valley Clinic", "roles": ["provider", "covered_entity"]},
    },
    "endpoints": {
        "valley-fax": {
            "organization": "valley-clinic",
            "channel": "fax",
            "address": "+17075550101",
            "verified_at": "2026-01-20T18:00:00Z",
            "verified_by": "directory-desk",
        }
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
    "consents": {
        "c01": {
            "member": "m01",
            "kind": "tpo",
            "patient": "the-patient",
            "discloser": ["harbor"],
            "information": ["complete_record"],
            "recipients": ["treating_providers"],
            "states_redisclosure_rule": True,
            "purposes": ["treatment", "payment", "operations"],
            "states_right_to_revoke": True,
            "states_how_to_revoke": True,
            "expires": "none",
            "signed_by": ["the-patient"],
            "signature": "handwritten",
            "signed_on": "2026-01-15",
            "states_redisclosure_risk": True,
            "states_refusal_consequences": True,
        }
    },
    "restrictions": {"r01": {"member": "m01", "against": ["valley-clinic"], "information": ["billing"]}},
}
MANIFEST = {
    "kind": "referral_packet",
    "member": {"cin": "01234567A"},
    "purpose": "treatment",
    "recipients": [{"organization": "valley-clinic"}],
    "items": [{"document": "summary", "title": "Discharge summary"}],
}


class Desk:
    """A folder of its own with a hub in it, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
            "HUB_DATA": str(folder / "data"),
            "HUB_KEYS": str(folder / "keys.json"),
            "HUB_DEMO": "1",
            "PYTHONPATH": OF_THIS_FORM,
        }

    def __call__(self, *words: str, code: int = 0) -> str:
        done = forks.run("hub", *words, env=self.environment, cwd=self.folder)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        assert code in (0, 1) or len(done.stderr.strip().splitlines()) == 1
        return done.stdout if done.returncode in (0, 1) else done.stderr

    def write(self, name: str, value: Any) -> str:
        path = self.folder / name
        path.write_text(yaml.safe_dump(value) if name.endswith("yaml") else json.dumps(value))
        return str(path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a hub's keys and its county in it, as the command makes them; copied, never used."""
    desk = Desk(tmp_path_factory.mktemp("made"))
    desk("keys", "init")
    desk("load", desk.write("county.yaml", COUNTY))
    (desk.folder / "summary.txt").write_text("a discharge summary")
    desk.write("packet.json", MANIFEST)
    return desk.folder


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Desk:
    return Desk(shutil.copytree(made, tmp_path, dirs_exist_ok=True))


@pytest.fixture
def server(desk: Desk) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    with subprocess.Popen(
        [sys.executable, "-m", "hub", "serve", "--role", "api", "--listen", address],
        env=desk.environment,
        cwd=desk.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield re.findall(r"http://\S+", line)[0]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_an_address_that_is_taken_is_told_in_one_line(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = desk("serve", "--role", "api", "--listen", f"127.0.0.1:{taken.getsockname()[1]}", code=3)
    assert "cannot listen" in said


def test_the_end_of_its_terminal_ends_the_hub_gently_and_beside_it_no_second_one_works(desk: Desk) -> None:
    serve = [sys.executable, "-m", "hub", "serve", "--listen", "127.0.0.1:0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(serve, env=desk.environment, cwd=desk.folder, text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("part2hub: listening")
        for role in ("all", "api", "worker", "intake"):
            refused = desk("serve", "--role", role, "--listen", "127.0.0.1:0", code=3)
            assert ("Another hub already serves this database file" in refused, refused.count("\n")) == (True, 1)
        assert desk("token", "list").startswith("ORGANIZATION"), "commands work beside it"
        process.send_signal(signal.SIGHUP)
        told = [json.loads(line) for line in process.communicate(timeout=30)[1].splitlines()]
    assert process.returncode == 0
    assert [each["event"] for each in (told[0], *told[-2:])] == ["serving", "stopping", "stopped"]
    assert told[0]["form"] == form()


def test_the_command_says_its_version(tmp_path: Path) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert Desk(tmp_path)("--version") == f"part2hub {project['version']} ({form()})\n"


def test_help_teaches_with_examples_and_exit_codes(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    whole = desk("--help")
    assert "Exit codes" in whole
    for command in ("serve", "migrate", "load", "token", "send", "consent", "check", "status"):
        assert command in whole
        page = desk(command, "--help")
        assert f"part2hub {command}" in page
        assert "Exit codes" in page


def test_loading_a_county_again_changes_nothing(desk: Desk) -> None:
    again = desk("load", str(desk.folder / "county.yaml"))
    assert set(re.findall(r"(\d+) added or changed", again)) == {"0"}


def test_a_wrong_county_file_says_where_and_never_what(desk: Desk) -> None:
    wrong = json.loads(json.dumps(COUNTY))
    wrong["members"]["m01"]["born"] = "Nora Quill"
    said = desk("load", desk.write("wrong.yaml", wrong), code=2)
    assert "members.m01.born" in said
    assert "Nora" not in said
    wrong = json.loads(json.dumps(COUNTY))
    wrong["consents"]["c02"] = COUNTY["consents"]["c01"] | {"purposes": ["curiosity"]}
    assert "consents.c02.purposes" in desk("load", desk.write("wrong.yaml", wrong), code=2)
    wrong["consents"] = {"c02": COUNTY["consents"]["c01"] | {"member": "m99"}}
    said = desk("load", desk.write("wrong.yaml", wrong), code=2)
    assert "There is no such member. Nothing was added" in said
    assert "(consents.c02.member)" in said
    wrong["consents"] = ["c02"]
    assert "maps an id to its fields. (consents)" in desk("load", desk.write("wrong.yaml", wrong), code=2)


def test_a_what_if_answers_yes_or_no_with_the_paragraph_and_the_remedy(desk: Desk) -> None:
    yes = desk("check", "--from", "harbor", "--to", "valley-clinic", "--member", "01234567A", "--item", "summary")
    assert yes.startswith("PERMIT")
    assert "§2.33" in yes
    no = desk("check", "--from", "harbor", "--to", "valley-clinic", "--member", "m01", "--item", "billing", code=1)
    assert no.startswith("DENY")
    assert "§2.26" in no
    stranger = desk("check", "--from", "valley-clinic", "--to", "harbor", "--member", "09999999A", code=1)
    assert stranger.startswith("DENY")
    assert "Nobody is registered under this CIN or id" in stranger


def test_a_revocation_turns_the_same_what_if_into_a_no(desk: Desk) -> None:
    question = ("check", "--from", "harbor", "--to", "valley-clinic", "--member", "m01")
    desk(*question)
    desk("consent", "revoke", "c01", "--how", "oral", "--by", "harbor")
    assert "§2.31(c)(3)" in desk(*question, code=1)
    assert "revoked by harbor" in desk("consent", "show", "c01")
    assert "written_revocation" in desk("status", code=1)


def test_a_consent_is_added_shown_and_verified(desk: Desk) -> None:
    form = {**COUNTY["consents"]["c01"], "member": "01234567A", "kind": "specific"}
    (desk.folder / "scan.pdf").write_bytes(b"%PDF-1.7 scan")
    said = desk("consent", "add", desk.write("c.yaml", form), "--document", "scan.pdf", "--by", "harbor/ines")
    consent = said.split()[0]
    assert "unverified" in desk("consent", "show", "--member", "01234567A")
    desk("token", "issue", "--for", "harbor", "--role", "staff", "--person", "omar")
    desk("consent", "verify", consent, "--by", "harbor/ines", code=2)
    desk("consent", "verify", consent, "--by", "harbor/omar")
    assert "unverified" not in desk("consent", "show", "--member", "01234567A")


def test_a_packet_sent_twice_is_one_submission(desk: Desk) -> None:
    words = ("send", "packet.json", "--from", "harbor", "--document", "summary=summary.txt", "--json")
    first, second = json.loads(desk(*words)), json.loads(desk(*words))
    assert first["id"] == second["id"]
    assert first["recipients"][0]["state"] == "queued"
    assert "1 queued" in desk("status")
    shown = json.loads(desk("status", first["id"], "--for", "harbor", "--json"))
    assert shown["id"] == first["id"]
    desk("status", first["id"], "--for", "valley-clinic", code=2)


def test_a_packet_that_nobody_may_have_ends_with_one(desk: Desk) -> None:
    desk("consent", "revoke", "c01", "--how", "written")
    desk("send", "packet.json", "--from", "harbor", "--document", "summary=summary.txt", code=1)


def test_a_packet_goes_in_over_http_with_a_token_until_it_is_revoked(desk: Desk, server: str) -> None:
    token = desk("token", "issue", "--for", "harbor", "--role", "sender", "--quiet").strip()
    words = ("send", "packet.json", "--document", "summary=summary.txt", "--to-url", server, "--token", token)
    assert "permit" in desk(*words)
    listed = desk("token", "list")
    assert token not in listed
    identity = re.findall(r"good\s+\S+\s+(\S+)", listed)[0]
    desk("token", "revoke", identity)
    time.sleep(1.1)  # a revocation counts from the next second on
    desk(*words, code=2)


def test_the_exit_code_tells_wrong_input_from_a_refused_setting_and_from_no_service(desk: Desk) -> None:
    desk("consent", "show", "nothing", code=2)
    desk("send", "packet.json", "--from", "harbor", code=2)
    desk("send", "packet.json", "--to-url", "http://hub.example", "--token", "x", code=3)
    desk(
        "send",
        "packet.json",
        "--document",
        "summary=summary.txt",
        "--to-url",
        "http://127.0.0.1:9",
        "--token",
        "x",
        code=4,
    )
    (desk.folder / "keys.json").chmod(0o644)
    assert "chmod 600" in desk("status", code=3)


def test_migrating_twice_is_migrating_once(desk: Desk) -> None:
    assert desk("migrate") == desk("migrate")
