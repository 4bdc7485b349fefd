"""Other bases than consent: each with its evidence, each on the ledger, each before a person; on both databases."""

import json
from typing import Any

import msgspec
import pytest

from hub.bases import evidence
from hub.errors import Conflict, Malformed
from hub.storage import consents, members
from hub.storage.consent_form import ConsentForm
from hub.storage.member_facts import MemberFacts
from hub.storage.tables import Decision, Evidence, LedgerEntry, Outbox, Submission, WorkItem
from hub.waiting import approvals, proposals
from tests import disclosures as d
from tests.disclosures import a_county, disclose
from tests.people import let_go
from tests.scenes import FORM, Scene

FREELY = [
    pytest.param("emergency-room", "medications", "treatment",
                 {"kind": "emergency_disclosure", "emergency": d.EMERGENCY}, "emergency_review", "emergency",
                 id="2.51-emergency"),
    pytest.param("child-protection", "abuse_report", "child_abuse_report", {"child_abuse": d.CHILD_ABUSE},
                 "child_abuse_review", "child_abuse", id="2.12(c)(6)-child-abuse"),
    pytest.param("county-police", "incident", "crime_report", {"crime": d.CRIME}, "crime_review", "crime",
                 id="2.12(c)(5)-crime"),
    pytest.param("state-auditor", "billing", "audit", {"audit": d.AUDIT}, "audit_review", "audit", id="2.53-audit"),
    pytest.param("laboratory", "tests", "treatment", {"qso": {"agreement": "lab-qsoa"}}, "qso_review", "qso",
                 id="2.12(c)(4)-qso"),
]  # fmt: skip


async def reasons(scene: Scene) -> list[str]:
    """Of the last decision, with its hold."""
    body = json.loads((await scene.rows(Decision.id, Decision.body))[-1][1])
    return [*body["reasons"], *(["hold"] if body["hold"] else [])]


async def open_work(scene: Scene) -> dict[str, str]:
    rows = await scene.rows(WorkItem.id, WorkItem.kind, WorkItem.state, WorkItem.due_at)
    assert all(due for _, kind, state, due in rows if state == "open" and kind != "unknown_outcome")
    return {kind: work for work, kind, state, _ in rows if state == "open"}


async def ledger(scene: Scene) -> list[tuple[str, dict[str, Any]]]:
    rows = await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.body)
    return [(kind, json.loads(body)) for _, kind, body in rows]


async def of_kind(scene: Scene, kind: str) -> list[dict[str, Any]]:
    return [body for found, body in await ledger(scene) if found == kind]


@pytest.mark.parametrize(("to", "information", "purpose", "basis", "review", "evidence_kind"), FREELY)
async def test_a_basis_with_its_evidence_discloses_and_is_reviewed_afterwards(
    migrated_url, to, information, purpose, basis, review, evidence_kind
):
    async with a_county(migrated_url) as scene:
        await disclose(scene, to, information, purpose=purpose, **basis)
        assert await open_work(scene) == {}
        assert await scene.dispatch_all() == ["delivered"]
        assert list(await open_work(scene)) == [review]
        (stated,) = await of_kind(scene, "basis.stated")
        assert set(stated["evidence"]) == {evidence_kind}
        ((ticket, disclosed_at),) = await scene.rows(Evidence.disclosure_id, Evidence.disclosed_at)
        assert disclosed_at is not None
        assert set(await evidence.read(scene.hub, ticket)) == {evidence_kind, "disclosed_at"}


@pytest.mark.parametrize(
    ("to", "information", "purpose", "field"),
    [
        ("child-protection", "abuse_report", "child_abuse_report", "$.child_abuse"),
        ("county-police", "incident", "crime_report", "$.crime"),
        ("probation", "attendance", "supervision", "$.supervision"),
        ("registry", "medications", "dual_enrollment", "$.registry"),
    ],
)
async def test_a_purpose_without_its_statement_is_not_taken(migrated_url, to, information, purpose, field):
    async with a_county(migrated_url) as scene:
        with pytest.raises(Malformed) as caught:
            await disclose(scene, to, information, purpose=purpose)
        assert caught.value.field == field
        assert await scene.rows(Submission.id) == []


