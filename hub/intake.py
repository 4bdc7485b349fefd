"""Step 1, intake: what a sender may hand in, checked for shape, size and kind before anything else looks at it.

Errors name the field, never its value: a value may be a patient's.
"""

import re
from datetime import datetime

import msgspec

from hub import jsontext
from hub.bases.checks import check_stated
from hub.errors import Malformed, TooLarge
from hub.lines import is_line
from hub.manifest import EventManifest, ItemManifest, Manifest
from hub.model import MessageKind
from policies.vocabulary import CLASSES, PURPOSES

MAX_ITEMS = 40
MAX_RECIPIENTS = 20
MAX_DOCUMENT_BYTES = 20 * 1024 * 1024
MAX_SUBMISSION_BYTES = 40 * 1024 * 1024
MAX_TITLE = 120
MAX_EVENT_TEXT = 200
_decode = msgspec.json.Decoder(Manifest).decode
_PATH = re.compile(r"`(\$[^`]*)`")


def read_manifest(raw: bytes) -> Manifest:
    """Decode and check the manifest. Raises `Malformed` naming the field, or `TooLarge`."""
    try:
        manifest = _decode(raw)
    except msgspec.ValidationError as error:
        # The library's words may quote the value; its path does not.
        path = _PATH.findall(str(error))
        raise Malformed("The manifest does not follow the format.", field=path[-1] if path else "$") from None
    except (ValueError, RecursionError):  # also text that is no UTF-8, and nesting without end
        raise Malformed("The manifest is not JSON.", field="$") from None
    jsontext.check(raw)
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    _check_counts(manifest)
    for n, item in enumerate(manifest.items):
        if not 0 < len(item.title) <= MAX_TITLE or not is_line(item.title):
            raise Malformed(f"A title is a line of 1 to {MAX_TITLE} characters.", field=f"$.items[{n}].title")
        _check_item(item, f"$.items[{n}]")
    if manifest.event is not None:
        _check_event(manifest.event)
    if manifest.purpose not in PURPOSES:
        raise Malformed("Unknown purpose.", field="$.purpose")
    if (manifest.kind is MessageKind.EMERGENCY_DISCLOSURE) != (manifest.emergency is not None):
        raise Malformed("An emergency disclosure states its emergency, and only it does.", field="$.emergency")
    check_stated(manifest, manifest.purpose)


def _check_counts(manifest: Manifest) -> None:
    if (manifest.member.id is None) == (manifest.member.cin is None):
        raise Malformed("Name the member by id or by CIN, one of them.", field="$.member")
    if not manifest.recipients:
        raise Malformed("At least one recipient is needed.", field="$.recipients")
    if not manifest.items:
        raise Malformed("At least one item is needed.", field="$.items")
    if len(manifest.items) > MAX_ITEMS or len(manifest.recipients) > MAX_RECIPIENTS:
        raise TooLarge(f"At most {MAX_ITEMS} items and {MAX_RECIPIENTS} recipients.")
    if len({recipient.organization for recipient in manifest.recipients}) < len(manifest.recipients):
        raise Malformed("A recipient is named twice.", field="$.recipients")
    if len({item.document for item in manifest.items}) < len(manifest.items):
        raise Malformed("Two items name the same document.", field="$.items")
    _check_offers(manifest)


def _check_offers(manifest: Manifest) -> None:
    """What is for one recipient is for one of this packet, and everybody named is offered something."""
    named = {recipient.organization for recipient in manifest.recipients}
    offered = {item.only_for for item in manifest.items}
    if not offered - {None} <= named:
        raise Malformed("An item is for somebody who is no recipient.", field="$.items")
    if None not in offered and offered != named:
        raise Malformed("A recipient is offered no item.", field="$.recipients")


def _check_item(item: ItemManifest, field: str) -> None:
    if item.information not in CLASSES:
        raise Malformed("Unknown class of information.", field=f"{field}.information")
    try:
        _ = item.made_on
    except ValueError:
        raise Malformed("A date is YYYY-MM-DD.", field=f"{field}.made") from None
    if item.received is not None:
        _check_instant(item.received, f"{field}.received")


def _check_event(event: EventManifest) -> None:
    _check_instant(event.at, "$.event.at")
    for name, text in (("setting", event.setting), ("contact", event.contact)):
        if len(text) > MAX_EVENT_TEXT or not is_line(text):
            raise Malformed(f"A line of at most {MAX_EVENT_TEXT} characters.", field=f"$.event.{name}")


def _check_instant(text: str, field: str) -> None:
    try:
        offset = datetime.fromisoformat(text).utcoffset()
    except ValueError:
        offset = None
    if offset is None:
        raise Malformed("An instant is RFC 3339 with its offset from UTC.", field=field)
