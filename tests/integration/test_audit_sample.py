"""An evidence pack: drawn, told, proved, signed; verified by a command that has only the file and a public key."""

import asyncio
import json
import os
import zipfile
from datetime import timedelta

import pytest

from hub.crypto.checkpoint import verifier_of
from hub.crypto.keyring import KeyKind, KeyRing
from hub.crypto.proof import Proof
from hub.errors import Malformed, Unavailable
from hub.ledger.proofs import public_keys
from hub.ledger.sequencer import Sequencer
from hub.outside import corrections
from hub.sampling.check import check
from hub.sampling.pack import Order, write_pack
from hub.storage import consents
from hub.storage.facts import instant
from hub.storage.tables import Disclosure, LedgerEntry
from policies.days import day_of
from tests import forks
from tests.outsides import WORDS, record
from tests.scenes import BORN, CIN, NAME, SECRET, a_scene

DAY_US = 86_400_000_000


def order(scene, **changes):
    now = scene.hub.clock.now()
    usual = {"seed": "2026-Q3-7719", "count": 3, "since": now - DAY_US, "until": now + DAY_US, "by": "auditor/ruiz"}
    return Order(**usual | changes)


async def a_quarter(scene, packets=8):
    """Some disclosures and a refusal, sequenced and signed."""
    consent = await scene.consent()
    for n in range(packets):
        await scene.submit(f"k{n}")
        await scene.dispatch_all()
    await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
    return consent


