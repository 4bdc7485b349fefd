"""Consents: recorded element by element, verified by a second look, revoked behind the fence."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.errors import Conflict, Malformed, NotAvailable, Unsupported
from hub.storage import consent_papers, consents, members, restrictions
from hub.storage.consent_form import ConsentForm
from hub.storage.member_facts import MemberFacts
from hub.storage.restrictions import RestrictionForm
from hub.storage.tables import ConsentEvent, LedgerEntry, Member, WorkItem
from tests.hubs import a_hub

TPO: dict[str, Any] = {
    "kind": "tpo",
    "patient": "the-patient",
    "discloser": ["harbor"],
    "information": ["complete_record"],
    "recipients": ["treating_providers", "health_plans", {"as_written": "Valley Clinic"}],
    "states_redisclosure_rule": True,
    "purposes": ["treatment", "payment", "operations"],
    "states_right_to_revoke": True,
    "states_how_to_revoke": True,
    "expires": "none",
    "signed_by": ["the-patient"],
    "signature": "handwritten",
    "signed_on": "2026-01-15",
    "states_redisclosure_risk": True,
    "states_refusal_consequences": True,
}


def form(**changes: Any) -> ConsentForm:
    return msgspec.convert(TPO | changes, ConsentForm)


@pytest.fixture
async def hub(migrated_url: str) -> AsyncIterator[Hub]:
    async with a_hub(migrated_url) as made:
        yield made


@pytest.fixture
async def nora(hub: Hub) -> str:
    facts = MemberFacts(given="Nora", family="Quill", born="1988-04-11", representative="nora-guardian")
    return await members.register(hub, facts, {("harbor", "program")}, by="harbor")


async def fence(hub: Hub) -> int:
    return int((await hub.database.query(select(col(Member.fence))))[0][0])


async def kinds(hub: Hub) -> list[str]:
    statement = select(col(LedgerEntry.kind)).order_by(col(LedgerEntry.id))
    return [row[0] for row in await hub.database.query(statement) if row[0].startswith("consent.")]


async def test_a_recorded_consent_is_what_the_policy_will_read(hub: Hub, nora: str) -> None:
    consent = await consents.record(hub, nora, form(), by="harbor")
    facts = await hub.facts.of(nora)
    (read,) = facts.consents
    assert (read.id, read.patient, read.kind, read.expires) == (consent, nora, "tpo", "none")
    assert read.signed_by == {nora}
    assert read.discloser == ("harbor",)
    assert {"treating_providers", "health_plans"} < set(read.recipients or ())
    assert read.verified is False


async def test_a_consent_counts_as_verified_only_after_a_second_look(hub: Hub, nora: str) -> None:
    consent = await consents.record(hub, nora, form(), by="harbor/clerk")
    assert (await consents.show(hub, consent))["verified"] is False
    await consents.verify(hub, consent, by="harbor/nurse")
    shown = await consents.show(hub, consent)
    assert (shown["verified"], shown["verified_by"]) == (True, "harbor/nurse")
    assert [event["what"] for event in shown["history"]] == ["recorded", "verified"]


async def test_every_change_raises_the_fence_and_is_on_the_ledger(hub: Hub, nora: str) -> None:
    consent = await consents.record(hub, nora, form(), by="harbor")
    await consents.verify(hub, consent, by="harbor/nurse")
    await consents.revoke(hub, consent, how="written", by="harbor")
    assert await fence(hub) == 3
    assert await kinds(hub) == ["consent.recorded", "consent.verified", "consent.revoked"]


async def test_changes_made_at_once_are_all_kept(hub: Hub, nora: str) -> None:
    consent = await consents.record(hub, nora, form(), by="harbor")
    organizations = ("sunrise", "lantern", "valley-clinic")
    await asyncio.gather(*(consents.revoke(hub, consent, how="written", by="harbor", as_to=[o]) for o in organizations))
    revoked = (await consents.show(hub, consent))["revoked"]
    assert sorted(each["as_to"][0] for each in revoked) == sorted(organizations)
    assert await fence(hub) == 4


async def test_an_oral_revocation_counts_at_once_and_asks_for_the_paper(hub: Hub, nora: str) -> None:
    consent = await consents.record(hub, nora, form(), by="harbor")
    await consents.revoke(hub, consent, how="oral", by="harbor/nurse")
    (read,) = (await hub.facts.of(nora)).consents
    assert read.revoked[0].how == "oral"
    work = select(col(WorkItem.kind), col(WorkItem.organization_id), col(WorkItem.state))
    assert await hub.database.query(work) == [("written_revocation", "harbor", "open")]
    await consents.revoke(hub, consent, how="written", by="harbor/nurse")
    assert await hub.database.query(work) == [("written_revocation", "harbor", "closed")]


async def test_a_revocation_as_to_one_organization_leaves_the_consent_standing(hub: Hub, nora: str) -> None:
    consent = await consents.record(hub, nora, form(), by="harbor")
    await consents.revoke(hub, consent, how="written", by="harbor", as_to=["sunrise"])
    assert (await consents.show(hub, consent))["state"] == "active"
    await consents.revoke(hub, consent, how="written", by="harbor")
    assert (await consents.show(hub, consent))["state"] == "revoked"


async def test_a_revocation_cannot_be_dated_ahead(hub: Hub, nora: str) -> None:
    consent = await consents.record(hub, nora, form(), by="harbor")
    with pytest.raises(Malformed):
        await consents.revoke(hub, consent, how="written", by="harbor", at=hub.clock.now() + 60_000_000)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "blanket"),
        ("discloser", ["nowhere"]),
        ("information", ["everything"]),
        ("recipients", ["my-cousin"]),
        ("recipients", [{"as_written": ""}]),
        ("recipients", [{"person": "dr-who", "at": "harbor"}]),
        ("purposes", ["curiosity"]),
        ("signed_by", ["Aunt Jo"]),
        ("signature", "scribbled"),
        ("expires", "next year"),
        ("expires", {"event": "Nora Quill dies"}),
        ("signed_on", "15/01/2026"),
        ("signed_at", "2026-01-15T10:00:00"),
        ("intermediary", "nowhere"),
        ("participants", ["nowhere"]),
        ("onward", ["nowhere"]),
        ("form", "mine"),
    ],
)
async def test_a_word_that_the_policy_cannot_read_is_refused_by_its_field(
    hub: Hub, nora: str, field: str, value: Any
) -> None:
    with pytest.raises(Malformed) as refused:
        await consents.record(hub, nora, form(**{field: value}), by="harbor")
    assert refused.value.field == field
    assert await fence(hub) == 0


async def test_a_representative_of_the_member_may_sign(hub: Hub, nora: str) -> None:
    await consents.record(hub, nora, form(signed_by=["nora-guardian"]), by="harbor")
    (read,) = (await hub.facts.of(nora)).consents
    assert read.signed_by == {"nora-guardian"}


async def test_equal_papers_have_equal_rows_whatever_the_order_of_their_lists(hub: Hub, nora: str) -> None:
    await consents.record(hub, nora, form(), by="harbor", consent="one")
    turned = form(purposes=TPO["purposes"][::-1], recipients=TPO["recipients"][::-1])
    await consents.record(hub, nora, turned, by="harbor", consent="two")
    one, two = (await consents.list_for(hub, nora))[:2]
    for name in ("id", "recorded_at"):
        del one[name], two[name]
    assert one == two


async def test_a_consent_id_is_used_once(hub: Hub, nora: str) -> None:
    await consents.record(hub, nora, form(), by="harbor", consent="intake")
    with pytest.raises(Conflict):
        await consents.record(hub, nora, form(), by="harbor", consent="intake")


async def test_an_event_that_ends_a_consent_can_be_noted(hub: Hub, nora: str) -> None:
    consent = await consents.record(hub, nora, form(expires={"event": "discharge"}), by="harbor")
    await consents.note_event(hub, consent, "not_yet", by="harbor")
    assert set((await hub.facts.of(nora)).events.values()) == {"not_yet"}


async def test_a_consent_entered_in_error_is_seen_by_no_decision(hub: Hub, nora: str) -> None:
    consent = await consents.record(hub, nora, form(), by="harbor")
    await consents.retract(hub, consent, by="harbor")
    assert (await hub.facts.of(nora)).consents == ()
    assert (await consents.show(hub, consent))["state"] == "entered_in_error"


async def test_the_signed_paper_is_kept_once_and_sealed(hub: Hub, nora: str) -> None:
    consent = await consents.record(hub, nora, form(), by="harbor")
    await consent_papers.keep(hub, consent, b"%PDF-1.7 signed", by="harbor")
    assert await consent_papers.paper_of(hub, consent) == ("application/pdf", b"%PDF-1.7 signed")
    with pytest.raises(Conflict):
        await consent_papers.keep(hub, consent, b"%PDF-1.7 another", by="harbor")
    with pytest.raises(Unsupported):
        await consent_papers.keep(hub, consent, b"only words", by="harbor")


async def test_a_restriction_is_read_by_the_policy_until_it_ends(hub: Hub, nora: str) -> None:
    restriction = await restrictions.restrict(hub, nora, RestrictionForm(against=("sunrise",)), by="harbor")
    (read,) = (await hub.facts.of(nora)).restrictions
    assert (read.against, read.ended) == ({"sunrise"}, None)
    await restrictions.end(hub, nora, restriction, ended_by="patient", by="harbor")
    (read,) = (await hub.facts.of(nora)).restrictions
    assert read.ended is not None
    assert await fence(hub) == 2


async def test_nothing_is_known_of_a_consent_that_does_not_exist(hub: Hub) -> None:
    for act in (
        consents.show(hub, "x"),
        consents.verify(hub, "x", by="harbor"),
        consents.revoke(hub, "x", how="oral", by="harbor"),
        consent_papers.paper_of(hub, "x"),
        consents.record(hub, "nobody", form(), by="harbor"),
    ):
        with pytest.raises(NotAvailable):
            await act


async def test_the_history_holds_no_words_of_the_paper(hub: Hub, nora: str) -> None:
    await consents.record(hub, nora, form(), by="harbor")
    stored = repr(await hub.database.query(select(LedgerEntry.__table__)))
    stored += repr(await hub.database.query(select(ConsentEvent.__table__)))
    assert "Nora" not in stored
    assert "Valley" not in stored.replace("valley-clinic", "")
