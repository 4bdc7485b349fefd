"""Signed webhooks: ids alone, Standard Webhooks' signatures checked independently, on its schedule, never lost."""

import base64
import dataclasses
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl.signing import SigningKey

from adapters.api.webhook import Poster
from adapters.guard import Guard
from hub.errors import Malformed, NotAvailable
from hub.ledger.sequencer import Sequencer
from hub.model import Unknown
from hub.ports import Reply
from hub.storage.database import Step, Unit
from hub.storage.statements import Insert, columns_of
from hub.storage.tables import Webhook, WebhookCall, WorkItem
from hub.webhooks import feed, signing, subscriptions, telling
from tests.scenes import BORN, CIN, NAME, Scene, a_scene

URL = "https://ehr.harbor.example/hook"


class Receiver:
    """A harbor system at the other end, and the hub's telling."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.calls: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[Reply | None] = []
        self.away: set[str] = set()
        """Addresses at which nobody answers."""
        self.takes_s = 0
        self.hub = dataclasses.replace(scene.hub, post=self._post)

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        self.calls.append((url, dict(headers), body))
        self.scene.hub.clock.ahead += self.takes_s * 1_000_000  # type: ignore[attr-defined]
        answer = self.answers.pop(0) if self.answers else Reply(status=204)
        if answer is None or url in self.away:
            raise OSError
        return answer

    async def add(self, organization: str = "harbor", *events: str, url: str = URL) -> subscriptions.Added:
        return await subscriptions.add(
            self.hub, organization, url, events or subscriptions.EVENTS, by=f"{organization}/x"
        )

    async def go_on(self, later_s: int = 0) -> list[tuple[str, dict[str, str]]]:
        """Sequence, read and tell until nothing is due; type and data of the calls."""
        self.hub.clock.ahead += later_s * 1_000_000  # type: ignore[attr-defined]
        before = len(self.calls)
        sequencer = Sequencer(self.hub.database, self.hub.ring, self.hub.clock, self.head)
        await sequencer.finish()
        while await feed.advance(self.hub):
            pass
        while await telling.tell_due(self.hub):
            pass
        return [(json.loads(body)["type"], json.loads(body)["data"]) for _, _, body in self.calls[before:]]

    head: Path


@pytest.fixture
async def receiver(migrated_url: str, tmp_path: Path) -> AsyncIterator[Receiver]:
    async with a_scene(migrated_url) as scene:
        found = Receiver(scene)
        found.head = tmp_path / "ledger.head"
        yield found


async def test_a_change_is_told_by_ids_alone(receiver: Receiver) -> None:
    await receiver.scene.consent()
    await receiver.add()
    submission = await receiver.scene.submit()
    await receiver.scene.dispatch_all()
    told = await receiver.go_on()
    assert told == [("submission.changed", {"submission": submission})] * 2, "decided, then delivered"
    for url, _, body in receiver.calls:
        assert url == URL
        assert json.loads(body).keys() == {"type", "timestamp", "data"}
        assert not any(word.encode() in body for word in (*NAME, BORN, CIN, "harbor", "lantern", "substance"))
    assert await receiver.go_on() == [], "each once"


async def test_work_that_waits_is_told_to_whom_it_waits_for(receiver: Receiver) -> None:
    await receiver.add("harbor", "work.waiting")
    await receiver.add("lantern", "work.waiting")
    await receiver.scene.consent()
    await receiver.scene.submit(recipients=("county",))
    await receiver.scene.submit("k2")
    receiver.scene.channel.answers.extend([Unknown(code="lost"), Unknown(code="lost")])
    await receiver.scene.dispatch_all()
    work = await receiver.scene.rows(WorkItem.id, WorkItem.organization_id)
    told = await receiver.go_on()
    assert told
    assert sorted(map(str, told)) == sorted(
        str(("work.waiting", {"work": w})) for w, whose in work if whose == "harbor"
    )
    assert await receiver.go_on() == []


async def test_nobody_hears_of_what_was_before_or_is_not_theirs(receiver: Receiver) -> None:
    await receiver.scene.consent()
    await receiver.scene.submit()
    receiver.hub.clock.ahead += 1_000_000  # type: ignore[attr-defined]
    await receiver.add("harbor")
    await receiver.add("valley-clinic")
    assert await receiver.go_on() == []
    await receiver.scene.submit("k2")
    assert len(await receiver.go_on()) == 1


async def test_one_added_after_the_ledger_was_read_without_any_hears_of_what_follows(receiver: Receiver) -> None:
    await receiver.scene.consent()
    await receiver.scene.submit()
    assert await receiver.go_on() == []
    assert await feed.advance(receiver.hub) == 0
    await receiver.add("harbor")
    submission = await receiver.scene.submit("k2")
    assert [told["submission"] for _, told in await receiver.go_on()] == [submission]


async def test_a_status_report_that_arrived_is_told_to_its_recipient(receiver: Receiver) -> None:
    await receiver.scene.consent()
    await receiver.add("lantern")
    submission = await receiver.scene.submit(kind="status_report")
    assert await receiver.scene.dispatch_all() == ["delivered"]
    assert await receiver.go_on() == [("status.received", {"submission": submission})]


def verify(headers: Mapping[str, str], body: bytes, secret: str, public: str) -> tuple[int, int]:
    """How many signatures of each kind fit; written from the specification."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    fits = [0, 0]
    for mark in headers["webhook-signature"].split(" "):
        version, _, value = mark.partition(",")
        if version == "v1":
            wanted = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
            fits[0] += hmac.compare_digest(wanted, base64.b64decode(value))
        else:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
            key.verify(base64.b64decode(value), signed)
            fits[1] += 1
    return fits[0], fits[1]


