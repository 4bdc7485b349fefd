"""The way into the desk and out of it, and what an attacker finds at the door."""

import re
from html import escape, unescape

import aiohttp
import pytest
from sqlmodel import select

from hub.people import accounts, kept, lockout, sessions
from hub.storage.tables import LedgerEntry, Person, Session
from hub.web.pages.visit import MAX_FORM
from tests.desk import PASSWORD, a_desk
from tests.hubs import a_hub


@pytest.fixture
async def desk(migrated_url):
    async with a_hub(migrated_url) as hub, a_desk(hub) as desk:
        yield desk


async def kinds(hub):
    rows = await hub.database.query(select(LedgerEntry.kind, LedgerEntry.reference).order_by(LedgerEntry.id))
    return [kind for kind, reference in rows if kind.startswith(("session.", "person."))]


async def test_an_invitation_becomes_an_account_with_a_second_factor_and_the_ledger_tells_it(desk):
    ana = await desk.somebody("ana", "compliance")
    assert (await ana.get("/desk/me")).status == 200
    assert await kinds(desk.hub) == ["person.added", "person.enrolled", "session.started"]


async def test_password_and_code_let_in_and_signing_out_ends_it(desk):
    ana = await desk.somebody("ana", "compliance")
    assert (await ana.post("/desk/sign-out")).location.startswith("/desk/sign-in")
    assert (await ana.get("/desk/me")).status == 303
    assert (await ana.sign_in("ana@desk.test")).location == "/desk/me"
    assert "Ana" in (await ana.get("/desk/me")).words
    assert (await kinds(desk.hub))[-2:] == ["session.ended", "session.started"]


async def test_the_password_alone_opens_nothing(desk):
    ana = await desk.somebody("ana", "compliance")
    await ana.post("/desk/sign-out")
    await ana.post("/desk/sign-in", {"email": "ana@desk.test", "password": PASSWORD})
    assert (await ana.get("/desk/me")).location.startswith("/desk/sign-in")


async def test_a_code_counts_once(desk):
    ana = await desk.somebody("ana", "compliance")
    await ana.post("/desk/sign-out")
    code = ana.code()
    assert (await ana.sign_in("ana@desk.test", code=code)).status == 303
    await ana.post("/desk/sign-out")
    assert (await ana.sign_in("ana@desk.test", code=code)).status == 401


async def test_a_recovery_code_counts_once_and_is_not_stored(desk):
    ana = await desk.somebody("ana", "compliance")
    await accounts.disable(desk.hub, ana.person, by="county")
    invitation = await accounts.add(
        desk.hub, email="leo@desk.test", name="Leo", roles=("privacy",), organizations=("county",), by="county"
    )
    leo = desk.browser()
    await leo.post("/desk/join", {"code": invitation.code, "password": PASSWORD, "repeat": PASSWORD})
    await leo.get("/desk/enrol")
    leo.secret = (await accounts.find(desk.hub, invitation.person)).totp
    shown = await leo.post("/desk/enrol", {"code": leo.code()})
    code = re.findall(r"<code>([a-z2-7-]{19})</code>", shown.text)[0]
    stored = await desk.hub.database.query(select(Person.recovery))
    assert not any(code.replace("-", "") in row[0] for row in stored)
    assert (await leo.sign_in("leo@desk.test", code=code.upper())).status == 303
    await leo.post("/desk/sign-out")
    assert (await leo.sign_in("leo@desk.test", code=code)).status == 401


async def test_wrong_passwords_lock_the_address_and_a_right_one_then_waits_too(desk):
    ana = await desk.somebody("ana", "compliance")
    other = desk.browser()
    answers = [await other.post("/desk/sign-in", {"email": "ana@desk.test", "password": "x" * 12}) for _ in range(6)]
    assert [each.status for each in answers] == [401] * 5 + [429]
    other.secret = ana.secret
    assert (await other.sign_in("ana@desk.test")).status == 429
    desk.hub.clock.ahead += lockout.FIRST_WAIT_US * 2
    assert (await other.sign_in("ana@desk.test")).status == 303


