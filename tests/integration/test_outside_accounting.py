"""What was told outside of the hub, in all that is answered from the log: accounting, list, letter, events, holds."""

import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from hub.bases import evidence
from hub.compliance import accounting, atna, audit_events, log, questions
from hub.compliance.audit_events import Asked
from hub.compliance.exports import streams
from hub.compliance.exports.streams import Ask
from hub.compliance.letters import accounting as letters
from hub.compliance.log import Wanted
from hub.crypto.ledger import LedgerEntry
from hub.crypto.proof import Proof
from hub.ledger.proofs import public_keys
from hub.ledger.sequencer import Sequencer
from hub.outside import corrections, showing
from hub.retention import destruction, holds
from hub.retention.schedule import published
from hub.storage import tables
from hub.storage.statements import Returning
from tests.disclosures import a_county
from tests.integration.test_letters import a_request, attached, text_of
from tests.outsides import BY_TELEPHONE, CLERK, HOUR_US, WORDS, record
from tests.registers import do
from tests.scenes import FORM, Scene

OLD = msgspec.structs.replace(FORM, signed_on="2020-01-15")
TO_FAMILY = msgspec.structs.replace(
    OLD, recipients=({"as_written": "Rosalba Quintanar"},), purposes=("family_information",)
)
SISTER = {
    "somebody": {"name": "Rosalba Quintanar", "address": "4 Elm Row, Meridian, CA 95400"},
    "purpose": "family_information", "information": ["attendance"],
}  # fmt: skip
YEAR_US = 365 * 24 * HOUR_US + 6 * HOUR_US


@pytest.fixture
async def county(migrated_url: str) -> AsyncIterator[Scene]:
    async with a_county(migrated_url) as scene:
        yield scene


async def lines_of(scene: Scene, **asked: Any) -> tuple[accounting.Line, ...]:
    return (await accounting.account(scene.hub, scene.member, "harbor", at=scene.hub.clock.now() + 1, **asked)).lines


async def test_a_call_for_treatment_is_no_disclosure_through_an_electronic_record(county: Scene) -> None:
    await county.consent(OLD)
    await record(county)
    assert await lines_of(county) == (), "2.25(b)"
    (line,) = await lines_of(county, scope="all")
    assert (line.way, line.certain, line.law) == ("telephone", True, "")


async def test_a_call_to_the_family_under_a_consent_is_accounted_for_with_name_and_address(county: Scene) -> None:
    await county.consent(TO_FAMILY)
    await record(county, **SISTER)
    (line,) = await lines_of(county)
    assert (line.law, line.permitted, line.way) == ("2.25", True, "telephone")
    assert (line.recipient_name, line.address) == ("Rosalba Quintanar", "4 Elm Row, Meridian, CA 95400")


async def test_three_calls_to_three_relatives_stay_three_lines(county: Scene) -> None:
    for n, name in enumerate(("Ana", "Eva", "Ida")):
        await record(county, key=f"k{n}", **SISTER | {"somebody": {"name": name}})
    assert [line.count for line in await lines_of(county)] == [1, 1, 1]


async def test_what_was_told_on_paper_is_not_counted_among_the_calls(county: Scene) -> None:
    for n, way in enumerate(("telephone", "telephone", "paper")):
        await record(county, key=f"k{n}", ago_us=(n + 1) * HOUR_US, **BY_TELEPHONE | {"way": way})
    assert [(line.way, line.count) for line in await lines_of(county)] == [
        ("paper", 1), ("telephone", 1), ("telephone", 1),
    ]  # fmt: skip


async def test_an_emergency_by_telephone_is_accounted_for_like_one_through_the_hub(county: Scene) -> None:
    await record(county, **BY_TELEPHONE)
    (line,) = await lines_of(county)
    assert (line.law, line.bases, line.recipient) == ("164.528", ("emergency",), "emergency-room")


async def test_what_was_not_permitted_is_accounted_for_whatever_its_purpose(county: Scene) -> None:
    await county.consent(OLD)
    await record(county, recipient="sunrise")
    (line,) = await lines_of(county)
    assert (line.law, line.permitted) == ("164.528", False)


async def test_a_record_that_stands_no_more_is_not_accounted_for(county: Scene) -> None:
    first = await record(county, **BY_TELEPHONE)
    second = await record(county, key="k2", corrects=first.id, reason="It was at noon", **BY_TELEPHONE)
    assert [line.disclosures for line in await lines_of(county)] == [(second.id,)]
    await corrections.retract(county.hub, second.id, "not_made", organization="harbor", by="harbor/clerk")
    assert await lines_of(county) == ()