def test_the_specifications_own_vector() -> None:
    body, secret = b'{"test": 2432232314}', "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    made = signing.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, [secret], SigningKey(bytes(32)))
    assert made["webhook-signature"].split(" ")[0] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_both_signatures_verify_and_a_secret_is_changed_without_a_gap(receiver: Receiver) -> None:
    added = await receiver.add()
    await receiver.scene.submit()
    await receiver.go_on()
    new = await subscriptions.rotate(receiver.hub, added.id, organization="harbor", by="x")
    await receiver.scene.submit("k2")
    await receiver.go_on()
    (_, old_headers, old_body), (_, headers, body) = receiver.calls[0], receiver.calls[-1]
    assert verify(old_headers, old_body, added.secret, added.public_key) == (1, 1)
    assert verify(headers, body, added.secret, added.public_key) == (1, 1)
    assert verify(headers, body, new, added.public_key) == (1, 1)


async def test_a_failed_call_is_made_again_on_the_schedule_under_the_same_id(receiver: Receiver) -> None:
    await receiver.add()
    await receiver.scene.submit()
    failures: list[Reply | None] = [Reply(status=500), None, Reply(status=302), Reply(status=404)]
    receiver.answers = list(failures)
    assert len(await receiver.go_on()) == 1
    for wait in telling.SCHEDULE_S[:4]:
        assert await receiver.go_on(wait - 2) == []
        assert len(await receiver.go_on(2)) == 1
    assert len({headers["webhook-id"] for _, headers, _ in receiver.calls}) == 1
    assert await receiver.scene.rows(WebhookCall.state) == [("told",)]


async def test_a_receiver_that_is_too_busy_is_left_alone_for_longer(receiver: Receiver) -> None:
    await receiver.add()
    await receiver.scene.submit()
    receiver.answers = [Reply(status=429), Reply(status=503, retry_after=4_000)]
    await receiver.go_on()
    assert await receiver.go_on(598) == []
    assert len(await receiver.go_on(2)) == 1
    assert await receiver.go_on(3_998) == []
    assert len(await receiver.go_on(2)) == 1


