"""Batches and messages in a row: each message is taken by itself, a batch is answered by a batch."""

import asyncio

import hl7
import pytest

from adapters.mllp.batches import MOST, split
from adapters.mllp.conversation import answers
from adapters.mllp.frames import Frame
from adapters.mllp.message import Message
from adapters.mllp.peers import NOBODY
from hub.arrivals import Arrival, Taken
from hub.errors import StorageFailed
from tests.unit.adapters.mllp.messages import adt, samples
from tests.unit.adapters.mllp.test_conversation import MANNERS, told

HEAD = b"FHS|^~\\&|EHR|HARBOR|HUB|COUNTY|20260306||||F1\rBHS|^~\\&|EHR|HARBOR|HUB|COUNTY|20260306||||B1\r"
TAIL = b"BTS|2\rFTS|1\r"


def batch(*messages: bytes) -> bytes:
    return HEAD + b"".join(messages) + TAIL


def test_each_message_of_a_batch_is_taken_and_the_batch_answered_by_one() -> None:
    answers, kept = told(batch(adt(control="M1"), adt("A03", control="M2")))
    assert [each.key.rpartition("\x1f")[2] for each in kept] == ["M1", "M2"]
    assert [each.raw for each in kept] == [adt(control="M1"), adt("A03", control="M2")]
    (answer,) = answers
    segments = answer.decode().split("\r")
    assert [each[:3] for each in segments] == ["FHS", "BHS", "MSH", "MSA", "MSH", "MSA", "BTS", "FTS", ""]
    assert segments[1].split("|")[2:6] == ["HUB", "COUNTY", "EHR", "HARBOR"]
    assert segments[1].split("|")[11] == "B1"
    assert [each for each in segments if each[:3] == "MSA"] == ["MSA|AA|M1", "MSA|AA|M2"]
    assert segments[6] == "BTS|2"


def test_another_library_reads_the_answer() -> None:
    (answer,) = told(batch(adt(control="M1"), adt(control="M2")))[0]
    file = hl7.parse_file(answer.decode())
    assert [str(each.segment("MSA")[1]) for each in file[0]] == ["AA", "AA"]


def test_one_wrong_message_keeps_no_other_out() -> None:
    (answer,), kept = told(batch(adt(control="M1").replace(b"ADT^A01", b"XXX^A01"), adt(control="M2")))
    assert b"MSA|AR|M1" in answer
    assert b"MSA|AA|M2" in answer
    assert len(kept) == 1


@pytest.mark.parametrize(
    "tail",
    [b"BTS|3\rFTS|1\r", b"BTS|1|x\rFTS|1\r", b"BTS|2\rFTS|2\r", b"BTS|0\r"],
    ids=["more messages", "fewer messages", "more batches", "none"],
)
def test_a_batch_that_counts_otherwise_than_what_came_is_taken_and_a_person_asks_for_the_rest(tail: bytes) -> None:
    (answer,), kept = told(HEAD + adt(control="M1") + adt(control="M2") + tail)
    assert [each for each in answer.decode().split("\r") if each[:3] == "MSA"] == ["MSA|AA|M1", "MSA|AA|M2"]
    note, *messages = kept
    assert [each.raw for each in messages] == [adt(control="M1"), adt(control="M2")]
    assert (note.trouble, note.organization) == ("batch.count-differs", messages[0].organization)
    assert note.raw == b"\r".join(each.strip() for each in (*HEAD.splitlines(), *tail.splitlines()))
    assert "BTS|2|The count differs from what came; a person looks at it." in answer.decode().split("\r")


def test_of_a_batch_that_counts_otherwise_nothing_is_taken_while_that_cannot_be_kept() -> None:
    asked = []

    async def away_at_first(arrival: Arrival) -> Taken:
        asked.append(arrival.trouble)
        if len(asked) == 1:
            raise StorageFailed("The database is away.")
        return Taken(id="1")

    raw = HEAD + adt(control="M1") + adt(control="M2") + b"BTS|3\r"
    (answer,) = asyncio.run(answers(Frame(raw), NOBODY, away_at_first, MANNERS))
    assert [each[:9] for each in answer.decode().split("\r") if each[:3] == "MSA"] == ["MSA|AR|M1", "MSA|AR|M2"]
    assert asked == ["batch.count-differs"]


