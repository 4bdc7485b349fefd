"""Somebody of another program with real ids in hand, on every page that takes one; and a person removed meanwhile."""

import asyncio
import re

import pytest
from sqlmodel import select

from hub.compliance.exports.forms import inert
from hub.desk import projection
from hub.ledger.sequencer import Sequencer
from hub.people import accounts
from hub.storage.tables import Export, LogRow, Matter, Submission, WorkItem
from hub.web.desk.routes import PAGES
from tests.disclosures import EMERGENCY, a_county, disclose
from tests.integration.test_desk_registers import a_day_ago, entered
from tests.scenes import CIN, NAME

HOSTILE = "=cmd|' /C calc'!A0<script>alert(1)</script>"
SECRETS = (*NAME, CIN, "Marisol", "alert(1)", *(EMERGENCY[name] for name in ("nature", "recipient_name")))
TAKES_IDS = [each for each in PAGES if "{" in each.path and "administrator" not in each.roles and each.roles]

THEIR_OWN = ("/desk/log/export.{form}", "/desk/registers/new/{kind}", "/desk/log/views/{id}/forget")
"""Open to everybody, each for what is theirs: an export of nothing, an empty form, a saved view that is not there."""


@pytest.fixture
async def scene(migrated_url):
    """Harbor House's: a disclosure, an emergency with its review, one matter of every register, what was exported."""
    async with a_county(migrated_url) as scene:
        await scene.consent()
        await scene.submit("k0", recipients=("sunrise",))
        await disclose(scene, "emergency-room", "medications", kind="emergency_disclosure", emergency=EMERGENCY)
        await scene.dispatch_all()
        await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
        await projection.catch_up(scene.hub)
        yield scene


async def matters(scene, officer):
    """Open one of each register, with hostile words wherever words are taken."""
    person, words = {"member": CIN}, HOSTILE
    for kind, fields in {
        "accounting": person | {"language": "en", "scope": "all", "asked": words},
        "complaint": person | {"what": words, "who": words},
        "restriction": person | {"information": "diagnosis", "asked": words},
        "suspension": person | {"agency": "state-auditor", "statement": words},
        "breach": {"discovered_at": a_day_ago(scene), "what": words, "members": CIN},
    }.items():
        address = await entered(scene, officer, kind, **fields)
        assert address.startswith("/desk/registers/"), kind
        assert (await officer.post(f"{address}/note", {"reason": words})).status == 303
        seen = await officer.get(address)
        assert "alert(1)" in seen.words, kind
        assert "<script>alert" not in seen.text, kind


async def ids(scene):
    """What is Harbor House's, by the part of an address that it stands in or by the name it has there."""
    columns = {"registers": Matter.id, "work": WorkItem.id, "emergencies": Submission.id, "exports": Export.id}
    found = {name: [row[0] for row in await scene.rows(column)] for name, column in columns.items()}
    places = [str(n) for (n,) in await scene.rows(LogRow.position)]
    return found | {"position": places, "looked": [scene.member], "part": ["1"], "entry": ["1"]}


def addresses(page, known):
    """The page's address with each of the ids that it may mean."""
    room = page.path.split("/")[2]
    names = re.findall(r"{(\w+)(?::[^}]*)?}", page.path)
    for each in known.get(room) or known.get(names[0]) or known["registers"][:1]:
        rest = iter([each, *(known.get(name, ["note"])[0] for name in names[1:])])
        yield re.sub(r"{\w+(?::[^}]*)?}", lambda _, rest=rest: next(rest), page.path)


async def test_a_stranger_with_real_ids_gets_nothing_changes_nothing_and_reads_no_word(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    await matters(scene, ana)
    assert (await ana.get("/desk/log/export.csv")).status == 200
    eve = await desk.somebody("eve", "compliance", "privacy", organizations=("lantern",))
    before = await scene.hub.database.query(select(Matter.version, WorkItem.state).select_from(Matter, WorkItem))
    known, fields = await ids(scene), {"reason": "reviewed", "note": "x", "members": CIN, "member": scene.member}

    async def tried(page, address):
        seen = await (eve.get(address) if page.method == "GET" else eve.post(address, fields))
        assert not any(secret in seen.text for secret in SECRETS), address
        opened = seen.status in (200, 303) and not seen.location.startswith("/desk/sign-in")
        assert not opened or page.path in THEIR_OWN, address

    every = [(page, address) for page in TAKES_IDS for address in addresses(page, known)]
    assert len(every) > 60
    # Together, as each refusal waits for its beat.
    await asyncio.gather(*(tried(page, address) for page, address in every))
    after = await scene.hub.database.query(select(Matter.version, WorkItem.state).select_from(Matter, WorkItem))
    assert before == after


async def test_hostile_words_are_no_formula_in_what_is_exported(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    await matters(scene, ana)
    assert inert(HOSTILE).startswith("'=")
    text = (await ana.get("/desk/log/export.csv")).text
    assert not [cell for line in text.splitlines() for cell in line.split(",") if cell[:1] in ("=", "+", "@")]


async def test_whoever_is_removed_while_a_form_is_open_changes_nothing_by_sending_it(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    address = await entered(scene, ana, "complaint", what="A letter lay open")
    await ana.get(address)
    await accounts.disable(desk.hub, ana.person, by="county/omar")
    for path, fields in (
        (f"{address}/note", {"reason": "late"}),
        (f"{address}/assign", {}),
        ("/desk/emergencies/new", {"step": "disclose"}),
    ):
        seen = await ana.post(path, fields)
        assert seen.status == 303
        assert seen.location.startswith("/desk/sign-in")
    assert await scene.rows(Matter.assigned_to) == [(None,)]
