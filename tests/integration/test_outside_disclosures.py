"""Disclosures made by telephone, on paper or face to face: recorded afterwards, whatever the rules say of them."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
import pytest

from hub import choices
from hub.bases import evidence
from hub.compliance import attempts, log, matters, on_registers
from hub.compliance.duties import Duties
from hub.compliance.log import Wanted
from hub.compliance.on_registers import Listed
from hub.crypto.identifiers import hash_submission_key
from hub.errors import Conflict, Malformed, NotAvailable
from hub.inbound import matching
from hub.model import MemberIdentity
from hub.outside import corrections, showing
from hub.outside.judging import asked_by
from hub.outside.manifest import read_outside
from hub.storage import consents, outside, restrictions
from hub.storage.restrictions import RestrictionForm
from hub.storage.statements import Returning
from hub.storage.tables import LedgerEntry, Matter, MatterPerson, Outbox, OutsideDisclosure, Submission, WorkItem
from hub.waiting import items
from tests.api import an_api
from tests.disclosures import AUDIT, ORDER, PAPER, SUBPOENA, a_county
from tests.outsides import BY_TELEPHONE, CALL, CLERK, HOUR_US, record, recorded, said
from tests.registers import at, do
from tests.scenes import BORN, FORM, NAME, Scene, happens_before

DAY_US = 24 * HOUR_US
OLD = msgspec.structs.replace(FORM, signed_on="2020-01-15")


@pytest.fixture
async def county(migrated_url: str) -> AsyncIterator[Scene]:
    async with a_county(migrated_url) as scene:
        yield scene


async def entries(scene: Scene, kind: str) -> list[dict[str, Any]]:
    rows = await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.body)
    return [msgspec.json.decode(body) for _, each, body in rows if each == kind]


async def work(scene: Scene) -> dict[str, str]:
    return dict(map(tuple, await scene.rows(WorkItem.kind, WorkItem.code)))


async def open_about(scene: Scene) -> set[tuple[str, str]]:
    """What of each disclosure waits for somebody."""
    rows = await scene.rows(WorkItem.reference, WorkItem.kind, WorkItem.state)
    return {(reference, kind) for reference, kind, state in rows if state == "open"}


async def test_a_call_under_a_consent_is_recorded_with_what_the_rules_say_of_it(county: Scene) -> None:
    consent = await county.consent(OLD)
    made = await record(county, consent=consent)
    assert (made.outcome, made.missing, made.matter) == ("permit", (), None)
    (row,) = await log.page(county.hub, Wanted(member=county.member))
    assert (row["id"], row["state"], row["counts"], row["consents"]) == (made.id, "recorded", True, [consent])
    assert row["outside"]["way"] == "telephone"
    assert row["intended_at"] == row["outside"]["made_at"] < row["outside"]["recorded_at"]
    assert row["attempts"] == []


async def test_the_ledger_holds_it_in_codes_under_a_kind_of_its_own(county: Scene) -> None:
    await county.consent(OLD)
    made = await record(county)
    (body,) = await entries(county, "disclosure.recorded")
    assert body["way"] == "telephone"
    assert body["outcome"] == "permit"
    assert body["information"] == ["medications"]
    assert (body["notice"], body["scope"], body["by"]) == ("sent_after", "copy", "harbor/clerk")
    (row,) = await county.rows(OutsideDisclosure.id, OutsideDisclosure.made_at)
    assert tuple(row) == (made.id, body["made_at"])
    (evidence,) = await entries(county, "basis.stated")
    assert set(evidence["evidence"]) == {"outside"}, "the ledger binds what was told by its digest"


async def test_what_was_not_permitted_is_recorded_too_and_opens_a_breach_with_its_clocks(county: Scene) -> None:
    made = await record(county)
    assert made.outcome == "deny"
    assert made.matter is not None
    matter = await matters.read(county.hub, made.matter, "harbor", "breach")
    assert matter["reference"] == made.id
    assert {clock["name"] for clock in matter["clocks"]} >= {"breach.individuals"}
    (row,) = await log.page(county.hub, Wanted(member=county.member))
    assert (row["counts"], row["permitted"]) == (True, False), "it happened, whatever the rules say"
    assert await attempts.denied(county.hub, "harbor") == [], "nothing was withheld"


async def test_the_rules_are_asked_about_the_moment_when_it_was_made(county: Scene) -> None:
    consent = await county.consent(OLD)
    await consents.revoke(county.hub, consent, how="written", by="harbor", at=county.hub.clock.now() - 2 * HOUR_US)
    before = await record(county, ago_us=3 * HOUR_US, key="before")
    after = await record(county, ago_us=HOUR_US, key="after")
    assert (before.outcome, after.outcome) == ("permit", "deny")


async def test_a_restriction_agreed_to_afterwards_says_nothing_of_what_was_told_before(county: Scene) -> None:
    await county.consent(OLD)
    county.hub.clock.ahead = 2 * HOUR_US  # type: ignore[attr-defined]
    await restrictions.restrict(county.hub, county.member, RestrictionForm(against=("lantern",)), by="harbor")
    made = await record(county, ago_us=HOUR_US)
    assert made.outcome == "permit"
    assert "restrictions" in made.later, "nobody kept since when it was agreed to"
    county.hub.clock.ahead += HOUR_US  # type: ignore[attr-defined]
    assert (await record(county, ago_us=1, key="k2")).outcome == "deny"


async def test_what_the_hub_learned_later_is_named_as_such(county: Scene) -> None:
    await county.consent(OLD)
    made = await record(county, ago_us=30 * DAY_US)
    assert made.later == ("member", "consents", "directory")
    county.hub.clock.ahead = HOUR_US  # type: ignore[attr-defined]
    assert (await record(county, ago_us=1_000_000, key="k2")).later == ()


async def test_an_emergency_by_telephone_has_the_record_of_2_51_c_and_its_review(county: Scene) -> None:
    made = await record(county, **BY_TELEPHONE)
    assert (made.outcome, made.missing, made.matter) == ("permit", (), None)
    from hub.compliance import emergencies

    (row,) = await emergencies.register(county.hub, "harbor")
    assert row["id"] == made.id
    assert row["review"]["state"] == "open"
    found = await emergencies.record(county.hub, made.id, "harbor", by="harbor/officer")
    assert found["recipient_name"] == "Dr. Ida Fennimore"
    assert found["disclosed_at"] == row["intended_at"], "when it was told, not when it was written down"
    assert found["missing"] == []


async def test_an_emergency_whose_nature_nobody_has_written_down_yet_is_asked_for(county: Scene) -> None:
    emergency = BY_TELEPHONE["emergency"] | {"nature": ""}  # type: ignore[operator]
    made = await record(county, **BY_TELEPHONE | {"emergency": emergency})
    assert made.missing == ("2.51(c)(4)",)
    assert (await work(county))["emergency_review"] == "2.51 2.51(c)(4)"


@pytest.mark.parametrize("notice", ["said", "none", "not_known", None])
async def test_a_call_without_the_written_notice_leaves_it_to_be_sent(county: Scene, notice: str | None) -> None:
    await county.consent(OLD)
    made = await record(county, notice=notice, scope="explained")
    assert made.missing == ("2.32(a)",)
    assert await work(county) == {"notice_owed": "2.32(a)"}
    (row,) = await county.rows(OutsideDisclosure.id, OutsideDisclosure.notice)
    assert row[1] == (notice or ""), "no answer is made up"


@pytest.mark.parametrize("scope", ["none", "not_known", None])
async def test_a_call_without_the_consent_or_what_it_covers_leaves_that_to_be_sent(
    county: Scene, scope: str | None
) -> None:
    await county.consent(OLD)
    made = await record(county, notice="handed", scope=scope)
    assert made.missing == ("2.32(b)",)
    assert await work(county) == {"notice_owed": "2.32(b)"}


async def test_a_question_of_law_that_counsel_has_answered_since_is_named(county: Scene) -> None:
    await county.consent(OLD)
    change = await choices.propose(county.hub, "D2", "written", "counsel_opinion", by="county/ana")
    assert "choices" not in (await record(county)).later, "it is only proposed"
    await choices.confirm(county.hub, change, by="county/omar")
    assert "choices" in (await record(county, key="k2")).later
    county.hub.clock.ahead = HOUR_US  # type: ignore[attr-defined]
    assert "choices" not in (await record(county, key="k3", ago_us=1_000_000)).later


def test_what_the_rules_ask_for_besides_is_taken_over_from_the_record() -> None:
    said = {
        "member": {"id": "m"}, "made_at": "2026-03-06T09:30:00-08:00", "recipient": "lantern",
        "relationship": "treating", "service": "methadone", "calaim": True, "agreements": ["dpa"],
    }  # fmt: skip
    asked = asked_by(read_outside(msgspec.json.encode(CALL | said)))
    assert (asked.relationships, asked.service, asked.calaim) == ({"lantern": "treating"}, "methadone", True)
    assert asked.agreements == ("dpa",)


async def test_a_court_officer_who_is_in_no_directory_is_named_under_the_seal_only(county: Scene) -> None:
    made = await record(county, somebody=CLERK, way="paper", purpose="criminal_proceeding", information=["attendance"])
    assert made.outcome == "deny"
    shown = await showing.whole(county.hub, made.id, "harbor", by="harbor/officer")
    assert shown["words"]["somebody"]["name"] == "Tobias Wexcombe"
    (row,) = await log.page(county.hub, Wanted(member=county.member))
    assert row["recipient_name"] == "somebody outside of the directory"
    (look,) = [each for each in await entries(county, "access.viewed") if each["what"] == "outside_record"]
    assert look["by"] == "harbor/officer"


async def test_a_consent_that_names_a_person_in_writing_reaches_that_very_person(county: Scene) -> None:
    named = msgspec.structs.replace(
        OLD, recipients=({"as_written": "Tobias Wexcombe"},), purposes=("family_information",)
    )
    await county.consent(named)
    told = {"way": "face_to_face", "purpose": "family_information", "information": ["attendance"]}
    assert (await record(county, somebody={"name": "Tobias Wexcombe"}, **told)).outcome == "permit"
    assert (await record(county, somebody={"name": "Toby Wexcombe"}, key="k2", **told)).outcome == "deny"


async def test_a_courts_order_is_reviewed_with_its_paper(county: Scene) -> None:
    papers = {"paper": PAPER}
    told = {"recipient": "superior-court", "purpose": "civil_proceeding", "information": ["attendance"]}
    mandated = ORDER | {"mandate": "Subpoena 7"}
    made = await record(county, order=mandated, documents=papers, against="third_party", **told)
    assert made.outcome == "permit"
    assert (await work(county))["order_review"] == "2.61"
    stated = await evidence.read(county.hub, made.id)
    assert stated["order.document"]["bytes"] == len(PAPER)


async def test_a_courts_order_may_name_somebody_who_is_in_no_directory_and_its_paper_may_lie_elsewhere(
    county: Scene,
) -> None:
    told = {"somebody": CLERK, "purpose": "civil_proceeding", "information": ["attendance"], "against": "third_party"}
    made = await record(county, order=ORDER | {"mandate": "Subpoena 7", "recipients": ["~outside"]}, **told)
    assert made.outcome == "permit"
    assert set(await evidence.read(county.hub, made.id)) == {"order", "outside", "disclosed_at"}


TO_COURT = {"recipient": "superior-court", "purpose": "civil_proceeding", "information": ["attendance"]}
FOR_COURT = msgspec.structs.replace(
    OLD, kind="proceeding", purposes=("civil_proceeding",), recipients=("superior-court",),
    states_redisclosure_rule=False, expires="2099-12-31",
)  # fmt: skip


async def test_what_went_to_a_proceeding_under_a_consent_is_reviewed_as_nobody_looked_first(county: Scene) -> None:
    """§2.31(d): through the hub a person looks before it leaves, on such a consent."""
    await county.consent(FOR_COURT)
    made = await record(county, **TO_COURT)
    assert (made.outcome, made.matter) == ("permit", None)
    assert (await work(county))["proceeding_review"] == "2.12(d)(1)"
    await corrections.retract(county.hub, made.id, "not_made", organization="harbor", by="harbor/clerk")
    assert await open_about(county) == set()


async def test_a_subpoena_and_an_order_are_reviewed_also_where_they_did_not_carry_what_went(county: Scene) -> None:
    await county.consent(FOR_COURT)
    both = {"order": ORDER | {"criteria": []}, "demand": SUBPOENA, "documents": {"paper": PAPER}}
    made = await record(county, **both, **TO_COURT)
    assert (made.outcome, made.matter) == ("permit", None)
    assert {kind for _, kind in await open_about(county)} == {"order_review", "demand_review"}


async def test_what_no_rule_permitted_is_looked_into_once(county: Scene) -> None:
    """As a breach; a review of the same facts beside it would be nobody's."""
    made = await record(county, **TO_COURT)
    assert made.matter is not None
    assert await open_about(county) == set()


