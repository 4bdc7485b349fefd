"""What the ledger binds of the hub's own tables: a row that is changed beside it is found, in words for a person."""

import sqlite3
from contextlib import closing

from hub.crypto.checkpoint import verifier_of
from hub.crypto.keyring import KeyKind
from hub.ledger.audit import audit
from hub.ledger.bound import compare
from hub.ledger.sequencer import Sequencer
from hub.model import Refused, Unknown
from hub.outside import corrections
from hub.storage import consents
from hub.storage.sqlite import SqliteDatabase
from hub.storage.statements import Returning
from tests.outsides import HOUR_US, record
from tests.scenes import a_scene

DECISION = "A stored decision is not the one that was recorded"
DISCLOSURE = "A disclosure is not as it was recorded"
CONSENT = "A consent, or its history, is not as it was recorded"
UNRECORDED = "that the ledger never recorded"
FORGED = """CREATE TEMP TABLE forged AS SELECT * FROM {0} LIMIT 1;
UPDATE forged SET id = 'f' || id; INSERT INTO {0} SELECT * FROM forged"""
TAMPERINGS = {
    "a decision said otherwise": ("UPDATE decision SET body = replace(body, 'permit', 'deny')", DECISION),
    "a decision taken out": ("DELETE FROM decision", DECISION),
    "another recipient": ("UPDATE disclosure SET recipient = 'sunrise' WHERE recipient = 'lantern'", DISCLOSURE),
    "another person": ("UPDATE disclosure SET member_id = 'somebody'", DISCLOSURE),
    "a disclosure hidden": ("UPDATE disclosure SET state = 'not_disclosed' WHERE state = 'disclosed'", DISCLOSURE),
    "one in doubt said to be none": (
        "UPDATE disclosure SET state = 'not_disclosed' WHERE state = 'unknown'",
        DISCLOSURE,
    ),
    "one told elsewhere called a mistake": (
        "UPDATE disclosure SET state = 'mistaken' WHERE state = 'recorded'",
        DISCLOSURE,
    ),
    "one told elsewhere called corrected": (
        "UPDATE disclosure SET state = 'corrected' WHERE state = 'recorded'",
        DISCLOSURE,
    ),
    "a disclosure taken out": ("DELETE FROM disclosure WHERE state = 'disclosed'", DISCLOSURE),
    "other bytes": ("UPDATE attempt SET digest = zeroblob(32)", DISCLOSURE),
    "a wider consent": ("UPDATE consent SET recipients = '[\"sunrise\"]'", CONSENT),
    "a revocation undone": ("UPDATE consent SET state = 'active', revoked = '[]'", CONSENT),
    "a revocation undone with its history": (
        "UPDATE consent SET state = 'active', revoked = '[]'; DELETE FROM consent_event WHERE what = 'revoked'",
        CONSENT,
    ),
    "another who verified": (
        "UPDATE consent SET verified_by = 'x/y'; UPDATE consent_event SET by = 'x/y' WHERE what = 'verified'",
        CONSENT,
    ),
    "a history of another day": ("UPDATE consent_event SET at = at - 1", CONSENT),
    "a history spoilt": ("UPDATE consent_event SET detail = 'x'; UPDATE consent SET revoked = 'x'", CONSENT),
    "a consent taken out": ("DELETE FROM consent", CONSENT),
    "a consent put in": (
        FORGED.format("consent"),
        UNRECORDED,
    ),
    "an event put in": (
        FORGED.format("consent_event"),
        UNRECORDED,
    ),
}


async def a_county(scene):
    """Disclosures that arrived, did not, and may have; one made outside of the hub; consents changed in every way."""
    first = await scene.consent()
    for key, answers in (("a", ()), ("b", (Refused(code="no"),)), ("c", (Unknown(code="timeout"),))):
        scene.channel.answers.extend(answers)
        await scene.submit(key)
        await scene.dispatch_all()
    first_told = await record(scene)
    await record(scene, key="k2", corrects=first_told.id, reason="On paper", way="paper")
    await corrections.retract(
        scene.hub, (await record(scene, key="k3")).id, "not_made", organization=None, by="harbor/x"
    )
    await record(scene, key="k4")
    await consents.revoke(scene.hub, first, how="oral", by="harbor/clerk", as_to=["lantern"])
    await consents.revoke(scene.hub, first, how="written", by="harbor/clerk")
    await scene.submit("d")
    await scene.dispatch_all()
    await consents.retract(scene.hub, await scene.consent(verified=False), by="harbor/clerk")
    ends = await scene.consent()
    for status in ("not_yet", "2026-03-01T00:00:00Z"):
        await consents.note_event(scene.hub, ends, status, by="harbor/clerk")


async def test_what_the_hub_does_by_itself_fits_what_it_recorded(migrated_url):
    async with a_scene(migrated_url) as scene:
        await a_county(scene)
        assert (await compare(scene.hub.database, scene.hub.clock.now() + HOUR_US)).words() == []


async def test_each_row_that_was_changed_beside_the_ledger_is_found_and_told(tmp_path):
    file, told = tmp_path / "hub.sqlite", {}
    async with a_scene(f"sqlite:///{file}") as scene:
        await a_county(scene)
        await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
        keys = [verifier_of(key) for key in scene.hub.ring.all_of(KeyKind.LEDGER)]
        now = scene.hub.clock.now() + HOUR_US
    for number, (name, (statements, says)) in enumerate(TAMPERINGS.items()):
        copy = tmp_path / f"{number}.sqlite"
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            target.executescript(statements)
        database = SqliteDatabase(copy)
        found = await audit(database, tuple(keys), [], now)
        await database.close()
        assert found.report.intact, "the ledger itself is"
        told[name] = (found.intact, says in found.text())
    assert told == dict.fromkeys(TAMPERINGS, (False, True))


async def test_what_ends_while_all_is_gone_through_is_judged_another_time(migrated_url):
    """Its entry may come before one that was read, and be seen after it; but nobody hides in the days to come."""
    async with a_scene(migrated_url) as scene:
        found = []
        await record(scene)
        hidden = "UPDATE disclosure SET state = 'mistaken' RETURNING 1"
        await scene.hub.database.returning(Returning(hidden, hidden), ())
        for minutes in (2, 0, -30, -120):
            now = scene.hub.clock.now() + minutes * 60_000_000
            found.append(bool((await compare(scene.hub.database, now)).disclosures))
        assert found == [True, False, False, True]
