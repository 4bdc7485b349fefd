import base64
import hashlib
import json
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.crypto import notes
from hub.crypto.checkpoint import Checkpoint, sign_checkpoint, verifier_of
from hub.crypto.keyring import KeyKind, KeyRing, rotate
from hub.crypto.ledger import LedgerEntry, commitment, entry_of, leaf_hash, leaf_hashes, leaf_of, line_of
from hub.crypto.report import Fault
from hub.crypto.tree import root_of
from hub.crypto.verifier import Verification, verify, verify_export
from hub.errors import Malformed

KEY = KeyRing.generate("hub.sonoma.example/ledger").active(KeyKind.LEDGER)
KEYS = [verifier_of(KEY)]
COUNT, STEP = 100, 20
change = msgspec.structs.replace


def entry(number, body=b'{"outcome":"delivered"}'):
    salt = hashlib.sha256(b"salt %d" % number).digest()[:16]
    return LedgerEntry(number, 1_700_000_000_000_000 + number, "disclosure.intent", "m1", None, body, salt)


ENTRIES = [entry(number) for number in range(1, COUNT + 1)]
LEAVES = leaf_hashes(ENTRIES)


def heads_of(leaves, sizes=range(STEP, COUNT + 1, STEP)):
    return [sign_checkpoint(KEY, size, root_of(leaves[:size])) for size in sizes]


def head_at(leaves, size):
    return Checkpoint(KEY.name, size, root_of(leaves[:size]))


HEADS = heads_of(LEAVES)


def check(entries=ENTRIES, leaves=LEAVES, heads=HEADS, trusted=None):
    return verify(entries, leaves, heads, KEYS, [trusted] if trusted else [])


def faults(report):
    return [(finding.fault, finding.first, finding.count) for finding in report.findings]


def without(items, at):
    return [*items[:at], *items[at + 1 :]]


def swapped(items, one, other):
    items = list(items)
    items[one], items[other] = items[other], items[one]
    return items


def test_the_leaf_commits_to_one_line_of_json_and_is_hashed_as_rfc_6962_says():
    fact = LedgerEntry(7, 1_700_000_000_000_000, "consent.revoked", "m1", None, b'{"consent":"c1"}', bytes(range(16)))
    line = (
        b'["part2hub/entry/v1",7,1700000000000000,"consent.revoked","m1",null,'
        b'"AAECAwQFBgcICQoLDA0ODw==",{"consent":"c1"}]'
    )
    assert line_of(fact) == line
    assert commitment(line) == hashlib.sha256(line).digest()
    assert leaf_hash(fact) == leaf_of(line) == hashlib.sha256(b"\0" + hashlib.sha256(line).digest()).digest()
    assert json.loads(line)[6] == base64.b64encode(bytes(range(16))).decode()


def test_many_leaves_are_the_leaves_of_each():
    assert leaf_hashes(ENTRIES) == [leaf_hash(each) for each in ENTRIES]


texts = st.text(st.characters(codec="utf-8"), max_size=8)
entries_of_any_kind = st.builds(
    LedgerEntry,
    id=st.integers(0, 2**63 - 1),
    at=st.integers(0, 2**63 - 1),
    kind=texts,
    member=st.none() | texts,
    reference=st.none() | texts,
    body=st.dictionaries(texts, texts, max_size=3).map(msgspec.json.encode),
    salt=st.binary(min_size=16, max_size=16),
)


@given(entries_of_any_kind, entries_of_any_kind)
def test_two_entries_have_one_leaf_only_if_they_are_the_same(one, other):
    assert (line_of(one) == line_of(other)) == (one == other)


@given(entries_of_any_kind)
def test_an_exported_line_reads_back_as_its_entry(fact):
    assert entry_of(line_of(fact)) == fact


@pytest.mark.parametrize("line", [b"", b"[]", b"\xff", b"{}", line_of(ENTRIES[0]) + b" ", line_of(ENTRIES[0])[:-1]])
def test_a_line_that_is_no_entry_is_refused(line):
    with pytest.raises(Malformed):
        entry_of(line)
    with pytest.raises(Malformed):
        entry_of(line_of(ENTRIES[0]).replace(b"entry/v1", b"entry/v2"))


def test_the_salt_changes_the_leaf_and_nothing_else_tells_two_alike_entries_apart():
    assert leaf_hash(change(ENTRIES[0], salt=bytes(16))) != LEAVES[0]


