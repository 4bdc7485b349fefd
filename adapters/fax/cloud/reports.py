"""What a provider reports by itself: read only if it is authentic, and never believed alone (see `provider`).

Rules kept: the signature covers the time and every byte; an old report is refused, so that a recorded one cannot be
played again once its event is forgotten; nothing in a report is used but ids and a word.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import msgspec
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from hub.errors import ConfigurationError, Malformed, Unauthorized
from hub.model import Report

TOLERANCE_US = 300 * 1_000_000
"""Between the provider's clock and ours, and on the way."""
_LONGEST_STAMP = 12
"""Digits of a second since the epoch, for thirty thousand years."""


class TelnyxReports:
    """Signed with Ed25519 over `timestamp|body`."""

    def __init__(self, public_key: str) -> None:
        try:
            self._key = VerifyKey(base64.b64decode(public_key, validate=True))
        except (binascii.Error, ValueError, TypeError):
            raise ConfigurationError("The provider's public key is 32 bytes in base64.", field="fax") from None

    def read(self, headers: Mapping[str, str], body: bytes, at: int) -> Report:
        """Raises `Unauthorized` for what is not the provider's or too old, `Malformed` for what is no report."""
        stamp = headers.get("telnyx-timestamp", "")
        digits = stamp.isascii() and stamp.isdecimal() and len(stamp) <= _LONGEST_STAMP
        if not digits or abs(int(stamp) * 1_000_000 - at) > TOLERANCE_US:
            raise Unauthorized("The report is not authentic.")
        try:
            signature = base64.b64decode(headers.get("telnyx-signature-ed25519", ""), validate=True)
            self._key.verify(f"{stamp}|".encode() + body, signature)
        except (BadSignatureError, binascii.Error, ValueError, TypeError):
            raise Unauthorized("The report is not authentic.") from None
        data = _object(_object(_decoded(body)).get("data"))
        fax, kind = _object(data.get("payload")), str(data.get("event_type"))
        return Report(
            event=_id(data.get("id")),
            job=_id(fax.get("fax_id")),
            ended=kind in {"fax.delivered", "fax.failed"},
        )


class SinchReports:
    """Without a signature: known by the user and password that our own callback address carries (Basic)."""

    def __init__(self, user: str, password: str) -> None:
        if not user or len(password) < 16:
            raise ConfigurationError("Reports need a user and a password of 16 letters or more.", field="fax")
        self._expected = b"Basic " + base64.b64encode(f"{user}:{password}".encode())

    def read(self, headers: Mapping[str, str], body: bytes, at: int) -> Report:  # noqa: ARG002 - nothing in it is dated
        """Raises `Unauthorized` for what is not the provider's, `Malformed` for what is no report."""
        # aiohttp gives a header's odd bytes as surrogates
        shown = headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(shown, self._expected):
            raise Unauthorized("The report is not authentic.")
        found = _object(_decoded(body))
        fax = _object(found.get("fax"))
        return Report(
            # there is no event id: the same bytes are the same event
            event=hashlib.sha256(body).hexdigest(),
            job=_id(fax.get("id")),
            ended=fax.get("status") in ("COMPLETED", "FAILURE"),
        )


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("The report is not JSON.", field="$") from None


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("The report does not follow the format.", field="$")
    return value


def _id(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 128:
        raise Malformed("The report does not follow the format.", field="$")
    return value
