"""A provider of Telnyx's shape (API v2): media uploaded first, then a fax of it; reports signed with Ed25519.

Rules kept: our delivery id is the fax's `client_state`, by which a submission without a reply is found again; a
failure that can come after the first page counts as uncounted pages, because the provider does not say how many.
"""

import base64
from typing import Any
from urllib.parse import quote

import aiohttp

from adapters.fax.cloud.provider import (
    OK,
    Client,
    CloudFax,
    NoReplyError,
    Reply,
    ReportLog,
    Reports,
    count,
    listed,
    refused_with,
)
from adapters.fax.transport import JobState, JobStatus, Limits, NotSubmitted
from hub.model import Deferred, Frozen, Unknown

PROVIDER = "telnyx"
UNDER_WAY = {
    "queued": JobState.QUEUED,
    "media.processing": JobState.QUEUED,
    "media.processed": JobState.QUEUED,
    "originated": JobState.CALLING,
    "sending": JobState.CALLING,
}
BEFORE_A_PAGE = {
    # the provider's reason: our code, whether the same call would fail again
    "user_busy": ("busy", False),
    "receiver_no_answer": ("no-answer", False),
    "receiver_no_response": ("not-fax", False),
    "fax_initial_communication_timeout": ("not-fax", False),
    "receiver_incompatible_destination": ("not-fax", False),
    "destination_unreachable": ("no-answer", False),
    "service_unavailable": ("server-busy", False),
    "destination_invalid": ("bad-number", True),
    "receiver_invalid_number_format": ("bad-number", True),
    "receiver_unallocated_number": ("bad-number", True),
    "receiver_decline": ("blocked", True),
    "destination_not_in_countries_whitelist": ("blocked", True),
    "destination_not_in_service_plan": ("blocked", True),
    "no_outbound_profile": ("blocked", True),
    "account_disabled": ("auth", True),
    "connection_channel_limit_exceeded": ("server-busy", False),
    "outbound_profile_daily_spend_limit_exceeded": ("quota", True),
    "media_processing_failed": ("media-bad", True),
}


class TelnyxAccount(Frozen, frozen=True):
    """Where and as whom."""

    key: str
    connection: str
    sender: str
    """Our own number, E.164."""
    base: str = "https://api.telnyx.com"
    grace: float = 180.0
    """Seconds to wait for the signed report once the provider tells the end when asked."""
    price_per_page: str = ""


class Telnyx(CloudFax):
    """A `FaxTransport`. Raises `ConfigurationError` for an address without TLS."""

    def __init__(self, account: TelnyxAccount, log: ReportLog) -> None:
        self._account = account
        client = Client(account.base, {"Authorization": f"Bearer {account.key}"})
        super().__init__(client, Reports(PROVIDER, log, account.grace))
        self.limits = Limits(pages=200, max_bytes=50 * 1024 * 1024, price_per_page=account.price_per_page)

    async def submit(self, number: str, tiff: bytes, tag: str) -> str | NotSubmitted:
        """The job with this tag, made if there is none."""
        try:
            if known := await self._find(tag):
                return known
            media = aiohttp.FormData()
            media.add_field("media_name", tag)
            media.add_field("media", tiff, filename="fax.tif", content_type="image/tiff")
            stored = await self.ask("POST", "/v2/media", data=media)
        except NoReplyError:
            # no call can come of it: the fax itself was not asked for
            return Deferred(code="fax-server-unreachable")
        if stored.status not in OK:
            refusal = refused_with(stored)
            return Deferred(code="fax-server-refused") if isinstance(refusal, Unknown) else refusal
        order = {
            "connection_id": self._account.connection,
            "to": number,
            "from": self._account.sender,
            "media_name": tag,
            "quality": "high",
            "store_media": False,
            "client_state": _state(tag),
        }
        return await self._order(tag, "/v2/faxes", json=order)

    async def cancel(self, job: str) -> None:
        await self._quietly("POST", f"/v2/faxes/{job}/actions/cancel")

    async def forget(self, job: str) -> None:
        """The pages and the fax itself go at the provider."""
        try:
            media = self._fax(await self.ask("GET", self._one(job))).get("media_name")
        except NoReplyError:
            return
        if isinstance(media, str) and media:
            await self._quietly("DELETE", f"/v2/media/{quote(media, safe='')}")
        await self._quietly("DELETE", self._one(job))

    async def _find(self, tag: str) -> str | None:
        reply = await self.ask("GET", "/v2/faxes", params={"page[size]": "250"})
        wanted = _state(tag)
        found = (fax.get("id") for fax in listed(reply, "data") if fax.get("client_state") == wanted)
        return next((job for job in found if isinstance(job, str)), None)

    def _one(self, job: str) -> str:
        return f"/v2/faxes/{quote(job, safe='')}"

    def _fax(self, reply: Reply) -> dict[str, Any]:
        data = reply.body.get("data") if isinstance(reply.body, dict) else None
        return data if isinstance(data, dict) else {}

    def _told(self, fax: dict[str, Any]) -> JobStatus:
        return told(fax)


def _state(tag: str) -> str:
    return base64.b64encode(tag.encode()).decode()


def told(fax: dict[str, Any]) -> JobStatus:
    """What a fax says of itself."""
    state, reason = str(fax.get("status")), str(fax.get("failure_reason") or "")
    counted = count(fax.get("page_count")) or 0
    if state == "delivered":
        return JobStatus(state=JobState.DONE, pages=counted, station=str(fax.get("remote_station_id") or ""))
    if state not in ("failed", "canceled", "cancelled"):
        return JobStatus(state=UNDER_WAY.get(state, JobState.CALLING))
    code, lasting = BEFORE_A_PAGE.get(reason, ("line-failed", False))
    return JobStatus(
        state=JobState.FAILED,
        reason=code if state == "failed" else "cancelled",
        lasting=lasting,
        uncounted=reason not in BEFORE_A_PAGE,
    )
