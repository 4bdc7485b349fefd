"""A FHIR R4 message bundle as it is received: the rules of Da Vinci Unsolicited Notifications 1.1, before its meaning.

Rules kept: what is refused is refused by its shape alone, never by whom it is about; an error names the element, never
its value; a reference that the header needs points into the bundle, since the hub fetches nothing from elsewhere; what
a label or a modifier says counts wherever in a resource it stands.
"""

import codecs
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from hub import jsontext
from hub.errors import Malformed, TooLarge
from hub.fhir.places import Places, nodes
from hub.model import Frozen

Json = dict[str, Any]

EVENTS = "http://hl7.org/fhir/us/davinci-alerts/CodeSystem/notification-event"
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_NOT_IN_ENTRY = ("search", "request", "response")
_PARTIES = ("sender", "author", "responsible")
_MOST_ENTRIES = 500
_MOST_OBJECTS = 100_000
"""A small body may unfold into gigabytes of empty objects; documents travel as text and have none."""
_INLINE_LABEL = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"


class Message(Frozen, frozen=True, kw_only=True):
    """A bundle that keeps the rules. `event`: the code of `EVENTS`, or `system|code` of another system."""

    id: str
    timestamp: str
    header: Json
    event: str
    resources: tuple[Json, ...]
    """In order, the header first."""
    places: Places
    labels: tuple[Json, ...]
    """Every security label of the bundle and of what is in it: `meta.security`, a document's own, inline ones."""
    modified: bool
    """Something in it may turn a meaning round: `modifierExtension`, `implicitRules`."""
    consents: bool
    """A consent came inside it, which may narrow what the rest says."""

    def at(self, reference: object, owner: Json | None = None) -> Json | None:
        """The resource that a Reference of `owner` (none: the header) points to; none if it is not in the bundle."""
        return self.places.at(reference, self.header if owner is None else owner)

    def all(self, kind: str) -> tuple[Json, ...]:
        """The resources of this type."""
        return tuple(each for each in self.resources if each["resourceType"] == kind)

    def focus(self, kind: str) -> Json:
        """The one resource of this type that the message is about. Raises `Malformed`."""
        found = [each for each in map(self.at, self.header["focus"]) if each and each["resourceType"] == kind]
        if len(found) != 1:
            raise Malformed(f"The focus of this event is one {kind}.", field="MessageHeader.focus")
        return found[0]

    @property
    def key(self) -> str:
        """What a repeat of it has, too."""
        return f"{self.id}\x1f{self.header['id']}"


def read_message(raw: bytes) -> Message:
    """The bundle. Raises `Malformed` naming the element, `TooLarge`."""
    if raw.count(b"{") + raw.count(b"[") > _MOST_OBJECTS:
        raise TooLarge(f"A message has at most {_MOST_OBJECTS} elements.", field="$")
    try:
        bundle = msgspec.json.decode(raw.removeprefix(codecs.BOM_UTF8))
        jsontext.check(raw, bundle)
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON.", field="$") from None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise Malformed("This takes a Bundle.", field="Bundle")
    _check_bundle(bundle)
    resources = tuple(_resource(entry, number) for number, entry in enumerate(bundle["entry"]))
    header = _header(resources)
    message = Message(
        id=bundle["id"],
        timestamp=bundle["timestamp"],
        header=header,
        event=_event(header),
        resources=resources,
        places=_places(bundle["entry"]),
        labels=tuple(label for each in nodes(bundle) for label in _labels(each)),
        modified=any(each.get("modifierExtension") or "implicitRules" in each for each in nodes(bundle)),
        consents=any(each.get("resourceType") == "Consent" for each in nodes(bundle)),
    )
    _check_references(message)
    return message


