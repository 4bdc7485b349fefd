"""The policy over HTTP: what-ifs, which write nothing, and counsel's choices, which two people change."""

import asyncio

import msgspec
from aiohttp import web

from hub import choices
from hub.casebook import cases_in
from hub.casebook.answers import answer
from hub.casebook.yamltext import load_text
from hub.errors import Forbidden, Malformed, Unsupported
from hub.explanations import LANGUAGES, WhatIf, what_if
from hub.model import Frozen
from hub.storage.facts import instant
from hub.storage.tokens import Role
from hub.web.access import HUB, PEOPLE, Route, who_calls
from hub.web.body import decode, json_response, read_body, read_json
from policies.choices import Choices
from policies.kernel import decide
from policies.rules import in_force

MAX_CASES = 200
MAX_BYTES = 512 * 1024
"""A county's cast, and as many cases as are answered at once."""
YAML = frozenset({"application/yaml", "application/x-yaml", "text/yaml"})
_LINES = "application/jsonl"


async def check(request: web.Request) -> web.Response:
    """`POST /v1/policy/check`: what would be decided; about a member if the body names one, else the cases in it."""
    hub, who = request.app[HUB], who_calls(request)
    if request.content_type != "application/json" and request.content_type not in YAML:
        raise Unsupported("This takes application/json or application/yaml.")
    body = await read_body(request, MAX_BYTES)
    if request.content_type == "application/json" and _names_a_member(body):
        asked = decode(body, WhatIf)
        if not who.sees_all and asked.discloser != who.organization:
            raise Forbidden("A what-if is for your own disclosures.")
        return json_response(await what_if(hub, asked))
    language = request.query.get("language", "en")
    if language not in LANGUAGES:
        raise Malformed("Explanations are in en or es.", field="language")
    # Hundreds of decisions with their remedies take seconds; the other callers do not wait for them.
    counsels = (await hub.directory.current()).choices
    found = await asyncio.to_thread(answers, body, language, counsels)
    if _LINES in request.headers.get("Accept", ""):
        return web.Response(body=b"".join(msgspec.json.encode(each) + b"\n" for each in found), content_type=_LINES)
    return json_response(found)


def answers(body: bytes, language: str, counsels: Choices) -> list[dict[str, object]]:
    """The answer to each case of a text, as `part2hub policy check --json` gives it.

    Raises `Malformed` naming case and field, and `TooLarge`.
    """
    cases = cases_in("body", load_text("body", body, bounded=True), most=MAX_CASES)
    found = []
    for case in cases:
        rules = in_force(case.request.at, case.request.world.zone, counsels)
        found.append(answer(case, decide(case.request, rules), language, rules))
    return found


def _names_a_member(body: bytes) -> bool:
    """Stored facts are about a member; a case states its own."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("The body is not JSON.", field="$") from None
    return isinstance(found, dict) and found.keys().isdisjoint({"case", "cases"})


class Proposed(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another answer to a doubt (`D4`), and why: a code of `hub.choices.REASONS`."""

    doubt: str
    answer: str
    reason: str


async def stands(request: web.Request) -> web.Response:
    """`GET /v1/policy/choices`: each doubt, its answer in force, what waits for a second person, what there was."""
    hub = request.app[HUB]
    items = [each._asdict() | _changes(each) for each in await choices.listing(hub)]
    rules = (await hub.directory.current()).rules_at(instant(hub.clock.now()))
    return json_response({"edition": rules.edition, "items": items})


async def propose(request: web.Request) -> web.Response:
    """`POST /v1/policy/choices`: nothing changes before another person confirms it."""
    given = await read_json(request, Proposed)
    by = who_calls(request).by
    change = await choices.propose(request.app[HUB], given.doubt, given.answer, given.reason, by=by)
    return json_response({"id": change}, 201)


async def confirm(request: web.Request) -> web.Response:
    """`POST /v1/policy/choices/{id}/confirm`: in force from now on, for what waits in the queue too."""
    await choices.confirm(request.app[HUB], request.match_info["id"], by=who_calls(request).by)
    return web.Response(status=204)


async def refuse(request: web.Request) -> web.Response:
    """`POST /v1/policy/choices/{id}/refuse`."""
    await choices.refuse(request.app[HUB], request.match_info["id"], by=who_calls(request).by)
    return web.Response(status=204)


def _changes(standing: choices.Standing) -> dict[str, object]:
    return {
        "since": standing.since and standing.since._asdict(),
        "waiting": standing.waiting and standing.waiting._asdict(),
        "history": [each._asdict() for each in standing.history],
    }


OFFICERS: tuple[Role, ...] = ("compliance", "admin")
ROUTES = (
    Route("POST", "/v1/policy/check", check, PEOPLE),
    Route("GET", "/v1/policy/choices", stands, OFFICERS),
    Route("POST", "/v1/policy/choices", propose, OFFICERS),
    Route("POST", "/v1/policy/choices/{id}/confirm", confirm, OFFICERS),
    Route("POST", "/v1/policy/choices/{id}/refuse", refuse, OFFICERS),
)