async def test_what_waits_for_a_person_for_another_reason_is_reviewed_with_why(county: Scene) -> None:
    """§2.31(b)(2): a consent that lists counseling notes beside other classes."""
    await county.consent(msgspec.structs.replace(OLD, information=("counseling_notes", "medications")))
    made = await record(county)
    assert (made.outcome, await work(county)) == ("permit", {"unseen_review": "consent"})


TO_PLAN = msgspec.structs.replace(
    OLD, kind="tpo", purposes=("treatment", "payment", "operations"), recipients=("sunrise",)
)
FROM_HARBOR = {"discloser": "sunrise", "recipient": "valley-clinic", "source": "harbor"}


async def test_what_came_with_a_consent_and_was_told_on_is_traced_to_it(county: Scene) -> None:
    """§2.33(b)(1): a covered entity passes on what came with a TPO consent as HIPAA permits."""
    consent, since = await county.consent(TO_PLAN), at(county, 2)
    made = await record(county, **FROM_HARBOR, held_under=consent, received=since)
    assert (made.outcome, "2.33(b)(1)" in made.laws) == ("permit", True)
    shown = await showing.whole(county.hub, made.id, "sunrise", by="sunrise/officer")
    received = round(datetime.fromisoformat(since).timestamp() * 1_000_000)
    assert [shown[name] for name in ("source", "held_under", "received")] == ["harbor", consent, received]
    (bound,) = await entries(county, "disclosure.recorded")
    assert (bound["source"], bound["held_under"], bound["received"]) == ("harbor", consent, since)


