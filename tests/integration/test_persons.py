"""Two people are two people: one human being with an account and a token is one, and a system is nobody."""

import asyncio
import json

import pytest

from hub.errors import Conflict, Forbidden, Malformed, StorageFailed
from hub.model import ChannelKind, Endpoint, Refused
from hub.people import accounts, persons
from hub.storage import consents, tokens
from hub.storage.tables import Endpoint as EndpointRow
from hub.storage.tables import LedgerEntry, Outbox, Person, Token, WorkItem
from hub.waiting import numbers, proposals
from tests.faults import broken_at
from tests.people import enlist
from tests.scenes import FORM

SYSTEM = "harbor/ehr"


async def dead_letter(scene):
    """A delivery that was refused for good; the id of its work item."""
    await scene.consent()
    await scene.submit()
    scene.channel.answers.append(Refused(code="no-such-mailbox"))
    assert await scene.dispatch_all() == ["dead"]
    ((work,),) = await scene.rows(WorkItem.id)
    return work


async def account(scene, email, **more):
    """An account; as the record names it."""
    made = await accounts.add(
        scene.hub, email=email, name="A", roles=("privacy",), organizations=("harbor",), **{"by": "command-line"} | more
    )
    return f"harbor/{made.person}"


async def token(scene, **more):
    issued = await tokens.issue(scene.hub, "harbor", "staff", **{"by": "command-line"} | more)
    return f"harbor/{issued.id}"


async def test_an_account_and_a_token_of_one_human_being_are_one_person(scene):
    work, desk = await dead_letter(scene), await account(scene, "ana@desk.test")
    own = await token(scene, person=desk.partition("/")[2])
    await proposals.propose(scene.hub, work, "corrected", organization="harbor", by=desk)
    with pytest.raises(Conflict) as refused:
        await proposals.confirm(scene.hub, work, organization="harbor", by=own)
    assert refused.value.detail_code == "same-person"
    assert await scene.rows(Outbox.state) == [("dead",)]
    await proposals.confirm(scene.hub, work, organization="harbor", by=await account(scene, "omar@desk.test"))
    assert await scene.dispatch_all() == ["delivered"]


async def test_two_accounts_of_one_human_being_are_one_person_whatever_case_their_id_is_written_in(scene):
    first, second = (
        await account(scene, "a@desk.test", person="m.ortiz"),
        await account(scene, "b@desk.test", person="M.Ortiz"),
    )
    assert await persons.same(scene.hub, first, second)
    assert await persons.same(scene.hub, first, "command-line/m.ortiz")
    assert not await persons.same(scene.hub, first, await account(scene, "c@desk.test"))


async def test_a_system_is_neither_of_two_people(scene):
    work = await dead_letter(scene)
    system = await token(scene)
    with pytest.raises(Forbidden) as proposing:
        await proposals.propose(scene.hub, work, "corrected", organization="harbor", by=system)
    await proposals.propose(scene.hub, work, "corrected", organization="harbor", by="harbor/omar")
    with pytest.raises(Forbidden) as confirming:
        await proposals.confirm(scene.hub, work, organization="harbor", by=system)
    with pytest.raises(Forbidden):
        await proposals.withdraw(scene.hub, work, organization="harbor", by=system)
    assert {each.value.detail_code for each in (proposing, confirming)} == {"no-person"}
    assert await scene.rows(Outbox.state) == [("dead",)]


async def test_what_a_system_recorded_one_person_compares_and_no_system(scene):
    consent = await consents.record(scene.hub, scene.member, FORM, by=SYSTEM)
    with pytest.raises(Forbidden):
        await consents.verify(scene.hub, consent, by=await token(scene))
    await consents.verify(scene.hub, consent, by="harbor/omar")


async def test_a_system_enters_no_fax_number_as_verified(scene):
    with pytest.raises(Forbidden):
        await numbers.enter(scene.hub, FAX, verified_by="K. Clerk", by=await token(scene), active=True)
    assert not await numbers.enter(scene.hub, FAX, verified_by=None, by=await token(scene), active=True)
    assert "valley-clinic" not in {row[0] for row in await scene.rows(EndpointRow.id)} - {"valley-clinic-api"}


async def test_whoever_gave_out_the_others_token_or_invitation_is_no_second_person(scene):
    admin = await token(scene, person="the.admin")
    issued = await token(scene, person="somebody.else", by=admin)
    invited = await account(scene, "new@desk.test", by=admin)
    for other in (issued, invited):
        assert await persons.same(scene.hub, admin, other)
        assert await persons.same(scene.hub, other, admin)
    with pytest.raises(Conflict) as refused:
        await persons.another(scene.hub, issued, admin, "Another person does this.")
    assert refused.value.detail_code == "same-hand"
    assert not await persons.same(scene.hub, issued, invited), "colleagues of one administrator are two people"
    await accounts.invite_again(scene.hub, invited.partition("/")[2], by="command-line")
    assert not await persons.same(scene.hub, admin, invited), "the administrator has not seen this invitation"


