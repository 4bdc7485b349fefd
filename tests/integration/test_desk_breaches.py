"""A breach at the desk: whom it concerns, letters made from there in either language, one person told after another."""

import io
import re

import msgspec
import pypdfium2

from hub.compliance.letters import bundle
from hub.storage import matters as stored
from hub.storage import members
from hub.storage.member_facts import MemberFacts
from hub.storage.tables import Matter, MatterPerson
from tests.integration.test_breaches import NOTICE
from tests.integration.test_desk_registers import a_day_ago, entered
from tests.scenes import CIN, FORM


async def another(scene, family, whose="harbor"):
    facts = MemberFacts(given="Omar", family=family, born="1971-05-05")
    return await members.register(scene.hub, facts, [(whose, "program")], by=whose)


async def a_breach(scene, browser, people):
    given = {"discovered_at": a_day_ago(scene), "what": "A fax went astray", "members": people}
    return await entered(scene, browser, "breach", **given)


async def test_everybody_concerned_is_told_by_a_letter_made_here(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    second = await another(scene, "Nightingale")
    address = await a_breach(scene, ana, f"{CIN}\n{second}")
    seen = await ana.get(address)
    assert "0 of 2 told" in seen.words
    assert "Write the letter first" in seen.words
    assert (await ana.post(f"{address}/notice", NOTICE | {"language": "en"})).status == 303
    assert (await ana.post(f"{address}/notice", NOTICE | {"language": "es"})).status == 303
    seen = await ana.get(address)
    for tongue in ("en", "es"):
        letter = f"{address}/letter?member={second}&in={tongue}"
        assert letter.replace("&", "&amp;") in seen.text
        assert (await ana.get(letter)).text.startswith("%PDF")
    assert (await ana.post(f"{address}/person", {"member": CIN, "reason": "By mail"})).status == 303
    assert "1 of 2 told" in (await ana.get(address)).words
    assert (await ana.post(f"{address}/person", {"member": second})).status == 303
    seen = await ana.get(address)
    assert "2 of 2 told" in seen.words
    assert "met in time" in seen.words


async def test_a_person_found_later_is_added(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    address = await a_breach(scene, ana, CIN)
    second = await another(scene, "Nightingale")
    assert (await ana.post(f"{address}/people", {"members": second})).status == 303
    assert "0 of 2 told" in (await ana.get(address)).words
    refused = await ana.post(f"{address}/people", {"members": second})
    assert refused.status == 400
    assert "or they are on it already" in refused.words


async def test_whoever_is_not_known_to_the_organization_is_named_by_their_line_and_nothing_is_entered(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    theirs = await another(scene, "Nightingale", whose="lantern")
    given = {"organization": "harbor", "discovered_at": a_day_ago(scene), "what": "A fax", "members": f"{CIN} {theirs}"}
    refused = await ana.post("/desk/registers/new/breach", given)
    nobody = await ana.post("/desk/registers/new/breach", given | {"members": f"{CIN} {'f' * 32}"})
    assert (refused.status, nobody.status) == (400, 400)
    assert "Number 2: Nobody with this CIN or id is known to this organization" in refused.words
    assert refused.words.replace(theirs, "f" * 32) == nobody.words
    assert await scene.rows(Matter.id) == []


async def test_the_letter_goes_on_where_its_words_were_left(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    address = await a_breach(scene, ana, CIN)
    await ana.post(f"{address}/notice", NOTICE | {"language": "en"})
    seen = await ana.get(address)
    assert re.search(rf"<textarea[^>]*>{re.escape(NOTICE['protect'])}</textarea>", seen.text)
    refused = await ana.post(f"{address}/notice", NOTICE | {"language": "en", "protect": ""})
    assert refused.status == 400
    assert "Fill this in." in refused.words
    assert 'aria-describedby="notice-protect-error"' in refused.text


async def test_a_breach_is_begun_from_an_entry_of_the_log(scene, desk):
    from hub.desk import projection
    from hub.ledger.sequencer import Sequencer

    await scene.consent()
    await scene.submit()
    await scene.dispatch_all()
    await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
    await projection.catch_up(scene.hub)
    ana = await desk.somebody("ana", "privacy")
    sol = await desk.somebody("sol", "privacy", organizations=("sunrise",))
    entry = re.search(r"/desk/log/(\d+)", (await ana.get("/desk/log")).text)[1]
    assert f"/desk/registers/new/breach?entry={entry}" in (await ana.get(f"/desk/log/{entry}")).text
    form = await ana.get(f"/desk/registers/new/breach?entry={entry}")
    assert scene.member in form.text
    reference = re.search(r'name="reference" value="(\w+)"', form.text)[1]
    given = {"discovered_at": a_day_ago(scene), "what": "x", "members": scene.member, "reference": reference}
    await entered(scene, ana, "breach", **given)
    assert await scene.rows(Matter.reference) == [(reference,)]
    assert await scene.rows(MatterPerson.member_id) == [(scene.member,)]
    assert (await sol.get(f"/desk/registers/new/breach?entry={entry}")).status == 404


async def test_all_letters_are_one_paper_each_in_its_readers_language_on_a_sheet_of_its_own(scene, desk):
    ana = await desk.somebody("ana", "privacy")
    await scene.consent(msgspec.structs.replace(FORM, language="es"))
    second = await another(scene, "Nightingale")
    address = await a_breach(scene, ana, f"{CIN}\n{second}")
    assert (await ana.get(f"{address}/letters/1")).status == 409
    for tongue in ("en", "es"):
        assert (await ana.post(f"{address}/notice", NOTICE | {"language": tongue})).status == 303
    seen = await ana.get(address)
    assert "People: 2. English: 1. Spanish: 2." in seen.words
    async with ana.session.get(f"{ana.base}{address}/letters/1") as answer:
        document = pypdfium2.PdfDocument(io.BytesIO(await answer.read()))
    pages = [page.get_textpage().get_text_bounded() for page in document]
    starts = [n for n, text in enumerate(pages) if "Nightingale" in text[:600] or "Un aviso sobre" in text]
    assert len(starts) == 3
    assert [n % 2 for n in starts] == [0, 0, 0]
    assert len(pages) % 2 == 0
    assert (await ana.get(f"{address}/letters/2")).status == 404
    sent = {"members": f"{scene.member} {second}", "reason": "By mail"}
    assert (await ana.post(f"{address}/people_told", sent | {"members": "nobody"})).status == 400
    assert (await ana.post(f"{address}/people_told", sent)).status == 303
    seen = await ana.get(address)
    assert "2 of 2 told" in seen.words
    assert "All letters (PDF)" not in seen.words


async def test_while_an_official_asks_for_a_delay_no_letters_are_put_together_to_go_out(scene, desk):
    """45 CFR 164.412."""
    ana = await desk.somebody("ana", "privacy")
    address = await a_breach(scene, ana, f"{CIN}\n{await another(scene, 'Nightingale')}")
    await ana.post(f"{address}/notice", NOTICE | {"language": "en"})
    assert f"{address}/letters/1" in (await ana.get(address)).text
    assert (await ana.post(f"{address}/delay", {"reason": "The sheriff asked by telephone"})).status == 303
    seen = await ana.get(address)
    assert "asked for a delay" in seen.words
    assert "/letters/1" not in seen.text
    assert (await ana.get(f"{address}/letters/1")).status == 409
    scene.hub.clock.ahead += 32 * 86_400_000_000
    ana = await desk.somebody("leo", "privacy")
    assert f"{address}/letters/1" in (await ana.get(address)).text


async def test_what_a_breach_says_is_opened_once_for_all_of_its_letters(scene, desk, monkeypatch):
    ana = await desk.somebody("ana", "privacy")
    address = await a_breach(scene, ana, f"{CIN}\n{await another(scene, 'Nightingale')}")
    await ana.post(f"{address}/notice", NOTICE | {"language": "en"})
    matter, opened, words = address.rpartition("/")[2], [], stored.words

    async def counted(hub, asked):
        opened.append(asked)
        return await words(hub, asked)

    monkeypatch.setattr(stored, "words", counted)
    made = await bundle.bundle(scene.hub, matter, 0, "harbor")
    assert len(pypdfium2.PdfDocument(io.BytesIO(made.pdf))) == 4
    assert opened == [matter]
