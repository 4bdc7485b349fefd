"""What-ifs over HTTP: on stored facts, or on the facts that cases state. Nothing is written, and nothing leaves."""

import asyncio

import msgspec
from aiohttp import web

from hub.casebook import cases_in
from hub.casebook.answers import answer
from hub.casebook.yamltext import load_text
from hub.errors import Forbidden, Malformed, Unsupported
from hub.explanations import LANGUAGES, WhatIf, what_if
from hub.web.access import HUB, PEOPLE, Route, who_calls
from hub.web.body import decode, json_response, read_body
from policies.findings import RuleBook
from policies.kernel import decide

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
    found = await asyncio.to_thread(answers, body, language, hub.rules)
    if _LINES in request.headers.get("Accept", ""):
        return web.Response(body=b"".join(msgspec.json.encode(each) + b"\n" for each in found), content_type=_LINES)
    return json_response(found)


def answers(body: bytes, language: str, rules: RuleBook) -> list[dict[str, object]]:
    """The answer to each case of a text, as `part2hub policy check --json` gives it.

    Raises `Malformed` naming case and field, and `TooLarge`.
    """
    cases = cases_in("body", load_text("body", body, bounded=True), most=MAX_CASES)
    return [answer(case, decide(case.request, rules), language, rules) for case in cases]


def _names_a_member(body: bytes) -> bool:
    """Stored facts are about a member; a case states its own."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("The body is not JSON.", field="$") from None
    return isinstance(found, dict) and found.keys().isdisjoint({"case", "cases"})


ROUTES = (Route("POST", "/v1/policy/check", check, PEOPLE),)
