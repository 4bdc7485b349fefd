"""The auditor's side: an export and proof files, checked by a command that has no database, no setting, only a key.

Every tampering that issue and auditors name is done to the export; the command finds each and says where.
"""

import asyncio
import json
import os
import re
import sqlite3
import zipfile

import pytest

from hub.crypto.checkpoint import sign_checkpoint, verifier_of
from hub.crypto.keyring import KeyKind, KeyRing, rotate
from hub.crypto.ledger import leaf_of
from hub.crypto.tree import root_of
from hub.ledger.sequencer import Sequencer
from hub.model import now_us
from hub.record import entry
from hub.storage import key_records
from hub.storage.database import Unit
from tests import forks
from tests.hubs import MovableClock, a_hub, open_database
from tests.witnesses import Witness

STEP, COUNT = 20, 100
FIRST = 5
"""Position of the first of our entries: the organizations of the county come before."""


def command(*words, **environment):
    """Run the command far from any database; its exit code, output and errors."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    done = forks.run("hub", "ledger", *words, env=clean | environment)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


async def written(hub, count):
    for n in range(count):
        body = {"n": n, "outcome": "delivered"}
        step = entry("disclosure.proved", hub.clock.now(), body, member="m1", reference=f"d{n}")
        await hub.database.commit(Unit((), (step,)))


class Ledger:
    """A hub's folder with a ledger of a hundred entries and its export."""

    def __init__(self, folder):
        self.folder = folder
        self.url = f"sqlite:///{folder / 'hub.sqlite'}"
        self.keys = folder / "keys.json"
        self.export = folder / "ledger.zip"
        asyncio.run(self._fill())
        code, out, _ = self.live("export", "--out", self.export)
        assert (code, "signed heads" in out) == (0, True)
        self.ring = KeyRing.load(self.keys)
        self.key = verifier_of(self.ring.all_of(KeyKind.LEDGER)[0]).encode()
        with zipfile.ZipFile(self.export) as archive:
            self.lines = archive.read("entries.jsonl").splitlines()
            self.notes = re.findall(r"(?:.+\n)+\n(?:\u2014.+\n)+", archive.read("checkpoints.txt").decode())

    async def _fill(self):
        async with a_hub(self.url, keys=self.keys) as hub:
            for _ in range(COUNT // STEP):
                await written(hub, STEP)
                await Sequencer(hub.database, hub.ring, hub.clock, self.folder / "ledger.head").finish()

    def live(self, *words):
        return command(*words, HUB_DATA=str(self.folder), HUB_KEYS=str(self.keys), HUB_DATABASE_URL=self.url)

    def tampered(self, path, lines=None, notes=None):
        """A copy of the export with other content."""
        with zipfile.ZipFile(self.export) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if name == "entries.jsonl" and lines is not None:
                    content = b"".join(line + b"\n" for line in lines)
                if name == "checkpoints.txt" and notes is not None:
                    content = "\n".join(notes).encode()
                new.writestr(name, content)
        return path


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    return Ledger(tmp_path_factory.mktemp("ledger"))


def test_the_live_ledger_and_its_export_are_intact(ledger):
    code, out, _ = ledger.live("verify")
    assert (code, "The ledger is intact: 105 entries" in out) == (0, True)
    code, out, _ = command("verify", "--export", ledger.export, "--key", ledger.key)
    assert (code, "The ledger is intact: 105 entries, 5 signed checkpoints." in out) == (0, True)
    assert ledger.export.stat().st_mode & 0o777 == 0o600
    assert not [path.name for path in ledger.folder.iterdir() if path.name.startswith(".ledger.zip")]


def test_an_export_says_when_no_key_was_given_that_it_proves_less(ledger):
    code, out, _ = command("verify", "--export", ledger.export)
    assert (code, "no forgery" in out) == (0, True)


def edited(lines):
    return [*lines[:47], lines[47].replace(b"delivered", b"withheld!"), *lines[48:]]


TAMPERINGS = {
    "an edit": (edited, "Position 45 to 64: something here is not what was signed."),
    "a deletion": (lambda lines: [*lines[:47], *lines[48:]], "Position 45 to "),
    "a reordering": (lambda lines: [*lines[:47], lines[48], lines[47], *lines[49:]], "Position 45 to 64: something"),
    "an insertion": (lambda lines: [*lines[:47], lines[3], *lines[47:]], "Position 45 to "),
    "a truncation": (lambda lines: lines[:90], "Position 90 to 104: signed for, and gone from the end."),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_the_export_shows_the_place_of(ledger, tmp_path, name):
    change, says = TAMPERINGS[name]
    file = ledger.tampered(tmp_path / "x.zip", change(ledger.lines))
    code, out, _ = command("verify", "--export", file, "--key", ledger.key)
    assert code == 1
    assert says in out, out
    code, out, _ = command("verify", "--export", file, "--key", ledger.key, "--json")
    assert (code, json.loads(out)["intact"]) == (1, False)


def test_an_old_copy_shows_against_a_head_that_an_auditor_kept(ledger, tmp_path):
    (tmp_path / "kept.head").write_text(ledger.notes[-1])
    old = ledger.tampered(tmp_path / "old.zip", ledger.lines[:65], ledger.notes[:3])
    assert command("verify", "--export", old, "--key", ledger.key)[0] == 0, "alone it is a whole ledger"
    code, out, _ = command("verify", "--export", old, "--key", ledger.key, "--head", tmp_path / "kept.head")
    assert (code, "Position 65 to 104: signed for, and gone from the end." in out) == (1, True)


def test_a_second_history_signed_with_the_true_key_shows_against_a_kept_head(ledger, tmp_path):
    """The operator himself rewrites an entry, hashes everything anew and signs it."""
    (tmp_path / "kept.head").write_text(ledger.notes[2])
    lines = edited(ledger.lines)
    leaves = [leaf_of(line) for line in lines]
    key = ledger.ring.active(KeyKind.LEDGER)
    notes = [sign_checkpoint(key, size, root_of(leaves[:size])) for size in (25, 45, 65, 85, 105)]
    forged = ledger.tampered(tmp_path / "forged.zip", lines, notes)
    assert command("verify", "--export", forged, "--key", ledger.key)[0] == 0
    code, out, _ = command("verify", "--export", forged, "--key", ledger.key, "--head", tmp_path / "kept.head")
    assert (code, "The signed head of 65 entries belongs to another history than this one." in out) == (1, True)
    both = ledger.tampered(tmp_path / "both.zip", lines, [*notes, ledger.notes[2]])
    assert command("verify", "--export", both, "--key", ledger.key)[0] == 1


def test_a_stranger_s_key_verifies_nothing(ledger):
    stranger = verifier_of(KeyRing.generate().active(KeyKind.LEDGER)).encode()
    code, out, _ = command("verify", "--export", ledger.export, "--key", stranger)
    assert (code, "not signed by a known key" in out) == (1, True)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 torn"])
def test_a_file_that_is_no_export_is_one_line_and_exit_code_2(ledger, tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    code, out, err = command("verify", "--export", tmp_path / "x.zip", "--key", ledger.key)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_an_export_cut_off_in_the_middle_is_refused(ledger, tmp_path):
    (tmp_path / "x.zip").write_bytes(ledger.export.read_bytes()[:-40])
    assert command("verify", "--export", tmp_path / "x.zip", "--key", ledger.key)[0] == 2


def test_one_entry_is_proved_with_the_public_key_alone(ledger, tmp_path):
    file = tmp_path / "entry.tlog-proof"
    assert ledger.live("prove", 50, "--out", file)[0] == 0
    code, out, _ = command("verify", "--proof", file, "--key", ledger.key)
    assert (code, "Proved: entry 50, disclosure.proved," in out) == (0, True)
    assert "stands at position 49 of the ledger part2hub.example/ledger" in out
    code, out, _ = command("verify", "--proof", file, "--key", ledger.key, "--json")
    assert json.loads(out)["entry"]["body"]["outcome"] == "delivered"
    text = file.read_text()
    file.write_text(text.replace("index 49", "index 48"))
    assert command("verify", "--proof", file, "--key", ledger.key)[0] == 1
    file.write_text("junk")
    assert command("verify", "--proof", file, "--key", ledger.key)[0] == 2
    assert command("verify", "--proof", file)[0] == 2


def test_all_entries_about_one_thing_are_proved_at_once(ledger, tmp_path):
    code, out, _ = ledger.live("prove", "--about", "d7", "--out", tmp_path / "proofs")
    assert (code, out.startswith("5 proofs")) == (0, True)
    for file in (tmp_path / "proofs").iterdir():
        assert command("verify", "--proof", file, "--key", ledger.key)[0] == 0
    assert ledger.live("prove", "--about", "nothing", "--out", tmp_path / "none")[0] == 2
    assert ledger.live("prove", 100_000, "--out", tmp_path / "none")[0] == 2
    assert ledger.live("prove", "--out", tmp_path / "none")[0] == 2


def test_a_witness_s_word_is_asked_for_and_missed(ledger, tmp_path):
    one, two = Witness(), Witness("witness.example/w2", bytes(32))
    (tmp_path / "kept.head").write_text(one.cosigned(ledger.notes[-1]))
    words = ("verify", "--export", ledger.export, "--key", ledger.key, "--head", tmp_path / "kept.head")
    assert command(*words, "--witness", one.verifier.encode())[0] == 0
    code, _, err = command(*words, "--witness", two.verifier.encode())
    assert (code, "Not cosigned by witness.example/w2." in err) == (1, True)


def test_after_two_rotations_the_first_key_and_the_last_one_verify_everything(tmp_path):
    ledger = Ledger(tmp_path)
    first = ledger.key
    proof = tmp_path / "old.tlog-proof"
    assert ledger.live("prove", 30, "--out", proof)[0] == 0

    for _ in range(2):
        rotate(ledger.keys)
        asyncio.run(_go_on(ledger))
    assert ledger.live("verify")[0] == 0
    assert ledger.live("export", "--out", ledger.export)[0] == 0
    newest = verifier_of(KeyRing.load(ledger.keys).active(KeyKind.LEDGER)).encode()
    for key in (first, newest):
        code, out, _ = command("verify", "--export", ledger.export, "--key", key)
        assert (code, "intact" in out) == (0, True)
    assert command("verify", "--proof", proof, "--key", first)[0] == 0


async def _go_on(ledger):
    ring, database = KeyRing.load(ledger.keys), await open_database(ledger.url)
    await key_records.admit(database, ring)
    step = entry("consent.documented", now_us(), {}, member="m1", reference="c1")
    await database.commit(Unit((), (step,)))
    await Sequencer(database, ring, MovableClock(), ledger.folder / "ledger.head").finish()
    await database.close()


def test_what_was_put_behind_the_last_head_shows(ledger, tmp_path):
    file = ledger.tampered(tmp_path / "x.zip", [*ledger.lines, ledger.lines[5]])
    code, out, _ = command("verify", "--export", file, "--key", ledger.key)
    assert (code, "Position 105: no signed head vouches for what stands here" in out) == (1, True)


def test_an_emptied_export_is_not_called_intact(ledger, tmp_path):
    code, out, _ = command("verify", "--export", ledger.tampered(tmp_path / "x.zip", [], []), "--key", ledger.key)
    assert (code, "No checkpoint vouches" in out) == (1, True)


def test_what_was_mistyped_is_said_in_a_line(ledger, tmp_path):
    for words, says in (
        (("--export", tmp_path / "none.zip", "--key", ledger.key), "There is no such file."),
        (("--export", ledger.export, "--key", ledger.key[:-4]), "A key is NAME+ID+BASE64"),
    ):
        code, out, err = command("verify", *words)
        assert (code, out, says in err, err.count("\n")) == (2, "", True, 1)


def test_what_a_command_records_is_under_a_signed_head_when_it_returns(tmp_path):
    """Nobody need serve: an hour later the ledger is intact, and a change of what was recorded is found."""
    environment = {"HUB_DATA": str(tmp_path)}
    KeyRing.create(tmp_path / "keys.json")
    county = tmp_path / "county.json"
    county.write_text(json.dumps({"organizations": {"harbor": {"name": "Harbor House"}}}))
    assert forks.run("hub", "load", county, env=os.environ | environment).returncode == 0
    told = json.loads(command("verify", "--json", **environment)[1])
    assert told["intact"]
    assert told["proven"] == told["entries"] == told["trusted_head"] > 0
    with sqlite3.connect(tmp_path / "hub.sqlite") as connection:
        connection.execute("UPDATE ledger_entry SET at = at + 1 WHERE id = 1")
    connection.close()
    assert command("verify", **environment)[0] == 1
