"""Destroying what is due: the key goes, the tombstone stays, every proof holds; nothing held or waited for goes."""

import asyncio
import dataclasses
import json
import os

import msgspec
import pytest

from hub.bases import emergencies
from hub.compliance import matters, requests
from hub.crypto import envelope
from hub.crypto.envelope import Sealed
from hub.crypto.keyring import KeyKind, KeyRing, remove, rotate
from hub.desk import notes
from hub.errors import IntegrityFailed, Malformed, NotAvailable
from hub.ledger.proofs import inclusions, public_keys
from hub.ledger.sequencer import Sequencer
from hub.retention import destruction, holds
from hub.retention.daily import run_daily
from hub.retention.schedule import published
from hub.seal import open_item
from hub.storage import consent_papers, consents, key_records, members, rewrap
from hub.storage.member_facts import MemberFacts
from hub.storage.tables import ConsentDocument, Evidence, Item, LedgerEntry, WorkItem, WorkNote
from hub.views import submission as view
from hub.waiting.items import close, show
from tests import forks
from tests.disclosures import EMERGENCY, a_county, disclose
from tests.registers import at, do, opened
from tests.scenes import BORN, CIN, FORM, NAME, a_scene

YEAR_US = 365 * 86_400_000_000 + 6 * 3_600_000_000
FACTS = MemberFacts(given=NAME[0], family=NAME[1], born=BORN, cin=CIN, medi_cal=True)
PAPER = b"%PDF-1.4\nsigned with ink"


async def a_delivered_packet(scene, key="k1", **changes):
    submission = await scene.submit(key, **changes)
    await scene.dispatch_all()
    return submission


async def run(scene, *, dry=False):
    return await destruction.run(scene.hub, published(), by="m.ortiz", dry=dry)


async def sealed(scene, model=Item):
    return [wrapped is not None for (wrapped,) in await scene.rows(model.wrapped_key)]


