"""A provider of Sinch's shape (Fax API v3): one multipart request; Basic or OAuth2; reports without a signature.

Rules kept: a report is only a reason to look, for anybody who knows the address can send one: what counts is the
answer over TLS to our own question; our delivery id is a label, by which a submission without a reply is found again.
"""

import json
import time
from typing import Any
from urllib.parse import quote

import aiohttp

from adapters.fax.cloud.provider import OK, Client, CloudFax, NoReplyError, Reply, ReportLog, Reports, count, listed
from adapters.fax.transport import JobState, JobStatus, Limits, NotSubmitted
from hub.model import Deferred, Frozen

PROVIDER = "sinch"
_LONGEST_TOKEN_S = 86_400
BY_WORDS = (
    # what the error message says, our code, whether the same call would fail again
    ("busy", "busy", False),
    ("no answer", "no-answer", False),
    ("not answered", "no-answer", False),
    ("voice", "not-fax", False),
    ("no fax", "not-fax", False),
    ("invalid number", "bad-number", True),
    ("unallocated", "bad-number", True),
    ("blocked", "blocked", True),
    ("rejected", "blocked", True),
    ("balance", "quota", True),
)


class SinchAccount(Frozen, frozen=True):
    """Where and as whom. With `token_url` the key and secret buy a token (OAuth2), else they go as Basic."""

    project: str
    key: str
    secret: str
    sender: str
    callback: str = ""
    """Where the provider reports, with the secret path that makes a report ours."""
    base: str = "https://fax.api.sinch.com"
    token_url: str = ""
    grace: float = 180.0
    price_per_page: str = ""


class Sinch(CloudFax):
    """A `FaxTransport`. Raises `ConfigurationError` for an address without TLS."""

    def __init__(self, account: SinchAccount, log: ReportLog) -> None:
        self._account = account
        basic = {"Authorization": aiohttp.encode_basic_auth(account.key, account.secret)}
        client = Client(account.base, {} if account.token_url else basic)
        super().__init__(client, Reports(PROVIDER, log, account.grace))
        self._seller = Client(account.token_url, basic) if account.token_url else None
        self._token, self._token_until = "", 0.0
        self.place = f"/v3/projects/{account.project}/faxes"
        self.limits = Limits(pages=200, max_bytes=20 * 1024 * 1024, price_per_page=account.price_per_page)

    async def submit(self, number: str, tiff: bytes, tag: str) -> str | NotSubmitted:
        """The job with this tag, made if there is none."""
        order = aiohttp.FormData()
        order.add_field("to", number)
        order.add_field("from", self._account.sender)
        order.add_field("imageConversionMethod", "MONOCHROME")
        order.add_field("labels", json.dumps({"reference": tag}), content_type="application/json")
        if self._account.callback:
            order.add_field("callbackUrl", self._account.callback)
            order.add_field("callbackUrlContentType", "application/json")
        order.add_field("file", tiff, filename="fax.tif", content_type="image/tiff")
        try:
            if known := await self._find(tag):
                return known
        except NoReplyError:
            return Deferred(code="fax-server-unreachable")
        return await self._order(tag, self.place, data=order)

    async def cancel(self, job: str) -> None:
        """Nothing is called off at this provider; what became of it is for `status` to say."""

    async def forget(self, job: str) -> None:
        """The pages go at the provider; its record without them stays for its thirteen months."""
        await self._quietly("DELETE", f"{self._one(job)}/file")

    async def close(self) -> None:
        """Ends the connections."""
        await super().close()
        if self._seller:
            await self._seller.close()

    async def ask(self, method: str, path: str, **options: Any) -> Reply:
        """One request, as whom the account says. Raises `NoReplyError`."""
        headers = {"Authorization": f"Bearer {await self._bearer()}"} if self._seller else {}
        return await super().ask(method, path, headers=headers, **options)

    async def _bearer(self) -> str:
        """A token of the provider's, kept until a minute before it ends. Raises `NoReplyError`."""
        assert self._seller is not None
        if time.monotonic() >= self._token_until:
            reply = await self._seller.ask("POST", "", data={"grant_type": "client_credentials"})
            bought = self._fax(reply)
            token, seconds = bought.get("access_token"), count(bought.get("expires_in"))
            if reply.status not in OK or not isinstance(token, str):
                raise NoReplyError(began=False)
            self._token, self._token_until = token, time.monotonic() + min(seconds or 0, _LONGEST_TOKEN_S) - 60
        return self._token

    async def _find(self, tag: str) -> str | None:
        reply = await self.ask("GET", self.place, params={"pageSize": "1000"})
        wanted = {"reference": tag}
        found = (fax.get("id") for fax in listed(reply, "faxes") if fax.get("labels") == wanted)
        return next((job for job in found if isinstance(job, str)), None)

    def _one(self, job: str) -> str:
        return f"{self.place}/{quote(job, safe='')}"

    def _fax(self, reply: Reply) -> dict[str, Any]:
        return reply.body if isinstance(reply.body, dict) else {}

    def _told(self, fax: dict[str, Any]) -> JobStatus:
        return told(fax)


def told(fax: dict[str, Any]) -> JobStatus:
    """What a fax says of itself."""
    pages = count(fax.get("pagesSentSuccessfully"))
    counted, detail = pages or 0, _price(fax.get("price"))
    state = fax.get("status")
    if state == "COMPLETED":
        return JobStatus(state=JobState.DONE, pages=counted, detail=detail)
    if state != "FAILURE":
        return JobStatus(state=JobState.QUEUED if state == "QUEUED" else JobState.CALLING, pages=counted)
    words = str(fax.get("errorMessage") or "").lower()
    if fax.get("errorType") == "DOCUMENT_CONVERSION_ERROR":
        reason, lasting = "media-bad", True
    else:
        reason, lasting = next(((code, last) for said, code, last in BY_WORDS if said in words), ("line-failed", False))
    # without a count, only a call that no machine answered is certain to have taken no page
    uncounted = pages is None and fax.get("errorType") not in ("DOCUMENT_CONVERSION_ERROR", "CALL_ERROR")
    return JobStatus(
        state=JobState.FAILED, pages=counted, reason=reason, lasting=lasting, uncounted=uncounted, detail=detail
    )


def _price(price: Any) -> tuple[tuple[str, str], ...]:
    amount = price.get("amount") if isinstance(price, dict) else None
    return (("price", f"{amount} {price.get('currencyCode', '')}".strip()[:64]),) if amount else ()
