"""A provider of Telnyx's shape (API v2): media uploaded first, then a fax of it; reports signed with Ed25519.

Rules kept: our delivery id is the fax's `client_state`, by which a submission without a reply is found again; a
failure that can come after the first page counts as uncounted pages, because the provider does not say how many.
"""

import base64
from typing import Any

import aiohttp

from adapters.fax.cloud.provider import OK, Client, NoReplyError, Reply, ReportLog, Reports, refused_with
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


class Telnyx:
    """A `FaxTransport`. Raises `ConfigurationError` for an address without TLS."""

    proof = "fax-cloud"
    confirms = True
    tells_correction = False

    def __init__(self, account: TelnyxAccount, log: ReportLog) -> None:
        self._account = account
        self._client = Client(account.base, {"Authorization": f"Bearer {account.key}"})
        self.ask = self._client.ask
        self._reports = Reports(PROVIDER, log, account.grace)
        self.limits = Limits(pages=200, max_bytes=50 * 1024 * 1024, price_per_page=account.price_per_page)

    async def submit(self, number: str, tiff: bytes, tag: str) -> str | NotSubmitted:
        """The job with this tag, made if there is none."""
        try:
            if known := await self._find(tag):
                return known
            media = aiohttp.FormData()
            media.add_field("media_name", tag)
            media.add_field("media", tiff, filename="fax.tif", content_type="image/tiff")
            stored = await self._client.ask("POST", "/v2/media", data=media)
        except NoReplyError:
            # no call can come of it: the fax itself was not asked for
            return Deferred(code="fax-server-unreachable")
        if stored.status not in OK:
            refusal = refused_with(stored)
            return Deferred(code="fax-server-refused") if isinstance(refusal, Unknown) else refusal
        return await self._ordered(number, tag)

    async def _ordered(self, number: str, tag: str) -> str | NotSubmitted:
        order = {
            "connection_id": self._account.connection,
            "to": number,
            "from": self._account.sender,
            "media_name": tag,
            "quality": "high",
            "store_media": False,
            "client_state": _state(tag),
        }
        try:
            reply = await self._client.ask("POST", "/v2/faxes", json=order)
        except NoReplyError as failed:
            return Deferred(code="fax-server-unreachable") if not failed.began else await self._in_doubt(tag)
        job = _data(reply).get("id")
        if reply.status in OK and isinstance(job, str):
            return job
        refusal = refused_with(reply)
        return await self._in_doubt(tag) if isinstance(refusal, Unknown) else refusal

    async def status(self, job: str) -> JobStatus | None:
        """None if the provider does not answer now."""
        try:
            reply = await self._client.ask("GET", f"/v2/faxes/{job}")
        except NoReplyError:
            return None
        if reply.status == 404:
            return JobStatus(state=JobState.GONE)
        if reply.status not in OK:
            return None
        return await self._reports.settled(job, _told(_data(reply)))

    async def cancel(self, job: str) -> None:
        await self._quietly("POST", f"/v2/faxes/{job}/actions/cancel")

    async def forget(self, job: str) -> None:
        """The pages and the fax itself go at the provider."""
        try:
            media = _data(await self._client.ask("GET", f"/v2/faxes/{job}")).get("media_name")
        except NoReplyError:
            return
        if media:
            await self._quietly("DELETE", f"/v2/media/{media}")
        await self._quietly("DELETE", f"/v2/faxes/{job}")

    async def close(self) -> None:
        await self._client.close()

    async def _find(self, tag: str) -> str | None:
        reply = await self._client.ask("GET", "/v2/faxes", params={"page[size]": "250"})
        faxes = reply.body.get("data") if isinstance(reply.body, dict) else None
        wanted = _state(tag)
        return next((str(fax["id"]) for fax in faxes or () if fax.get("client_state") == wanted), None)

    async def _in_doubt(self, tag: str) -> str | NotSubmitted:
        try:
            return await self._find(tag) or Unknown(code="fax-submission-unclear")
        except NoReplyError:
            return Unknown(code="fax-submission-unclear")

    async def _quietly(self, method: str, path: str) -> None:
        try:
            await self._client.ask(method, path)
        except NoReplyError:
            return


def _state(tag: str) -> str:
    return base64.b64encode(tag.encode()).decode()


def _data(reply: Reply) -> dict[str, Any]:
    data = reply.body.get("data") if isinstance(reply.body, dict) else None
    return data if isinstance(data, dict) else {}


def _told(fax: dict[str, Any]) -> JobStatus:
    state, reason = str(fax.get("status")), str(fax.get("failure_reason") or "")
    pages = fax.get("page_count")
    counted = pages if isinstance(pages, int) else 0
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