@pytest.mark.parametrize("tail", [b"BTS|2\rFTS|1\r", b"BTS\rFTS\r", b"BTS||note 7\r", b"BTS|two\r", b""])
def test_a_count_that_fits_or_is_left_out_asks_nobody(tail: bytes) -> None:
    (answer,), kept = told(HEAD + adt(control="M1") + adt(control="M2") + tail)
    assert [each.trouble for each in kept] == ["", ""]
    assert b"differs" not in answer


def test_each_batch_of_a_file_counts_for_itself() -> None:
    two = HEAD + adt(control="M1") + b"BTS|1\r" + HEAD.splitlines()[1] + b"\r" + adt(control="M2") + b"BTS|1\rFTS|2\r"
    assert [each.trouble for each in told(two)[1]] == ["", ""]
    assert [each.trouble for each in told(two.replace(b"FTS|2", b"FTS|1"))[1]] == ["batch.count-differs", "", ""]


def test_messages_of_a_file_that_stand_in_no_batch_are_one() -> None:
    """BHS and BTS may be left out (2.10.3)."""
    file = HEAD.splitlines()[0] + b"\r" + adt(control="M1") + adt(control="M2")
    assert [each.trouble for each in told(file + b"FTS|1\r")[1]] == ["", ""]
    assert [each.trouble for each in told(file + b"BTS|2\r" + adt(control="M3") + b"BTS|1\rFTS|2\r")[1]] == [""] * 3
    assert [each.trouble for each in told(file + b"FTS|2\r")[1]] == ["batch.count-differs", "", ""]


def test_a_frame_full_of_trailers_is_split_in_one_pass() -> None:
    """Attack stopped: each of 200,000 pieces is compared with each other one, and every listener stands still."""
    batch = split(HEAD + b"".join(b"MSH|%d\rBTS|9%d\r" % (n, n) for n in range(100_000)))
    assert (len(batch.messages), len(batch.ends)) == (100_000, 100_002)


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n"])
def test_messages_in_a_row_get_an_answer_each(between: bytes) -> None:
    answers, kept = told(adt(control="M1") + between + adt(control="M2"))
    assert [Message.read(each).first("MSA").get(2) for each in answers] == ["M1", "M2"]
    assert len(kept) == 2


def test_a_frame_of_too_many_messages_is_refused_whole() -> None:
    (answer,), kept = told(adt() * (MOST + 1))
    assert b"MSA|AR|M1" in answer
    assert kept == []


@pytest.mark.parametrize("path", samples(), ids=lambda path: path and path.stem)
def test_a_third_partys_message_is_one_and_stays_as_it_came(path) -> None:
    raw = path.read_bytes()
    assert split(raw).messages == (raw,)


def test_a_batch_of_nothing_is_answered_by_a_batch_of_nothing() -> None:
    """A quiet night is no error: the messages of a batch are optional (2.10.3)."""
    (answer,), kept = told(HEAD + b"BTS|0\rFTS|1\r")
    assert kept == []
    assert [each[:3] for each in answer.decode().split("\r")] == ["FHS", "BHS", "BTS", "FTS", ""]


@pytest.mark.parametrize("header", [b"msh|^~\\&|EHR", b"\x0bMSH|^~\\&|EHR", b"EVN|A01"])
def test_a_batch_of_something_that_is_no_message_is_not_answered_as_one_of_nothing(header) -> None:
    (answer,), kept = told(batch(header + b"\rPID|1||0\r"))
    assert b"MSA|AE" in answer or b"MSA|AR" in answer
    assert not kept


def test_a_second_message_behind_white_space_is_a_message_of_its_own() -> None:
    answers, kept = told(adt(control="M1") + b"  \t" + adt(control="M2"))
    assert len(kept) == len(answers) == 2


def test_a_message_with_a_segment_name_inside_a_field_is_one() -> None:
    raw = adt(more=("NTE|1||see MSH|and BHS|",))
    assert split(raw).messages == (raw,)
