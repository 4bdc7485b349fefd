"""The answer to a received message that asks for one: a message whose header says that it was taken."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from hub.fhir.message_in import Json, Message
from hub.storage.facts import instant

_ANSWERS = uuid5(NAMESPACE_URL, "urn:part2hub:answer")


def answer_to(message: Message, base: str, at: int) -> Json:
    """The Bundle; `base` names the hub, `at` is in microseconds. The same message has the same answer's ids.

    `ok` says that it was taken, whatever is decided about it (§2.13(c)).
    """
    own = uuid5(_ANSWERS, message.key)
    header: dict[str, Any] = {
        "resourceType": "MessageHeader",
        "id": str(own),
        "eventCoding": message.header["eventCoding"],
        "destination": [{"endpoint": message.header["source"]["endpoint"]}],
        "source": {"name": "Part2 Hub", "endpoint": base},
        "response": {"identifier": message.header["id"], "code": "ok"},
    }
    return {
        "resourceType": "Bundle",
        "id": str(uuid5(own, "bundle")),
        "type": "message",
        "timestamp": instant(at).isoformat(timespec="milliseconds"),
        "entry": [{"fullUrl": f"urn:uuid:{own}", "resource": header}],
    }
