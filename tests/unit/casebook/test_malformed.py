"""Whatever a file holds, `policy check` answers or says in one line what is wrong, and never fails inside."""

import argparse
import json
from pathlib import Path

import pytest

from hub.cli import policy
from hub.errors import Malformed
from hub.web.policy import answers
from policies.choices import SAFE

ROOT = Path(__file__).parents[2] / "cases"
BASE = """\
case: what-if
at: 2026-03-02T10:00:00-08:00
discloser: harbor
recipient: valley-clinic
purpose: treatment
"""
ENROLLED = BASE.replace("treatment", "dual_enrollment")
BOMB = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b", ".join([b"*%c" % (letter - 1)] * 9)) for letter in range(98, 112)
)
REFUSED = {
    "nothing": b"",
    "a null": b"null\n",
    "a number": b"42\n",
    "an empty list": b"[]\n",
    "no case in the list": b"- null\n",
    "half a case": BASE.replace("at: 2026-03-02T10:00:00-08:00\n", "").encode(),
    "a case without a name": BASE.replace("what-if", "null").encode(),
    "a name of two lines": BASE.replace("what-if", r'"a\nTraceback"').encode(),
    "a person's name in the wrong place": (BASE + "consents: {Ana Lopez: {like: tpo}}\n").encode(),
    "the same name twice": "".join(f"- {{{BASE.replace(chr(10), ', ')}}}\n" for _ in range(2)).encode(),
    "an unknown field": (BASE + "colour: red\n").encode(),
    "a field that is a number": (BASE + "1: one\n").encode(),
    "a field that is a list": (BASE + "? [a]\n: 1\n").encode(),
    "a field given twice": (BASE + "purpose: payment\n").encode(),
    "a party that does not exist": BASE.replace("harbor", "nobody").encode(),
    "a consent that does not exist": (BASE + "packet: {r: {source: lantern, held_under: nope}}\n").encode(),
    "a consent of no kind": (BASE + "consents: {a: {like: [tpo]}}\n").encode(),
    "a consent that ends on nothing": (BASE + "consents: {a: {like: tpo, expires: {event: null}}}\n").encode(),
    "a flag that is a word": (BASE + 'consents: {a: {like: tpo, written: "yes"}}\n').encode(),
    "a mapping for a list": (BASE + "restrictions: {a: 1}\n").encode(),
    "a packet of nothing": (BASE + "packet: null\n").encode(),
    "a day that is none": BASE.replace("03-02", "02-30").encode(),
    "an instant beyond the calendar": BASE.replace("2026-03-02T10:00:00-08:00", "9999-12-31T23:59:59-08:00").encode(),
    "more miles than there are": (ENROLLED + f"registry: {{trigger: accepted, miles: {'9' * 5000}}}\n").encode(),
    "as many miles in hexadecimal": (ENROLLED + f"registry: {{trigger: accepted, miles: 0x{'f' * 5000}}}\n").encode(),
    "no number of miles": (ENROLLED + "registry: {trigger: accepted, miles: .nan}\n").encode(),
    "a tag that lies": (BASE + "why: !!int abc\n").encode(),
    "a truth that is none": (BASE + "sud_duty: !!bool maybe\n").encode(),
    "a day that is no timestamp": (BASE + "why: !!timestamp abc\n").encode(),
    "a list called a mapping": (BASE + "packet: !!map [a]\n").encode(),
    "a command": b'!!python/object/apply:os.system ["id"]\n',
    "another encoding": BASE.encode() + b"why: caf\xe9\n",
    "a byte that is no text": BASE.encode() + b'why: "a\x00b"\n',
    "deep nesting": b"[" * 100_000 + b"]" * 100_000,
    "aliases that unfold": BOMB,
    "aliases that unfold in a key": BOMB + b"? *o\n: 1\n",
    "a list within itself": b"&a [*a]\n",
    "two documents": f"---\n{BASE}---\n{BASE}".encode(),
    "an open bracket": b"[a, b",
    "a cast of nothing": b"cast: null\ncases: []\n",
    "a zone that is a path": b"cast: {zone: ../../etc/passwd, parties: {}, patients: {}}\ncases: [{}]\n",
}


@pytest.fixture
def command(tmp_path, capsys):
    """`policy check FILE --json` of these bytes: exit status, standard output, standard error."""
    for name in ("cast.yaml", "templates.yaml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    parser = argparse.ArgumentParser()
    policy.add_parser(parser.add_subparsers(required=True))

    def run(content):
        path = tmp_path / "what-if.yaml"
        path.write_bytes(content)
        args = parser.parse_args(["policy", "check", str(path), "--json"])
        return args.run(args), *capsys.readouterr()

    return run


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_is_no_case_is_refused_in_one_line_that_names_the_place(command, content):
    status, out, told = command(content)
    assert (status, out) == (2, "")
    assert told.startswith("what-if.yaml: ")
    assert told.count("\n") == 1
    assert len(told) < 200
    assert "Lopez" not in told


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_a_caller_posts_is_refused_alike(content):
    with pytest.raises(Malformed):
        answers(content, "en", SAFE)


@pytest.mark.parametrize(
    "content",
    [
        BASE.encode(),
        b"\xef\xbb\xbf" + BASE.encode(),
        BASE.encode("utf-16"),
        BASE.replace("2026-03-02T10:00:00-08:00", "9999-12-31T23:59:59Z").encode(),
        BASE.replace("2026-03-02T10:00:00-08:00", "0001-01-01T00:00:00Z").encode(),
        (BASE + "why: >\n  Folded\n  text.\n").encode(),
        (BASE + "consents: {a: {like: tpo, recipients: [the-director], onward: [the-director]}}\n").encode(),
        (BASE + "events: {end_of__term: unknown}\n").encode(),
    ],
)
def test_what_is_odd_and_still_a_case_is_answered(command, content):
    status, out, told = command(content)
    assert (status, told) == (0, "")
    assert json.loads(out)["outcome"] == "deny"


def test_a_rulebook_that_cannot_be_written_says_so(tmp_path, capsys):
    (tmp_path / "taken").write_text("", encoding="utf-8")
    parser = argparse.ArgumentParser()
    policy.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(
        ["policy", "rulebook", "--out", str(tmp_path / "taken"), "--cases", str(tmp_path / "none")]
    )
    assert args.run(args) == 2
    assert capsys.readouterr().err.endswith("cannot be written (File exists)\n")
