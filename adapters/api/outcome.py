"""What became of an API delivery: the partner's answer as one of the four outcomes.

    answered or failed before the body was sent
        408 425 429 5xx, lost, timed out, no TLS      Deferred
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

import re

from adapters.api.answer import Answer
from adapters.api.http import Answered, Failed
from adapters.api.signature import content_digest, verify_acknowledgement
from hub.errors import IntegrityFailed
from hub.model import Deferred, Delivered, Outcome, Prepared, Receipt, Refused, Unknown

_LATER = {408, 417, 425, 429}
_CONFLICT = 409
_RETRY_AFTER = re.compile(r"[0-9]{1,5}")


def conclude(result: Answered | Failed, prepared: Prepared, at: int) -> Outcome:
    """The outcome of posting `prepared`; `at` is now, in microseconds."""
    if isinstance(result, Failed):
        return Unknown(code=result.code) if result.content_left else Deferred(code=result.code)
    answer = result.answer
    if not result.content_left:
        # Success without having been given the body is no success.
        return Deferred(code="api-early") if _successful(answer) else _not_taken(answer)
    verify_key = prepared.parcel.endpoint.verify_key
    if verify_key is None:
        receipt = Receipt(kind="http-2xx", reference=str(answer.status), at=at)
        return Delivered(receipt=receipt) if _successful(answer) else Unknown(code=f"api-{answer.status}")
    return _acknowledged(answer, prepared, verify_key)


def _acknowledged(answer: Answer, prepared: Prepared, verify_key: bytes) -> Outcome:
    digest, delivery = content_digest(prepared.digest), prepared.parcel.delivery
    try:
        signed = verify_acknowledgement(answer.headers, answer.status, digest, delivery, verify_key)
    except IntegrityFailed as error:
        code = error.detail_code if _successful(answer) else f"api-{answer.status}"
        return Unknown(code=code)
    if not _successful(answer):
        return _not_taken(answer)
    # Status, digest and these two rebuild the signature base, so the proof verifies offline with the partner's key.
    proof = (("status", str(answer.status)), ("params", signed.params), ("signature", signed.signature))
    reference = f"{signed.key_id}:{signed.created}"
    return Delivered(
        receipt=Receipt(kind="signed-ack", reference=reference, at=signed.created * 1_000_000, detail=proof)
    )


def _successful(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _not_taken(answer: Answer) -> Outcome:
    code = f"api-{answer.status}"
    if answer.status == _CONFLICT:
        return Unknown(code=code)
    if answer.status in _LATER or answer.status >= 500:
        stated = _RETRY_AFTER.fullmatch(answer.headers.get("retry-after", ""))
        return Deferred(code=code, retry_after=float(stated[0]) if stated else None)
    return Refused(code=code)