async def test_an_address_that_is_nobodys_is_refused_and_locked_just_the_same(desk):
    await desk.somebody("ana", "compliance")
    shown = {}
    for email in ("ana@desk.test", "nobody@desk.test"):
        browser = desk.browser()
        seen = [await browser.post("/desk/sign-in", {"email": email, "password": "x" * 12}) for _ in range(6)]
        shown[email] = [(each.status, each.text.replace(email, "")) for each in seen]
    assert shown["ana@desk.test"] == shown["nobody@desk.test"]


async def test_a_failed_try_writes_as_often_for_nobodys_address_as_for_somebodys(desk, monkeypatch):
    """Each commit waits for the disk: one more would tell by its time whose address it is."""
    await desk.somebody("ana", "compliance")
    commit, commits = desk.hub.database.commit, []

    async def counted(unit):
        commits.append(unit)
        await commit(unit)

    monkeypatch.setattr(desk.hub.database, "commit", counted)
    written = {}
    for email in ("ana@desk.test", "nobody@desk.test"):
        commits.clear()
        await desk.browser().post("/desk/sign-in", {"email": email, "password": "x" * 12})
        written[email] = len(commits)
    assert written == {"ana@desk.test": 1, "nobody@desk.test": 1}


async def test_a_stranger_who_spends_all_tries_does_not_keep_out_whoever_came_in_with_this_browser_before(desk):
    ana = await desk.somebody("ana", "compliance")
    leo = await desk.somebody("leo", "compliance")
    for browser in (ana, leo):
        await browser.post("/desk/sign-out")
    for _ in range(lockout.STRANGERS_PER_MINUTE):
        await desk.hub.signals.allow("sign-in", lockout.STRANGERS_PER_MINUTE, 60)
    elsewhere = desk.browser()
    assert (await elsewhere.post("/desk/sign-in", {"email": "ana@desk.test", "password": PASSWORD})).status == 429
    assert (await ana.sign_in("ana@desk.test")).status == 303
    # Leo's browser is nobody's to Ana's address.
    assert (await leo.post("/desk/sign-in", {"email": "ana@desk.test", "password": PASSWORD})).status == 429


async def test_a_strangers_failures_lock_the_address_and_not_the_browser_that_is_known_for_it(desk):
    ana = await desk.somebody("ana", "compliance")
    await ana.post("/desk/sign-out")
    stranger, wrong = desk.browser(), {"email": "ana@desk.test", "password": "x" * 12}
    for _ in range(lockout.FREE):
        await stranger.post("/desk/sign-in", wrong)
    assert (await stranger.post("/desk/sign-in", wrong)).status == 429
    assert (await ana.sign_in("ana@desk.test")).status == 303
    # Nor does it forgive the stranger, for whom the wait doubles.
    desk.hub.clock.ahead += lockout.FIRST_WAIT_US * 2
    assert [(await stranger.post("/desk/sign-in", wrong)).status for _ in range(2)] == [401, 429]


async def test_a_known_browser_is_locked_by_its_own_failures(desk):
    ana = await desk.somebody("ana", "compliance")
    await ana.post("/desk/sign-out")
    wrong = {"email": "ana@desk.test", "password": "x" * 12}
    answers = [(await ana.post("/desk/sign-in", wrong)).status for _ in range(lockout.FREE + 1)]
    assert answers == [401] * lockout.FREE + [429]
    assert (await ana.post("/desk/sign-in", wrong | {"password": PASSWORD})).status == 429


async def test_whoever_is_locked_in_a_session_gets_back_though_strangers_spent_all_tries(desk):
    ana = await desk.somebody("ana", "compliance")
    for _ in range(lockout.STRANGERS_PER_MINUTE):
        await desk.hub.signals.allow("sign-in", lockout.STRANGERS_PER_MINUTE, 60)
    await ana.post("/desk/lock")
    await ana.get("/desk/locked")
    assert (await ana.post("/desk/locked", {"password": PASSWORD, "target": "/desk/me"})).location == "/desk/me"