async def test_a_packet_is_destroyed_ten_years_after_its_delivery_and_not_before(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        submission = await a_delivered_packet(scene)
        scene.hub.clock.ahead = 10 * YEAR_US - 3 * 86_400_000_000
        assert (await run(scene)).destroyed["packet"] == 0
        assert await sealed(scene) == [True]
        scene.hub.clock.ahead = 10 * YEAR_US + 3 * 86_400_000_000
        assert (await run(scene, dry=True)).destroyed["packet"] == 1
        assert await sealed(scene) == [True], "a dry run destroys nothing"
        assert (await run(scene)).destroyed["packet"] == 1
        assert await sealed(scene) == [False]
        assert (await run(scene)).destroyed["packet"] == 0
        told = await view(scene.hub, submission, "harbor")
        assert [item["title"] for item in told["items"]] == ["(destroyed)"]
        (body,) = [
            json.loads(body)
            for kind, body in await scene.rows(LedgerEntry.kind, LedgerEntry.body)
            if kind == "payload.destroyed"
        ]
        assert (body["payloads"], body["by"], "14124.1" in body["law"]) == ([f"{submission}/item-1"], "m.ortiz", True)


async def test_every_proof_of_before_verifies_after_a_destruction(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await a_delivered_packet(scene)
        await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
        ids = [n for (n,) in await scene.rows(LedgerEntry.id)]
        before = await inclusions(scene.hub, ids)
        scene.hub.clock.ahead = 11 * YEAR_US
        await run(scene)
        await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
        after = await inclusions(scene.hub, ids)
        for number in ids:
            assert before[number].line == after[number].line
            before[number].verify(public_keys(scene.hub.ring))
            after[number].verify(public_keys(scene.hub.ring))


async def test_a_copy_of_the_ciphertext_opens_no_more_nor_a_copy_of_everything_once_the_old_key_is_gone(
    migrated_url, tmp_path
):
    keys = tmp_path / "keys.json"
    async with a_scene(migrated_url, keys=keys) as scene:
        await scene.consent()
        await a_delivered_packet(scene)
        await a_delivered_packet(scene, "k2")
        copy = await scene.rows(Item.submission_id, Item.key_id, Item.wrapped_key, Item.sealed)
        scene.hub.clock.ahead = 11 * YEAR_US
        await run(scene)
        for submission, key, wrapped, ciphertext in copy:
            with pytest.raises(IntegrityFailed) as refused:
                open_item(scene.hub.ring, submission, "item-1", Sealed(key, None, ciphertext))
            assert refused.value.detail_code == "destroyed"
            assert open_item(scene.hub.ring, submission, "item-1", Sealed(key, wrapped, ciphertext)), "a copy of all"
        old = KeyRing.load(keys).active(KeyKind.ENCRYPTION).id
        ring = rotate(keys)
        await key_records.admit(scene.hub.database, ring)
        hub = dataclasses.replace(scene.hub, ring=ring)
        assert (await rewrap.rewrap(hub)).released == (old,)
        ring = remove(keys, old)
        for submission, *parts in copy:
            with pytest.raises(IntegrityFailed):
                envelope.open(ring, f"{submission}/item-1", Sealed(*parts))


async def test_what_a_minor_sent_is_kept_until_they_are_nineteen(migrated_url):
    async with a_scene(migrated_url) as scene:
        born = scene.hub.clock.now() // 31_557_600_000_000 + 1970 - 3
        facts = MemberFacts(given="Ana", family="Ruiz", born=f"{born}-01-01", medi_cal=True)
        scene.member = await members.register(scene.hub, facts, [("harbor", "program")], by="harbor")
        await scene.submit("child")
        await scene.dispatch_all()
        scene.hub.clock.ahead = 12 * YEAR_US
        assert (await run(scene)).destroyed["packet"] == 0
        scene.hub.clock.ahead = 18 * YEAR_US
        assert (await run(scene)).destroyed["packet"] == 1


@pytest.mark.parametrize("scope", ["member", "submission", "organization", "all"])
async def test_a_legal_hold_keeps_what_it_covers_until_it_is_lifted(migrated_url, scope):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        submission = await a_delivered_packet(scene)
        covers = {"member": scene.member, "submission": submission, "organization": "harbor", "all": ""}
        hold = await holds.place(scene.hub, scope, covers[scope], "CV-2026-11", by="m.ortiz")
        scene.hub.clock.ahead = 11 * YEAR_US
        ran = await run(scene)
        assert (ran.destroyed["packet"], ran.held["packet"]) == (0, 1)
        assert [each["matter"] for each in await holds.in_force(scene.hub.database)] == ["CV-2026-11"]
        await holds.lift(scene.hub, hold, by="m.ortiz")
        assert (await run(scene)).destroyed["packet"] == 1
        with pytest.raises(NotAvailable):
            await holds.lift(scene.hub, hold, by="m.ortiz")
        kinds = [kind for _, kind in await scene.rows(LedgerEntry.id, LedgerEntry.kind)]
        assert kinds.index("hold.placed") < kinds.index("hold.lifted") < kinds.index("payload.destroyed")


async def test_a_hold_on_somebody_else_keeps_nothing(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await a_delivered_packet(scene)
        await holds.place(scene.hub, "member", "another", "CV-2026-11", by="m.ortiz")
        scene.hub.clock.ahead = 11 * YEAR_US
        assert (await run(scene)).destroyed["packet"] == 1


async def test_a_hold_that_commits_during_a_destruction_is_not_overlooked(migrated_url, monkeypatch):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await a_delivered_packet(scene)
        scene.hub.clock.ahead = 11 * YEAR_US
        commit, placed = scene.hub.database.commit, []

        async def late(unit):
            if not placed:
                placed.append(True)
                await holds.place(scene.hub, "member", scene.member, "CV-2026-11", by="m.ortiz")
            await commit(unit)

        await holds.state(scene.hub.database)
        monkeypatch.setattr(scene.hub.database, "commit", late)
        assert (await run(scene)).destroyed["packet"] == 0
        assert placed
        assert await sealed(scene) == [True]


@pytest.mark.parametrize("matter", ["", "Marisol Quintanar", "x" * 41])
async def test_a_matter_is_a_number_and_no_name(tmp_path, matter):
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene:
        with pytest.raises(Malformed):
            await holds.place(scene.hub, "member", scene.member, matter, by="m.ortiz")
        with pytest.raises(Malformed):
            await holds.place(scene.hub, "all", scene.member, "CV-1", by="m.ortiz")


async def test_what_still_waits_in_the_queue_is_not_destroyed(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit("queued")
        scene.hub.clock.ahead = 11 * YEAR_US
        assert (await run(scene)).destroyed["packet"] == 0
        assert await sealed(scene) == [True]


async def test_evidence_of_an_emergency_is_kept_until_its_review_is_closed_and_its_period_is_over(migrated_url):
    async with a_county(migrated_url) as scene:
        await disclose(scene, "emergency-room", "medications", kind="emergency_disclosure", emergency=EMERGENCY)
        assert await scene.dispatch_all() == ["delivered"]
        scene.hub.clock.ahead = 11 * YEAR_US
        assert (await run(scene)).destroyed["evidence"] == 0, "its review is still open"
        ((work,),) = await scene.rows(WorkItem.id)
        await close(scene.hub, work, "reviewed", organization=None, by="harbor/privacy")
        assert (await run(scene)).destroyed["evidence"] == 1
        assert await sealed(scene, Evidence) == [False]
        found = await show(scene.hub, work, organization=None, by="reviewer")
        assert found["evidence"]["emergency"] == {"destroyed": True}
        ((disclosure,),) = await scene.rows(Evidence.disclosure_id)
        with pytest.raises(NotAvailable):
            await emergencies.record(scene.hub, disclosure, organization=None, by="reviewer")


async def test_the_paper_of_a_consent_goes_ten_years_after_the_consent_ended_only(migrated_url):
    async with a_scene(migrated_url) as scene:
        consent = await scene.consent()
        await consent_papers.keep(scene.hub, consent, PAPER, by="harbor")
        scene.hub.clock.ahead = 15 * YEAR_US
        assert (await run(scene)).destroyed["consent_paper"] == 0, "in force until 2099"
        await consents.revoke(scene.hub, consent, by="harbor", how="written")
        assert (await run(scene)).destroyed["consent_paper"] == 0
        scene.hub.clock.ahead = 26 * YEAR_US
        assert (await run(scene)).destroyed["consent_paper"] == 1
        assert await sealed(scene, ConsentDocument) == [False]
        with pytest.raises(IntegrityFailed):
            await consent_papers.paper_of(scene.hub, consent)


async def test_the_paper_of_a_consent_past_its_date_goes_ten_years_after_that_date(migrated_url):
    async with a_scene(migrated_url) as scene:
        consent = await scene.consent(msgspec.structs.replace(FORM, expires="2030-06-30"))
        await consent_papers.keep(scene.hub, consent, PAPER, by="harbor")
        scene.hub.clock.ahead = 12 * YEAR_US
        assert (await run(scene)).destroyed["consent_paper"] == 0
        scene.hub.clock.ahead = 15 * YEAR_US
        assert (await run(scene)).destroyed["consent_paper"] == 1


async def test_the_clock_runs_once_a_local_day_in_one_of_several_workers(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await a_delivered_packet(scene)
        await run_daily(scene.hub)
        scene.hub.clock.ahead = 11 * YEAR_US
        await asyncio.gather(*(run_daily(scene.hub) for _ in range(4)))
        assert await sealed(scene) == [False]
        bodies = [json.loads(b) for k, b in await scene.rows(LedgerEntry.kind, LedgerEntry.body) if "destroyed" in k]
        assert [body["by"] for body in bodies] == ["clock/retention"]


async def test_the_clock_destroys_nothing_when_the_county_says_off(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await a_delivered_packet(scene)
        scene.hub.clock.ahead = 11 * YEAR_US
        await run_daily(dataclasses.replace(scene.hub, retention=None))
        assert await sealed(scene) == [True]


def command(tmp_path, *words):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    done = forks.run("hub", "retention", *words, env=clean | {"HUB_DATA": str(tmp_path)})
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


def test_the_command_shows_the_schedule_places_and_lifts_holds_and_runs(tmp_path):
    KeyRing.create(tmp_path / "keys.json")
    code, out = command(tmp_path, "schedule")
    assert (code, "packet" in out, "10 years" in out, "14124.1" in out) == (0, True, True, True)
    code, hold = command(tmp_path, "hold", "--member", "m1", "--matter", "CV-2026-11", "--by", "m.ortiz")
    assert code == 0
    assert "CV-2026-11" in command(tmp_path, "holds")[1]
    assert command(tmp_path, "lift", hold.strip(), "--by", "m.ortiz")[0] == 0
    assert command(tmp_path, "lift", hold.strip(), "--by", "m.ortiz")[0] == 2
    assert command(tmp_path, "hold", "--all", "--matter", "a name", "--by", "m.ortiz")[0] == 2
    code, out = command(tmp_path, "run", "--dry-run")
    assert (code, "0 due, nothing was destroyed; 0 held" in out) == (0, True)
    assert command(tmp_path, "run")[0] == 2


async def test_what_was_written_about_a_closed_matter_goes_and_an_open_one_stays(migrated_url):
    async with a_scene(migrated_url) as scene:
        closed, waits = [
            await opened(scene, "complaint", received_at=at(scene), what="They told my boss") for _ in range(2)
        ]
        await do(scene, closed, "answer", outcome="upheld", reason="It was so")
        scene.hub.clock.ahead = 10 * YEAR_US + 3 * 86_400_000_000
        ran = await run(scene)
        assert (ran.destroyed["matter"], ran.destroyed["history"]) == (1, 1)
        told = await matters.show(scene.hub, closed, None, by="county/eve")
        assert (told["state"], told["code"], told["words"]) == ("closed", "upheld", {})
        assert [(each["what"], each["reason"]) for each in told["history"]] == [("opened", ""), ("closed", "")]
        assert (await matters.show(scene.hub, waits, None, by="county/eve"))["words"]["what"] == "They told my boss"
        assert (await run(scene)).destroyed["matter"] == 0


async def test_the_written_answer_to_a_request_is_kept_for_six_years_and_goes_with_its_history(migrated_url):
    async with a_scene(migrated_url) as scene:
        matter = await opened(scene, "accounting", member=scene.member, received_at=at(scene))
        await requests.answered(scene.hub, matter, b"%PDF", matters.Act("", "Mailed", "harbor/p", "harbor"))
        scene.hub.clock.ahead = 5 * YEAR_US
        await run(scene)
        assert await requests.as_sent(scene.hub, matter, "harbor") == b"%PDF"
        scene.hub.clock.ahead = 10 * YEAR_US + 3 * 86_400_000_000
        assert (await run(scene)).destroyed["history"] == 1
        assert not await requests.is_kept(scene.hub, matter)
        with pytest.raises(NotAvailable):
            await requests.as_sent(scene.hub, matter, "harbor")


async def test_notes_about_settled_work_go_after_six_years(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent(verified=False)
        await scene.submit()
        work = (await scene.rows(WorkItem.id))[0][0]
        await notes.add(scene.hub, work, "She called twice", by="county/eve")
        scene.hub.clock.ahead = 7 * YEAR_US
        assert (await run(scene)).destroyed["note"] == 0, "it waits still"
        await close(scene.hub, work, "reviewed", organization=None, by="harbor/privacy")
        scene.hub.clock.ahead += 6 * YEAR_US + 3 * 86_400_000_000
        assert (await run(scene)).destroyed["note"] == 1
        assert await sealed(scene, WorkNote) == [False]


async def test_who_a_member_is_goes_last_and_nobody_finds_them_any_more(migrated_url):
    async with a_scene(migrated_url) as scene:
        consent = await scene.consent()
        await a_delivered_packet(scene)
        scene.hub.clock.ahead = 11 * YEAR_US
        ran = await run(scene)
        assert (ran.destroyed["packet"], ran.destroyed["member"]) == (1, 0), "the consent is in force"
        await consents.revoke(scene.hub, consent, how="written", by="harbor")
        scene.hub.clock.ahead = 20 * YEAR_US
        assert (await run(scene)).destroyed["member"] == 0, "the revocation is nine years old"
        scene.hub.clock.ahead = 22 * YEAR_US
        assert (await run(scene, dry=True)).destroyed["member"] == 1
        assert (await run(scene)).destroyed["member"] == 1
        assert await members.find_by_cin(scene.hub, CIN) is None
        assert await members.find_by_name_born(scene.hub, *NAME, BORN) == ()
        assert not await members.may_see(scene.hub, "harbor", scene.member)
        with pytest.raises(NotAvailable):
            await members.facts_of(scene.hub, scene.member)
        again = await members.register(scene.hub, FACTS, [("harbor", "program")], by="harbor")
        assert again != scene.member, "whoever comes back is a new member"
        assert (await run(scene)).destroyed["member"] == 0


@pytest.mark.parametrize("keeps", ["hold", "matter", "restriction", "registration", "packet"])
async def test_a_member_stays_who_they_are_while_anything_keeps_them(migrated_url, keeps):
    async with a_scene(migrated_url) as scene:
        if keeps == "matter":
            await opened(scene, "breach", discovered_at=at(scene), what="x", members=[scene.member])
        if keeps == "restriction":
            matter = await opened(scene, "restriction", member=scene.member, received_at=at(scene), against=["sunrise"])
            await do(scene, matter, "agree")
        if keeps == "hold":
            await holds.place(scene.hub, "member", scene.member, "CV-1", by="m.ortiz")
        scene.hub.clock.ahead = 11 * YEAR_US
        if keeps == "registration":
            await members.register(scene.hub, FACTS, [("harbor", "program")], by="harbor")
        if keeps == "packet":
            await scene.submit("k2")
        ran = await run(scene)
        assert (ran.destroyed["member"], ran.held["member"]) == (0, 1 if keeps == "hold" else 0)
        assert (await members.facts_of(scene.hub, scene.member)).given == NAME[0]
