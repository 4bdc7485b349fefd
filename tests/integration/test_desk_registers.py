"""The registers, charts, samples and exports at the desk."""

import csv
import io
import re
import zipfile

import pytest
from sqlmodel import select

from hub.compliance.exports.signed import Statement
from hub.desk import projection
from hub.ledger.proofs import public_keys
from hub.ledger.sequencer import Sequencer
from hub.storage.directory import Organization
from hub.storage.tables import LedgerEntry, Matter
from tests.scenes import CIN, a_scene

SCRIPT = "<script>alert('Marisol')</script>"


@pytest.fixture
async def scene(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit(recipients=("lantern", "sunrise"))
        await scene.dispatch_all()
        await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
        await projection.catch_up(scene.hub)
        yield scene


def a_day_ago(scene):
    return f"{projection.instant(scene.hub.clock.now() - 86_400_000_000).astimezone(scene.hub.zone):%Y-%m-%d}"


async def entered(scene, browser, kind, **fields):
    given = {"organization": "harbor", "received_at": a_day_ago(scene)} | fields
    return (await browser.post(f"/desk/registers/new/{kind}", given)).location


async def test_an_accounting_is_asked_for_previewed_and_answered_with_its_letter(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    address = await entered(scene, ana, "accounting", member=CIN, language="en", scope="all", asked="Who got it?")
    seen = await ana.get(address)
    for words in ("due in", "Lantern Outpatient", "Who got it?"):
        assert words in seen.words
    assert "Sunrise" not in seen.words
    assert (await ana.get(f"{address}/letter")).text.startswith("%PDF")
    sent = await ana.post(f"{address}/answered", {"reason": "By mail"})
    assert (sent.status, sent.location) == (303, f"{address}?answered=yes")
    seen = await ana.get(sent.location)
    assert "The request is answered." in seen.words
    assert f'href="{address}/letter?about=sent"' in seen.text
    assert (await ana.get(f"{address}/letter?about=sent")).text.startswith("%PDF")
    seen = await ana.get(address)
    assert "Answered" in seen.words
    assert "The request is answered." not in seen.words
    assert "met in time" in seen.words
    assert (await ana.post(f"{address}/answered", {"reason": "Again"})).status == 409


async def test_an_accounting_is_extended_once_with_a_reason(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    address = await entered(scene, ana, "accounting", member=scene.member, language="en", scope="due")
    assert (await ana.post(f"{address}/extend", {"reason": ""})).status == 400
    assert (await ana.post(f"{address}/extend", {"reason": "Old papers"})).status == 303
    refused = await ana.post(f"{address}/extend", {"reason": "Again"})
    assert refused.status == 409
    assert "There is one extension only" in refused.words


async def test_a_breach_is_assessed_by_four_factors_and_each_needs_its_reasons(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    address = await entered(
        scene, ana, "breach", discovered_at=a_day_ago(scene), what="A fax went astray", affected="1"
    )
    factors = {f"{name}.level": "low" for name in ("nature", "recipient", "acquired", "mitigated")}
    low = {"conclusion": "low_probability", "reason": "Returned unread"}
    assert (await ana.post(f"{address}/assess", factors | low)).status == 400
    reasons = {f"{name}.reasons": "It was sealed" for name in ("nature", "recipient", "acquired", "mitigated")}
    assert (await ana.post(f"{address}/assess", factors | reasons | low)).status == 303
    assert "Low probability" in (await ana.get(address)).words


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("complaint", {"what": SCRIPT, "who": SCRIPT}),
        ("breach", {"what": SCRIPT, "affected": "3"}),
        ("accounting", {"member": CIN, "language": "es", "scope": "due", "asked": SCRIPT}),
        ("restriction", {"member": CIN, "information": "complete_record", "against": "sunrise", "asked": SCRIPT}),
    ],
)
async def test_what_is_written_is_shown_as_it_was_typed_and_runs_nowhere(scene, desk, kind, fields):
    ana = await desk.somebody("ana", "privacy")
    given = fields | ({"discovered_at": a_day_ago(scene)} if kind == "breach" else {})
    address = await entered(scene, ana, kind, **given)
    seen = await ana.get(address)
    assert SCRIPT in seen.words
    assert SCRIPT not in seen.text
    stored = await scene.hub.database.query(select(Matter.sealed, Matter.facts))
    assert not any(b"Marisol" in bytes(sealed) or "Marisol" in facts for sealed, facts in stored)


async def test_a_form_that_lacks_something_says_where_and_keeps_what_was_typed(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    fields = {"organization": "harbor", "member": "nobody", "received_at": a_day_ago(scene), "language": "en"}
    seen = await ana.post("/desk/registers/new/accounting", fields | {"scope": "due", "asked": "Kept words"})
    assert seen.status == 400
    assert "Nobody with this CIN or id is known to this organization." in seen.words
    assert "Kept words" in seen.text
    assert await scene.rows(Matter.id) == []


async def test_no_organization_is_chosen_for_whoever_answers_for_several(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    shown = (await ana.get("/desk/registers/new/accounting")).text
    chooses = re.search(r'<select id="n-organization".*?</select>', shown, re.DOTALL)[0]
    assert '<option value=""></option>' in chooses
    assert " selected" not in chooses
    fields = {"organization": "", "member": CIN, "received_at": a_day_ago(scene), "language": "en", "scope": "due"}
    seen = await ana.post("/desk/registers/new/accounting", fields)
    assert seen.status == 400
    assert re.search(r'<p class="error" id="n-organization-error">[^<]+</p>', seen.text)
    assert await scene.rows(Matter.id) == []
    eve = await desk.somebody("eve", "privacy", organizations=("harbor",))
    assert '<option value=""></option>' not in (await eve.get("/desk/registers/new/list")).text


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("complaint", {"what": "A letter lay open"}),
        ("suspension", {"agency": "county-police", "statement": "It would impede the inquiry"}),
    ],
)
async def test_who_is_not_known_is_not_entered_and_what_was_typed_is_nowhere_in_the_clear(scene, desk, kind, fields):
    police = Organization(id="county-police", name="County Police", roles=frozenset({"law_enforcement"}))
    await scene.hub.directory.put_organization(police, by="county", at=scene.hub.clock.now())
    ana = await desk.somebody("ana", "privacy")
    given = fields | {"organization": "harbor", "received_at": a_day_ago(scene), "member": "01234567Z"}
    seen = await ana.post(f"/desk/registers/new/{kind}", given)
    assert seen.status == 400
    assert "Nobody with this CIN or id is known to this organization." in seen.words
    assert await scene.rows(Matter.id) == []
    assert not any(b"01234567Z" in body for _, body in await scene.rows(LedgerEntry.id, LedgerEntry.body))
    assert (await ana.post(f"/desk/registers/new/{kind}", given | {"member": CIN})).status == 303


async def test_another_organizations_matters_and_letters_look_like_none(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    sol = await desk.somebody("sol", "privacy", organizations=("sunrise",))
    address = await entered(scene, ana, "accounting", member=CIN, language="en", scope="due")
    for page in ("", "/letter"):
        real, none = await sol.get(address + page), await sol.get("/desk/registers/nothing" + page)
        assert (real.status, real.text) == (none.status, none.text)
        assert real.status == 404
    for deed in ("extend", "fee", "withdraw", "answered"):
        assert (await sol.post(f"{address}/{deed}", {"reason": "x", "cents": "5"})).status == 404
    assert address not in (await sol.get("/desk/registers")).text
    fields = {
        "organization": "harbor",
        "member": CIN,
        "received_at": a_day_ago(scene),
        "language": "en",
        "scope": "due",
    }
    assert (await sol.post("/desk/registers/new/accounting", fields)).status == 404


async def test_an_auditor_enters_nothing(scene, desk):
    priya = await desk.somebody("priya", "auditor")
    assert (await priya.get("/desk/registers")).status == 200
    assert (await priya.get("/desk/registers/new/breach")).status == 403
    assert (await priya.post("/desk/registers/new/breach", {"organization": "harbor"})).status == 403


async def test_an_export_holds_exactly_what_is_shown_and_its_note_verifies(scene, desk):
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.get("/desk/log/export.csv?outcome=withheld")
    rows = list(csv.DictReader(io.StringIO(seen.text.removeprefix("\ufeff"))))
    assert [(row["recipient"], row["outcome"]) for row in rows] == [("sunrise", "withheld")]
    note = await ana.get(re.search(r"</([^>]+)>", seen.headers["Link"])[0][1:-1])
    said = Statement.open(note.text, public_keys(scene.hub.ring))
    assert (said.kind, said.rows, said.digest) == ("shown", 1, seen.headers["Digest-SHA-256"])
    for form in ("xlsx", "jsonl", "pdf"):
        assert (await ana.get(f"/desk/log/export.{form}")).status == 200
    assert (await ana.get("/desk/log/export.exe")).status == 404


async def test_an_export_of_a_scoped_person_holds_only_their_own(scene, desk):
    sol = await desk.somebody("sol", "compliance", organizations=("sunrise",))
    lena = await desk.somebody("lena", "compliance", organizations=("lantern",))
    assert (await sol.get("/desk/log/export.csv")).text.count("\n") == 1
    theirs = await lena.get("/desk/log/export.csv")
    assert [row["outcome"] for row in csv.DictReader(io.StringIO(theirs.text.removeprefix("\ufeff")))] == ["disclosed"]
    note = re.search(r"</([^>]+)>", theirs.headers["Link"])[0][1:-1]
    assert (await lena.get(note)).status == 200
    assert (await sol.get(note)).status == 404


async def test_charts_count_what_is_within_the_scope_with_the_numbers_beside(scene, desk):
    ana = await desk.somebody("ana", "compliance")
    sol = await desk.somebody("sol", "compliance", organizations=("sunrise",))
    seen = await ana.get("/desk/charts?days=30")
    assert "The consent does not reach the recipient." in seen.words
    assert re.search(r"Disclosed: 1\b", seen.words)
    theirs = await sol.get("/desk/charts?days=30")
    assert "Disclosed:" not in theirs.words
    assert "Who reads how much" not in theirs.words
    assert (await ana.get("/desk/charts?days=7")).status == 404


async def test_a_sample_is_drawn_by_somebody_who_sees_everything_and_recorded(scene, desk):
    priya = await desk.somebody("priya", "auditor")
    sol = await desk.somebody("sol", "compliance", organizations=("sunrise",))
    order = {"seed": "4-2-6", "count": "5", "of": "disclosures", "since": "2020-01-01", "until": "2099-01-01"}
    async with priya.session.post(
        f"{priya.base}/desk/audit",
        data=order | {"form_token": priya.form_token},
        headers={"Sec-Fetch-Site": "same-origin"},
    ) as response:
        assert response.status == 200
        pack = zipfile.ZipFile(io.BytesIO(await response.read()))
    assert "manifest.json" in pack.namelist()
    assert (await sol.post("/desk/audit", order)).status == 403
    for field, value in (("count", "0"), ("seed", "4 17"), ("since", ""), ("until", "2019-12-31")):
        seen = await priya.post("/desk/audit", order | {field: value})
        assert (seen.status, re.findall(r'id="e-(\w+)"', seen.text)) == (400, [field])
        assert re.search(rf'id="f-{field}"[^>]* autofocus', seen.text)
    kept = re.search(r'id="f-since"[^>]* value="([^"]+)"', (await priya.get("/desk/audit")).text)
    assert kept, "a period is suggested"
    kinds = [row[0] for row in await scene.hub.database.query(select(LedgerEntry.kind))]
    assert any("sample" in kind for kind in kinds)


async def test_a_matter_is_taken_given_noted_and_found_by_who_has_it(scene, desk):
    ana, leo = await desk.somebody("ana", "privacy"), await desk.somebody("leo", "compliance")
    address = await entered(scene, ana, "complaint", what="A letter lay open")
    assert "nobody yet" in (await ana.get(address)).words
    assert (await ana.post(f"{address}/assign")).status == 303
    assert (await ana.post(f"{address}/assign", {"to": leo.person})).status == 303
    assert (await ana.post(f"{address}/note", {"reason": SCRIPT})).status == 303
    seen = await ana.get(address)
    assert SCRIPT not in seen.text
    for words in ("Given to Ana", "Given to Leo", "alert('Marisol')", "Received"):
        assert words in seen.words
    assert address in (await leo.get("/desk/registers?with=me")).text
    assert address not in (await ana.get("/desk/registers?with=me")).text
    bodies = [body for kind, body in await scene.rows(LedgerEntry.kind, LedgerEntry.body) if kind == "matter.assigned"]
    assert sorted(leo.person in str(body) for body in bodies) == [False, True]


async def test_a_matter_goes_to_nobody_who_only_reads_and_a_closed_one_to_nobody(scene, desk):
    ana, vera = await desk.somebody("ana", "privacy"), await desk.somebody("vera", "auditor")
    address = await entered(scene, ana, "complaint", what="A letter lay open")
    assert (await ana.post(f"{address}/assign", {"to": vera.person})).status == 400
    assert (await vera.post(f"{address}/assign")).status == 403
    assert (await ana.post(f"{address}/note", {"reason": " "})).status == 400
    assert (await ana.post(f"{address}/answer", {"outcome": "upheld", "reason": "Sorry"})).status == 303
    assert (await ana.post(f"{address}/assign")).status == 409
    assert (await ana.post(f"{address}/note", {"reason": "Late"})).status == 409