def dicts(value: object) -> list[Json]:
    """The objects of a list; of anything else none: a reader takes what is well formed."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """A string, else nothing."""
    return value if isinstance(value, str) else ""


def _check_bundle(bundle: Json) -> None:
    entries = bundle.get("entry")
    checks = (
        (not _ID.fullmatch(text(bundle.get("id"))), "Bundle.id", "A message bundle has an id."),
        (bundle.get("type") != "message", "Bundle.type", "The bundle's type is message."),
        (not _is_instant(bundle.get("timestamp")), "Bundle.timestamp", "A timestamp with its offset is needed."),
        ("total" in bundle, "Bundle.total", "A message has no total."),
        ("implicitRules" in bundle, "Bundle.implicitRules", "Implicit rules are not followed here."),
        (not isinstance(entries, list) or len(dicts(entries)) != len(entries), "Bundle.entry", "Entries are needed."),
    )
    for wrong, field, words in checks:
        if wrong:
            raise Malformed(words, field=field)
    assert isinstance(entries, list)
    if not 2 <= len(entries) <= _MOST_ENTRIES:
        raise Malformed(f"A message has 2 to {_MOST_ENTRIES} entries.", field="Bundle.entry")


def _resource(entry: Json, number: int) -> Json:
    for name in _NOT_IN_ENTRY:
        if name in entry:
            raise Malformed(f"An entry of a message has no {name}.", field=f"Bundle.entry[{number}].{name}")
    resource = entry.get("resource")
    if not isinstance(resource, dict) or not text(resource.get("resourceType")):
        raise Malformed("An entry has a resource.", field=f"Bundle.entry[{number}].resource")
    return resource


def _places(entries: list[Json]) -> Places:
    found: dict[str, Json] = {}
    for number, entry in enumerate(entries):
        url = text(entry.get("fullUrl"))
        if not url or url in found:
            raise Malformed("Each entry has a fullUrl of its own.", field=f"Bundle.entry[{number}].fullUrl")
        found[url] = entry["resource"]
    return Places(found.items())


def _header(resources: tuple[Json, ...]) -> Json:
    header = resources[0]
    if header["resourceType"] != "MessageHeader":
        raise Malformed("The first entry is the MessageHeader.", field="Bundle.entry[0]")
    if any(each["resourceType"] == "MessageHeader" for each in resources[1:]):
        raise Malformed("A message has one MessageHeader.", field="Bundle.entry")
    destinations = header.get("destination", [])
    listed = isinstance(destinations, list) and len(dicts(destinations)) == len(destinations)
    checks = (
        (not _ID.fullmatch(text(header.get("id"))), "id"),
        ("response" in header, "response"),
        ("eventUri" in header or not isinstance(header.get("eventCoding"), dict), "eventCoding"),
        (not isinstance(header.get("source"), dict) or not text(header["source"].get("endpoint")), "source"),
        (not listed or len(destinations) > 1, "destination"),
        (not all(text(each.get("endpoint")) for each in dicts(destinations)), "destination.endpoint"),
        (not dicts(header.get("focus")), "focus"),
    )
    for wrong, element in checks:
        if wrong:
            raise Malformed("The header does not follow the profile.", field=f"MessageHeader.{element}")
    return header


def _event(header: Json) -> str:
    coding = header["eventCoding"]
    system, code = text(coding.get("system")), text(coding.get("code"))
    if not system or not code:
        raise Malformed("An event has a system and a code.", field="MessageHeader.eventCoding")
    return code if system == EVENTS else f"{system}|{code}"


def _check_references(message: Message) -> None:
    header = message.header
    for number, focus in enumerate(header["focus"]):
        if message.at(focus) is None:
            raise Malformed("The focus is not in the bundle.", field=f"MessageHeader.focus[{number}]")
    for name in _PARTIES:
        if isinstance(header.get(name), dict) and "reference" in header[name] and message.at(header[name]) is None:
            raise Malformed("This reference is not in the bundle.", field=f"MessageHeader.{name}")


def _labels(node: Mapping[str, Any]) -> list[Json]:
    meta = node.get("meta")
    found = dicts(meta.get("security")) if isinstance(meta, dict) else []
    for concept in dicts(node.get("securityLabel")):
        # A document's label is a concept; one with words alone is a label that nobody here knows.
        found += dicts(concept.get("coding")) or [concept]
    if node.get("url") == _INLINE_LABEL:
        stated = node.get("valueCoding")
        found.append(stated if isinstance(stated, dict) else {})
    return found


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).utcoffset() is not None
    except ValueError:
        return False