@pytest.mark.parametrize(
    ("to", "information", "purpose", "basis", "why"),
    [
        # §2.51(a): by a clinician, when consent cannot be had, to medical personnel.
        ("emergency-room", "medications", "treatment", {"emergency": d.EMERGENCY | {"determined_by": "software"}},
         "emergency.not_determined"),
        ("emergency-room", "medications", "treatment", {"emergency": d.EMERGENCY | {"consent": "obtainable"}},
         "emergency.consent_obtainable"),
        ("county-police", "medications", "treatment", {"emergency": d.EMERGENCY}, "emergency.not_medical_personnel"),
        # §2.12(c)(6): the report, not the record behind it.
        ("child-protection", "assessment", "child_abuse_report", {"child_abuse": d.CHILD_ABUSE},
         "child_abuse.original_record"),
        # §2.12(c)(5): only the incident, and only of a crime on the premises or against personnel.
        ("county-police", "diagnosis", "crime_report", {"crime": d.CRIME}, "crime.beyond_incident"),
        ("county-police", "incident", "crime_report", {"crime": d.CRIME | {"kind": "elsewhere"}},
         "report.no_exception"),
        # §2.53, §2.52(a)
        ("state-auditor", "billing", "audit", {}, "audit.no_agreement"),
        ("university", "tests", "research", {}, "research.no_determination"),
        ("university", "tests", "research", {"research": d.RESEARCH | {"determined_by": "clinician"}},
         "research.no_determination"),
        # §2.35(a), §2.34(a): the consent's kind is needed beside the facts.
        ("probation", "attendance", "supervision", {"supervision": d.SUPERVISION}, "consent.none"),
        ("registry", "medications", "dual_enrollment", {"registry": d.REGISTRY}, "consent.none"),
        # §2.13(c)(1)
        ("county-police", "attendance", "presence_inquiry", {}, "presence.acknowledgment"),
    ],
)  # fmt: skip
async def test_a_basis_that_does_not_hold_discloses_nothing(migrated_url, to, information, purpose, basis, why):
    kind = {"kind": "emergency_disclosure"} if "emergency" in basis else {}
    async with a_county(migrated_url) as scene:
        await disclose(scene, to, information, purpose=purpose, **basis, **kind)
        assert await scene.dispatch_all() == []
        assert scene.channel.received == []
        assert why in await reasons(scene)


async def test_a_subpoena_alone_never_leaves_whoever_approves(migrated_url):
    """§2.61(b)(1), §2.13(b): it waits in the legal queue, and no person can let it go."""
    async with a_county(migrated_url) as scene:
        await disclose(scene, "superior-court", "attendance", purpose="civil_proceeding", demand=d.SUBPOENA)
        assert {"proceeding.subpoena_only", "proceeding.barred", "hold"} <= set(await reasons(scene))
        (work,) = (await open_work(scene)).values()
        assert list(await open_work(scene)) == ["legal"]
        with pytest.raises(Conflict):
            await approvals.approve(scene.hub, work, organization="harbor", by="harbor/counsel")
        await let_go(scene.hub, work)
        assert await scene.dispatch_all() == ["withheld"]
        assert scene.channel.received == []


async def test_counsel_hears_of_a_subpoena_also_where_a_part_of_the_packet_may_go(migrated_url):
    """§2.12(a)(1): what identifies nobody goes; the record stays, and the demand is answered."""
    async with a_county(migrated_url) as scene:
        items = ({"information": "attendance"}, {"information": "summary", "identifies": "nobody"})
        made = d.packet(
            scene, "superior-court", "attendance", purpose="civil_proceeding", demand=d.SUBPOENA, items=items
        )
        await d.exchange.submit(scene.hub, made)
        assert list(await open_work(scene)) == ["legal"]
        assert await scene.dispatch_all() == ["delivered"]
        assert [document.id for document in scene.channel.received[0].parcel.documents] == ["item-2"]


