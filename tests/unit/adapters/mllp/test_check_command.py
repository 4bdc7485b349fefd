"""`part2hub v2 check`: any file with messages, in any wrapping; nothing about a person is printed."""

import json
from pathlib import Path

import pytest

from adapters.mllp.frames import frame
from hub.__main__ import main
from tests.unit.adapters.mllp.messages import SAMPLES, adt, samples


def check(capsys: pytest.CaptureFixture[str], path: Path, *words: str) -> tuple[int, str, str]:
    code = main(["v2", "check", str(path), *words])
    found = capsys.readouterr()
    return code, found.out, found.err


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "messages"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("path", samples(), ids=lambda path: path and path.stem)
def test_each_third_partys_message_would_be_taken(capsys, path):
    code, out, _ = check(capsys, path, "--json")
    (found,) = json.loads(out)["messages"]
    assert code == 0
    assert found["code"] == 0
    assert f"MSA|AA|{found['control_id']}" in found["answers"][0]
    assert found["match_key"] == "demographics"


def test_it_says_in_words_what_would_become_of_a_message(capsys, tmp_path):
    code, out, _ = check(capsys, written(tmp_path, adt("A11", more=("PV2|" + "|" * 21 + "Y",))))
    assert code == 0
    for line in (
        "message 1: ADT^A11, control id M1",
        "event           admit cancelled",
        "becomes         admit_notice",
        "restrictions    PV2-22 Y person",
        "patient         can be matched by CIN",
        "for a person    restricted.pv2-22",
        "answer          MSA|AA|M1",
    ):
        assert line in out


def test_a_cancelled_transfer_is_said_in_words_too(capsys, tmp_path):
    code, out, _ = check(capsys, written(tmp_path, adt("A12")))
    assert code == 0
    for line in (
        "message 1: ADT^A12, control id M1",
        "event           transfer cancelled",
        "becomes         admit_notice",
    ):
        assert line in out


@pytest.mark.parametrize(
    "content",
    [
        frame(adt()) + b"\r\n" + frame(adt("A03")),
        adt() + adt("A03"),
        adt().replace(b"\r", b"\r\n") + b"\r\n" + adt("A03").replace(b"\r", b"\n"),
        adt().rstrip(b"\r") + b"\xef\xbb\xbf" + adt("A03"),
        b"BHS|^~\\&|A\r" + adt() + adt("A03") + b"BTS|2\r",
    ],
    ids=["framed", "one after the other", "mixed line ends", "without a last line end", "a batch"],
)
def test_several_messages_in_a_file_are_told_apart(capsys, tmp_path, content):
    code, out, _ = check(capsys, written(tmp_path, content), "--json")
    assert code == 0
    assert [each["event"] for each in json.loads(out)["messages"]] == ["admit", "discharge"]


def test_one_that_would_be_refused_is_an_exit_status_of_one(capsys, tmp_path):
    code, out, _ = check(capsys, written(tmp_path, adt() + adt().replace(b"ADT^A01^ADT_A01", b"VXU^V04")), "--json")
    assert code == 1
    assert [each["code"] for each in json.loads(out)["messages"]] == [0, 200]


def test_nothing_about_a_person_is_printed(capsys, tmp_path):
    path = written(tmp_path, adt(more=("PD1|||||||||||" + "|Y", "NK1|1|DOE^MARY")))
    for words in ((), ("--json",)):
        _, out, _ = check(capsys, path, *words)
        for secret in ("QUINTANAR", "MARISOL", "01234567", "1988", "V-1001", "DOE"):
            assert secret not in out


@pytest.mark.parametrize("content", [b"", b"\r\n \n"])
def test_a_file_without_a_message_is_wrong_input(capsys, tmp_path, content):
    code, out, err = check(capsys, written(tmp_path, content))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


def test_what_is_no_message_at_all_is_answered_not_crashed_on(capsys, tmp_path):
    code, out, _ = check(capsys, written(tmp_path, bytes(range(1, 256)) * 3), "--json")
    assert code == 1
    assert {each["code"] for each in json.loads(out)["messages"]} == {100}


def test_a_file_that_is_not_there_is_wrong_input(capsys, tmp_path):
    code, _, err = check(capsys, tmp_path / "none")
    assert code == 2
    assert "cannot be read" in err


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no third-party messages beside the project")
def test_all_third_parties_messages_in_one_file(capsys, tmp_path):
    content = b"".join(path.read_bytes() for path in sorted(SAMPLES.glob("*.hl7")))
    code, out, _ = check(capsys, written(tmp_path, content), "--json")
    assert code == 0
    assert len(json.loads(out)["messages"]) == len(list(SAMPLES.glob("*.hl7")))
