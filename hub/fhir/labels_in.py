"""Security labels of what is received (`meta.security`; HL7 DS4P): what each means here, and what a person weighs.

Rules kept: every label of the message counts for all of it; `R` and the Part 2 labels ask for what the hub does anyway,
deciding by consent and labelling what leaves; what nobody here knows, what is very restricted (`V`) and what narrows by
a rule of its own waits for a person (interop A5).
"""

from hub.fhir.message_in import Json, Message, text
from hub.fhir.shapes import LABEL_SYSTEM

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
OWN = "urn:part2hub:label"
_KNOWN = frozenset(
    {
        *((CONFIDENTIALITY, code) for code in "ULMNR"),
        *((LABEL_SYSTEM, code) for code in ("42CFRPart2", "ETH", "ETHUD", "OPIOIDUD", "SUD")),
        # The second one is retired and still sent.
        *((LABEL_SYSTEM, code) for code in ("NORDSCLCD", "NORDSLCD")),
        (OWN, "NO_USE_IN_PROCEEDINGS_AGAINST_PATIENT"),
    }
)
_RESTRICTED = frozenset({(CONFIDENTIALITY, "R"), (LABEL_SYSTEM, "42CFRPart2")})


def review_of(labels: tuple[Json, ...]) -> tuple[str, ...]:
    """Why a person must look first; codes, nothing of the label's own text. None: the labels ask for nothing more."""
    found = []
    for label in labels:
        named = _named(label)
        if named == (CONFIDENTIALITY, "V"):
            found.append("label.very-restricted")
        elif named not in _KNOWN:
            found.append("label.unknown")
    return tuple(dict.fromkeys(found))


def review_of_message(message: Message) -> tuple[str, ...]:
    """Why a person must look at a message first: its labels, what may turn a meaning round, a consent, a second
    patient.
    """
    found = [*review_of(message.labels)]
    found += ["modifier.unknown"] if message.modified else []
    found += ["consent.enclosed"] if message.consents else []
    found += ["patient.several"] if len(message.all("Patient")) > 1 else []
    return tuple(found)


def restricted(labels: tuple[Json, ...]) -> bool:
    """Whether the sender labelled it restricted."""
    return any(_named(label) in _RESTRICTED for label in labels)


def _named(label: Json) -> tuple[str, str]:
    return text(label.get("system")), text(label.get("code"))