@pytest.mark.parametrize("warrant", ["search_warrant", "arrest_warrant", "administrative_warrant"])
async def test_a_warrant_alone_opens_nothing(migrated_url, warrant):
    async with a_county(migrated_url) as scene:
        demand = d.SUBPOENA | {"kind": warrant}
        await disclose(scene, "county-police", "attendance", purpose="law_enforcement", demand=demand)
        assert "proceeding.warrant_only" in await reasons(scene)
        assert list(await open_work(scene)) == ["legal"]
        assert await scene.dispatch_all() == []


async def test_an_order_leaves_after_two_people_approved_it_and_not_before(migrated_url):
    async with a_county(migrated_url) as scene:
        await disclose(scene, "superior-court", "attendance", purpose="civil_proceeding", order=d.ORDER)
        assert await scene.dispatch_all() == []
        work = (await open_work(scene))["legal"]
        first = await approvals.approve(scene.hub, work, organization="harbor", by="harbor/counsel")
        assert first == (1, 2)
        assert await scene.dispatch_all() == []
        assert list(await open_work(scene)) == ["legal"]
        assert await approvals.approve(scene.hub, work, organization="harbor", by="harbor/director") == (2, 2)
        assert await scene.dispatch_all() == ["delivered"]
        assert list(await open_work(scene)) == ["order_review"]
        assert [(b["by"], b["given"], b["needed"]) for b in await of_kind(scene, "work.approved")] == [
            ("harbor/counsel", 1, 2),
            ("harbor/director", 2, 2),
        ]


async def test_whatever_carries_it_two_people_look_where_a_courts_order_is_read(migrated_url):
    """An order lifts the bar of §2.12(d)(1) also for what a service organization's agreement carries."""
    async with a_county(migrated_url) as scene:
        order = d.ORDER | {"recipients": ["laboratory"], "information": ["tests"]}
        await disclose(scene, "laboratory", "tests", purpose="civil_proceeding", order=order)
        assert await reasons(scene) == ["hold"]
        assert await scene.dispatch_all() == []
        work = (await open_work(scene))["legal"]
        assert await approvals.approve(scene.hub, work, organization="harbor", by="harbor/counsel") == (1, 2)
        assert await scene.dispatch_all() == []


async def test_neither_the_same_person_twice_nor_whoever_handed_it_in_approves_an_order(migrated_url):
    async with a_county(migrated_url) as scene:
        await disclose(scene, "superior-court", "attendance", purpose="civil_proceeding", order=d.ORDER)
        work = (await open_work(scene))["legal"]
        with pytest.raises(Conflict) as handed_in:
            await approvals.approve(scene.hub, work, organization="harbor", by="harbor/clerk")
        await approvals.approve(scene.hub, work, organization="harbor", by="harbor/counsel")
        with pytest.raises(Conflict) as twice:
            await approvals.approve(scene.hub, work, organization="harbor", by="harbor/counsel")
        with pytest.raises(Conflict) as released:
            await proposals.propose(scene.hub, work, "reviewed", organization="harbor", by="harbor/director")
        codes = [caught.value.detail_code for caught in (handed_in, twice, released)]
        assert codes == ["same-person", "same-person", "needs-approval"]
        assert await scene.dispatch_all() == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"criteria": ["no_other_means"]}, "proceeding.wrong_order"),  # §2.64(d): a minute order without its findings
        ({"section": "2.65"}, "proceeding.wrong_order"),  # §2.65 is for criminal proceedings
        ({"section": "other"}, "proceeding.wrong_order"),
        ({"information": ["diagnosis"]}, "proceeding.order_scope"),  # §2.64(e)
        ({"recipients": ["county-police"]}, "proceeding.order_scope"),
        ({"holder": "lantern"}, "proceeding.order_scope"),
        ({"expires": "2026-01-20T10:00:00-08:00"}, "proceeding.order_scope"),
    ],
)
async def test_an_order_that_does_not_fit_or_cover_it_discloses_nothing(migrated_url, change, why):
    async with a_county(migrated_url) as scene:
        await disclose(scene, "superior-court", "attendance", purpose="civil_proceeding", order=d.ORDER | change)
        assert why in await reasons(scene)
        (work,) = (await open_work(scene)).values()
        with pytest.raises(Conflict):
            await approvals.approve(scene.hub, work, organization="harbor", by="harbor/counsel")