def test_an_untouched_ledger_is_intact():
    report = check(trusted=head_at(LEAVES, 60))
    assert report.intact
    assert (report.entries, report.proven, report.checkpoints, report.trusted_head) == (COUNT, COUNT, 5, 60)
    assert report.root == root_of(LEAVES).hex()


@pytest.mark.parametrize(
    "edited",
    [
        change(ENTRIES[41], body=b'{"outcome":"withheld"}'),
        change(ENTRIES[41], at=ENTRIES[41].at + 1),
        change(ENTRIES[41], kind="decision.made"),
        change(ENTRIES[41], member="m2"),
        change(ENTRIES[41], member=None),
        change(ENTRIES[41], reference="c1"),
        change(ENTRIES[41], id=7),
        change(ENTRIES[41], salt=bytes(16)),
    ],
)
def test_an_edit_of_any_field_is_found_at_its_position(edited):
    assert faults(check([*ENTRIES[:41], edited, *ENTRIES[42:]])) == [(Fault.ALTERED, 41, 1)]


@pytest.mark.parametrize("field", ["id", "at", "kind", "member", "body", "salt"])
@pytest.mark.parametrize("value", [None, "text", 1.5, "\ud800", object()])
def test_a_field_overwritten_with_something_no_entry_can_hold_is_found_and_not_crashed_on(field, value):
    spoilt = change(ENTRIES[41], **{field: value})
    assert faults(check([*ENTRIES[:41], spoilt, *ENTRIES[42:]])) == [(Fault.ALTERED, 41, 1)]


def test_an_edit_covered_up_by_a_new_leaf_hash_is_found_between_two_signed_heads():
    entries = [*ENTRIES[:41], entry(42, b'{"outcome":"withheld"}'), *ENTRIES[42:]]
    assert faults(check(entries, leaf_hashes(entries))) == [(Fault.CHANGED, 40, 20)]


@pytest.mark.parametrize("leaf", [bytes(32), b"", None, "text", b"x" * 33])
def test_a_leaf_hash_overwritten_alone_is_found_at_its_position(leaf):
    report = check(leaves=[*LEAVES[:41], leaf, *LEAVES[42:]])
    assert faults(report) == [(Fault.ALTERED, 41, 1), (Fault.CHANGED, 40, 20)]


def test_spoiling_an_entry_and_its_leaf_alike_does_not_make_them_agree():
    entries, leaves = [*ENTRIES[:-1], change(ENTRIES[-1], body=None)], [*LEAVES[:-1], None]
    assert (Fault.ALTERED, COUNT - 1, 1) in faults(check(entries, leaves, HEADS[:-1]))


@pytest.mark.parametrize("at", [0, 41, 42, COUNT - 1])
def test_a_deleted_entry_is_found_at_its_position(at):
    assert faults(check(without(ENTRIES, at))) == [(Fault.MISSING, at, 1)]
    assert faults(check([*ENTRIES[:at], None, *ENTRIES[at + 1 :]])) == [(Fault.MISSING, at, 1)]


def test_a_deleted_run_is_one_finding():
    assert faults(check(ENTRIES[:30] + ENTRIES[50:])) == [(Fault.MISSING, 30, 20)]


def test_a_deletion_covered_up_by_closing_the_gap_is_found_between_two_signed_heads():
    assert faults(check(without(ENTRIES, 41), without(LEAVES, 41))) == [
        (Fault.CHANGED, 40, 20),
        (Fault.TRUNCATED, COUNT - 1, 1),
    ]


@pytest.mark.parametrize("at", [0, 41, COUNT])
def test_an_inserted_entry_is_found_at_its_position(at):
    assert faults(check([*ENTRIES[:at], entry(999), *ENTRIES[at:]])) == [(Fault.INSERTED, at, 1)]


def test_an_insertion_with_a_leaf_of_its_own_is_found_between_two_signed_heads():
    entries = [*ENTRIES[:41], entry(999), *ENTRIES[41:]]
    assert faults(check(entries, leaf_hashes(entries))) == [(Fault.CHANGED, 40, 20)]


