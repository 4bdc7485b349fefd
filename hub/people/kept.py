"""A form that was sent while the screen was locked, sealed into the page that asks for the password.

INVARIANT: metadata-is-content. What was typed stands on no screen that is locked, nor in its source: whoever sits down
at a shared computer reads the page, not the form.
"""

import base64
import binascii

import msgspec

from hub.context import Hub
from hub.crypto import envelope
from hub.crypto.envelope import Sealed
from hub.errors import IntegrityFailed
from hub.model import Frozen
from hub.people.sessions import Session

LIFE_US = 3_600_000_000
Form = tuple[tuple[str, str], ...]
"""Its fields in their order, without the session's token."""
_ALPHABET = b"-_"


class _Kept(Frozen, frozen=True):
    until: int
    form: Form


def seal(hub: Hub, session: Session, target: str, form: Form) -> str:
    """The form for `LIFE_US`, in letters that a page may carry; it opens for this session and address alone."""
    plain = msgspec.msgpack.encode(_Kept(hub.clock.now() + LIFE_US, form))
    sealed = envelope.seal(hub.ring, _place(session, target), plain)
    return base64.b64encode(msgspec.msgpack.encode(sealed), _ALPHABET).decode()


def unseal(hub: Hub, session: Session, target: str, text: str) -> Form | None:
    """The form; none if it is another session's or address's, old, or altered. Only once the session is unlocked."""
    try:
        sealed = msgspec.msgpack.decode(base64.b64decode(text, _ALPHABET, validate=True), type=Sealed)
        plain = envelope.open(hub.ring, _place(session, target), sealed)
    except (binascii.Error, ValueError, msgspec.MsgspecError, IntegrityFailed):
        return None
    kept = msgspec.msgpack.decode(plain, type=_Kept)
    return kept.form if kept.until > hub.clock.now() else None


def _place(session: Session, target: str) -> str:
    # Neither an account's id nor a hash has a slash, so that nothing of one is read as the next.
    return f"kept-form/{session.person}/{session.hash.hex()}/{target}"