def contents(file):
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(file, path, change):
    files = contents(file)
    change(files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


async def test_a_pack_holds_the_whole_story_of_each_drawn_disclosure_and_verifies_offline(migrated_url, tmp_path):
    async with a_scene(migrated_url) as scene:
        await a_quarter(scene)
        manifest = await write_pack(scene.hub, order(scene), tmp_path / "q3.zip")
        assert (manifest["population"], len(manifest["sample"])) == (8, 3)
        found = check(tmp_path / "q3.zip", public_keys(scene.hub.ring))
        assert (found.faults, found.sample, found.population) == ((), 3, 8)
        files = contents(tmp_path / "q3.zip")
        stories = [json.loads(files[f"sample/{n:03}/story.json"]) for n in (1, 2, 3)]
        for told in stories:
            assert told["disclosure"]["state"] == "disclosed"
            assert told["submission"]["items"] == [
                {"id": "item-1", "information": "assessment", "media_type": "text/plain"}
            ]
            assert "§2.31" in json.dumps(told["decision"]["explanation"], ensure_ascii=False)
            assert told["decision"]["obligations"]
            assert [event["what"] for event in told["consents"][0]["history"]] == ["recorded", "verified"]
            assert [attempt["outcome"] for attempt in told["disclosure"]["attempts"]] == ["delivered"]
            kinds = {each["kind"] for each in told["entries"]}
            assert {"disclosure.intended", "disclosure.concluded"} <= kinds
        assert found.proofs >= 3 * 3
        assert (tmp_path / "q3.zip").stat().st_mode & 0o777 == 0o600


async def test_a_pack_names_no_patient_and_holds_no_document_and_nothing_of_others(migrated_url, tmp_path):
    async with a_scene(migrated_url) as scene:
        await a_quarter(scene)
        first = scene.member
        await scene.next_member()
        await scene.consent()
        other = scene.member
        await scene.submit("other")
        await scene.dispatch_all()
        await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
        ids = [row for (row,) in await scene.rows(Disclosure.id)]
        await write_pack(scene.hub, order(scene, count=4), tmp_path / "x.zip")
        files = contents(tmp_path / "x.zip")
        whole = b"".join(files.values()) + b"".join(_lines_of(files))
        for secret in (*NAME, BORN, CIN, SECRET):
            assert secret.encode() not in whole
        told = [json.loads(files[f"sample/{n:03}/story.json"]) for n in (1, 2, 3, 4)]
        drawn = {each["disclosure"]["id"] for each in told}
        assert all(each.encode() not in whole for each in set(ids) - drawn)
        members = {each["disclosure"]["member_id"] for each in told}
        assert all(member.encode() not in whole for member in {first, other} - members)


def _lines_of(files):
    return [Proof.parse(text.decode()).line for name, text in files.items() if name.endswith(".tlog-proof")]


async def test_the_same_seed_on_the_same_head_draws_the_same_and_the_draw_is_on_the_ledger(migrated_url, tmp_path):
    async with a_scene(migrated_url) as scene:
        await a_quarter(scene)
        one = await write_pack(scene.hub, order(scene), tmp_path / "1.zip")
        again = await write_pack(scene.hub, order(scene), tmp_path / "2.zip")
        other = await write_pack(scene.hub, order(scene, seed="another"), tmp_path / "3.zip")
        assert one["sample"] == again["sample"] != other["sample"]
        entries = [(kind, json.loads(body)) for kind, body in await scene.rows(LedgerEntry.kind, LedgerEntry.body)]
        drawn = [body for kind, body in entries if kind == "audit.sampled"]
        assert [body["by"] for body in drawn] == ["auditor/ruiz"] * 3
        assert one["sample"] in [body["sample"] for body in drawn]
        looked = [body for kind, body in entries if kind == "access.viewed" and body["what"] == "audit_sample"]
        assert len(looked) == 9


async def test_what_was_told_outside_of_the_hub_is_drawn_with_the_rest_and_told_apart(migrated_url, tmp_path):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        stands = await record(scene, ago_us=400 * DAY_US, notice="said")
        wrong = await record(scene, key="k2")
        await corrections.retract(scene.hub, wrong.id, "not_made", organization="harbor", by="harbor/clerk")
        await a_quarter(scene, packets=1)
        manifest = await write_pack(scene.hub, order(scene), tmp_path / "x.zip")
        assert manifest["population"] == 3, (
            "by the day on which it was recorded; and nothing is taken back out of a draw"
        )
        found = check(tmp_path / "x.zip", public_keys(scene.hub.ring))
        assert (found.faults, found.sample, found.outside) == ((), 3, 2)
        files = contents(tmp_path / "x.zip")
        stories = [json.loads(files[f"sample/{n:03}/story.json"]) for n in (1, 2, 3)]
        told = {story["disclosure"]["id"]: story for story in stories}
        assert sorted(story["disclosure"]["state"] for story in stories) == ["disclosed", "mistaken", "recorded"]
        story = told[stands.id]
        assert (story["disclosure"]["outside"]["way"], story["disclosure"]["outside"]["notice"]) == (
            "telephone",
            "said",
        )
        assert story["submission"]["items"] == [{"id": "item-1", "information": "medications"}]
        assert "could" in story["decision"]["explanation"][0]["text"], "it was asked afterwards, about then"
        assert "disclosure.recorded" in {each["kind"] for each in story["entries"]}
        whole = b"".join(files.values()) + b"".join(_lines_of(files))
        assert [word for word in WORDS if word.encode() in whole] == []


async def test_the_story_of_a_record_that_was_corrected_names_the_one_in_its_place(migrated_url, tmp_path):
    async with a_scene(migrated_url) as scene:
        first = await record(scene)
        second = await record(scene, key="k2", corrects=first.id, reason="It was on Monday")
        await scene.next_member()
        third = await record(scene, key="k3", corrects=second.id, reason="It was her sister")
        await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
        await write_pack(scene.hub, order(scene), tmp_path / "x.zip")
        files = contents(tmp_path / "x.zip")
        stories = [json.loads(files[f"sample/{n:03}/story.json"]) for n in (1, 2, 3)]
        told = {each["disclosure"]["id"]: each for each in stories}
        story = told[first.id]
        assert (story["disclosure"]["state"], story["disclosure"]["outside"]["corrected_by"]) == (
            "corrected",
            second.id,
        )
        assert [each["reference"] for each in story["entries"] if each["kind"] == "disclosure.recorded"] == [
            first.id,
            second.id,
        ]
        assert told[second.id]["disclosure"]["outside"]["corrected_by"] == third.id
        assert third.id not in [each["reference"] for each in told[second.id]["entries"]], "it is about somebody else"
        assert check(tmp_path / "x.zip", public_keys(scene.hub.ring)).faults == ()


async def test_a_pack_that_passes_off_what_was_recorded_afterwards_as_a_delivery_shows_it(
    migrated_url, tmp_path, monkeypatch
):
    async with a_scene(migrated_url) as scene:
        await record(scene)
        await a_quarter(scene, packets=1)
        monkeypatch.setattr("hub.sampling.pack.RECORDED", "disclosure.intended")
        await write_pack(scene.hub, order(scene), tmp_path / "x.zip")
        found = check(tmp_path / "x.zip", public_keys(scene.hub.ring))
        assert found.faults == tuple(f"sample/{n:03} is not of the kind that the population says." for n in (1, 2))


async def test_a_revocation_after_the_disclosure_is_not_in_the_consent_as_it_stood(migrated_url, tmp_path):
    async with a_scene(migrated_url) as scene:
        consent = await a_quarter(scene, packets=1)
        await consents.revoke(scene.hub, consent, by="harbor", how="written")
        await write_pack(scene.hub, order(scene), tmp_path / "x.zip")
        (stood,) = json.loads(contents(tmp_path / "x.zip")["sample/001/story.json"])["consents"]
        assert stood["revoked"] == []
        assert [event["what"] for event in stood["history"]] == ["recorded", "verified"]
        assert "state" not in stood


async def test_entries_of_any_kind_are_sampled_too(migrated_url, tmp_path):
    async with a_scene(migrated_url) as scene:
        await a_quarter(scene)
        manifest = await write_pack(scene.hub, order(scene, of="entries", count=10), tmp_path / "x.zip")
        found = check(tmp_path / "x.zip", public_keys(scene.hub.ring))
        assert (found.faults, found.sample, found.proofs) == ((), 10, 10)
        told = json.loads(contents(tmp_path / "x.zip")["sample/001/story.json"])
        assert told["position"] == manifest["sample"][0]
        assert manifest["population"] == manifest["size"]


async def test_a_period_without_disclosures_gives_an_empty_sample_and_a_wrong_order_is_refused(migrated_url, tmp_path):
    async with a_scene(migrated_url) as scene:
        with pytest.raises(Unavailable):
            await write_pack(scene.hub, order(scene), tmp_path / "x.zip")
        await a_quarter(scene, packets=1)
        manifest = await write_pack(scene.hub, order(scene, since=0, until=DAY_US), tmp_path / "x.zip")
        assert (manifest["sample"], check(tmp_path / "x.zip", public_keys(scene.hub.ring)).faults) == ([], ())
        for wrong in ({"count": 0}, {"count": 1_001}, {"since": 5, "until": 5}, {"of": "people"}, {"seed": "a b"}):
            with pytest.raises(Malformed):
                await write_pack(scene.hub, order(scene, **wrong), tmp_path / "y.zip")
        with pytest.raises(Malformed):
            await write_pack(scene.hub, order(scene), tmp_path / "absent" / "y.zip")
        assert [path.name for path in tmp_path.iterdir() if path.suffix == ".zip"] == ["x.zip"]


def command(folder, *words):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    settings = {"HUB_DATA": str(folder)} if folder else {}
    done = forks.run("hub", "audit", *words, env=clean | settings)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A pack made by the command on a hub's own folder, and the ledger's public key."""
    folder = tmp_path_factory.mktemp("hub")

    async def fill():
        async with a_scene(f"sqlite:///{folder / 'hub.sqlite'}", keys=folder / "keys.json") as scene:
            await a_quarter(scene)
            return day_of(instant(scene.hub.clock.now()), scene.hub.zone)

    today = asyncio.run(fill())
    words = ("--seed", "s-1", "--count", "2", "--from", today - timedelta(1), "--to", today, "--by", "auditor/ruiz")
    code, out = command(folder, "sample", *words, "--out", folder / "pack.zip")
    assert (code, "2 drawn of 8 disclosures" in out) == (0, True), out
    return folder / "pack.zip", KeyRing.load(folder / "keys.json")


def test_the_auditors_command_verifies_with_the_key_alone(packed):
    file, ring = packed
    code, out = command(None, "verify", file, "--key", verifier_of(ring.active(KeyKind.LEDGER)).encode())
    assert (code, "The pack is intact: 2 drawn of 8" in out) == (0, True)
    assert "no forgery" in command(None, "verify", file)[1]
    stranger = verifier_of(KeyRing.generate().active(KeyKind.LEDGER)).encode()
    assert command(None, "verify", file, "--key", stranger)[0] == 1


def edit(name, old, new):
    def change(files):
        assert old in files[name]
        files[name] = files[name].replace(old, new)

    return change


def a_story_less(files):
    del files["sample/002/story.json"]


def a_file_more(files):
    files["sample/003/story.json"] = b"{}"


TAMPERINGS = {
    "a story": edit("sample/001/story.json", b'"delivered"', b'"refused"'),
    "the manifest": edit("manifest.json", b"s-1", b"s-2"),
    "the population": edit("population.json", b"[", b"[0,"),
    "the head": edit("checkpoint.txt", b"ledger", b"logger"),
    "a missing file": a_story_less,
    "an added file": a_file_more,
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_pack_shows_a_change_of(packed, tmp_path, name):
    file, ring = packed
    changed = rewritten(file, tmp_path / "x.zip", TAMPERINGS[name])
    assert command(None, "verify", changed, "--key", verifier_of(ring.active(KeyKind.LEDGER)).encode())[0] == 1


async def test_a_sample_that_the_hub_chose_itself_shows_though_it_is_signed(tmp_path, monkeypatch):
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene:
        await a_quarter(scene)
        monkeypatch.setattr("hub.sampling.pack.draw", lambda root, seed, population, count: list(range(count)))
        await write_pack(scene.hub, order(scene), tmp_path / "x.zip")
        found = check(tmp_path / "x.zip", public_keys(scene.hub.ring))
        assert found.faults == ("The sample is not what this seed draws from this population.",)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 torn"])
def test_a_file_that_is_no_pack_is_refused(tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    code, out = command(None, "verify", tmp_path / "x.zip")
    assert (code, out.count("\n")) == (2, 1)