async def test_a_token_of_nobody_is_named_once(scene):
    unnamed = await token(scene)
    key = unnamed.partition("/")[2]
    await tokens.name(scene.hub, key, "m.ortiz", by="command-line")
    assert await persons.of(scene.hub, unnamed) == "m.ortiz"
    with pytest.raises(Conflict):
        await tokens.name(scene.hub, key, "somebody.else", by="command-line")
    assert [body["person"] for body in await said(scene, "token.named")] == ["m.ortiz"]


@pytest.mark.parametrize("person", ["two words", "a/b", "ana@desk.test", ".", "x" * 65])
async def test_a_persons_id_is_no_free_text(scene, person):
    with pytest.raises(Malformed):
        await token(scene, person=person)


async def test_a_system_names_nobody_and_is_nobodys(scene):
    with pytest.raises(Malformed):
        await tokens.issue(scene.hub, "harbor", "sender", by="command-line", person="m.ortiz")


@pytest.mark.parametrize("statement", ["ledger_entry", "outbox"])
async def test_a_release_happens_whole_or_not_at_all(scene, statement):
    work = await dead_letter(scene)
    await proposals.propose(scene.hub, work, "corrected", organization="harbor", by="harbor/omar")
    before = await everything(scene)
    with broken_at(scene.hub.database, statement), pytest.raises(StorageFailed):
        await proposals.confirm(scene.hub, work, organization="harbor", by="harbor/ana")
    assert await everything(scene) == before
    await proposals.confirm(scene.hub, work, organization="harbor", by="harbor/ana")
    assert await scene.rows(WorkItem.state) == [("closed",)]


async def test_of_two_confirmations_and_a_withdrawal_at_once_one_counts(scene):
    work = await dead_letter(scene)
    await proposals.propose(scene.hub, work, "corrected", organization="harbor", by="harbor/omar")
    acts = [proposals.confirm(scene.hub, work, organization="harbor", by=f"harbor/{each}") for each in ("ana", "ines")]
    acts.append(proposals.withdraw(scene.hub, work, organization="harbor", by="harbor/omar"))
    ended = await asyncio.gather(*acts, return_exceptions=True)
    assert sorted(type(each).__name__ for each in ended) == ["Conflict", "Conflict", "NoneType"]
    assert len(await said(scene, "work.released")) + len(await said(scene, "work.proposal_ended")) == 1


async def test_the_ledger_names_both_people_of_a_release(scene):
    work = await dead_letter(scene)
    await proposals.propose(scene.hub, work, "corrected", organization="harbor", by="harbor/omar")
    await proposals.confirm(scene.hub, work, organization="harbor", by="harbor/ana")
    (body,) = await said(scene, "work.released")
    assert (body["proposed_by"], body["by"], body["reason"]) == ("harbor/omar", "harbor/ana", "corrected")


@pytest.mark.parametrize("statement", ["work_item", "ledger_entry", "endpoint"])
async def test_a_number_is_entered_and_confirmed_whole_or_not_at_all(scene, statement):
    before = await everything(scene)
    with broken_at(scene.hub.database, statement), pytest.raises(StorageFailed):
        await numbers.enter(scene.hub, FAX, verified_by="K.", by="county/ana", active=True)
    assert await everything(scene) == before
    await numbers.enter(scene.hub, FAX, verified_by="K.", by="county/ana", active=True)
    before = await everything(scene)
    with broken_at(scene.hub.database, statement), pytest.raises(StorageFailed):
        await numbers.confirm(scene.hub, "valley-fax", FAX.address, by="county/omar")
    assert await everything(scene) == before
    await numbers.confirm(scene.hub, "valley-fax", FAX.address, by="county/omar")
    assert await scene.rows(WorkItem.state) == [("closed",)]


async def test_people_known_by_one_id_are_one(scene):
    await enlist(scene.hub, "badge-7", "badge-8", person="t.reed")
    assert await persons.same(scene.hub, "harbor/badge-7", "county/badge-8")
    assert await scene.rows(Person.id) == []
    assert {row[1] for row in await scene.rows(Token.id, Token.person) if row[0].startswith("badge")} == {"t.reed"}


FAX = Endpoint(
    id="valley-fax", organization="valley-clinic", channel=ChannelKind.FAX, address="+17075550130", verified_at=1
)


async def said(scene, kind):
    rows = await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.body)
    return [json.loads(body) for _, of, body in rows if of == kind]


async def everything(scene):
    """What a release or a number changes."""
    return [
        await scene.rows(Outbox.state, Outbox.approved_by),
        await scene.rows(WorkItem.id, WorkItem.state, WorkItem.proposed),
        await scene.rows(LedgerEntry.id, LedgerEntry.kind),
        await scene.rows(EndpointRow.id, EndpointRow.verified_at, EndpointRow.verified_by),
    ]
