"""A consent filled in and signed on the screen, and the printed forms over HTTP."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pypdfium2 as pdfium
import pytest

from hub.explanations import WhatIf, what_if
from hub.storage import tokens
from tests.api import NORA, Answer, Api, Caller, an_api
from tests.hubs import ZONE, a_hub

PAGE = "/forms/consent"


@pytest.fixture
async def api(tmp_path: Any) -> AsyncIterator[Api]:
    async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub, an_api(hub) as made:
        yield made


@pytest.fixture
async def staff(api: Api) -> Caller:
    return await api.caller("harbor", "staff")


@pytest.fixture
async def nora(staff: Caller) -> str:
    relations = {"program": ["harbor"], "treating_provider": ["valley-clinic"]}
    return str((await staff("POST", "/v1/members", NORA | {"relations": relations})).json["id"])


class Screen:
    """The page as a person uses it: each answer carries the hidden fields of the page before."""

    def __init__(self, api: Api, token: str, **first: str) -> None:
        self._api = api
        self.kept = {"token": [token], "kind": ["specific"], "lang": ["en"]} | {k: [v] for k, v in first.items()}

    async def __call__(self, step: str, **chosen: str | list[str]) -> Answer:
        given = self.kept | {"step": [step]}
        given |= {name: value if isinstance(value, list) else [value] for name, value in chosen.items()}
        answer = await self._api.nobody("POST", PAGE, data=[(n, each) for n, many in given.items() for each in many])
        hidden: dict[str, list[str]] = {}
        # Of the last form: the one before it turns the page into the other language.
        last = answer.body.decode().rpartition("<form")[2]
        for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', last):
            hidden.setdefault(name, []).append(value)
        self.kept = hidden or self.kept
        return answer


CHOICES: dict[str, Any] = {
    "discloser": "harbor",
    "recipients": ["valley-clinic"],
    "information": ["assessment", "attendance"],
    "purposes": ["treatment"],
    "until": "end_of_treatment",
}


@pytest.fixture
async def screen(api: Api, nora: str) -> Screen:
    token = (await tokens.issue(api.hub, "harbor", "staff", by="county")).token
    return Screen(api, token, member=nora)


async def signed(screen: Screen, **choices: Any) -> Answer:
    await screen("choose")
    await screen("read", **(CHOICES | choices))
    return await screen("sign", typed="Nora Quill", agree="yes", signer="the-patient")


async def test_a_consent_is_chosen_read_back_and_signed(screen: Screen, staff: Caller, nora: str) -> None:
    assert (await screen("choose")).status == 200
    shown = (await screen("read", **CHOICES)).body.decode()
    assert "Until you finish treatment, Harbor House may tell Valley Clinic about your assessment" in shown
    assert "I may take this back at any time, in writing." in shown
    before = datetime.now(ZONE).replace(microsecond=0)
    assert (await screen("sign", typed="Nora Quill", agree="yes", signer="the-patient")).status == 201
    (consent,) = (await staff("GET", f"/v1/members/{nora}/consents")).json["items"]
    assert (consent["signature"], consent["verified"], consent["form"]) == ("electronic", False, "part2")
    at = datetime.fromisoformat(consent["signed_at"])
    assert before <= at <= datetime.now(ZONE)
    assert consent["signed_on"] == at.astimezone(ZONE).date().isoformat()


async def test_what_was_signed_is_kept_as_it_was_shown(screen: Screen, staff: Caller, nora: str) -> None:
    await signed(screen)
    (consent,) = (await staff("GET", f"/v1/members/{nora}/consents")).json["items"]
    content = (await staff("GET", f"/v1/consents/{consent['id']}/document")).body
    with pdfium.PdfDocument(content) as document:
        text = " ".join(" ".join(page.get_textpage().get_text_bounded() for page in document).split())
    for words in ("Nora Quill", "Valley Clinic", "What was read to me before I signed", "your assessment"):
        assert words in text


async def test_it_counts_once_a_person_has_verified_it(api: Api, screen: Screen, staff: Caller, nora: str) -> None:
    await signed(screen)
    (consent,) = (await staff("GET", f"/v1/members/{nora}/consents")).json["items"]
    asked = WhatIf(
        discloser="harbor", recipient="valley-clinic", purpose="treatment", member=nora, items=("assessment",)
    )
    assert (await what_if(api.hub, asked))["outcome"] == "deny"
    assert (await staff("POST", f"/v1/consents/{consent['id']}/verify")).status == 204
    assert (await what_if(api.hub, asked))["outcome"] == "permit"


async def test_a_form_that_lacks_an_element_cannot_be_signed(screen: Screen, staff: Caller, nora: str) -> None:
    await screen("choose")
    shown = (await screen("read", **(CHOICES | {"recipients": []}))).body.decode()
    assert "§2.31(a)(4)(i)" in shown
    assert "Sign</button>" not in shown
    assert (await screen("sign", typed="Nora Quill", agree="yes", signer="the-patient")).status == 400
    assert (await staff("GET", f"/v1/members/{nora}/consents")).json["items"] == []


@pytest.mark.parametrize("without", [{"typed": "  "}, {"agree": ""}])
async def test_nothing_is_signed_without_a_name_and_a_clear_yes(
    screen: Screen, staff: Caller, nora: str, without: dict[str, str]
) -> None:
    await screen("choose")
    await screen("read", **CHOICES)
    answer = await screen("sign", **({"typed": "Nora Quill", "agree": "yes", "signer": "the-patient"} | without))
    assert answer.status == 400
    assert "Type the name and check the box" in answer.body.decode()
    assert (await staff("GET", f"/v1/members/{nora}/consents")).json["items"] == []


async def test_only_what_was_read_can_be_signed(screen: Screen, staff: Caller, nora: str) -> None:
    await screen("choose")
    await screen("read", **CHOICES)
    answer = await screen("sign", typed="Nora Quill", agree="yes", signer="the-patient", recipients=["sunrise"])
    assert answer.status == 400
    assert (await staff("GET", f"/v1/members/{nora}/consents")).json["items"] == []


async def test_the_page_speaks_spanish(api: Api, screen: Screen) -> None:
    assert "Seguir" in (await api.nobody("GET", f"{PAGE}?lang=es")).body.decode()
    await screen("choose", lang="es")
    shown = (await screen("read", **CHOICES)).body.decode()
    assert "Hasta que termine su tratamiento, Harbor House puede informar a Valley Clinic" in shown


async def test_the_language_that_was_chosen_lasts_to_the_end_and_to_the_next_form(api: Api, screen: Screen) -> None:
    onward = 'href="/forms/consent?kind=specific&amp;lang=es"'
    began = (await api.nobody("GET", f"{PAGE}?kind=specific")).body.decode()
    assert onward in began
    await screen("choose", lang="es")
    await screen("read", **CHOICES)
    ended = await screen("sign", typed="Nora Quill", agree="yes", signer="the-patient")
    refused = await screen("choose", member="nobody", token=screen.kept["token"])
    for answer in (ended, refused):
        assert '<html lang="es">' in answer.body.decode()
        assert onward in answer.body.decode()
        assert "Set-Cookie" not in answer.headers
    assert "Nadie de su programa coincide con esto" in refused.body.decode()


async def test_what_was_chosen_is_read_in_the_other_language_without_choosing_it_again(screen: Screen) -> None:
    await screen("choose")
    english = (await screen("read", **CHOICES)).body.decode()
    turn = english.partition("<nav>")[2].partition("</nav>")[0]
    assert 'name="lang" value="es"' in turn
    fields = [f for f in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', turn) if f[0] != "lang"]
    screen.kept = {name: [value for each, value in fields if each == name] for name, _ in fields}
    spanish = (await screen("read", lang="es")).body.decode()
    assert "Hasta que termine su tratamiento, Harbor House puede informar a Valley Clinic" in spanish
    assert (await screen("sign", typed="Nora Quill", agree="yes", signer="the-patient")).status == 201


async def test_without_a_choice_the_page_speaks_as_the_browser_does(api: Api) -> None:
    for accepted, language in (("es-MX,es;q=0.9", "es"), ("fr", "en")):
        page = await api.nobody("GET", PAGE, headers={"Accept-Language": accepted})
        assert f'<html lang="{language}">' in page.body.decode()


async def test_whose_patient_it_is_not_learns_nothing_on_the_page(api: Api, nora: str) -> None:
    token = (await tokens.issue(api.hub, "lantern", "staff", by="county")).token
    theirs = await Screen(api, token, member=nora)("choose")
    nobodys = await Screen(api, token, member="nobody")("choose")
    assert (theirs.status, theirs.body) == (nobodys.status, nobodys.body)
    assert theirs.status == 404


@pytest.mark.parametrize(("role", "status"), [("sender", 403), (None, 401)])
async def test_only_people_sign_somebody_in(api: Api, nora: str, role: Any, status: int) -> None:
    token = "p2h_no" if role is None else (await tokens.issue(api.hub, "harbor", role, by="county")).token
    assert (await Screen(api, token, member=nora)("choose")).status == status


async def test_what_is_typed_stays_text(screen: Screen) -> None:
    await screen("choose")
    await screen("read", **CHOICES)
    answer = await screen("sign", typed='"><b>x', agree="", signer="the-patient", token=screen.kept["token"][0])
    assert "<b>x" not in answer.body.decode()


async def test_the_page_loads_nothing_from_elsewhere_and_runs_no_script(api: Api) -> None:
    answer = await api.nobody("GET", PAGE)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self'")
    assert "unsafe" not in policy

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag != "script"
            self.found += [value or "" for name, value in attrs if name in {"href", "src", "action"}]
            assert not any(name.startswith("on") or name == "style" for name, _ in attrs)

    reader = Reader()
    reader.feed(answer.body.decode())
    assert reader.found
    assert all(address.startswith("/forms/") for address in reader.found)
    assert (await api.nobody("GET", "/forms/style.css")).headers["Content-Type"].startswith("text/css")


async def test_a_blank_form_is_for_any_caller_and_a_filled_one_for_those_who_treat(
    api: Api, staff: Caller, nora: str
) -> None:
    blank = await (await api.caller("sunrise"))("GET", "/v1/forms/revocation.pdf?lang=es")
    assert (blank.status, blank.headers["Content-Type"]) == (200, "application/pdf")
    assert blank.headers["Content-Disposition"] == 'attachment; filename="revocation-es.pdf"'
    filled = await staff("GET", f"/v1/forms/tpo.pdf?member={nora}")
    with pdfium.PdfDocument(filled.body) as document:
        assert "Nora Quill" in document[0].get_textpage().get_text_bounded()
    stranger = await api.caller("lantern", "staff")
    assert (await stranger("GET", f"/v1/forms/tpo.pdf?member={nora}")).status == 404


@pytest.mark.parametrize("address", ["/v1/forms/napkin.pdf", "/v1/forms/tpo.pdf?lang=fr"])
async def test_a_form_or_language_that_there_is_not_is_refused(staff: Caller, address: str) -> None:
    assert (await staff("GET", address)).status == 400


async def test_a_revocation_is_not_signed_on_the_page_but_recorded_at_once(api: Api) -> None:
    assert (await api.nobody("GET", f"{PAGE}?kind=revocation")).status == 400