@pytest.mark.parametrize(("one", "other", "moved"), [(41, 42, {41, 42}), (10, 80, {10, 80}), (0, 99, {0, 99})])
def test_two_entries_that_changed_places_are_found(one, other, moved):
    report = check(swapped(ENTRIES, one, other))
    assert {finding.fault for finding in report.findings} <= {Fault.MOVED, Fault.ALTERED}
    assert {finding.first for finding in report.findings} <= moved
    assert report.findings


def test_an_entry_moved_to_another_place_is_found_where_it_belonged():
    moved = without(ENTRIES, 30)
    moved.insert(70, ENTRIES[30])
    assert faults(check(moved)) == [(Fault.MOVED, 30, 1)]
    moved = without(ENTRIES, 70)
    moved.insert(30, ENTRIES[70])
    assert faults(check(moved)) == [(Fault.MOVED, 70, 1)]


def test_entries_reordered_with_their_leaves_are_found_between_two_signed_heads():
    report = check(swapped(ENTRIES, 41, 42), swapped(LEAVES, 41, 42))
    assert faults(report) == [(Fault.CHANGED, 40, 20)]


def test_several_faults_are_each_named():
    entries = [entry(999), *ENTRIES[:10], *ENTRIES[11:50], change(ENTRIES[50], member="m9"), *ENTRIES[51:]]
    assert faults(check(entries)) == [(Fault.INSERTED, 0, 1), (Fault.MISSING, 10, 1), (Fault.ALTERED, 50, 1)]


