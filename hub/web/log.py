"""The disclosure log and an auditor's questions over HTTP: an organization's people see what it disclosed itself,
compliance everything. Each answer about one person is on the ledger.
"""

from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from hub.compliance import attempts, emergencies, questions, viewing
from hub.compliance.log import Wanted
from hub.compliance.suspensions import microseconds
from hub.errors import Malformed
from hub.explanations import LANGUAGES
from hub.storage.tokens import Role
from hub.web.access import HUB, PEOPLE, Route, own, who_calls
from hub.web.body import json_response
from hub.web.paging import only_page_of, page_of

_FILTERS = ("member", "discloser", "recipient", "channel", "purpose", "basis", "paragraph", "state")
_REVIEWERS: tuple[Role, ...] = ("compliance", "admin")


async def listing(request: web.Request) -> web.Response:
    """`GET /v1/log`: disclosures, newest first, narrowed by any of the filters."""
    page = page_of(request)
    wanted = wanted_of(request, frozenset({"limit", "before"}))
    asked = msgspec.structs.replace(wanted, before=page.before, limit=page.limit)
    return json_response(page.of(await questions.disclosed(request.app[HUB], asked, asker=who_calls(request).by)))


async def denied(request: web.Request) -> web.Response:
    """`GET /v1/log/denied`: decisions that withheld something, with the reasons."""
    page = page_of(request)
    rows = await attempts.denied(
        request.app[HUB], own(request), since=moment_of(request, "since"), before=page.before, limit=page.limit
    )
    await viewing.shown(request.app[HUB], who_calls(request).by, "denied", rows)
    return json_response(page.of(rows))


async def inquiries(request: web.Request) -> web.Response:
    """`GET /v1/log/inquiries`: who asked about a person, and whether it was passed on."""
    page = page_of(request)
    rows = await attempts.inquiries(request.app[HUB], own(request), before=page.before, limit=page.limit)
    await viewing.shown(request.app[HUB], who_calls(request).by, "inquiries", rows)
    return json_response(page.of(rows))


async def emergency(request: web.Request) -> web.Response:
    """`GET /v1/log/emergencies`: the register of §2.51(c), with the review of each."""
    page, state = page_of(request), request.query.get("state")
    if state not in (None, "open", "closed"):
        raise Malformed("A review is open or closed.", field="state")
    rows = await emergencies.register(request.app[HUB], own(request), state=state, before=page.before, limit=page.limit)
    await viewing.shown(request.app[HUB], who_calls(request).by, "emergencies", rows)
    return json_response(page.of(rows))


async def looked(request: web.Request) -> web.Response:
    """`GET /v1/views?member=|by=`: who looked at what."""
    rows = await questions.looked(
        request.app[HUB],
        asker=who_calls(request).by,
        member=request.query.get("member"),
        by=request.query.get("by"),
        since=moment_of(request, "since"),
        limit=only_page_of(request),
    )
    return json_response({"items": rows})


async def permitted(request: web.Request) -> web.Response:
    """`GET /v1/disclosures/{id}/permitted`: what permitted it, in words and on the ledger."""
    language = request.query.get("language", "en")
    if language not in LANGUAGES:
        raise Malformed("Explanations are in en or es.", field="language")
    found = await questions.permitted(
        request.app[HUB],
        request.match_info["id"],
        own(request),
        asker=who_calls(request).by,
        language=language,
    )
    return json_response(found)


async def necessary(request: web.Request) -> web.Response:
    """`GET /v1/disclosures/{id}/necessary`: how it was kept to the necessary (§2.13(a))."""
    found = await questions.necessary(
        request.app[HUB], request.match_info["id"], own(request), asker=who_calls(request).by
    )
    return json_response(found)


async def put_right(request: web.Request) -> web.Response:
    """`GET /v1/put-right`: what was done when something went wrong; `reference` narrows it to one thing."""
    found = await questions.put_right(
        request.app[HUB],
        own(request),
        asker=who_calls(request).by,
        reference=request.query.get("reference"),
        since=moment_of(request, "since"),
        limit=only_page_of(request),
    )
    return json_response(found)


def wanted_of(request: web.Request, others: frozenset[str] = frozenset()) -> Wanted:
    """The filters in the address. Raises `Malformed` for one that is not known: it would widen what is shown."""
    unknown = request.query.keys() - {*_FILTERS, "since", "until", *others}
    if unknown:
        raise Malformed("A filter that is not known here.", field="query")
    given: dict[str, Any] = {name: request.query[name] for name in _FILTERS if name in request.query}
    return Wanted(
        organization=own(request), since=moment_of(request, "since"), until=moment_of(request, "until"), **given
    )


def moment_of(request: web.Request, name: str) -> int | None:
    """An instant in the address, RFC 3339, as microseconds UTC; none if it is not there. Raises `Malformed`."""
    text = request.query.get(name)
    if text is None:
        return None
    try:
        # A plus sign in an address is a space.
        return microseconds(datetime.fromisoformat(text.replace(" ", "+")), name)
    except ValueError:
        raise Malformed("An instant is RFC 3339 with its offset from UTC.", field=name) from None


ROUTES = (
    Route("GET", "/v1/log", listing, PEOPLE),
    Route("GET", "/v1/log/denied", denied, PEOPLE),
    Route("GET", "/v1/log/inquiries", inquiries, PEOPLE),
    Route("GET", "/v1/log/emergencies", emergency, PEOPLE),
    Route("GET", "/v1/views", looked, _REVIEWERS),
    Route("GET", "/v1/disclosures/{id}/permitted", permitted, PEOPLE),
    Route("GET", "/v1/disclosures/{id}/necessary", necessary, PEOPLE),
    Route("GET", "/v1/put-right", put_right, PEOPLE),
)
