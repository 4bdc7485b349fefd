"""Browsers that somebody came in with before (OWASP: device cookies): strangers' tries do not keep them out.

Rules kept here:
- A device is known for one address alone, and only after a full sign-in; its cookie opens nothing by itself.
- It stands nowhere but in the browser: its name, its end, and a keyed hash over both and the address.
"""

import hmac
import os
from typing import NamedTuple

from hub.crypto.identifiers import hash_email, hash_secret
from hub.crypto.keyring import KeyRing

LIFE_S = 180 * 86_400
_SEAL = 64
"""Hexadecimal digits of a hash of 32 bytes."""


class Known(NamedTuple):
    """How the tries of a device, or of everybody else with this address, are counted."""

    key: bytes
    device: bool


def cookie(ring: KeyRing, email: str, now: int) -> str:
    """A new device for whoever is in with this address; `now`: microseconds UTC."""
    name = f"{os.urandom(16).hex()}.{now // 1_000_000 + LIFE_S}"
    return f"{name}.{_seal(ring, email, name)}"


def known(ring: KeyRing, email: str, device: str, now: int) -> Known:
    """By which key tries with this address from this device (its cookie; empty: none) are counted."""
    name, _, seal = device[-200:].rpartition(".")
    _, _, ends = name.partition(".")
    # The seal first: whatever else a stranger writes there is not looked at.
    genuine = len(seal) == _SEAL and hmac.compare_digest(seal.encode(), _seal(ring, email, name).encode())
    if genuine and int(ends) * 1_000_000 > now:
        return Known(hash_secret(ring, "device", name), device=True)
    return Known(hash_email(ring, email), device=False)


def _seal(ring: KeyRing, email: str, name: str) -> str:
    return hash_secret(ring, "device-of", f"{name} {hash_email(ring, email).hex()}").hex()
