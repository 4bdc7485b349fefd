"""The path from submission to the record, on both databases."""

import json
import sys

import pytest
from msgspec.structs import replace

from hub import exchange, intents, views
from hub.errors import Conflict, Malformed, NotAvailable
from hub.model import Deferred, Refused, Unknown
from hub.storage import consents
from hub.storage.statements import Returning
from hub.storage.tables import Attempt, Disclosure, LedgerEntry, Outbox, Submission, WorkItem
from policies import notices
from tests.scenes import FORM, NAME, SECRET, Scene, a_scene, handed, happens_before


async def kinds(scene: Scene) -> list[str]:
    return [kind for _, kind in await scene.rows(LedgerEntry.id, LedgerEntry.kind)]


async def test_a_packet_with_consent_arrives_with_notice_and_consent_copy(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()
        assert await scene.dispatch_all() == ["delivered"]
        (prepared,) = scene.channel.received
        assert prepared.parcel.documents[0].content == f"{SECRET} (0)".encode()
        assert prepared.parcel.accompaniment.notice == notices.FULL
        (copy,) = prepared.parcel.accompaniment.consent_copies
        assert ("Who may disclose", "Harbor House") in copy.lines
        assert prepared.parcel.accompaniment.labels == ("NO_USE_IN_PROCEEDINGS_AGAINST_PATIENT",)


async def test_the_ledger_holds_the_intent_before_and_the_conclusion_after(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()
        seen_at_delivery: list[str] = []
        deliver = scene.channel.deliver

        async def watched(prepared):
            seen_at_delivery.extend(await kinds(scene))
            return await deliver(prepared)

        scene.channel.deliver = watched
        await scene.dispatch_all()
        assert seen_at_delivery[-1] == "disclosure.intended"
        assert (await kinds(scene))[-1] == "disclosure.concluded"
        assert await scene.rows(Disclosure.state, Disclosure.description) == [("disclosed", "assessment")]


async def test_while_the_bytes_of_a_packet_travel_its_plain_documents_are_not_kept(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()
        seen_at_delivery: list[object] = []
        deliver = scene.channel.deliver

        async def watched(prepared):
            seen_at_delivery.append(prepared.parcel.documents)
            return await deliver(prepared)

        scene.channel.deliver = watched
        assert await scene.dispatch_all() == ["delivered"]
        assert seen_at_delivery == [()]


async def test_documents_do_not_wait_for_the_intent_to_commit_nor_what_left_for_the_conclusion(scene, monkeypatch):
    """With hundreds of messages under way, what they hold while they wait is the memory of the process."""
    await scene.consent()
    given = handed(scene.member)
    document, kept = given.documents["d0"], []
    await exchange.submit(scene.hub, given)
    del given

    async def while_intending():
        kept.append(sys.getrefcount(document))

    async def while_concluding():
        sent = scene.channel.received.pop().body
        kept.append(sys.getrefcount(sent))

    happens_before(scene, monkeypatch, intents._ADD_ATTEMPT, while_intending)
    happens_before(scene, monkeypatch, intents._FINISH, while_concluding)
    assert await scene.dispatch_all() == ["delivered"]
    assert kept == [2, 2], "the name here, and the argument of getrefcount"


async def test_the_intent_binds_the_very_bytes_that_leave(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()
        await scene.dispatch_all()
        entries = await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.body)
        intent = next(json.loads(body) for _, kind, body in entries if kind == "disclosure.intended")
        assert intent["digest"] == scene.channel.received[0].digest.hex()


async def test_without_a_consent_nothing_leaves_and_the_sender_learns_why(migrated_url):
    async with a_scene(migrated_url) as scene:
        submission = await scene.submit()
        assert await scene.dispatch_all() == []
        view = await views.submission(scene.hub, submission, "harbor")
        (recipient,) = view["recipients"]
        assert recipient["state"] == "withheld"
        assert "consent.none" in recipient["decisions"][0]["reasons"]
        assert scene.channel.received == []


async def test_a_counseling_note_stays_while_the_rest_of_the_packet_goes(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit(items=({"information": "assessment"}, {"information": "counseling_notes"}))
        assert await scene.dispatch_all() == ["delivered"]
        assert [document.id for document in scene.channel.received[0].parcel.documents] == ["item-1"]


async def test_a_revocation_while_the_packet_waits_withholds_it(migrated_url):
    async with a_scene(migrated_url) as scene:
        consent = await scene.consent()
        await scene.submit()
        await consents.revoke(scene.hub, consent, how="oral", by="harbor")
        assert await scene.dispatch_all() == ["withheld"]
        assert scene.channel.received == []
        assert "disclosure.intended" not in await kinds(scene)


async def test_a_notice_that_lacks_only_a_consent_leaves_once_one_is_verified(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.submit(kind="crisis_followup")
        assert [state for state, _ in await scene.rows(Outbox.state, Outbox.code)] == ["held"]
        await scene.consent(verified=False)
        assert await scene.dispatch_all() == ["held"]
        consent = (await consents.list_for(scene.hub, scene.member))[0]["id"]
        await consents.verify(scene.hub, consent, by="harbor/second")
        assert await scene.dispatch_all() == ["delivered"]


async def test_each_recipient_has_its_own_decision(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit(kind="crisis_followup", recipients=("lantern", "valley-clinic", "sunrise"))
        assert sorted(await scene.dispatch_all()) == ["delivered", "delivered"]
        states = dict(await scene.rows(Outbox.recipient, Outbox.state))
        assert states == {"lantern": "delivered", "valley-clinic": "delivered", "sunrise": "held"}


async def test_the_same_key_and_body_answer_the_same_submission(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        first = await scene.submit()
        assert await scene.submit() == first
        assert len(await scene.rows(Outbox.id)) == 1


async def test_the_same_key_with_another_body_is_refused(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.submit()
        with pytest.raises(Conflict):
            await scene.submit(content="something else")


async def test_a_deferred_delivery_is_not_a_disclosure_and_is_tried_again_later(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()
        scene.channel.answers.append(Deferred(code="busy"))
        assert await scene.dispatch_all() == ["queued"]
        assert await scene.rows(Disclosure.state) == [("not_disclosed",)]
        assert await scene.dispatch_all() == []
        scene.hub.clock.ahead += 60_000_000
        assert await scene.dispatch_all() == ["delivered"]
        assert await scene.rows(Disclosure.state) == [("disclosed",)]
        assert await scene.rows(Attempt.number, Attempt.outcome) == [(1, "deferred"), (2, "delivered")]


async def test_an_unknown_outcome_counts_as_a_disclosure_asks_a_person_and_is_not_retried(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()
        scene.channel.answers.append(Unknown(code="time-out"))
        assert await scene.dispatch_all() == ["unknown"]
        assert await scene.rows(Disclosure.state) == [("unknown",)]
        assert ("unknown_outcome", "open") in await scene.rows(WorkItem.kind, WorkItem.state)
        scene.hub.clock.ahead += 86_400_000_000
        assert await scene.dispatch_all() == []


async def test_a_refused_delivery_without_another_endpoint_becomes_a_dead_letter(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()
        scene.channel.answers.append(Refused(code="not-accepted"))
        assert await scene.dispatch_all() == ["dead"]
        assert ("dead_letter", "open") in await scene.rows(WorkItem.kind, WorkItem.state)


async def test_a_recipient_without_a_verified_endpoint_becomes_a_dead_letter(migrated_url):
    async with a_scene(migrated_url, recipients=()) as scene:
        await scene.consent()
        await scene.submit()
        assert await scene.dispatch_all() == ["dead"]
        assert await scene.rows(Outbox.code) == [("no-endpoint",)]


async def test_a_person_the_sender_never_registered_is_answered_like_one_without_consent(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        other = await exchange.submit(
            scene.hub, handed(scene.member, "k2", sender="lantern", recipients=("valley-clinic",))
        )
        nobody = await exchange.submit(
            scene.hub, handed("nobody-at-all", "k3", sender="lantern", recipients=("valley-clinic",))
        )
        views_ = [await views.submission(scene.hub, s, "lantern") for s in (other, nobody)]
        assert [v["recipients"][0]["state"] for v in views_] == ["withheld", "withheld"]
        first, second = (v["recipients"][0]["decisions"][0] for v in views_)
        assert first["reasons"] == second["reasons"] == ["member.not_registered"]
        assert first["fence"] == second["fence"] == 0


async def test_nobody_else_sees_a_submission(migrated_url):
    async with a_scene(migrated_url) as scene:
        submission = await scene.submit()
        for viewer in ("lantern", "sunrise"):
            with pytest.raises(NotAvailable):
                await views.submission(scene.hub, submission, viewer)


async def test_a_recipient_does_not_see_who_of_the_senders_people_let_it_go(scene):
    await scene.consent()
    submission = await scene.submit()
    approved = "UPDATE outbox SET approved_by = 'harbor/ana harbor/leo' RETURNING id"
    await scene.hub.database.returning(Returning(approved, approved), ())
    assert await scene.dispatch_all() == ["delivered"]
    shown = {who: await views.submission(scene.hub, submission, who) for who in ("harbor", "lantern")}
    assert shown["harbor"]["recipients"][0]["approved_by"] == "harbor/ana harbor/leo"
    assert "harbor/ana" not in str(shown["lantern"])


async def test_an_unknown_recipient_organization_is_named_by_its_field(migrated_url):
    async with a_scene(migrated_url) as scene:
        with pytest.raises(Malformed) as caught:
            await scene.submit(recipients=("lantern", "no-such-place"))
        assert caught.value.field == "$.recipients[1]"


async def test_a_later_attempt_is_accounted_for_by_what_it_carries(scene):
    """Between two attempts the patient's consent changed: the record tells what left, not what nearly did."""
    narrow = await scene.consent(replace(FORM, information=("assessment",)))
    await scene.submit(items=({"information": "assessment"}, {"information": "medications"}))
    scene.channel.answers.append(Deferred(code="busy"))
    assert await scene.dispatch_all() == ["queued"]
    assert await scene.rows(Disclosure.description) == [("assessment",)]
    await consents.revoke(scene.hub, narrow, how="written", by="harbor")
    await scene.consent()
    scene.hub.clock.ahead += 60_000_000
    assert await scene.dispatch_all() == ["delivered"]
    assert [each.id for each in scene.channel.received[-1].parcel.documents] == ["item-1", "item-2"]
    assert await scene.rows(Disclosure.description) == [("assessment, medications",)]


async def test_a_packet_whose_content_does_not_open_is_a_dead_letter_that_a_person_sees(scene):
    """Claimed and given up again every few minutes, it would be delivered never and missed by nobody."""
    await scene.consent()
    await scene.submit()
    scene.hub.recent.take((await scene.rows(Submission.id))[0][0])
    damaged = "UPDATE item SET wrapped_key = NULL RETURNING id"
    await scene.hub.database.returning(Returning(damaged, damaged), ())
    assert await scene.dispatch_all() == ["dead"]
    assert await scene.rows(WorkItem.kind, WorkItem.code) == [("dead_letter", "destroyed")]


async def test_a_packet_that_breaks_the_making_of_its_form_is_a_dead_letter_that_a_person_sees(scene):
    await scene.consent()
    await scene.submit()

    async def breaks(_parcel):
        raise ValueError(NAME[1])

    scene.channel.prepare = breaks
    assert await scene.dispatch_all() == ["dead"]
    assert await scene.rows(WorkItem.kind, WorkItem.code) == [("dead_letter", "not-rendered")]
    assert await scene.rows(Disclosure.id) == []