async def test_what_was_held_as_it_should_not_have_been_was_not_to_be_told(county: Scene) -> None:
    made = await record(county, **FROM_HARBOR, held_under="mistake")
    assert made.outcome == "deny"
    assert made.matter is not None
    again = await record(county, key="k2", **FROM_HARBOR | {"source": "unknown"})
    assert again.outcome == "deny", "nobody knows where it comes from"


async def test_an_audit_on_the_premises_rests_on_its_agreement(county: Scene) -> None:
    told = {"recipient": "state-auditor", "way": "on_site", "purpose": "audit", "information": ["billing"]}
    made = await record(county, audit=AUDIT, **told)
    assert made.outcome == "permit"
    assert "agreements" in made.later, "of agreements no history is kept"


async def test_nothing_of_a_record_ever_waits_to_leave(county: Scene) -> None:
    await record(county, **BY_TELEPHONE)
    county.hub.clock.ahead = 30 * DAY_US  # type: ignore[attr-defined]
    assert await county.dispatch_all() == []
    assert [tuple(row) for row in await county.rows(Outbox.state)] == [("recorded",)]


async def test_the_same_key_and_words_are_one_record(county: Scene) -> None:
    await county.consent(OLD)
    raw = said(county, recipient="lantern", notice="said")
    first, second = await recorded(county, raw), await recorded(county, raw)
    assert first == second
    assert len(await county.rows(OutsideDisclosure.id)) == 1
    with pytest.raises(Conflict) as refused:
        await recorded(county, said(county, recipient="valley-clinic"))
    assert refused.value.detail_code == "idempotency-key-reused"