async def test_an_order_that_ends_while_it_waits_is_not_followed(migrated_url):
    async with a_county(migrated_url) as scene:
        day = 86_400_000_000
        order = d.ORDER | {"expires": "2099-01-01T00:00:00Z"}
        await disclose(scene, "superior-court", "attendance", purpose="civil_proceeding", order=order)
        work = (await open_work(scene))["legal"]
        for person in ("harbor/counsel", "harbor/director"):
            await approvals.approve(scene.hub, work, organization="harbor", by=person)
        scene.hub.clock.ahead += 80 * 366 * day
        assert await scene.dispatch_all() == ["withheld"]
        assert scene.channel.received == []


async def test_notes_go_by_an_order_only_with_a_finding_about_confidential_communications(migrated_url):
    """§2.63(a)"""
    async with a_county(migrated_url) as scene:
        order = d.ORDER | {"information": ["counseling_notes"]}
        await disclose(scene, "superior-court", "counseling_notes", purpose="civil_proceeding", order=order)
        assert "proceeding.confidential_communication" in await reasons(scene)
        order |= {"finding": "patient_testified"}
        await disclose(scene, "superior-court", "counseling_notes", key="k2", purpose="civil_proceeding", order=order)
        assert await reasons(scene) == ["hold"]


async def test_research_leaves_after_two_people_looked(migrated_url):
    async with a_county(migrated_url) as scene:
        await disclose(scene, "university", "tests", purpose="research", research=d.RESEARCH)
        assert await scene.dispatch_all() == []
        work = (await open_work(scene))["hold"]
        with pytest.raises(Conflict) as alone:
            await approvals.approve(scene.hub, work, organization="harbor", by="harbor/director")
        assert alone.value.detail_code == "needs-proposal"
        await let_go(scene.hub, work)
        assert await scene.dispatch_all() == ["delivered"]
        assert list(await open_work(scene)) == ["research_review"]


async def consented(scene: Scene, kind: str, **changes: Any) -> None:
    values = {name: getattr(FORM, name) for name in ConsentForm.__struct_fields__} | {"kind": kind} | changes
    consent = await consents.record(scene.hub, scene.member, ConsentForm(**values), by="harbor")
    await consents.verify(scene.hub, consent, by="harbor/second")


async def test_supervision_goes_on_a_criminal_justice_consent_with_its_facts(migrated_url):
    """§2.35(a), (b)"""
    async with a_county(migrated_url) as scene:
        await consented(
            scene, "criminal_justice", purposes=("supervision",), recipients=("probation",),
            states_period=True, revocable_from="2099-06-30",
        )  # fmt: skip
        facts = {"purpose": "supervision", "supervision": d.SUPERVISION}
        await disclose(scene, "probation", "attendance", **facts)
        assert await scene.dispatch_all() == ["delivered"]
        assert list(await open_work(scene)) == ["supervision_review"]
        facts["supervision"] = d.SUPERVISION | {"monitors": False}
        await disclose(scene, "probation", "attendance", key="k2", **facts)
        assert "justice.not_monitoring" in await reasons(scene)


async def test_a_registry_is_told_identity_and_medication_when_something_happened(migrated_url):
    """§2.34(a)"""
    async with a_county(migrated_url) as scene:
        await consented(scene, "registry", purposes=("dual_enrollment",), recipients=("registry",))
        facts = {"purpose": "dual_enrollment", "registry": d.REGISTRY}
        await disclose(scene, "registry", "medications", **facts)
        assert await scene.dispatch_all() == ["delivered"]
        assert list(await open_work(scene)) == ["registry_review"]
        facts["registry"] = d.REGISTRY | {"trigger": "none"}
        await disclose(scene, "registry", "medications", key="k2", **facts)
        assert "registry.trigger" in await reasons(scene)


