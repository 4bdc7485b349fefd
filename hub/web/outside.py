"""Disclosures made outside of the hub, over HTTP: recorded afterwards, foreseen, read, taken back.

Every role records: a system of an organization for its people, too. Why the rules say so is for people.
"""

import hashlib
from typing import Any

from aiohttp import web

from hub.errors import Malformed, NotAvailable, Unsupported
from hub.explanations import LANGUAGES
from hub.model import Frozen
from hub.outside import corrections, recording, showing
from hub.outside.corrections import Mistake
from hub.outside.judging import judge
from hub.outside.manifest import OutsideManifest, read_outside
from hub.outside.rows import Hand
from hub.web.access import HUB, PEOPLE, Route, own, who_calls
from hub.web.body import check_key, json_response, read_body, read_json

PATH = "/v1/disclosures"
MOST_BYTES = 16 * 1024 * 1024
"""With the papers of a court's order, in base64."""


class Retracting(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    mistake: Mistake


async def record(request: web.Request) -> web.Response:
    """`POST /v1/disclosures`: 201 once it is durable, whatever the rules say of it."""
    key = check_key(request.headers.get("Idempotency-Key", ""))
    raw, form = await _form(request)
    who, language = who_calls(request), _language(request)
    hand = Hand(await _discloser(request), who.by, key, hashlib.sha256(raw).digest(), language)
    made = await recording.record(request.app[HUB], form, hand)
    answer = {**made._asdict(), "record": f"{PATH}/{made.id}/record"}
    if who.role == "sender":
        del answer["laws"]
    response = json_response(answer, 201)
    response.headers["Location"] = f"{PATH}/{made.id}/record"
    return response


async def foresee(request: web.Request) -> web.Response:
    """`POST /v1/disclosures/preview`: what the rules say of it, in words; nothing is written."""
    _, form = await _form(request)
    judged = await judge(request.app[HUB], form, await _discloser(request), _language(request))
    decision = judged.decision
    found: dict[str, Any] = {
        "outcome": decision.outcome,
        "laws": decision.laws,
        "reasons": decision.reasons,
        "consents": decision.consents,
        "missing": judged.missing,
        "later": judged.later,
        "opens_matter": not judged.stands,
        **judged.words,
    }
    return json_response(found)


async def show(request: web.Request) -> web.Response:
    """`GET /v1/disclosures/{id}/record`: with what was told, to whom and by whom; that you looked is on the ledger."""
    by = who_calls(request).by
    return json_response(await showing.whole(request.app[HUB], request.match_info["id"], own(request), by=by))


async def retract(request: web.Request) -> web.Response:
    """`POST /v1/disclosures/{id}/retract`: it was recorded twice, never made, or about somebody else."""
    given = await read_json(request, Retracting)
    await corrections.retract(
        request.app[HUB], request.match_info["id"], given.mistake, organization=own(request), by=who_calls(request).by
    )
    return web.Response(status=204)


async def _form(request: web.Request) -> tuple[bytes, OutsideManifest]:
    if request.content_type != "application/json":
        raise Unsupported("This takes application/json.")
    raw = await read_body(request, MOST_BYTES)
    return raw, read_outside(raw)


async def _discloser(request: web.Request) -> str:
    """Whose disclosure it was: the caller's own; compliance names it, `?organization=`. Raises `NotAvailable`."""
    who = who_calls(request)
    organization = request.query.get("organization", who.organization)
    if organization != who.organization and not who.sees_all:
        raise NotAvailable
    if organization not in (await request.app[HUB].directory.current()).organizations:
        raise Malformed("No such organization in the directory.", field="organization")
    return organization


def _language(request: web.Request) -> str:
    language = request.query.get("language", "en")
    if language not in LANGUAGES:
        raise Malformed("Explanations are in en or es.", field="language")
    return language


ROUTES = (
    Route("POST", PATH, record),
    Route("POST", f"{PATH}/preview", foresee, PEOPLE),
    Route("GET", f"{PATH}/{{id}}/record", show, PEOPLE),
    Route("POST", f"{PATH}/{{id}}/retract", retract, PEOPLE),
)