def test_each_failure_doubles_the_wait_up_to_an_hour():
    assert [lockout.wait_us(n) // 1_000_000 for n in (1, 4, 5, 6, 7, 30)] == [0, 0, 30, 60, 120, 3600]


async def test_a_person_put_out_is_out_at_once(desk):
    ana, boss = await desk.somebody("ana", "compliance"), await desk.somebody("boss", "administrator")
    assert (await ana.get("/desk/me")).status == 200
    await boss.get("/desk/people")
    assert (await boss.post(f"/desk/people/{ana.person}/disable")).status == 303
    assert (await ana.get("/desk/me")).location.startswith("/desk/sign-in")
    assert (await ana.sign_in("ana@desk.test")).status == 401


async def test_a_cookie_set_before_signing_in_is_worth_nothing_afterwards(desk):
    ana = await desk.somebody("ana", "compliance")
    await ana.post("/desk/sign-out")
    thief = desk.browser()
    await ana.post("/desk/sign-in", {"email": "ana@desk.test", "password": PASSWORD})
    thief.set_cookie(ana.cookie())
    await ana.get("/desk/second")
    assert (await ana.post("/desk/second", {"code": ana.code()})).status == 303
    assert (await ana.get("/desk/me")).status == 200
    assert (await thief.get("/desk/me")).location.startswith("/desk/sign-in")
    assert (await thief.get("/desk/second")).location.startswith("/desk/sign-in")


@pytest.mark.parametrize("cookie", ["", "0" * 64, "x", "'; DROP TABLE session; --", "0" * 5000])
async def test_a_made_up_cookie_is_nobody(desk, cookie):
    browser = desk.browser()
    seen = await browser.get("/desk/me", Cookie=f"desk={cookie}")
    assert seen.location.startswith("/desk/sign-in")


async def test_a_form_of_another_site_or_another_session_changes_nothing(desk):
    ana, eve = await desk.somebody("ana", "compliance"), await desk.somebody("eve", "compliance")
    assert (await ana.post("/desk/language", {"to": "es", "form_token": ""})).status == 403
    assert (await ana.post("/desk/language", {"to": "es", "form_token": eve.form_token})).status == 403
    crossed = {"Sec-Fetch-Site": "cross-site"}
    assert (await ana.post("/desk/language", {"to": "es"}, **crossed)).status == 403
    assert (await ana.post("/desk/language", {"to": "es"}, Origin="https://evil.test")).status == 403
    assert (await desk.browser().post("/desk/sign-in", {"email": "a@b", "password": "x"}, **crossed)).status == 403
    assert (await accounts.find(desk.hub, ana.person)).language == "en"


async def test_after_idling_the_screen_is_locked_and_shows_nothing(desk):
    ana = await desk.somebody("ana", "compliance")
    desk.hub.clock.ahead += sessions.IDLE_US + 1_000_000
    seen = await ana.get("/desk/me")
    assert "Ana" not in seen.words
    assert "Locked" in seen.words
    assert (await ana.post("/desk/locked", {"target": "/desk/me", "password": "wrong password"})).status == 401
    assert (await ana.post("/desk/locked", {"target": "/desk/me", "password": PASSWORD})).location == "/desk/me"
    assert (await ana.get("/desk/me")).status == 200


def hidden(seen):
    """The hidden fields of the lock screen's own form."""
    form = seen.text[seen.text.index('action="/desk/locked"') :].partition("</form>")[0]
    found = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', unescape(form)))
    return {name: value for name, value in found.items() if name != "form_token"}


async def idle(desk):
    desk.hub.clock.ahead += sessions.IDLE_US + 1_000_000


TYPED = {"what": "Quillfeather Ambrosia, 0123456789 & <b>", "given": "ñandú"}


async def test_a_form_sent_after_idling_is_kept_and_sent_again(desk):
    ana = await desk.somebody("ana", "compliance")
    await idle(desk)
    asked = hidden(await ana.post("/desk/language", {"to": "es", "back": "/desk/me"}))
    seen = await ana.post("/desk/locked", asked | {"password": PASSWORD})
    assert re.search(r'action="/desk/language".*name="to" value="es"', seen.text, re.DOTALL)
    assert (await ana.post("/desk/language", {"to": "es", "back": "/desk/me"})).status == 303
    assert (await accounts.find(desk.hub, ana.person)).language == "es"


async def test_a_kept_form_is_offered_once(desk):
    ana = await desk.somebody("ana", "compliance")
    await idle(desk)
    asked = hidden(await ana.post("/desk/find", TYPED)) | {"password": PASSWORD}
    assert "Quillfeather" in (await ana.post("/desk/locked", asked)).text
    await ana.post("/desk/lock")
    await ana.get("/desk/locked")
    assert (await ana.post("/desk/locked", asked)).location == "/desk/?unkept=yes"


async def test_no_word_that_was_typed_stands_in_the_source_of_a_locked_screen(desk):
    ana = await desk.somebody("ana", "compliance")
    await idle(desk)
    first = await ana.post("/desk/find", TYPED)
    second = await ana.post("/desk/locked", hidden(first) | {"password": "a wrong password"})
    assert (first.status, second.status) == (200, 401)
    for seen in (first, second):
        assert not any(word in seen.text for word in ("Quillfeather", "Ambrosia", "0123456789", "andú", "given"))
    assert hidden(first)["kept"] == hidden(second)["kept"]
    back = await ana.post("/desk/locked", hidden(second) | {"password": PASSWORD})
    assert all(f'name="{name}" value="{escape(value)}"' in back.text for name, value in TYPED.items())


async def test_the_longest_form_that_the_desk_takes_survives_the_lock(desk):
    ana = await desk.somebody("ana", "compliance")
    await idle(desk)
    words = "x" * (MAX_FORM - 200)
    seen = await ana.post("/desk/find", {"what": words})
    assert words in (await ana.post("/desk/locked", hidden(seen) | {"password": PASSWORD})).text


async def test_a_kept_form_opens_neither_for_somebody_else_nor_on_another_of_ones_own_screens(desk):
    ana, eve = await desk.somebody("ana", "compliance"), await desk.somebody("eve", "compliance")
    elsewhere = desk.browser()
    elsewhere.secret = ana.secret
    assert (await elsewhere.sign_in("ana@desk.test")).status == 303
    await idle(desk)
    asked = hidden(await ana.post("/desk/find", TYPED)) | {"password": PASSWORD}
    for browser in (eve, elsewhere):
        await browser.get("/desk/locked")
        seen = await browser.post("/desk/locked", asked)
        assert (seen.status, seen.location) == (303, "/desk/?unkept=yes")
    assert "Quillfeather" in (await ana.post("/desk/locked", asked)).text


async def test_what_another_person_signs_in_to_on_the_same_browser_has_nothing_of_a_kept_form(desk):
    ana, eve = await desk.somebody("ana", "compliance"), await desk.somebody("eve", "compliance")
    await idle(desk)
    asked = hidden(await ana.post("/desk/find", TYPED)) | {"password": PASSWORD}
    await ana.post("/desk/sign-out")
    ana.secret = eve.secret
    assert (await ana.sign_in("eve@desk.test")).status == 303
    await ana.post("/desk/lock")
    await ana.get("/desk/locked")
    assert (await ana.post("/desk/locked", asked)).location == "/desk/?unkept=yes"


@pytest.mark.parametrize("changed", [{"target": "/desk/log"}, {"kept": "altered"}, {"kept": "ñ!"}, {"kept": ""}])
async def test_a_kept_form_that_was_altered_or_turned_to_another_address_is_dropped_and_the_page_says_so(desk, changed):
    ana = await desk.somebody("ana", "compliance")
    await idle(desk)
    asked = hidden(await ana.post("/desk/registers/new/complaint", TYPED)) | {"password": PASSWORD}
    if changed.get("kept") == "altered":
        at, whole = len(asked["kept"]) // 2, asked["kept"]
        changed = {"kept": f"{whole[:at]}{'A' if whole[at] != 'A' else 'B'}{whole[at + 1 :]}"}
    seen = await ana.post("/desk/locked", asked | changed)
    assert seen.location == changed.get("target", "/desk/registers/new/complaint") + "?unkept=yes"
    empty = await ana.get(seen.location)
    assert "was not kept. Nothing was sent." in empty.words
    assert "Quillfeather" not in empty.text


@pytest.mark.parametrize(
    ("sent_to", "page"),
    [
        ("/desk/find", "/desk/"),
        ("/desk/", "/desk/"),
        ("/desk/registers/m1/extend", "/desk/registers/m1"),
        ("/desk/work/w1/propose?x=y", "/desk/work/w1"),
        ("https://evil.test/", "/desk/"),
        ("/desk/nowhere/at/all", "/desk/"),
    ],
)
async def test_a_form_that_is_gone_leads_back_to_the_page_that_it_was_on(desk, sent_to, page):
    ana = await desk.somebody("ana", "compliance")
    await ana.post("/desk/lock")
    await ana.get("/desk/locked")
    seen = await ana.post("/desk/locked", {"target": sent_to, "sent": "yes", "kept": "", "password": PASSWORD})
    assert seen.location == f"{page}?unkept=yes"
    if page == "/desk/":
        begin = await ana.get(seen.location)
        assert "was not kept. Nothing was sent." in (await ana.get(begin.location)).words


async def test_a_form_is_kept_for_an_hour(desk):
    ana = await desk.somebody("ana", "compliance")
    for later, opens in ((kept.LIFE_US - 1_000_000, True), (kept.LIFE_US, False)):
        await idle(desk)
        asked = hidden(await ana.post("/desk/find", TYPED)) | {"password": PASSWORD}
        desk.hub.clock.ahead += later
        seen = await ana.post("/desk/locked", asked)
        assert ("Quillfeather" in seen.text) == opens
        await ana.get("/desk/me")


async def test_files_are_not_kept_over_a_lock_and_the_screen_says_so(desk):
    sam = await desk.somebody("sam", "staff", organizations=("harbor",))
    await idle(desk)
    data = aiohttp.FormData({"form_token": sam.form_token, "cin": "0123456789"})
    data.add_field("files", b"%PDF-1.7 of somebody", filename="Quillfeather.pdf")
    options = {"data": data, "headers": {"Sec-Fetch-Site": "same-origin"}}
    seen = await sam._seen("POST", "/desk/packets/new", **options)
    assert "Files are not kept" in seen.words
    assert "Quillfeather" not in seen.text
    back = await sam.post("/desk/locked", hidden(seen) | {"password": PASSWORD})
    assert "Files are not kept" in back.words
    assert 'name="cin" value="0123456789"' in back.text


async def test_a_session_is_over_after_its_hours_however_busy(desk):
    ana = await desk.somebody("ana", "compliance")
    for _ in range(62):
        desk.hub.clock.ahead += 10 * 60_000_000
        seen = await ana.get("/desk/me")
    assert seen.location.startswith("/desk/sign-in")
    assert await desk.hub.database.query(select(Session.hash)) == []


async def test_sessions_that_nobody_came_back_to_are_forgotten(desk):
    ana = await desk.somebody("ana", "compliance")
    await desk.browser().sign_in("ana@desk.test", code="no code")
    assert len(await desk.hub.database.query(select(Session.hash))) == 2
    desk.hub.clock.ahead += sessions.LIFE_US["full"] + 1
    await ana.sign_in("ana@desk.test", code="no code")
    assert len(await desk.hub.database.query(select(Session.hash))) == 1


async def test_the_cookie_is_for_this_host_over_tls_alone_unless_on_this_machine(desk):
    await desk.somebody("ana", "compliance")
    browser = desk.browser()
    form = {"email": "ana@desk.test", "password": PASSWORD}
    here = await browser.post("/desk/sign-in", form)
    assert re.fullmatch(r"desk=[0-9a-f]{64}; HttpOnly; Path=/; SameSite=Strict", here.headers["Set-Cookie"])
    there = await browser.post("/desk/sign-in", form, Host="hub.example")
    assert re.fullmatch(
        r"__Host-desk=[0-9a-f]{64}; HttpOnly; Path=/; SameSite=Strict; Secure", there.headers["Set-Cookie"]
    )


async def test_pages_are_not_framed_not_kept_and_run_nothing_inline(desk):
    seen = await (await desk.somebody("ana", "compliance")).get("/desk/me")
    policy = seen.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert seen.headers["X-Frame-Options"] == "DENY"
    assert seen.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", seen.text)


@pytest.mark.parametrize(
    "address", ["https://evil.test/", "//evil.test", "/\\evil.test", "/desk\\x", "javascript:alert(1)", "/desk/\n"]
)
async def test_after_signing_in_nobody_is_led_elsewhere(desk, address):
    ana = await desk.somebody("ana", "compliance")
    await ana.post("/desk/sign-out")
    await ana.post("/desk/sign-in", {"email": "ana@desk.test", "password": PASSWORD})
    await ana.get("/desk/second")
    assert (await ana.post("/desk/second", {"code": ana.code(), "next": address})).location == "/desk/"


async def test_signing_in_leads_on_to_the_whole_address_that_was_asked_for(desk):
    ana = await desk.somebody("ana", "compliance")
    await ana.post("/desk/sign-out")
    asked = "/desk/log?program=harbor&channel=fax"
    sent = await ana.post("/desk/sign-in", {"email": "ana@desk.test", "password": PASSWORD, "next": asked})
    form = unescape((await ana.get(sent.location)).text)
    assert f'value="{asked}"' in form


async def test_a_used_up_or_old_invitation_opens_nothing(desk):
    invitation = await accounts.add(
        desk.hub, email="leo@desk.test", name="Leo", roles=("privacy",), organizations=("county",), by="county"
    )
    assert (await desk.browser().get(f"/desk/join?code={invitation.code}")).status == 200
    desk.hub.clock.ahead += accounts.INVITED_US + 1
    assert (await desk.browser().get(f"/desk/join?code={invitation.code}")).status == 404
    fresh = await accounts.invite_again(desk.hub, invitation.person, by="county")
    assert (await desk.browser().get(f"/desk/join?code={invitation.code}")).status == 404
    assert (await desk.browser().get(f"/desk/join?code={fresh.code}")).status == 200


async def test_administrators_see_people_and_no_patients_and_officers_no_people(desk):
    boss, ana = await desk.somebody("boss", "administrator"), await desk.somebody("ana", "compliance")
    assert (await boss.get("/desk/people")).status == 200
    assert (await ana.get("/desk/people")).status == 403


async def test_what_is_stored_of_a_person_names_nobody(desk):
    await desk.somebody("ana", "compliance")
    for row in await desk.hub.database.query(select(*Person.__table__.columns)):
        assert not any(b"ana" in bytes(value).lower() for value in row if isinstance(value, bytes | memoryview))
        assert not any("ana" in value.lower() for value in row if isinstance(value, str) and value != row[0])


async def test_what_did_not_work_is_said_in_the_language_of_who_reads_it(desk):
    refused = await desk.browser().post("/desk/sign-in", {"email": "\0"}, **{"Accept-Language": "es"})
    assert (refused.status, "No se cambió nada" in refused.words) == (400, True)
    assert "not readable" not in refused.words
