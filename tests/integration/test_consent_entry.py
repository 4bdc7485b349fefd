"""Entering a consent over HTTP: what it lacks, what it lets be told, who verifies it, and saying no."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from hub.explanations import WhatIf, what_if
from tests.api import NORA, TPO, Api, Caller, an_api
from tests.hubs import a_hub

SCAN = b"%PDF-1.7 a scanned consent"
ASCMI: dict[str, Any] = {
    "form": "ascmi_non_ab133",
    "signed_on": "2026-01-20",
    "answers": {
        "organization": ["harbor"],
        "substance_use": "share",
        "mental_health": "do_not_share",
        "physical_health": "do_not_share",
        "expires": "when_revoked",
    },
}


@pytest.fixture
async def api(migrated_url: str) -> AsyncIterator[Api]:
    async with a_hub(migrated_url) as hub, an_api(hub) as made:
        yield made


@pytest.fixture
async def clerk(api: Api) -> Caller:
    return await api.caller("harbor", "staff")


@pytest.fixture
async def nurse(api: Api) -> Caller:
    return await api.caller("harbor", "staff")


@pytest.fixture
async def nora(clerk: Caller) -> str:
    relations = {"program": ["harbor"], "treating_provider": ["valley-clinic"], "plan": ["sunrise"]}
    return str((await clerk("POST", "/v1/members", NORA | {"relations": relations})).json["id"])


async def entered(clerk: Caller, member: str, **what: Any) -> dict[str, Any]:
    answer = await clerk("POST", "/v1/consents", {"member": member, **(what or {"consent": TPO})})
    assert answer.status == 201, answer.body
    return dict(answer.json)


Told = Callable[..., Awaitable[Any]]


@pytest.fixture
def told(api: Api) -> Told:
    """What Harbor might tell about a member now."""

    async def ask(member: str, recipient: str = "valley-clinic", items: tuple[str, ...] = ("summary",)) -> Any:
        asked = WhatIf(discloser="harbor", recipient=recipient, purpose="treatment", member=member, items=items)
        return await what_if(api.hub, asked)

    return ask


async def test_entering_a_consent_reads_it_back_and_nothing_is_in_force_yet(
    clerk: Caller, nora: str, told: Told
) -> None:
    answer = await entered(clerk, nora)
    assert answer["in_force"] is False
    assert answer["lacks"] == []
    assert answer["reads"]["en"].startswith("Until you take it back, Harbor House may tell your health plans")
    assert "a person must check this" in answer["reads"]["en"]
    assert "Harbor House puede informar" in answer["reads"]["es"]
    assert (await told(nora))["outcome"] == "deny"


async def test_entering_a_consent_names_what_it_lacks_with_its_paragraph_and_what_to_do(
    clerk: Caller, nora: str
) -> None:
    weak = TPO | {"information": ["any_and_all"], "states_how_to_revoke": False, "signed_on": None}
    answer = await entered(clerk, nora, consent=weak)
    assert [(each["code"], each["strength"], each["law"]) for each in answer["lacks"]] == [
        ("consent.information_vague", "weak", "§2.31(a)(3)"),
        ("consent.missing.revocation", "missing", "§2.31(a)(6)"),
        ("consent.missing.date", "missing", "§2.31(a)(9)"),
    ]
    assert all(each["do"]["en"] and each["do"]["es"] for each in answer["lacks"])
    assert answer["reads"]["en"] == "Nothing may be told under this form."


async def test_a_preview_says_the_same_and_records_nothing(clerk: Caller, nora: str) -> None:
    seen = await clerk("POST", "/v1/consents/preview", {"member": nora, "consent": TPO})
    assert seen.json["reads"] == (await entered(clerk, nora))["reads"]
    assert len((await clerk("GET", f"/v1/members/{nora}/consents")).json["items"]) == 1


async def test_a_preview_about_somebody_elses_patient_is_refused_neutrally(api: Api, clerk: Caller, nora: str) -> None:
    stranger = await api.caller("lantern", "staff")
    real, unreal = [
        await stranger("POST", "/v1/consents/preview", {"member": member, "consent": TPO})
        for member in (nora, "x" * 26)
    ]
    assert (real.status, real.body) == (unreal.status, unreal.body)
    assert real.status == 404


async def test_a_scanned_paper_is_verified_by_another_person_than_who_entered_it(
    clerk: Caller, nurse: Caller, nora: str, told: Told
) -> None:
    consent = (await entered(clerk, nora))["id"]
    assert (await clerk("PUT", f"/v1/consents/{consent}/document", data=SCAN)).status == 204
    refused = await clerk("POST", f"/v1/consents/{consent}/verify")
    assert (refused.status, refused.json["code"]) == (409, "same-person")
    assert (await told(nora))["outcome"] == "deny"
    # The second person looks at the paper itself.
    assert (await nurse("GET", f"/v1/consents/{consent}/document")).body == SCAN
    assert (await nurse("POST", f"/v1/consents/{consent}/verify")).status == 204
    shown = (await nurse("GET", f"/v1/consents/{consent}")).json
    assert shown["recorded_by"] != shown["verified_by"]
    assert shown["review"]["in_force"] is True
    assert (await told(nora))["outcome"] == "permit"


async def test_the_scan_is_not_stored_in_the_clear(api: Api, clerk: Caller, nora: str) -> None:
    consent = (await entered(clerk, nora))["id"]
    await clerk("PUT", f"/v1/consents/{consent}/document", data=SCAN)
    from sqlalchemy import select

    from hub.storage.tables import ConsentDocument

    assert SCAN not in b"".join((await api.hub.database.query(select(ConsentDocument.sealed)))[0])


# -- "share nothing" ----------------------------------------------------------------------------------------------


async def verified(clerk: Caller, nurse: Caller, member: str, **what: Any) -> str:
    consent = str((await entered(clerk, member, **what))["id"])
    assert (await nurse("POST", f"/v1/consents/{consent}/verify")).status == 204
    return consent


async def test_share_nothing_is_a_record_of_its_own_and_permits_nothing(
    clerk: Caller, nurse: Caller, nora: str, told: Told
) -> None:
    answer = await entered(clerk, nora, denial={"signed_on": "2026-02-01", "signature": "handwritten"})
    assert answer["reads"]["en"].startswith("You said no.")
    (shown,) = (await clerk("GET", f"/v1/members/{nora}/consents")).json["items"]
    assert shown["kind"] == "share_nothing"
    await nurse("POST", f"/v1/consents/{answer['id']}/verify")
    assert (await told(nora))["outcome"] == "deny"


@pytest.mark.parametrize("denial_first", [True, False])
async def test_a_denial_stops_what_was_signed_before_it_whichever_was_entered_first(
    clerk: Caller, nurse: Caller, nora: str, told: Told, *, denial_first: bool
) -> None:
    denial = {"denial": {"signed_on": "2026-02-01", "signature": "handwritten"}}
    if denial_first:
        await entered(clerk, nora, **denial)
    await verified(clerk, nurse, nora)
    if not denial_first:
        await entered(clerk, nora, **denial)
    answer = await told(nora)
    assert (answer["outcome"], answer["items"][0]["reasons"]) == ("deny", ("consent.revoked",))


async def test_a_consent_signed_after_a_denial_counts(clerk: Caller, nurse: Caller, nora: str, told: Told) -> None:
    await entered(clerk, nora, denial={"signed_on": "2026-01-14", "signature": "handwritten"})
    await verified(clerk, nurse, nora)
    assert (await told(nora))["outcome"] == "permit"


async def test_a_denial_as_to_one_organization_leaves_the_others(
    clerk: Caller, nurse: Caller, nora: str, told: Told
) -> None:
    await verified(clerk, nurse, nora)
    await entered(clerk, nora, denial={"signed_on": "2026-02-01", "as_to": ["sunrise"]})
    assert (await told(nora, "sunrise"))["outcome"] == "deny"
    assert (await told(nora))["outcome"] == "permit"


async def test_a_denial_entered_in_error_stops_nothing(clerk: Caller, nurse: Caller, nora: str, told: Told) -> None:
    await verified(clerk, nurse, nora)
    denial = (await entered(clerk, nora, denial={"signed_on": "2026-02-01"}))["id"]
    assert (await told(nora))["outcome"] == "deny"
    assert (await clerk("POST", f"/v1/consents/{denial}/retract")).status == 204
    assert (await told(nora))["outcome"] == "permit"


# -- other parties' forms ------------------------------------------------------------------------------------------


async def test_an_ascmi_shares_what_was_chosen_and_nothing_else(
    clerk: Caller, nurse: Caller, nora: str, told: Told
) -> None:
    consent = await verified(clerk, nurse, nora, filled=ASCMI)
    items = (await told(nora, items=("summary", "mental_health")))["items"]
    assert [each["permitted"] for each in items] == [True, False]
    history = (await clerk("GET", f"/v1/consents/{consent}")).json["history"]
    assert (history[0]["form"], history[0]["form_edition"]) == ("ascmi_non_ab133", "2025")


async def test_an_ascmi_that_leaves_its_end_blank_carries_nothing(clerk: Caller, nora: str) -> None:
    answers = {name: value for name, value in ASCMI["answers"].items() if name != "expires"}
    answer = await entered(clerk, nora, filled=ASCMI | {"answers": answers})
    assert [each["law"] for each in answer["lacks"]] == ["§2.31(a)(7)"]


async def test_an_ascmi_that_shares_nothing_is_a_denial(clerk: Caller, nurse: Caller, nora: str, told: Told) -> None:
    await verified(clerk, nurse, nora)
    no = dict.fromkeys(("substance_use", "mental_health", "physical_health"), "do_not_share")
    answer = await entered(clerk, nora, filled=ASCMI | {"answers": no})
    assert answer["reads"]["es"].startswith("Usted dijo que no.")
    assert (await told(nora))["outcome"] == "deny"


async def test_the_ascmi_revocation_takes_back_the_ascmi_and_not_other_consents(
    clerk: Caller, nurse: Caller, nora: str, told: Told
) -> None:
    await verified(clerk, nurse, nora, filled=ASCMI)
    revocation = {"form": "ascmi_revocation", "signed_on": "2026-02-01"}
    await entered(clerk, nora, filled=revocation)
    assert (await told(nora))["outcome"] == "deny"
    await verified(clerk, nurse, nora)
    assert (await told(nora))["outcome"] == "permit"


async def test_the_medi_cal_form_carries_nothing_for_somebody_without_medi_cal(clerk: Caller, nora: str) -> None:
    filled = {
        "form": "ascmi_ab133",
        "signed_on": "2026-01-20",
        "answers": {"organization": ["harbor"], "substance_use": "share", "expires": "when_revoked"},
    }
    answer = await entered(clerk, nora, filled=filled)
    assert [each["code"] for each in answer["lacks"]] == ["california.form"]


@pytest.mark.parametrize(
    ("filled", "field"),
    [
        ({"form": "a-napkin"}, "filled.form"),
        ({"signed_on": "2019-01-01"}, "filled.signed_on"),
        ({"signed_on": "yesterday"}, "filled.signed_on"),
        ({"answers": {"favourite_colour": "green"}}, "filled.answers"),
        ({"answers": {"substance_use": "maybe"}}, "filled.answers.substance_use"),
        ({"answers": {"expires": ["2027-01-01", "when_revoked"]}}, "filled.answers.expires"),
        ({"answers": {"organization": ["nowhere"]}}, "discloser"),
    ],
)
async def test_what_the_form_cannot_say_is_refused_by_its_field(
    clerk: Caller, nora: str, filled: dict[str, Any], field: str
) -> None:
    answer = await clerk("POST", "/v1/consents", {"member": nora, "filled": ASCMI | filled})
    assert (answer.status, answer.json["field"]) == (400, field)


async def test_one_thing_is_recorded_at_a_time(clerk: Caller, nora: str) -> None:
    both = {"member": nora, "consent": TPO, "denial": {"signed_on": "2026-02-01"}}
    assert (await clerk("POST", "/v1/consents", both)).json["field"] == "consent"
    assert (await clerk("POST", "/v1/consents", {"member": nora})).json["field"] == "consent"
