"""Step 3, seal: payloads encrypted at rest, each under its own data key.

An item's title is sealed with its content: a title may name a person. INVARIANT: metadata-is-content.
"""

from typing import NamedTuple

from hub.crypto import envelope
from hub.crypto.envelope import Sealed
from hub.crypto.keyring import KeyRing
from hub.errors import IntegrityFailed


class Opened(NamedTuple):
    title: str
    content: bytes


def seal_item(ring: KeyRing, submission: str, item: str, title: str, content: bytes) -> Sealed:
    """Title and content of one item, bound to its place."""
    name = title.encode()
    return envelope.seal(ring, f"{submission}/{item}", len(name).to_bytes(2, "big") + name + content)


def open_item(ring: KeyRing, submission: str, item: str, sealed: Sealed) -> Opened:
    """What `seal_item` was given. Raises `IntegrityFailed`, also for a payload that has been destroyed."""
    plain = envelope.open(ring, f"{submission}/{item}", sealed)
    if len(plain) < 2:
        raise IntegrityFailed("A sealed item is too short.")
    end = 2 + int.from_bytes(plain[:2], "big")
    return Opened(plain[2:end].decode(), plain[end:])