async def test_gone_ends_the_webhook_and_all_that_waits_for_it(receiver: Receiver) -> None:
    await receiver.add()
    await receiver.scene.submit()
    await receiver.scene.submit("k2")
    receiver.answers = [Reply(status=410)]
    assert len(await receiver.go_on()) == 1
    assert await receiver.scene.rows(Webhook.code) == [("gone",)]
    assert {row[0] for row in await receiver.scene.rows(WebhookCall.state)} == {"given_up"}


async def test_whoever_hears_nothing_keeps_nobody_else_from_hearing(receiver: Receiver) -> None:
    """A receiver that is away has a day's calls due, all of them older than the one call of another receiver."""
    now, add = receiver.hub.clock.now(), Insert(WebhookCall, columns_of(WebhookCall))
    away, present = await receiver.add("harbor"), await receiver.add("lantern", url=URL + "/lantern")
    waiting = [(f"call-{n}", away.id, "submission.changed", f"s-{n}", now, now - 1_000 + n) for n in range(300)]
    waiting.append(("last", present.id, "submission.changed", "s-last", now, now))
    steps = tuple(Step(add, (*each, 0, "queued")) for each in waiting)
    await receiver.hub.database.commit(Unit((), steps))
    receiver.away = {URL}
    assert await telling.tell_due(receiver.hub) == 2
    assert sorted(headers["webhook-id"] for _, headers, _ in receiver.calls) == ["call-0", "last"]


async def test_a_receiver_that_takes_its_time_holds_up_no_round(receiver: Receiver) -> None:
    """It answers each call, but slowly: it has its turn again in the next round, and the others need not wait."""
    now, add = receiver.hub.clock.now(), Insert(WebhookCall, columns_of(WebhookCall))
    slow = await receiver.add("harbor")
    calls = [(f"call-{n}", slow.id, "submission.changed", f"s-{n}", now, now + n, 0, "queued") for n in range(4)]
    await receiver.hub.database.commit(Unit((), tuple(Step(add, each) for each in calls)))
    receiver.takes_s = 15
    assert await telling.tell_due(receiver.hub) == 1
    receiver.takes_s = 0
    assert await telling.tell_due(receiver.hub) == 3


async def test_in_the_end_it_is_given_up(receiver: Receiver) -> None:
    await receiver.add()
    await receiver.scene.submit()
    receiver.answers = [Reply(status=500)] * 20
    await receiver.go_on()
    for wait in telling.SCHEDULE_S:
        await receiver.go_on(wait)
    assert await receiver.go_on(200_000) == []
    assert len(receiver.calls) == 1 + len(telling.SCHEDULE_S)


async def test_only_its_organization_reaches_a_webhook(receiver: Receiver) -> None:
    added = await receiver.add()
    for act in (subscriptions.rotate, subscriptions.remove):
        for webhook in (added.id, "0" * 32):
            with pytest.raises(NotAvailable):
                await act(receiver.hub, webhook, organization="lantern", by="x")
    assert await subscriptions.listed(receiver.hub, "lantern") == []
    await subscriptions.remove(receiver.hub, added.id, organization="harbor", by="x")
    await receiver.scene.submit()
    assert await receiver.go_on() == []


@pytest.mark.parametrize("url", ["http://a.example", "https://u:p@a.example", "ftp://a", "https://", "x", "https://[a"])
async def test_an_address_that_is_no_plain_https_url_is_refused(receiver: Receiver, url: str) -> None:
    with pytest.raises(Malformed):
        await subscriptions.add(receiver.hub, "harbor", url, subscriptions.EVENTS, by="x")


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/", "https://169.254.169.254/latest", "https://[::1]/", "https://localhost/", "http://a.example/",
     "https://0x7f000001/", "https://10.0.0.1/"],
)  # fmt: skip
async def test_no_webhook_reaches_inside(url: str) -> None:
    poster = Poster(Guard())
    try:
        with pytest.raises(OSError):
            await poster.post(url, {}, b"")
    finally:
        await poster.close()