async def test_an_intermediarys_list_has_what_was_told_under_a_general_designation(county: Scene) -> None:
    await county.consent(OLD)
    await record(county)
    general = "UPDATE consent SET kind = 'intermediary' RETURNING 1"
    await county.hub.database.returning(Returning(general, general), ())
    found = await accounting.intermediary_list(county.hub, county.member, "harbor", at=county.hub.clock.now() + 1)
    assert [line.recipient for line in found.lines] == ["lantern"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("by telephone", "on paper", "We wrote this down on ", "Tobias Wexcombe, Superior Court of Meridian",
                "12 Quay Street", "Our records do not show that the law allowed all of this.", "medical emergency")),
        ("es", ("por teléfono", "en papel", "Lo anotamos el ", "Tobias Wexcombe, Superior Court of Meridian",
                "Nuestros registros no muestran que la ley permitiera todo esto.", "emergencia médica")),
    ],
)  # fmt: skip
async def test_the_letter_says_how_it_was_told_and_when_it_was_written_down_with_a_proof_of_each(
    county: Scene, language: str, said: tuple[str, ...]
) -> None:
    await record(county, ago_us=48 * HOUR_US, **BY_TELEPHONE)
    await record(county, key="k2", somebody=CLERK, way="paper", purpose="criminal_proceeding", notice=None, scope=None)
    await Sequencer(county.hub.database, county.hub.ring, county.hub.clock).finish()
    made = await letters.answer(county.hub, await a_request(county, language=language), "harbor")
    text = text_of(made.pdf)
    assert [each for each in said if each not in text] == []
    files = attached(made.pdf)
    assert len(files) == 2, "proved by what the ledger took when it was recorded"
    for proof in files.values():
        read = Proof.parse(proof.decode())
        read.verify(public_keys(county.hub.ring))
        assert b'"disclosure.recorded"' in read.line


async def test_calls_that_were_written_down_on_several_days_are_not_said_to_be_of_the_last_one(county: Scene) -> None:
    for n in range(3):
        await record(county, key=f"k{n}", ago_us=(48 + 24 * n) * HOUR_US, **BY_TELEPHONE)
        county.hub.clock.ahead += 24 * HOUR_US  # type: ignore[attr-defined]
    made = await letters.answer(county.hub, await a_request(county), "harbor")
    text = text_of(made.pdf)
    assert "3 times" in text
    assert "We wrote these down one after another, the last on " in text
    assert "We wrote this down" not in text


async def test_the_five_questions_are_answered_about_it(county: Scene) -> None:
    made = await record(county, **BY_TELEPHONE)
    await Sequencer(county.hub.database, county.hub.ring, county.hub.clock).finish()
    permitted = await questions.permitted(county.hub, made.id, "harbor", asker="harbor/privacy")
    assert "could be disclosed" in permitted["decision"]["explanation"][0]["text"]
    assert "disclosure.recorded" in [each["kind"] for each in permitted["ledger"]]
    necessary = await questions.necessary(county.hub, made.id, "harbor", asker="harbor/privacy")
    assert necessary["items"][0]["information"] == "medications"


async def test_every_record_is_an_audit_event_and_names_nobody(county: Scene) -> None:
    await record(county, **BY_TELEPHONE)
    first = await record(county, key="k2", somebody=CLERK, way="paper", purpose="criminal_proceeding")
    await record(
        county, key="k3", corrects=first.id, somebody=CLERK, way="paper", purpose="housing", reason="So it was"
    )
    page = await audit_events.search(county.hub, Asked(wanted=Wanted(organization="harbor")), "harbor")
    outcomes = sorted((event["outcome"], event["outcomeDesc"]) for event in page.events)
    assert [code for code, _ in outcomes] == ["0", "0", "8"]
    text = json.dumps(page.events)
    assert [each for each in WORDS if each in text] == []
    for event in page.events:
        AuditEvent.model_validate_json(json.dumps(event))
        assert {detail["type"] for detail in event["entity"][1]["detail"]} == {"way", "recorded-afterwards"}
    theirs = await audit_events.search(county.hub, Asked(wanted=Wanted()), "emergency-room")
    assert theirs.events == [], "what somebody else wrote down about a call is no event of the one who was called"


