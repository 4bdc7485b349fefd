"""What the clouds have in common: one HTTPS client with bounds, and what makes an end an end.

Rules kept: pages are pushed, never fetched from us by an address; an end counts when the provider says it both when
asked over TLS and in its own report, and a report that never came is told; after the end the provider is asked to
delete the pages.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import aiohttp
import msgspec
from msgspec import structs

from adapters.fax.transport import JobState, JobStatus, NotSubmitted
from adapters.tls import client_context
from hub.errors import ConfigurationError
from hub.model import Deferred, Refused, Unknown

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes; a received fax is the longest."""
OK = range(200, 300)
_PATIENCE = aiohttp.ClientTimeout(total=120, connect=15, sock_read=60)


class ReportLog(Protocol):
    """Where the provider's authentic reports are kept by whoever receives them."""

    async def ended(self, provider: str, job: str) -> bool:
        """Whether a report of this job's end has come."""
        ...


class Reply(NamedTuple):
    status: int
    body: Any
    """Decoded JSON; none if it is no JSON."""
    retry_after: float | None = None
    raw: bytes = b""


class NoReplyError(Exception):
    """Nobody can say whether the request was acted upon; `began`: it may have been."""

    def __init__(self, *, began: bool) -> None:
        super().__init__("no reply")
        self.began = began


class Client:
    """One provider's API. Raises `ConfigurationError` for an address without TLS that is not this machine's."""

    def __init__(self, base: str, headers: Mapping[str, str]) -> None:
        _require_tls(base)
        self._base, self._headers = base.rstrip("/"), dict(headers)
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, method: str, path: str, **options: Any) -> Reply:
        """One request. Raises `NoReplyError`."""
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=client_context(None))
            self._session = aiohttp.ClientSession(connector=connector, timeout=_PATIENCE, headers=self._headers)
        try:
            async with self._session.request(method, self._base + path, allow_redirects=False, **options) as response:
                raw = await _bounded(response)
                return Reply(response.status, _decoded(raw), _seconds(response.headers.get("Retry-After", "")), raw)
        except aiohttp.ClientConnectorError:
            raise NoReplyError(began=False) from None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise NoReplyError(began=True) from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class Reports:
    """Whether an end that the provider tells when asked is an end yet."""

    def __init__(self, provider: str, log: ReportLog, grace: float) -> None:
        self._provider, self._log, self._grace = provider, log, grace
        self._first_told: dict[str, float] = {}

    async def settled(self, job: str, status: JobStatus) -> JobStatus:
        """The status; still under way until the report has come too, `grace` seconds at most."""
        if not status.state.final or status.state is JobState.GONE:
            return status
        if await self._log.ended(self._provider, job):
            self._first_told.pop(job, None)
            return structs.replace(status, reported=True)
        if time.monotonic() - self._first_told.setdefault(job, time.monotonic()) < self._grace:
            return JobStatus(state=JobState.CALLING, pages=status.pages)
        self._first_told.pop(job, None)
        return structs.replace(status, reported=False)


class CloudFax(ABC):
    """What every provider's `FaxTransport` does alike; each says where its faxes are, and what one says of itself."""

    proof = "fax-cloud"
    confirms = True
    tells_correction = False

    def __init__(self, client: Client, reports: Reports) -> None:
        self._client, self._reports = client, reports

    async def status(self, job: str) -> JobStatus | None:
        """None if the provider does not answer now."""
        try:
            reply = await self.ask("GET", self._one(job))
        except NoReplyError:
            return None
        if reply.status == 404:
            return JobStatus(state=JobState.GONE)
        if reply.status not in OK:
            return None
        return await self._reports.settled(job, self._told(self._fax(reply)))

    async def ask(self, method: str, path: str, **options: Any) -> Reply:
        """One request, as whom the account says. Raises `NoReplyError`."""
        return await self._client.ask(method, path, **options)

    async def close(self) -> None:
        await self._client.close()

    async def _order(self, tag: str, path: str, **order: Any) -> str | NotSubmitted:
        """The job that the order made, or what is certain about it."""
        try:
            reply = await self.ask("POST", path, **order)
        except NoReplyError as failed:
            return await self._in_doubt(tag) if failed.began else Deferred(code="fax-server-unreachable")
        job = self._fax(reply).get("id")
        if reply.status in OK and isinstance(job, str):
            return job
        refusal = refused_with(reply)
        return await self._in_doubt(tag) if isinstance(refusal, Unknown) else refusal

    async def _in_doubt(self, tag: str) -> str | NotSubmitted:
        try:
            return await self._find(tag) or Unknown(code="fax-submission-unclear")
        except NoReplyError:
            return Unknown(code="fax-submission-unclear")

    async def _quietly(self, method: str, path: str) -> None:
        try:
            await self.ask(method, path)
        except NoReplyError:
            return

    @abstractmethod
    async def _find(self, tag: str) -> str | None:
        """The job with this tag, in the provider's own listing. Raises `NoReplyError`."""

    @abstractmethod
    def _one(self, job: str) -> str:
        """The path of one fax."""

    @abstractmethod
    def _fax(self, reply: Reply) -> dict[str, Any]:
        """The fax in an answer; empty if there is none."""

    @abstractmethod
    def _told(self, fax: dict[str, Any]) -> JobStatus:
        """What a fax says of itself."""


def listed(reply: Reply, name: str) -> list[dict[str, Any]]:
    """The objects under a name of an answer; what is of another shape is passed over."""
    found = reply.body.get(name) if isinstance(reply.body, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def count(value: Any) -> int | None:
    """A count as the provider writes it; none for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def refused_with(reply: Reply) -> NotSubmitted:
    """What an answer other than success to a submission means."""
    if reply.status in (401, 403):
        return Refused(code="fax-auth")
    if reply.status == 402:
        return Refused(code="fax-quota")
    if reply.status == 429:
        return Deferred(code="fax-server-busy", retry_after=reply.retry_after)
    if reply.status in (413, 415):
        return Refused(code="fax-media-bad")
    if reply.status in (400, 404, 422):
        return Refused(code="fax-rejected")
    return Unknown(code="fax-submission-unclear")


def _require_tls(base: str) -> None:
    url = urlsplit(base)
    try:
        own = url.hostname is not None and ip_address(url.hostname).is_loopback
    except ValueError:
        own = False
    if url.scheme != "https" and not own:
        raise ConfigurationError("A fax provider is reached by https.", field="fax")


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    kept = bytearray()
    async for part in response.content.iter_chunked(65_536):
        kept += part
        if len(kept) > MAX_ANSWER:
            raise ValueError("the answer is too long")
    return bytes(kept)


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _seconds(text: str) -> float | None:
    return min(float(text), 3_600.0) if text.isascii() and text.isdecimal() else None
