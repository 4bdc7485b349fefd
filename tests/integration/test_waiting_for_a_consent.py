"""What lacks only a consent waits for it: through changes that bring none, and through one that comes meanwhile."""

from msgspec.structs import replace

from hub import outbox
from hub.storage import consents, members, submissions
from hub.storage.consent_form import DenialForm
from hub.storage.tables import Outbox
from tests.scenes import FORM, Scene, happens_before


async def states(scene: Scene) -> list[tuple[str, str | None]]:
    return [(state, code) for _, state, code in await scene.rows(Outbox.id, Outbox.state, Outbox.code)]


async def test_a_notice_goes_on_waiting_through_a_change_that_brings_no_consent_for_it(scene):
    await scene.submit(kind="crisis_followup")
    await members.add_links(scene.hub, scene.member, [("valley-clinic", "treating_provider")], by="harbor")
    assert await scene.dispatch_all() == ["held"]
    await scene.consent(replace(FORM, recipients=("valley-clinic",)))
    assert await scene.dispatch_all() == ["held"]
    assert await states(scene) == [("held", "consent")]
    await scene.consent()
    assert await scene.dispatch_all() == ["delivered"]


async def test_a_denial_that_was_entered_in_error_keeps_nothing_back_once_it_is_retracted(scene):
    await scene.consent()
    denial = await consents.record(scene.hub, scene.member, DenialForm(signed_on="2026-02-01"), by="harbor")
    await scene.submit(kind="crisis_followup")
    assert await states(scene) == [("held", "consent")]
    await consents.retract(scene.hub, denial, by="harbor")
    assert await scene.dispatch_all() == ["delivered"]


async def test_what_was_not_to_wait_is_withheld_for_good(scene):
    await scene.submit()
    await scene.consent()
    assert await scene.dispatch_all() == []
    assert await states(scene) == [("withheld", "denied")]


async def test_a_consent_verified_while_a_notice_is_handed_in_lets_it_go(scene, monkeypatch):
    """The narrowest moment: the consent commits after the decision and before the notice waits for it."""
    happens_before(scene, monkeypatch, submissions.ADD, scene.consent)
    await scene.submit(kind="crisis_followup")
    assert await scene.dispatch_all() == ["delivered"]


async def test_a_consent_verified_while_a_notice_is_refused_lets_it_go(scene, monkeypatch):
    """The same moment at dispatch: the consent commits after the refusal was decided and before it is recorded."""
    await scene.submit(kind="crisis_followup")
    await members.add_links(scene.hub, scene.member, [("valley-clinic", "treating_provider")], by="harbor")
    happens_before(scene, monkeypatch, outbox.SETTLE, scene.consent)
    assert await scene.dispatch_all() == ["delivered"]