@pytest.mark.parametrize(
    ("discloser", "shows", "outcome"),
    [
        ("valley-clinic", "person", ["delivered"]),  # a mixed facility may say that somebody is there
        ("valley-clinic", "sud_patient", []),  # "in the addiction unit" says why
        ("harbor", "person", []),  # a place for nothing but SUD care says who its patient is by saying who is there
        ("harbor", "sud_patient", []),
    ],
)
async def test_whether_somebody_is_there_is_told_only_where_it_does_not_show_why(
    migrated_url, discloser, shows, outcome
):
    """§2.13(c)(1), 45 CFR 164.510(a)"""
    async with a_county(migrated_url) as scene:
        facts = MemberFacts(given="Ines", family="Quintanar", born="1990-05-01", cin="07654321A")
        scene.member = await members.register(scene.hub, facts, [(discloser, "program")], by=discloser)
        items = ({"information": "attendance", "identifies": shows},)
        await disclose(scene, "county-police", "attendance", sender=discloser, purpose="presence_inquiry", items=items)
        assert await scene.dispatch_all() == outcome


async def test_a_coroner_is_told_the_cause_of_death_and_somebody_looks_afterwards(migrated_url):
    """§2.15(b)(1): of a patient who has died."""
    async with a_county(migrated_url) as scene:
        await disclose(scene, "coroner", "cause_of_death", purpose="cause_of_death", key="alive")
        assert await scene.dispatch_all() == []
        living = await members.facts_of(scene.hub, scene.member)
        died = msgspec.structs.replace(living, died="2026-01-19")
        await members.change_facts(scene.hub, scene.member, died, by="harbor")
        await disclose(scene, "coroner", "cause_of_death", purpose="cause_of_death")
        assert await scene.dispatch_all() == ["delivered"]
        assert list(await open_work(scene)) == ["death_review"]


async def test_names_numbers_and_words_of_the_evidence_stand_in_no_clear_column(migrated_url):
    async with a_county(migrated_url) as scene:
        await disclose(
            scene, "emergency-room", "medications", kind="emergency_disclosure", emergency=d.EMERGENCY,
            findings=d.FINDINGS,
        )  # fmt: skip
        await disclose(scene, "superior-court", "attendance", key="k2", purpose="civil_proceeding", order=d.ORDER,
                       demand=d.SUBPOENA)  # fmt: skip
        for n, basis in enumerate(({"research": d.RESEARCH}, {"audit": d.AUDIT}, {"child_abuse": d.CHILD_ABUSE})):
            (name,) = basis
            purpose = {"child_abuse": "child_abuse_report"}.get(name, name)
            await disclose(scene, "university", "tests", key=f"r{n}", purpose=purpose, **basis)
        await scene.dispatch_all()
        clear = [
            await scene.rows(Submission.id, Submission.facts),
            await scene.rows(Decision.id, Decision.body),
            await scene.rows(LedgerEntry.id, LedgerEntry.body),
            await scene.rows(WorkItem.id, WorkItem.code, WorkItem.reference),
            await scene.rows(Outbox.id, Outbox.code, Outbox.approved_by),
            await scene.rows(Evidence.disclosure_id, Evidence.kind, Evidence.sealed),
        ]
        text = repr(clear)
        assert [secret for secret in d.SECRETS if secret in text] == []
        kinds = {kind for _, kind in await scene.rows(Evidence.disclosure_id, Evidence.kind)}
        assert {"emergency", "findings", "order", "order.document", "demand", "demand.document", "research"} <= kinds


async def test_a_stranger_to_the_person_states_any_basis_in_vain(migrated_url):
    """Who never registered the person learns nothing and sends nothing, whatever is stated."""
    async with a_county(migrated_url) as scene:
        facts = {"kind": "emergency_disclosure", "emergency": d.EMERGENCY, "sender": "lantern"}
        await disclose(scene, "emergency-room", "medications", **facts)
        assert await reasons(scene) == ["member.not_registered"]
        assert await scene.rows(Evidence.disclosure_id) == []
        assert await scene.dispatch_all() == []
