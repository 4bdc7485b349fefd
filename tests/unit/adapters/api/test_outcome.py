"""What each answer of a partner means (Da Vinci Unsolicited Notifications, retry rules; unknown-is-disclosed).

The same status is weighed three times: before any content left, after it left without proof, and with the partner's
signed word.
"""

import hashlib

import pytest
from nacl.signing import SigningKey

from adapters.api.answer import Answer
from adapters.api.http import Answered, Failed
from adapters.api.outcome import conclude
from adapters.api.signature import content_digest, sign_acknowledgement
from hub.model import ChannelKind, Deferred, Delivered, Endpoint, Prepared, Refused, Unknown
from tests.contract.channel_parcel import sample_parcel

KEY = SigningKey.generate()
BODY = b"content"
DIGEST = hashlib.sha256(BODY).digest()
AT = 1_793_000_000_000_000  # 2026-10-26 07:33:20 UTC
NO_RESEND = (400, 401, 403, 404, 405, 410, 413, 415, 422)
LATER = (408, 425, 429, 500, 502, 503, 504)


def prepared(*, verifies: bool) -> Prepared:
    key = KEY.verify_key.encode() if verifies else None
    endpoint = Endpoint(id="e", organization="o", channel=ChannelKind.API, address="https://x.example", verify_key=key)
    return Prepared(parcel=sample_parcel(endpoint, delivery="d-1"), body=BODY, digest=DIGEST)


def outcome(status: int, *, left: bool, signed: bool = False, verifies: bool = False, **headers: str):
    stated = {name.replace("_", "-"): value for name, value in headers.items()}
    if signed:
        proof = sign_acknowledgement(
            KEY, "k", status=status, digest=content_digest(DIGEST), delivery="d-1", created=AT // 1_000_000
        )
        stated |= {name.lower(): value for name, value in proof}
    answer = Answer(status=status, headers=stated, body=b"", reusable=False)
    return conclude(Answered(answer=answer, content_left=left), prepared(verifies=verifies or signed), AT)


@pytest.mark.parametrize("status", NO_RESEND)
def test_what_must_be_put_right_first_is_never_sent_again_by_itself(status):
    assert outcome(status, left=False) == Refused(code=f"api-{status}")
    assert outcome(status, left=True, signed=True) == Refused(code=f"api-{status}")


@pytest.mark.parametrize("status", LATER)
def test_what_may_pass_is_tried_again_only_if_nothing_stayed(status):
    assert isinstance(outcome(status, left=False), Deferred)
    assert isinstance(outcome(status, left=True, signed=True), Deferred)


@pytest.mark.parametrize("status", [*NO_RESEND, *LATER, 409, 301])
@pytest.mark.parametrize("verifies", [True, False])
def test_a_status_alone_after_the_content_left_shows_nothing(status, verifies):
    assert outcome(status, left=True, verifies=verifies) == Unknown(code=f"api-{status}")


@pytest.mark.parametrize("left", [True, False])
def test_a_conflict_is_never_not_disclosed(left):
    assert outcome(409, left=left, signed=left) == Unknown(code="api-409")


@pytest.mark.parametrize("status", [200, 202, 204])
def test_every_success_that_took_the_content_is_a_delivery(status):
    assert isinstance(outcome(status, left=True), Delivered)
    assert isinstance(outcome(status, left=True, signed=True), Delivered)
    assert isinstance(outcome(status, left=True, verifies=True), Unknown)
    assert outcome(status, left=False) == Deferred(code="api-early")


@pytest.mark.parametrize(
    ("status", "stated", "seconds"),
    [
        (503, "", None),
        (503, "120", 120.0),
        (503, "Mon, 26 Oct 2026 07:35:20 GMT", 120.0),
        (503, "Mon, 26 Oct 2026 05:00:00 GMT", None),
        (503, "Fri, 26 Oct 2029 07:35:20 GMT", None),
        (503, "soon", None),
        (503, "-5", None),
        (503, "1e9", None),
        (429, "", 60.0),
        (429, "5", 60.0),
        (429, "300", 300.0),
    ],
)
def test_the_partner_says_how_much_later(status, stated, seconds):
    found = outcome(status, left=False, retry_after=stated)
    assert found == Deferred(code=f"api-{status}", retry_after=seconds)


@pytest.mark.parametrize("code", ["api-timeout", "api-lost", "api-tls", "api-garbled"])
def test_no_answer_is_unknown_once_content_left(code):
    assert conclude(Failed(code=code, content_left=True), prepared(verifies=False), AT) == Unknown(code=code)
    assert conclude(Failed(code=code, content_left=False), prepared(verifies=False), AT) == Deferred(code=code)


def test_a_wait_that_no_calendar_holds_is_none() -> None:
    date = "Mon, 01 Jan 2030 00:00:00 +99999999999999999999"
    assert outcome(503, left=False, retry_after=date) == outcome(503, left=False)
