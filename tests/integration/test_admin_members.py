"""Registering members: one person once, two people never as one, and no answer that tells who is known."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.errors import Malformed, NotAvailable
from hub.storage import members
from hub.storage.member_facts import MemberFacts
from hub.storage.tables import LedgerEntry, Member, MemberIdentifier, WorkItem
from tests.hubs import a_hub

NORA = MemberFacts(given="Nora", family="Quill", born="1988-04-11", cin="01234567A", phone="707-555-0123")


@pytest.fixture
async def hub(migrated_url: str) -> AsyncIterator[Hub]:
    async with a_hub(migrated_url) as made:
        yield made


async def test_a_person_registered_by_two_organizations_is_one_member_linked_to_both(hub: Hub) -> None:
    first = await members.register(hub, NORA, {("harbor", "program")}, by="harbor/token-1")
    again = MemberFacts(given="NORA", family="quill", born="1988-04-11", cin="01234567a")
    second = await members.register(hub, again, {("sunrise", "plan")}, by="sunrise")
    assert first == second == await members.find_by_cin(hub, " 01234567 A")
    assert await members.links_of(hub, first) == {
        ("harbor", "program"), ("harbor", "knows"), ("sunrise", "plan"), ("sunrise", "knows"),
    }  # fmt: skip
    assert (await members.identity(hub, first)).given == "Nora"


async def test_a_cin_that_belongs_to_somebody_else_gives_a_new_member_without_it_and_work_for_compliance(
    hub: Hub,
) -> None:
    nora = await members.register(hub, NORA, (), by="harbor")
    other = MemberFacts(given="Iris", family="Penn", born="1990-09-02", cin="01234567A")
    iris = await members.register(hub, other, (), by="lantern")
    assert iris != nora
    assert (await members.identity(hub, iris)).cin == ""
    assert await members.find_by_cin(hub, "01234567A") == nora
    work = await hub.database.query(select(col(WorkItem.kind), col(WorkItem.reference), col(WorkItem.organization_id)))
    assert work == [("identity_conflict", iris, "")]


async def test_ids_of_members_do_not_tell_when_they_were_made(hub: Hub) -> None:
    # Ids that sort by time would give away who had been known before; ten random ones sort so once in 3.6 million.
    made = [
        await members.register(hub, MemberFacts(given="Ada", family="Test", born="1990-01-01"), (), by="harbor")
        for _ in range(10)
    ]
    assert made != sorted(made)


async def test_neither_name_nor_cin_nor_birth_date_is_stored_in_the_clear(hub: Hub) -> None:
    await members.register(hub, NORA, (), by="harbor")
    rows = [
        *await hub.database.query(select(Member.__table__)),
        *await hub.database.query(select(MemberIdentifier.__table__)),
        *await hub.database.query(select(LedgerEntry.__table__)),
    ]
    stored = repr(rows).lower()
    assert rows
    assert not any(word in stored for word in ("nora", "quill", "1988-04-11", "01234567a", "555-0123"))


async def test_changed_facts_raise_the_fence_and_move_the_cin(hub: Hub) -> None:
    nora = await members.register(hub, NORA, (), by="harbor")
    corrected = MemberFacts(given="Nora", family="Quill", born="1988-04-12", cin="01234567C")
    await members.change_facts(hub, nora, corrected, by="harbor")
    assert (await hub.database.query(select(col(Member.fence))))[0][0] == 1
    assert await members.find_by_cin(hub, "01234567A") is None
    assert await members.find_by_cin(hub, "01234567C") == nora
    assert (await members.facts_of(hub, nora)).born == "1988-04-12"


@pytest.mark.parametrize(
    ("field", "facts"),
    [
        ("born", MemberFacts(given="Nora", family="Quill", born="11 April 1988")),
        ("family", MemberFacts(given="Nora", family="-", born="1988-04-11")),
        ("cin", MemberFacts(given="Nora", family="Quill", born="1988-04-11", cin="123")),
        ("representative", MemberFacts(given="N", family="Q", born="1988-04-11", representative="Aunt Jo")),
    ],
)
async def test_a_wrong_fact_is_refused_by_its_field_without_its_value(hub: Hub, field: str, facts: MemberFacts) -> None:
    with pytest.raises(Malformed) as refused:
        await members.register(hub, facts, (), by="harbor")
    assert refused.value.field == field
    assert "1988" not in refused.value.message


async def test_an_unknown_member_is_not_available(hub: Hub) -> None:
    with pytest.raises(NotAvailable):
        await members.facts_of(hub, "nobody")
    assert not await members.may_see(hub, "harbor", "nobody")


@pytest.mark.parametrize("field", ["given", "family", "phone", "address"])
async def test_what_partners_read_about_a_person_holds_no_control(hub: Hub, field: str) -> None:
    """It goes into FHIR strings, which hold none, and onto pages."""
    with pytest.raises(Malformed) as refusal:
        await members.register(hub, msgspec.structs.replace(NORA, **{field: "Vega\0"}), (), by="harbor")
    assert (refusal.value.field, "Vega" in str(refusal.value)) == (field, False)