async def test_the_audit_repository_hears_of_it_with_the_time_at_which_it_was_made(county: Scene) -> None:
    await record(county, ago_us=72 * HOUR_US, **BY_TELEPHONE)
    columns = [
        getattr(tables.LedgerEntry, name) for name in ("id", "at", "kind", "member_id", "reference", "body", "salt")
    ]
    (row,) = [row for row in await county.rows(*columns) if row[2] == "disclosure.recorded"]
    entry, body = LedgerEntry(*row), json.loads(row[5])
    said = (atna.message(entry, body, "hub") or b"").decode()
    assert 'csd-code="110106"' in said
    assert f'EventDateTime="{atna.instant(body["made_at"]).isoformat(timespec="milliseconds")}"' in said
    assert "telephone" in said


async def test_an_export_says_how_when_and_by_whom_it_was_recorded(county: Scene) -> None:
    await record(county, **BY_TELEPHONE)
    (row,) = [row async for row in streams.log_rows(county.hub, Ask(Wanted(organization="harbor")))]
    assert (row["way"], row["recorded_by"], row["permitted"]) == ("telephone", "harbor/clerk", True)
    assert row["recorded_at"] > row["intended_at"]


async def test_the_log_has_it_where_it_was_made_though_it_was_written_down_later(county: Scene) -> None:
    last = await record(county, key="k2", ago_us=HOUR_US, **BY_TELEPHONE)
    first = await record(county, ago_us=72 * HOUR_US, **BY_TELEPHONE)
    assert [row["id"] for row in await log.page(county.hub, Wanted())] == [last.id, first.id]
    long_ago = county.hub.clock.now() - 48 * HOUR_US
    assert [row["id"] for row in await log.page(county.hub, Wanted(until=long_ago))] == [first.id]


async def test_the_log_is_narrowed_by_how_it_was_told_and_by_how_it_stands(county: Scene) -> None:
    made = await record(county, **BY_TELEPHONE)
    await record(county, key="k2", somebody=CLERK, way="paper", purpose="criminal_proceeding")
    for wanted in (Wanted(channel="telephone"), Wanted(basis="emergency", state="recorded")):
        assert [row["id"] for row in await log.page(county.hub, wanted)] == [made.id]
    assert await log.page(county.hub, Wanted(channel="fax")) == []
    assert await log.page(county.hub, Wanted(party="emergency-room")) == []


async def test_what_was_told_is_destroyed_after_its_period_unless_it_is_held(county: Scene) -> None:
    made = await record(county, **BY_TELEPHONE)
    ((work,),) = await county.rows(tables.WorkItem.id)
    close = f"UPDATE work_item SET state = 'closed' WHERE id = '{work}' RETURNING 1"
    await county.hub.database.returning(Returning(close, close), ())
    county.hub.clock.ahead = 11 * YEAR_US  # type: ignore[attr-defined]
    hold = await holds.place(county.hub, "member", county.member, "CV-1", by="m.ortiz")
    assert (await destruction.run(county.hub, published(), by="m.ortiz", dry=False)).destroyed["evidence"] == 0
    await holds.lift(county.hub, hold, by="m.ortiz")
    assert (await destruction.run(county.hub, published(), by="m.ortiz", dry=False)).destroyed["evidence"] == 1
    assert (await evidence.read(county.hub, made.id))["outside"] == {"destroyed": True}
    shown = await showing.whole(county.hub, made.id, "harbor", by="harbor/privacy")
    assert (shown["words"], shown["way"]) == (None, "telephone"), "that it was made, and how, stays on record"


async def test_who_a_member_is_goes_in_its_time_though_something_was_told_outside_of_the_hub(county: Scene) -> None:
    await record(county, **BY_TELEPHONE)
    close = "UPDATE work_item SET state = 'closed' RETURNING 1"
    await county.hub.database.returning(Returning(close, close), ())
    county.hub.clock.ahead = 22 * YEAR_US  # type: ignore[attr-defined]
    ran = await destruction.run(county.hub, published(), by="m.ortiz", dry=False)
    assert (ran.destroyed["evidence"], ran.destroyed["member"]) == (1, 1)


async def test_the_answer_that_went_out_lists_it(county: Scene) -> None:
    await record(county, **BY_TELEPHONE)
    matter = await a_request(county)
    await do(county, matter, "note", reason="Asked at the desk")
    made = await letters.answer(county.hub, matter, "harbor")
    assert "information about you once" in text_of(made.pdf)
