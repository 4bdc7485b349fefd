"""Two fax providers that are not there: servers of Telnyx's and of Sinch's shape, with the faults that real ones have.

They dial nobody: `line` says what a number does. Reports go to `report_to` signed or with the password, and may be
lost, repeated or come in the wrong order.
"""

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from aiohttp import web
from nacl.signing import SigningKey

PAGES = 3
FAILURES = {
    "busy": ("user_busy", "CALL_ERROR", "The line was busy", 0),
    "no answer": ("receiver_no_answer", "CALL_ERROR", "No answer", 0),
    "person": ("fax_initial_communication_timeout", "CALL_ERROR", "A voice answered, no fax machine", 0),
    "unallocated": ("receiver_unallocated_number", "CALL_ERROR", "Unallocated number", 0),
    "blocked": ("receiver_decline", "CALL_ERROR", "The call was rejected", 0),
    "no money": ("outbound_profile_daily_spend_limit_exceeded", "GENERAL_ERROR", "Insufficient balance", 0),
    "drops on page 2": ("receiver_call_dropped", "FAX_ERROR", "The call was dropped", 1),
}


@dataclass
class Fax:
    id: str
    to: str
    tag: str
    tiff: bytes
    asked: int = 0
    cancelled: bool = False
    deleted: bool = False


@dataclass
class Faults:
    """What goes wrong with the next fax and its reports."""

    loses_reports: bool = False
    repeats_reports: int = 1
    wrong_order: bool = False
    loses_reply: bool = False
    """The order is taken and the connection breaks before the answer."""
    refuses: int = 0
    """The status of the answer to an order that is not taken."""


@dataclass
class CloudFax:
    """Async context manager: one provider on loopback."""

    shape: str
    report_to: str = ""
    line: dict[str, str] = field(default_factory=dict)
    faxes: dict[str, Fax] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    media: dict[str, bytes] = field(default_factory=dict)
    arrived: dict[str, bytes] = field(default_factory=dict)
    """Faxes that came in and that nobody has deleted yet."""
    key: SigningKey = field(default_factory=SigningKey.generate)
    report_login: tuple[str, str] = ("hub", "an invented password")
    tokens_sold: int = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.add_routes((TelnyxShape if self.shape == "telnyx" else SinchShape)(self).routes())
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._reporting: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._reporting:
            task.cancel()
        await asyncio.gather(*self._reporting, return_exceptions=True)
        await self._runner.cleanup()

    def take(self, to: str, tag: str, tiff: bytes) -> Fax:
        fax = Fax(f"fax-{len(self.faxes) + 1}", to, tag, tiff)
        self.faxes[fax.id] = fax
        if self.report_to and not self.faults.loses_reports:
            task = asyncio.create_task(self._report(fax))
            self._reporting.add(task)
            task.add_done_callback(self._reporting.discard)
        return fax

    def state_of(self, fax: Fax) -> str:
        """`queued`, `sending`, then `delivered` or what the line does; each question moves it on."""
        fax.asked += 1
        if fax.cancelled:
            return "cancelled"
        what = self.line.get(fax.to, "answers")
        if what == "waits" or fax.asked == 1:
            return "queued"
        if fax.asked == 2:
            return "sending"
        return "delivered" if what == "answers" else what

    async def _report(self, fax: Fax) -> None:
        events = ["queued", "sending", "ended"]
        if self.faults.wrong_order:
            events.reverse()
        for event in events:
            for _ in range(self.faults.repeats_reports):
                await self.report(fax.id, event, fax.to)

    async def report(self, job: str, event: str, to: str = "", *, at: float | None = None) -> int:
        """Send one report; the status of the answer."""
        headers, body = self.signed(job, event, to, at=at)
        async with aiohttp.ClientSession() as session, session.post(self.report_to, data=body, headers=headers) as sent:
            return sent.status

    def signed(self, job: str, event: str, to: str = "", *, at: float | None = None) -> tuple[dict[str, str], bytes]:
        delivered = self.line.get(to, "answers") == "answers"
        if self.shape == "telnyx":
            kind = {"ended": "fax.delivered" if delivered else "fax.failed", "sending": "fax.sending.started"}
            data = {"id": f"{job}-{event}", "event_type": kind.get(event, f"fax.{event}"), "payload": {"fax_id": job}}
            body = json.dumps({"data": data}).encode()
            stamp = str(int(at if at is not None else time.time()))
            signature = self.key.sign(f"{stamp}|".encode() + body).signature
            headers = {"telnyx-timestamp": stamp, "telnyx-signature-ed25519": base64.b64encode(signature).decode()}
            return {**headers, "Content-Type": "application/json"}, body
        status = {"ended": "COMPLETED" if delivered else "FAILURE", "sending": "IN_PROGRESS"}.get(event, "QUEUED")
        body = json.dumps({"event": "FAX_COMPLETED", "fax": {"id": job, "status": status}}).encode()
        login = base64.b64encode(":".join(self.report_login).encode()).decode()
        return {"Authorization": f"Basic {login}", "Content-Type": "application/json"}, body

    async def answered(self, request: web.Request, body: Any) -> web.StreamResponse:
        if self.faults.loses_reply and request.transport is not None:
            request.transport.close()
        return web.json_response(body)