async def test_a_correction_is_a_record_of_its_own_and_the_first_counts_no_more(county: Scene) -> None:
    await county.consent(OLD)
    first = await record(county)
    second = await record(county, key="k2", corrects=first.id, information=["diagnosis"], reason="It was her diagnosis")
    rows = {row["id"]: row for row in await log.page(county.hub, Wanted(member=county.member))}
    assert (rows[first.id]["state"], rows[first.id]["counts"]) == ("corrected", False)
    assert rows[first.id]["description"] == "medications", "nothing was edited"
    assert (rows[second.id]["state"], rows[second.id]["outside"]["corrects"]) == ("recorded", first.id)
    again = {"key": "k3", "corrects": first.id, "reason": "Once more"}
    with pytest.raises(Conflict):
        await record(county, **again)
    assert len(await entries(county, "disclosure.recorded")) == 2


async def test_its_key_is_found_as_any_submissions_key_is(county: Scene) -> None:
    """Also after the upgrade that made the keys of before shorter (migration 0036)."""
    await record(county)
    ((key,),) = await county.rows(Submission.idempotency)
    assert key == hash_submission_key(county.hub.ring, "outside:harbor", "k1")
    assert len(key) == 16


async def test_of_two_corrections_at_once_one_counts(county: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await county.consent(OLD)
    first = await record(county)
    happens_before(
        county, monkeypatch, outside.END, lambda: record(county, key="k2", corrects=first.id, reason="The first")
    )
    with pytest.raises(Conflict):
        await record(county, key="k3", corrects=first.id, reason="The second")
    assert len(await county.rows(OutsideDisclosure.id)) == 2


async def test_a_correction_stays_with_the_matter_that_the_first_record_opened(county: Scene) -> None:
    first = await record(county)
    second = await record(county, key="k2", corrects=first.id, reason="It was on Monday")
    assert second.matter == first.matter
    assert len(await county.rows(Matter.id)) == 1


async def test_a_correction_that_it_was_somebody_else_opens_a_matter_about_that_person(county: Scene) -> None:
    first, before = await record(county), county.member
    await county.next_member()
    second = await record(county, key="k2", corrects=first.id, reason="It was her sister")
    people = dict(map(tuple, await county.rows(MatterPerson.matter_id, MatterPerson.member_id)))
    assert people == {first.matter: before, second.matter: county.member}, "each of them may have to be told"


async def test_a_matter_that_is_closed_while_somebody_corrects_is_no_longer_one_that_looks_into_it(
    county: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await record(county)
    close = "UPDATE matter SET state = 'closed' RETURNING 1"
    happens_before(county, monkeypatch, outside.END, lambda: county.hub.database.returning(Returning(close, close), ()))
    second = await record(county, key="k2", corrects=first.id, reason="It was on Monday")
    assert second.matter not in (None, first.matter)


async def test_what_stands_no_more_asks_nobody_for_its_notice_or_its_review(county: Scene) -> None:
    await county.consent(OLD)
    first = await record(county, notice="said")
    second = await record(county, key="k2", corrects=first.id, notice="none", reason="It was not even said")
    assert await open_about(county) == {(second.id, "notice_owed")}
    await corrections.retract(county.hub, second.id, "not_made", organization="harbor", by="harbor/clerk")
    assert await open_about(county) == set(), "a notice would tell somebody what they were never told"
    call = await record(county, key="k3", **BY_TELEPHONE)
    again = await record(county, key="k4", corrects=call.id, reason="It was at noon", **BY_TELEPHONE)
    assert await open_about(county) == {(again.id, "emergency_review")}


async def test_an_incident_that_a_review_has_found_stays_open_when_the_record_is_corrected(county: Scene) -> None:
    call = await record(county, **BY_TELEPHONE)
    ((work,),) = await county.rows(WorkItem.id)
    await items.close(county.hub, work, "incident", organization="harbor", by="harbor/privacy")
    await corrections.retract(county.hub, call.id, "not_made", organization="harbor", by="harbor/clerk")
    assert await open_about(county) == {(call.id, "incident")}


async def test_a_record_of_what_never_was_is_taken_back_and_stays_to_be_seen(county: Scene) -> None:
    await county.consent(OLD)
    made = await record(county)
    who = MemberIdentity(given=NAME[0], family=NAME[1], born=BORN)
    assert (await matching.member_of(county.hub, who, "lantern")).member == county.member
    await corrections.retract(county.hub, made.id, "duplicate", organization="harbor", by="harbor/clerk")
    (row,) = await log.page(county.hub, Wanted(member=county.member))
    assert (row["state"], row["counts"], row["outside"]["mistaken"]) == ("mistaken", False, "duplicate")
    named = await matching.member_of(county.hub, who, "lantern")
    assert named.code == "member.unknown", "who was told of nobody learns of nobody by asking"
    assert await entries(county, "disclosure.mistaken") == [{"by": "harbor/clerk", "mistake": "duplicate"}]
    with pytest.raises(Conflict):
        await corrections.retract(county.hub, made.id, "not_made", organization="harbor", by="harbor/clerk")
    with pytest.raises(NotAvailable):
        await corrections.retract(county.hub, made.id, "not_made", organization="lantern", by="lantern/clerk")
    other = await record(county, key="k2")
    await corrections.retract(county.hub, other.id, "not_made", organization=None, by="county/officer")


async def test_over_http_a_system_learns_the_outcome_and_people_why(county: Scene) -> None:
    await county.consent(OLD)
    body = json.loads(said(county, recipient="lantern"))
    async with an_api(county.hub) as api:
        system, clerk = await api.caller("harbor"), await api.caller("harbor", "staff")
        assert (await system("POST", "/v1/disclosures", body)).json["code"] == "idempotency-key-missing"
        made = await system("POST", "/v1/disclosures", body, headers={"Idempotency-Key": "k1"})
        assert (made.status, made.json["outcome"], made.json["missing"]) == (201, "permit", [])
        assert "laws" not in made.json
        again = await clerk("POST", "/v1/disclosures", body, headers={"Idempotency-Key": "k1"})
        assert (again.json["id"], "2.31" in "".join(again.json["laws"])) == (made.json["id"], True)
        shown = await clerk("GET", made.headers["Location"])
        assert shown.json["words"]["told"] == CALL["told"]
        assert (await system("GET", made.headers["Location"])).status == 403
        foreseen = await clerk("POST", "/v1/disclosures/preview?language=es", body | {"recipient": "sunrise"})
        assert (foreseen.json["outcome"], foreseen.json["opens_matter"]) == ("deny", True)
        assert "no se podía divulgar" in foreseen.json["explanation"][0]["text"]
        assert len(await county.rows(OutsideDisclosure.id)) == 1, "a preview writes nothing"
        retracted = await clerk("POST", f"/v1/disclosures/{made.json['id']}/retract", {"mistake": "duplicate"})
        assert retracted.status == 204


async def test_compliance_names_whose_disclosure_it_was_and_nobody_else_does(county: Scene) -> None:
    await county.consent(OLD)
    body, key = json.loads(said(county, recipient="lantern")), {"Idempotency-Key": "k1"}
    async with an_api(county.hub) as api:
        officer, stranger = await api.caller("county", "compliance"), await api.caller("lantern", "staff")
        path = "/v1/disclosures?organization=harbor"
        assert (await stranger("POST", path, body, headers=key)).status == 404
        assert (await officer("POST", path, body, headers=key)).status == 201
    (row,) = await log.page(county.hub, Wanted(organization="harbor"))
    assert row["outside"]["recorded_by"].startswith("county/")


async def test_whoever_was_told_by_telephone_hears_of_a_revocation_and_somebody_in_no_directory_by_hand(
    county: Scene,
) -> None:
    county.hub = replace(county.hub, duties=Duties(tells_earlier_recipients=True))
    named = ("lantern", {"as_written": "Tobias Wexcombe"})
    consent = await county.consent(msgspec.structs.replace(OLD, recipients=named))
    await record(county)
    await record(county, key="k2", somebody={"name": "Tobias Wexcombe"})
    await consents.revoke(county.hub, consent, how="written", by="harbor")
    found = await on_registers.listing(county.hub, Listed(frozenset({"harbor"}), "notice"))
    matters_of = {each["facts"]["recipient"]: each["id"] for each in found}
    assert set(matters_of) == {"lantern", "~outside"}
    with pytest.raises(Conflict) as refused:
        await do(county, matters_of["~outside"], "send", reason="As the county asks")
    assert refused.value.detail_code == "no-address"


async def test_nothing_in_the_future_is_recorded(county: Scene) -> None:
    with pytest.raises(Malformed) as refused:
        await record(county, ago_us=-HOUR_US)
    assert refused.value.field == "$.made_at"


async def test_an_organization_records_of_its_own_people_only(county: Scene) -> None:
    for somebody in ({"id": "0" * 32}, {"cin": "07654321A"}, {"id": county.member}):
        with pytest.raises(NotAvailable):
            await record(county, discloser="valley-clinic", member=somebody, by="valley-clinic/clerk")
    theirs = await record(county)
    with pytest.raises(NotAvailable):
        await showing.whole(county.hub, theirs.id, "sunrise", by="sunrise/clerk")
    with pytest.raises(NotAvailable):
        await record(county, discloser="sunrise", corrects=theirs.id, reason="Not ours", key="k2", by="sunrise/clerk")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"recipient": None}, "$.recipient"),
        ({"somebody": CLERK, "recipient": "lantern"}, "$.recipient"),
        ({"recipient": "nowhere"}, "$.recipient"),
        ({"recipient": "harbor"}, "$.recipient"),
        ({"purpose": "gossip"}, "$.purpose"),
        ({"information": ["everything"]}, "$.information"),
        ({"information": ["summary", "summary"]}, "$.information"),
        ({"somebody": CLERK | {"roles": ["king"]}, "recipient": None}, "$.somebody.roles"),
        ({"consent": "0" * 32}, "$.consent"),
        ({"source": "lantern"}, "$.held_under"),
        ({"source": "nowhere", "held_under": "patient"}, "$.source"),
        ({"source": "lantern", "held_under": "0" * 32}, "$.held_under"),
        ({"received": "yesterday"}, "$.received"),
        ({"received": "2099-01-01T00:00:00Z"}, "$.received"),
        ({"made_at": "yesterday"}, "$.made_at"),
        ({"made_at": "1950-01-01T00:00:00Z"}, "$.made_at"),
        ({"way": "pigeon"}, "$.way"),
        ({"told": " "}, "$.told"),
        ({"member": {}}, "$.member"),
        ({"corrects": "0" * 32}, "$.reason"),
        ({"agreements": ["nothing"]}, "$.agreements[0]"),
        (
            {"recipient": "state-auditor", "purpose": "audit", "audit": AUDIT | {"agreement": "nothing"}},
            "$.audit.agreement",
        ),
    ],
)
async def test_what_cannot_be_understood_names_the_field(county: Scene, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        await record(county, **{"recipient": "lantern"} | changes)
    assert refused.value.field == field