@given(st.lists(st.sampled_from(["drop", "edit", "add"]), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_whatever_is_done_to_the_entries_the_first_finding_is_where_the_first_thing_was_done(acts, rng):
    entries, places = list(ENTRIES), sorted(rng.sample(range(0, COUNT, 3), len(acts)), reverse=True)
    for place, act in zip(places, acts, strict=True):
        if act == "drop":
            del entries[place]
        elif act == "edit":
            entries[place] = change(entries[place], member="m9")
        else:
            entries.insert(place, entry(1000 + place))
    report = check(entries)
    assert report.findings[0].first == places[-1]
    assert not any(finding.fault is Fault.CHANGED for finding in report.findings)


def test_a_truncated_ledger_is_found():
    assert faults(check(ENTRIES[:90], LEAVES[:90])) == [(Fault.TRUNCATED, 90, 10)]


def test_a_truncation_that_takes_its_checkpoints_along_shows_against_a_head_kept_outside():
    cut = {"entries": ENTRIES[:60], "leaves": LEAVES[:60], "heads": HEADS[:3]}
    assert faults(check(**cut, trusted=head_at(LEAVES, 80))) == [(Fault.TRUNCATED, 60, 20)]
    unaware = check(**cut)
    assert unaware.intact
    assert "it would not show" in unaware.text()


def test_a_forked_history_is_found_by_two_roots_for_one_size():
    other = leaf_hashes([*ENTRIES[:50], entry(999), *ENTRIES[51:]])
    assert faults(check(heads=[*HEADS, *heads_of(other, [80])])) == [(Fault.FORKED, 80, 0)]


def test_a_forked_history_is_found_by_heads_that_cannot_both_be():
    other = leaf_hashes([*ENTRIES[:50], entry(999), *ENTRIES[51:]])
    assert faults(check(heads=[*HEADS, *heads_of(other, [70])])) == [(Fault.FORKED, 70, 0)]
    assert faults(check(trusted=head_at(other, 70))) == [(Fault.FORKED, 70, 0)]


def test_a_rewritten_history_signed_anew_shows_against_a_head_kept_outside():
    entries = [*ENTRIES[:50], entry(999), *ENTRIES[51:]]
    leaves = leaf_hashes(entries)
    report = check(entries, leaves, heads_of(leaves), trusted=head_at(LEAVES, 70))
    assert faults(report) == [(Fault.FORKED, 70, 0)]


def test_a_checkpoint_nobody_known_signed_is_found():
    stranger = KeyRing.generate(KEY.name).active(KeyKind.LEDGER)
    forged = sign_checkpoint(stranger, 80, root_of(LEAVES[:80]))
    for note in (forged, HEADS[0].replace("\n20\n", "\n21\n"), "", b"\xff", "x" * 100):
        report = check(heads=[*HEADS, note])
        assert faults(report) == [(Fault.UNSIGNED, 6, 1)]
        assert report.checkpoints == 5


def test_entries_without_any_checkpoint_are_not_called_intact():
    assert faults(check(heads=[])) == [(Fault.UNPROVEN, 0, COUNT)]


def test_an_empty_ledger_is_intact():
    assert check([], [], []).intact
    assert check([], [], heads_of([], [0])).intact


def test_entries_newer_than_the_last_head_are_counted_and_said_to_be_unproven():
    report = check(heads=HEADS[:-1])
    assert report.intact
    assert (report.entries, report.proven) == (COUNT, 80)
    assert "20 entries are newer than the last signed head" in report.text()


def test_heads_signed_before_a_key_rotation_verify_after_it(tmp_path):
    path = tmp_path / "keys.json"
    old = KeyRing.create(path).active(KeyKind.LEDGER)
    ring = rotate(path)
    new = ring.active(KeyKind.LEDGER)
    heads = [sign_checkpoint(key, size, root_of(LEAVES[:size])) for key, size in ((old, 40), (new, COUNT))]
    assert verify(ENTRIES, LEAVES, heads, [verifier_of(key) for key in ring.all_of(KeyKind.LEDGER)]).intact


def test_witness_cosignatures_do_not_disturb_a_checkpoint():
    witness = KeyRing.generate("witness.example/w1").active(KeyKind.LEDGER)
    note = notes.Note.parse(HEADS[-1])
    cosigned = note.with_signatures(notes.sign(note.text, witness.name, witness.secret).signatures)
    assert check(heads=[*HEADS[:-1], cosigned.encode()]).intact


@given(st.lists(st.integers(0, 40), max_size=12))
def test_the_size_of_the_batches_does_not_matter(sizes):
    spoilt = without(ENTRIES, 41)
    verification, done = Verification(HEADS, KEYS), 0
    for size in [*sizes, COUNT]:
        verification.feed(spoilt[done : done + size], LEAVES[done : done + size])
        done += size
    assert faults(verification.finish()) == [(Fault.MISSING, 41, 1)]


def test_an_export_verifies_with_public_keys_alone_and_shows_every_tampering():
    lines = [line_of(each) for each in ENTRIES]
    assert verify_export(lines, HEADS, KEYS).intact
    edited = [*lines[:41], lines[41].replace(b"delivered", b"withheld!"), *lines[42:]]
    assert faults(verify_export(edited, HEADS, KEYS)) == [(Fault.CHANGED, 40, 20)]
    assert faults(verify_export(without(lines, 99), HEADS, KEYS)) == [(Fault.TRUNCATED, 99, 1)]
    assert faults(verify_export(swapped(lines, 0, 1), HEADS, KEYS)) == [(Fault.CHANGED, 0, 20)]


def test_a_ledger_spoilt_all_over_is_reported_in_bounded_space():
    count = 6000
    many = [entry(number) for number in range(count)]
    leaves = leaf_hashes(many)
    report = verify([change(each, member="m9") for each in many], leaves, heads_of(leaves, [count]), KEYS)
    assert faults(report)[0] == (Fault.ALTERED, 0, 1000)
    assert report.unlisted == 5000
    assert "And 5,000 more faults." in report.text()
    assert not report.intact


def test_any_number_of_forged_checkpoints_is_counted_but_not_kept():
    report = check(heads=[*HEADS, *["forged"] * 1500])
    assert (len(report.findings), report.unlisted) == (1000, 500)


def test_entries_that_go_on_without_end_after_the_leaves_are_counted_not_kept():
    endless = (entry(number) for number in range(100_000))
    report = verify(endless, leaf_hashes([entry(0)]), [], KEYS)
    assert report.findings[0].fault is Fault.INSERTED
    assert sum(finding.count for finding in report.findings if finding.fault is Fault.INSERTED) == 1000
    assert report.unlisted == 99_999 - 1000


def test_the_report_reads_as_sentences_and_as_json_and_says_nothing_of_content():
    entries = ENTRIES[:90]
    random.Random(7).shuffle(entries)
    report = check(entries, LEAVES[:90])
    assert "does NOT verify" in report.text()
    assert "Position 90 to 99: signed for, and gone from the end." in report.text()
    read = json.loads(report.json())
    assert read["intact"] is False
    assert {"fault": "truncated", "first": 90, "count": 10} in read["findings"]
    for word in ("m1", "delivered", "disclosure.intent"):
        assert word not in report.text() + report.json().decode()