class TelnyxShape:
    def __init__(self, cloud: CloudFax) -> None:
        self._cloud = cloud

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v2/media", self._media),
            web.delete("/v2/media/{id}", self._forget),
            web.get("/v2/media/{id}/download", self._download),
            web.post("/v2/faxes", self._order),
            web.get("/v2/faxes", self._listing),
            web.get("/v2/faxes/{id}", self._one),
            web.delete("/v2/faxes/{id}", self._forget),
            web.post("/v2/faxes/{id}/actions/cancel", self._cancel),
        ]

    def _shown(self, fax: Fax, *, ask: bool) -> dict[str, Any]:
        state = self._cloud.state_of(fax) if ask else "queued"
        reason = FAILURES[state][0] if state in FAILURES else None
        told = {"id": fax.id, "status": "failed" if reason else state, "failure_reason": reason}
        told |= {"client_state": base64.b64encode(fax.tag.encode()).decode(), "media_name": fax.tag}
        return told | ({"page_count": PAGES} if state == "delivered" else {})

    async def _media(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        self._cloud.media[str(form["media_name"])] = form["media"].file.read()
        return web.json_response({"data": {"media_name": form["media_name"]}})

    async def _order(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Bearer key":
            return web.json_response({}, status=401)
        if self._cloud.faults.refuses:
            return web.json_response({}, status=self._cloud.faults.refuses)
        given = await request.json()
        tag = base64.b64decode(given["client_state"]).decode()
        fax = self._cloud.take(given["to"], tag, self._cloud.media[given["media_name"]])
        return await self._cloud.answered(request, {"data": self._shown(fax, ask=False)})

    async def _listing(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("filter[direction][eq]") == "inbound":
            faxes = [
                {"id": name, "status": "received", "media_name": name, "from": "+17075551234", "page_count": 2}
                for name in self._cloud.arrived
            ]
            return web.json_response({"data": faxes})
        return web.json_response({"data": [self._shown(fax, ask=False) for fax in self._cloud.faxes.values()]})

    async def _one(self, request: web.Request) -> web.StreamResponse:
        fax = self._cloud.faxes.get(request.match_info["id"])
        return web.json_response({"data": self._shown(fax, ask=True)} if fax else {}, status=200 if fax else 404)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        fax = self._cloud.faxes.get(request.match_info["id"])
        if fax:
            fax.cancelled = True
        return web.json_response({}, status=202 if fax else 404)

    async def _forget(self, request: web.Request) -> web.StreamResponse:
        self._cloud.media.pop(request.match_info["id"], None)
        self._cloud.arrived.pop(request.match_info["id"], None)
        if fax := self._cloud.faxes.get(request.match_info["id"]):
            fax.deleted = True
        return web.Response(status=204)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self._cloud.arrived[request.match_info["id"]], content_type="image/tiff")


class SinchShape:
    def __init__(self, cloud: CloudFax) -> None:
        self._cloud = cloud

    def routes(self) -> list[web.RouteDef]:
        place = "/v3/projects/project/faxes"
        return [
            web.post(place, self._order),
            web.get(place, self._listing),
            web.get(place + "/{id}", self._one),
            web.delete(place + "/{id}/file", self._forget),
            web.get(place + "/{id}/file.pdf", self._download),
            web.post("/oauth2/token", self._token),
        ]

    def _shown(self, fax: Fax, *, ask: bool) -> dict[str, Any]:
        state = self._cloud.state_of(fax) if ask else "queued"
        told: dict[str, Any] = {"id": fax.id, "labels": {"reference": fax.tag}, "hasFile": not fax.deleted}
        if state in FAILURES:
            _, kind, words, pages = FAILURES[state]
            failed = {"status": "FAILURE", "errorType": kind, "errorMessage": words}
            return told | failed | {"pagesSentSuccessfully": pages}
        if state == "delivered":
            price = {"amount": "0.14", "currencyCode": "USD"}
            return told | {"status": "COMPLETED", "pagesSentSuccessfully": PAGES, "price": price}
        return told | {"status": "QUEUED" if state == "queued" else "IN_PROGRESS", "pagesSentSuccessfully": 0}

    async def _order(self, request: web.Request) -> web.StreamResponse:
        if not _known(request):
            return web.json_response({}, status=401)
        if self._cloud.faults.refuses:
            return web.json_response({}, status=self._cloud.faults.refuses)
        form = await request.post()
        tag = json.loads(form["labels"])["reference"]
        fax = self._cloud.take(str(form["to"]), tag, form["file"].file.read())
        return await self._cloud.answered(request, self._shown(fax, ask=False))

    async def _listing(self, request: web.Request) -> web.StreamResponse:
        if not _known(request):
            return web.json_response({}, status=401)
        if request.query.get("direction") == "INBOUND":
            faxes = [
                {"id": name, "status": "COMPLETED", "hasFile": True, "from": "+17075551234", "numberOfPages": 2}
                for name in self._cloud.arrived
            ]
            return web.json_response({"faxes": faxes})
        return web.json_response({"faxes": [self._shown(fax, ask=False) for fax in self._cloud.faxes.values()]})

    async def _one(self, request: web.Request) -> web.StreamResponse:
        fax = self._cloud.faxes.get(request.match_info["id"])
        return web.json_response(self._shown(fax, ask=True) if fax else {}, status=200 if fax else 404)

    async def _forget(self, request: web.Request) -> web.StreamResponse:
        self._cloud.arrived.pop(request.match_info["id"], None)
        if fax := self._cloud.faxes.get(request.match_info["id"]):
            fax.deleted = True
        return web.Response(status=204)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self._cloud.arrived[request.match_info["id"]], content_type="application/pdf")

    async def _token(self, _: web.Request) -> web.StreamResponse:
        self._cloud.tokens_sold += 1
        return web.json_response({"access_token": "bought", "expires_in": 3600})


def _known(request: web.Request) -> bool:
    basic = base64.b64encode(b"key:secret").decode()
    return request.headers.get("Authorization") in {f"Basic {basic}", "Bearer bought"}
