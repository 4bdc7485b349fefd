"""What became of an API delivery: the partner's answer as one of the four outcomes.

    answered or failed before the body was sent
        408 425 429 5xx, lost, timed out, no TLS      Deferred, as late as Retry-After says; 429 a minute at least
        401 403 404                                   Refused: no resend until somebody has put it right
        any other status                              Refused, but 409: Unknown
    the body may have left
        2xx with a verified acknowledgement           Delivered, signed-ack
        2xx, and the endpoint has no verify key       Delivered, http-2xx
        a signed 408 425 429 5xx                      Deferred: the partner states that it kept nothing
        another signed status                         Refused, likewise; but 409: Unknown
        anything else                                 Unknown

The choice: a partner that answers 503 after the body has read the body. A status line alone, which any proxy
can write, does not show that nothing stayed; the partner's own signature over the refusal does
(unknown-is-disclosed). 409 says the partner already holds a delivery of this id, so it is never "not
disclosed".
"""

import hashlib
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from adapters.api.answer import Answer
from adapters.api.http import Answered, Failed
from adapters.api.signature import content_digest, verify_acknowledgement
from hub.errors import IntegrityFailed
from hub.model import Deferred, Delivered, Outcome, Prepared, Receipt, Refused, Unknown

_LATER = {408, 417, 425, 429}
_CONFLICT = 409
_TOO_MANY = 429
_SLOWER_SECONDS = 60.0
_DAY_SECONDS = 86_400
_SECONDS = re.compile(r"[0-9]{1,5}")


def conclude(result: Answered | Failed, prepared: Prepared, at: int) -> Outcome:
    """The outcome of posting `prepared`; `at` is now, in microseconds."""
    if isinstance(result, Failed):
        return Unknown(code=result.code) if result.content_left else Deferred(code=result.code)
    answer = result.answer
    if not result.content_left:
        # Success without having been given the body is no success.
        return Deferred(code="api-early") if _successful(answer) else _not_taken(answer, at)
    verify_key = prepared.parcel.endpoint.verify_key
    if verify_key is None:
        receipt = Receipt(kind="http-2xx", reference=str(answer.status), at=at)
        return Delivered(receipt=receipt) if _successful(answer) else Unknown(code=f"api-{answer.status}")
    return _acknowledged(answer, prepared, verify_key, at)


def _acknowledged(answer: Answer, prepared: Prepared, verify_key: bytes, at: int) -> Outcome:
    digest, delivery = content_digest(prepared.digest), prepared.parcel.delivery
    own = content_digest(hashlib.sha256(answer.body).digest())
    try:
        signed = verify_acknowledgement(answer.headers, answer.status, digest, delivery, verify_key, own)
    except IntegrityFailed as error:
        code = error.detail_code if _successful(answer) else f"api-{answer.status}"
        return Unknown(code=code)
    if not _successful(answer):
        return _not_taken(answer, at)
    # Status, digest and these two rebuild the signature base, so the proof verifies offline with the partner's key.
    proof = (("status", str(answer.status)), ("params", signed.params), ("signature", signed.signature))
    reference = f"{signed.key_id}:{signed.created}"
    return Delivered(
        receipt=Receipt(kind="signed-ack", reference=reference, at=signed.created * 1_000_000, detail=proof)
    )


def _successful(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _not_taken(answer: Answer, at: int) -> Outcome:
    code = f"api-{answer.status}"
    if answer.status == _CONFLICT:
        return Unknown(code=code)
    if answer.status in _LATER or answer.status >= 500:
        stated = seconds_after(answer.headers.get("retry-after", ""), at)
        if answer.status == _TOO_MANY:
            stated = max(stated or 0.0, _SLOWER_SECONDS)
        return Deferred(code=code, retry_after=stated)
    return Refused(code=code)


def seconds_after(text: str, at: int) -> float | None:
    """Seconds of a Retry-After (RFC 9110 §10.2.3: a number, or a date); none for what is neither, or beyond a day."""
    if _SECONDS.fullmatch(text):
        return float(text) if int(text) <= _DAY_SECONDS else None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    seconds = (date.replace(tzinfo=date.tzinfo or UTC) - datetime.fromtimestamp(at / 1_000_000, UTC)).total_seconds()
    return seconds if 0 < seconds <= _DAY_SECONDS else None
